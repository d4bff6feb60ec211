#!/bin/sh
# Callbacks by name, of C functions and programs, from one's own command line.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis
told=$work/told
cat > "$work/cq.ini" << END
[programs]
tools.add = sh -c 'echo \$((\$1 + \$2))' sh {0} {1}
tools.fail = sh -c 'echo "no luck" >&2; exit 3'
tools.sleep = sleep {0}
tell.slowly = sleep 600
tell.success = sh -c 'echo "\$1 \$2 \$3" >> "$told"' sh {callback} {0} {1}
tell.failure = sh -c 'echo "\$1 \$2" >> "$told"' sh {callback} {0}
tell.stopped = sh -c 'echo "\$1 \$2" >> "$told"' sh {callback} {0}
END

it 'a program is called when a job has succeeded, or has failed'
run enqueue --job-id good --on-success tell.success --on-failure tell.failure tools.add :2 :3
run enqueue --job-id bad --on-success tell.success --on-failure tell.failure tools.fail
run worker --burst --python none --config "$work/cq.ini"
expect_status 0
[ "$(grep -c . "$told")" = 2 ] || wrong "there are not two: $(cat "$told")"
grep -qx 'success good 5' "$told" || wrong "the success was not told: $(cat "$told")"
grep -qx 'failure bad' "$told" || wrong "the failure was not told: $(cat "$told")"

it 'a job whose success callback is nowhere has failed, and its failure callback is called'
: > "$told"
run enqueue --job-id nowhere --on-success tell.nobody --on-failure tell.failure tools.add :2 :3
run worker --burst --python none --config "$work/cq.ini"
run result nowhere
expect_status 1
grep -q 'cq.FunctionNotFound: tell.nobody' "$work/out" "$work/err" || wrong 'the failure does not name it'
grep -qx 'failure nowhere' "$told" || wrong 'the failure was not told'

it 'a callback that takes too long fails the job of a success, after its own timeout'
: > "$told"
run enqueue --job-id slow --on-success tell.slowly --callback-timeout 1 tools.add :2 :3
run worker --burst --python none --kill-grace 1 --config "$work/cq.ini"
run result slow
expect_status 1
grep -q 'JobTimeoutException: Task exceeded maximum timeout value (1 seconds)' "$work/out" "$work/err" \
    || wrong 'the failure is another'

it 'a job that is stopped calls back, too'
: > "$told"
"$CQ" worker --python none --config "$work/cq.ini" > "$work/log" 2>&1 &
worker=$!
run enqueue --job-id long --on-stopped tell.stopped tools.sleep 600
until_true "redis hget rq:job:long status | grep -qx started"
run stop long
until_true "redis hget rq:job:long status | grep -qx stopped"
grep -qx 'stopped long' "$told" || wrong 'the stop was not told'
kill "$worker"
wait "$worker" || wrong 'the worker did not end well'
