#!/bin/sh
# reload: who is told, by which way, and who is left alone. What a worker does then is tested in tests/worker.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis

start_worker() { # name of its log, arguments
    log=$work/$1.log
    shift
    "$CQ" worker --python none "$@" > "$log" 2>&1 &
    worker=$!
    background="$background $worker"
}

reloads() { # log: how often it was told
    grep -c ': reloading: ' "$work/$1.log"
}

it 'without a worker there is nothing to reload'
run reload
expect_status 1
expect_stderr 'cq reload: no cq worker is running'

start_worker one --name one --pid "$work/one.pid"
one=$worker
start_worker many --name many -n 2
many=$worker
until_true '[ "$(redis scard rq:workers)" = 3 ]'

it 'a name stands for its process'
run reload one
expect_status 0
expect_stdout "one: told to reload by SIGHUP (process $one)"
until_true '[ "$(reloads one)" = 1 ]'
[ "$(reloads many)" = 0 ] || wrong 'another worker was told'

it 'a process with several workers is told once'
run reload many
expect_status 0
expect_stdout "many.1, many.2: told to reload by SIGHUP (process $many)"
until_true '[ "$(reloads many)" = 1 ]'
run reload many.2 many.1
expect_status 0
until_true '[ "$(reloads many)" = 2 ]'

it 'without names all are told'
run reload
expect_status 0
expect_stdout_has "one: told to reload"
expect_stdout_has "many.1, many.2: told to reload"
until_true '[ "$(reloads one)" = 2 ] && [ "$(reloads many)" = 3 ]'

it 'a pid file needs no Redis'
run_command env RQ_REDIS_URL="unix://$work/nobody" "$CQ" reload --pid "$work/one.pid"
expect_status 0
expect_stdout "process $one: told to reload by SIGHUP"
until_true '[ "$(reloads one)" = 3 ]'

it 'a worker on another host is told through Redis'
redis hset rq:worker:one hostname elsewhere > /dev/null
run reload one
expect_status 0
expect_stdout "one: told to reload through Redis (process $one on elsewhere)"
until_true '[ "$(reloads one)" = 4 ]'

it 'a worker whose process cannot be seen from here is told through Redis'
redis hset rq:worker:one hostname "$(hostname)" pid 999999999 > /dev/null
run reload one
expect_status 0
expect_stdout 'one: told to reload through Redis (process 999999999 on '"$(hostname))"
until_true '[ "$(reloads one)" = 5 ]'
redis hset rq:worker:one pid "$one" > /dev/null

sleep 600 &
other=$!
background="$background $other"
lives() {
    kill -0 "$other" 2> /dev/null || wrong 'the other process got the signal'
}

it 'a worker of rq never gets a signal'
redis hset rq:worker:snake hostname "$(hostname)" pid "$other" version 2.12.0 > /dev/null
redis sadd rq:workers rq:worker:snake > /dev/null
run reload
expect_status 0
expect_stdout_lacks snake
run reload snake
expect_status 1
expect_stderr "cq reload: 'snake' is not a worker of cq and cannot reload; restart it instead"
lives
redis srem rq:workers rq:worker:snake > /dev/null

it 'a process that has the number of a dead worker never gets a signal'
redis hset rq:worker:ghost hostname "$(hostname)" pid "$other" version 'cq 0.1.0' > /dev/null
redis sadd rq:workers rq:worker:ghost > /dev/null
run reload ghost
expect_status 1
expect_stderr_line "process $other is not a cq worker; it was left alone, and nobody listens on its channel"
echo "$other" > "$work/other.pid"
run reload --pid "$work/other.pid"
expect_status 1
expect_stderr "cq reload: process $other is not a cq worker; it was left alone"
lives

it 'the others are told all the same'
run reload
expect_status 1
expect_stdout_has 'one: told to reload by SIGHUP'
expect_stderr_line ghost
redis srem rq:workers rq:worker:ghost > /dev/null

it 'a name or a file that leads nowhere is told'
run reload nobody one
expect_status 1
expect_stdout_has 'one: told to reload'
expect_stderr "cq reload: there is no worker 'nobody'; 'cq info' shows them"
run reload --pid "$work/none.pid"
expect_status 1
expect_stderr_line 'none.pid: No such file or directory'
echo many > "$work/other.pid"
run reload --pid "$work/other.pid"
expect_status 1
expect_stderr_line 'holds no process id'
echo 999999999 > "$work/other.pid"
run reload --pid "$work/other.pid"
expect_status 1
expect_stderr 'cq reload: there is no process 999999999'
run reload one --pid "$work/one.pid"
expect_status 2
expect_stderr 'cq reload: give names or --pid, not both'
run_command env RQ_REDIS_URL="unix://$work/nobody" "$CQ" reload
expect_status 4
