#!/bin/sh
# worker-pool: supervision, resizing, recycling, shutdown. What a worker does is tested in tests/worker,
# deadlines in its test_shutdown.c.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis
modules=$(dirname "$CQ")/tests/worker/modules

start_pool() { # arguments; its pid is in $pool, its log in $log
    log=$work/pool.log
    "$CQ" worker-pool --python none -P "$modules" --name p "$@" > "$log" 2>&1 &
    pool=$!
    background="$background $pool"
}

wait_pool() {
    status=0
    wait "$pool" || status=$?
}

stop_pool() {
    kill -TERM "$pool"
    wait_pool
}

workers() { # how many live workers Redis knows
    redis scard rq:workers
}

children() { # of a process
    cat "/proc/$1/task/$1/children"
}

logged() { # a part of a line
    grep -cF -e "$1" "$log"
}

until_workers() {
    until_true "[ \"\$(workers)\" = $1 ]"
}

for form in slots processes; do
    option=
    [ $form = slots ] || option=--processes

    it "runs N workers ($form)"
    start_pool -n 3 $option --pid "$work/pid"
    until_workers 3
    expect_redis "$(printf 'rq:worker:p.1\nrq:worker:p.2\nrq:worker:p.3')" sort rq:workers alpha
    [ "$(cat "$work/pid")" = "$pool" ] || wrong 'the pid file has another process'
    [ "$(redis hget rq:worker:p.1 pid)" != "$pool" ] || wrong 'the supervisor is a worker'

    it "replaces a process that was killed, under its names ($form)"
    for child in $(children "$pool"); do kill -KILL "$child"; break; done
    until_true '[ "$(logged "was killed by signal 9")" = 1 ]'
    until_true '[ "$(redis hget rq:worker:p.1 pid)" != "$child" ]'
    until_workers 3
    run enqueue jobs.whoami --job-id "after-$form"
    until_true "[ \"\$(redis hget rq:job:after-$form status)\" = finished ]"

    it "grows and shrinks by signal and by command ($form)"
    kill -TTIN "$pool"
    until_workers 4
    kill -TTOU "$pool"
    until_workers 3
    run worker-pool --resize 5 p
    expect_status 0
    expect_stdout_has 'p: told to run 5 workers'
    until_workers 5
    run worker-pool --resize 1
    expect_status 0
    until_workers 1

    it "passes SIGHUP on, and cq reload knows it ($form)"
    run reload --pid "$work/pid"
    expect_status 0
    expect_stdout "process $pool: told to reload by SIGHUP"
    until_true '[ "$(logged "p.1: reloading")" = 1 ]'

    it "ends when all have ended ($form)"
    stop_pool
    expect_status 0
    [ "$(workers)" = 0 ] || wrong 'a worker is left'

    it "replaces workers that have done --max-jobs, in burst mode too ($form)"
    for _ in 1 2 3 4 5; do "$CQ" enqueue jobs.whoami --quiet; done
    start_pool -n 2 $option --burst --max-jobs 1
    wait_pool
    expect_status 0
    expect_redis 0 llen rq:queue:default
    [ "$(logged 'finished executing 1 jobs, quitting')" = 5 ] || wrong 'not every worker did one job'

    it "renews processes that are too old, whose jobs end first ($form)"
    start_pool -n 1 $option --max-age 1
    until_workers 1
    run enqueue jobs.until_there "$work/old-$form" --job-id "old-$form"
    until_true '[ "$(logged "has reached --max-age")" -ge 1 ]'
    touch "$work/old-$form"
    until_true "[ \"\$(redis hget rq:job:old-$form status)\" = finished ]"
    stop_pool
    expect_status 0
    expect_redis 0 exists rq:failed:default

    it "has jobs wait again that do not end in time ($form)"
    start_pool -n 2 $option --shutdown-timeout 1
    until_workers 2
    for id in "x-$form" "y-$form" "z-$form"; do run enqueue jobs.doze_s :600 --timeout 900 \
        --job-id "$id"; done
    until_true '[ "$(redis zcard rq:wip:default)" = 2 ]'
    stop_pool
    expect_status 0
    expect_redis "$(printf 'x-%s\ny-%s\nz-%s' $form $form $form)" lrange rq:queue:default 0 -1
    redis del rq:queue:default > /dev/null

    it "no worker outlives a supervisor that was killed, and none is ended coldly ($form)"
    start_pool -n 2 $option
    until_workers 2
    run enqueue jobs.until_there "$work/let-go-$form" --job-id "orphan-$form"
    until_true "[ \"\$(redis hget rq:job:orphan-$form status)\" = started ]"
    kill -KILL "$pool"
    wait_pool
    touch "$work/let-go-$form"
    until_workers 0
    expect_redis finished hget "rq:job:orphan-$form" status
done

it 'a worker that no descriptor is left for comes when there are some'
start_pool -n 2 --max-jobs 1 --shutdown-timeout 1
until_workers 2
child=$(children "$pool")
run enqueue jobs.doze_s :600 --timeout 900 --job-id held
run enqueue jobs.until_there "$work/let-go" --job-id full
until_true '[ "$(redis zcard rq:wip:default)" = 2 ]'
prlimit --pid $child --nofile=8:
touch "$work/let-go"
until_true '[ "$(logged "It was not added")" -ge 1 ]'
prlimit --pid $child --nofile=256:
until_workers 2
run enqueue jobs.doze_s :0 --job-id after
until_true '[ "$(redis hget rq:job:after status)" = finished ]'
stop_pool
expect_status 0
redis flushall > /dev/null

it 'a process above --max-rss is replaced'
start_pool --max-rss 1M
until_true '[ "$(logged "is above --max-rss")" = 1 ] && [ "$(logged "stopped, 0 jobs done")" = 1 ]'
until_workers 1
stop_pool
expect_status 0

it 'what no pause would mend ends the pool with its status'
run worker-pool --python /nowhere/python -n 2
expect_status 3
expect_stderr_line '/nowhere/python'
for option in --quiet --processes; do
    run worker-pool --python none -n 2 $option --url "unix://:secret@$socket"
    expect_status 4
    grep -q 'cq worker-pool: Redis has no password' "$work/err" || wrong 'it does not say why'
    [ "$(grep -c 'the pool ends$' "$work/err")" = 1 ] || wrong 'it does not say once that it ends'
    ! grep -q 'another is started' "$work/err" || wrong 'it tries again'
done

it 'a worker that dies again and again is tried less and less often'
start_pool -n 1
kill_children() { # one may have ended by itself since: its name is that of the one that was killed
    for child in $(children "$pool"); do kill -KILL "$child" 2> /dev/null; done
}
until_true 'kill_children; [ "$(logged "was killed by signal 9")" -ge 3 ]'
last=$(sed -n 's/.*another is started in \([0-9]*\)\..*/\1/p' "$log" | tail -n 1)
[ "$last" -ge 1 ] || wrong "the third pause is $last s"
stop_pool
expect_status 0

it 'the names of a pool that was killed are left alone'
redis flushall > /dev/null
start_pool
until_workers 1
child=$(children "$pool")
kill -STOP $child # or it would hear of the supervisor's end, and register its own
kill -KILL "$pool" $child
wait_pool
start_pool -n 2
until_workers 3
expect_redis 2 exists rq:worker:p.1001 rq:worker:p.1002
expect_redis 1 sismember rq:workers rq:worker:p.1
grep -q "ended with status 1; another is started in .* s, with another name$" "$log" \
    || wrong 'it does not say why there is another name'
[ "$(logged 'cannot register again')" = 0 ] || wrong 'a worker that was never born wants to be born again'
stop_pool
expect_status 0
redis flushall > /dev/null

it 'waits while the workers are suspended'
"$CQ" suspend > /dev/null
start_pool -n 2
until_workers 2
"$CQ" resume > /dev/null
run enqueue jobs.whoami --job-id resumed
until_true '[ "$(redis hget rq:job:resumed status)" = finished ]'
stop_pool

it 'knows what to resize'
run worker-pool --resize 2
expect_status 1
expect_stderr 'cq worker-pool: no cq worker is running'
start_pool
"$CQ" worker --python none --name other > "$work/other.log" 2>&1 &
other=$!
background="$background $other"
until_workers 2
run worker-pool --resize 2
expect_status 1
expect_stderr 'cq worker-pool: there are several: other, p; name the one to resize'
run worker-pool --resize 2 nobody
expect_status 1
expect_stderr "cq worker-pool: there is no pool or worker 'nobody'; 'cq info' shows them"
run worker-pool --resize 2 other
expect_status 0
until_workers 3
run worker-pool --resize 1001 p
expect_status 2
run worker-pool --resize 0 p
expect_status 2
run worker-pool --resize 2 p other
expect_status 2
kill -TERM "$other"
wait "$other"
stop_pool

it 'refuses what is wrong before anything is started'
run worker-pool -n 0
expect_status 2
expect_stderr_line '-n'
run worker-pool -n many
expect_status 2
run worker-pool --max-rss lots
expect_status 2
expect_stderr_line '--max-rss'
run worker-pool --max-idle-time 5
expect_status 2
expect_stderr_line 'this version of cq does not have --max-idle-time'
run worker-pool --date-format '%H'
expect_status 2
run worker-pool -u http://nowhere
expect_status 3
