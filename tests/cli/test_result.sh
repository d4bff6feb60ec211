#!/bin/sh
# result: how jobs ended, in words, as JSON and as bytes.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis

printf "[programs]\nsay = /bin/echo {0}\nnothing = /bin/true\nfail = /bin/sh -c 'echo why >&2; exit 3'\n" \
    > "$work/cq.ini"
at='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z'
"$CQ" enqueue say '%{"a": (1, None)}' --job-id map --quiet
"$CQ" enqueue nothing --job-id none --quiet
"$CQ" enqueue say text -S json --job-id json --quiet
"$CQ" enqueue fail --job-id failed --quiet
"$CQ" worker -b -c "$work/cq.ini" --name w 2> /dev/null
"$CQ" enqueue say again --job-id waits --quiet

it 'a finished job shows what it returned, and when'
run result map
expect_status 0
expect_no_stderr
expect_stdout_has "map: finished"
expect_stdout_has "  call      say({'a': (1, None)})"
expect_stdout_has '  queue     default'
expect_stdout_has '  worker    w'
expect_stdout_match "  enqueued  $at"
expect_stdout_match "  started   $at"
expect_stdout_match "  ended     $at \([0-9]+\.[0-9]{3} s\)"
expect_stdout_has "  result    {'a': [1, None]}"

it 'a failed job shows why, and the last lines it wrote'
redis set rq:cq:output:failed "$(printf 'first\nlast')" > /dev/null
run result failed
expect_status 1
expect_no_stderr
expect_stdout_has 'failed: failed'
expect_stdout_has '  failure'
expect_stdout_match '    cq.ProgramFailed: .*'
expect_stdout_has '  output'
expect_stdout_has '    first'
expect_stdout_has '    last'
expect_stdout_lacks '  result'

it 'a job that has not ended is told by the status'
redis set rq:cq:output:waits 'of a run before' > /dev/null
run result waits
expect_status 5
expect_stdout_has 'waits: queued'
expect_stdout_lacks 'of a run before'

it 'a job that waits for its time says when that is, one that waits for others for which'
"$CQ" enqueue say later --schedule-at 2031-02-03T04:05:06Z --job-id later --quiet
"$CQ" enqueue say after --depends-on later --job-id after --quiet
run result later after
expect_status 5
expect_stdout_has '  due       2031-02-03T04:05:06.000000Z'
expect_stdout_has '  needs     later'
run result --json later after waits
python3 - "$work/out" > "$work/python" 2>&1 <<'END_OF_PYTHON' || wrong "$(cat "$work/python")"
import json, sys
later, after, waits = map(json.loads, open(sys.argv[1]))
assert (later["due"], later["needs"]) == ("2031-02-03T04:05:06.000000Z", None), later
assert (after["due"], after["needs"]) == (None, ["later"]), after
assert (waits["due"], waits["needs"]) == (None, None), waits
END_OF_PYTHON
redis del rq:scheduled:default rq:job::after:dependencies > /dev/null
redis set rq:scheduled:default 'no zset' > /dev/null
redis set rq:job::after:dependencies 'no set' > /dev/null
run result later after
expect_status 5
expect_no_stderr
expect_stdout_lacks '  due'
expect_stdout_lacks '  needs'
redis del rq:scheduled:default rq:job::after:dependencies > /dev/null

it 'a job that is not there is told by the status'
run result gone
expect_status 6
expect_stdout ''
expect_stderr "cq result: no such job: 'gone'"

it 'of several jobs the highest status counts'
run result map json
expect_status 0
run result failed map
expect_status 1
run result waits failed map
expect_status 5
run result gone map
expect_status 6
expect_stdout_has 'map: finished'

it '--json is one object a line'
run result --json map none failed waits
expect_status 5
[ "$(wc -l < "$work/out")" = 4 ] || wrong 'not four lines'
python3 - "$work/out" > "$work/python" 2>&1 <<'END_OF_PYTHON' || wrong "$(cat "$work/python")"
import json, sys
found, none, failed, waits = map(json.loads, open(sys.argv[1]))
assert found["status"] == "finished" and found["return_value"] == {"a": [1, None]}, found
assert found["return_repr"] == "{'a': [1, None]}" and found["failure"] is None, found
assert found["output"] is None, found
assert found["queue"] == "default" and found["worker"] == "w", found
assert found["ended_at"] > found["started_at"], found
assert none["return_value"] is None and none["return_repr"] == "None", none
assert failed["return_repr"] is None and "cq.ProgramFailed: " in failed["failure"], failed
assert failed["output"] == "first\nlast", failed
assert waits["status"] == "queued" and waits["ended_at"] is None and waits["return_repr"] is None, waits
END_OF_PYTHON

it '--raw is the value as it is stored'
run result --raw json
expect_status 0
expect_stdout '"text"'
run result --raw map
python3 -c 'import pickle, sys; assert pickle.load(sys.stdin.buffer) == {"a": [1, None]}' < "$work/out" \
    2> "$work/err" ||
    wrong 'Python reads another value'
run result --raw none
expect_status 0
[ ! -s "$work/out" ] || wrong 'None has bytes'
run result --raw failed
expect_status 1
expect_stderr "cq result: job 'failed' is failed: there is no return value"
run result --raw map json
expect_status 2
run result --raw --json map
expect_status 2

finished() { # id, the serialized value as printf writes it: a finished job that returned it
    redis hset "rq:job:$1" status finished created_at 2026-01-01T00:00:00.000000Z > /dev/null
    redis xadd "rq:results:$1" '*' type 1 return_value "$(printf "$2" | base64 -w 0)" > /dev/null
}

it 'an object of a class is shown by its name, and nothing is run for it'
finished object "cposix\nsystem\n(S'touch $work/harm'\ntR."
run result object
expect_status 0
expect_stdout_has '  result    <posix.system>'
[ ! -e "$work/harm" ] || wrong 'it was run'
run result --json object
expect_stdout_has '"return_value": null, "return_repr": "<posix.system>"'

it 'bytes that no serializer wrote are said to be that'
finished broken '\200\005\225'
run result broken
expect_status 0
expect_stdout_match '  result    <3 bytes that cannot be shown: .*>'
redis xadd rq:results:broken '*' type 1 return_value '!' > /dev/null
run result broken
expect_stdout_match '  result    <0 bytes that cannot be shown: .*base64.*>'

it 'what RQ 1.x kept in the hash is read'
redis hset rq:job:old status finished created_at 2022-01-01T00:00:00.000000Z result "$(printf 'I42\n.')" \
    > /dev/null
run result old
expect_status 0
expect_stdout_has '  result    42'
redis hset rq:job:worse status failed created_at 2022-01-01T00:00:00.000000Z exc_info \
    "$(printf 'Traceback\nValueError: no')" > /dev/null
run result worse
expect_status 1
expect_stdout_has '    ValueError: no'

it 'stopped and canceled jobs have failed'
redis hset rq:job:halted status stopped created_at 2022-01-01T00:00:00.000000Z > /dev/null
redis hset rq:job:canceled status canceled created_at 2022-01-01T00:00:00.000000Z > /dev/null
run result halted
expect_status 1
run result canceled
expect_status 1
expect_stdout 'canceled: canceled'

it 'control characters do not reach a terminal'
redis hset rq:job:wild status failed created_at x description "$(printf 'a\033[31mb')" exc_info \
    "$(printf 'c\033[31md')" > /dev/null
if command -v script > /dev/null; then
    run_on_terminal '"$CQ" result wild'
    ! grep -q "$(printf '\033')" "$work/out" || wrong 'an escape was printed'
    expect_stdout_has 'a\x1b[31mb'
fi

it 'what is not an id, or no job, is refused'
run result
expect_status 2
expect_stderr_line "a job's id is missing"
run result ''
expect_status 2
redis set rq:job:text x > /dev/null
run result text
expect_status 4
expect_stderr_line "job 'text': "
