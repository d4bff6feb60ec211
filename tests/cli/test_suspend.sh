#!/bin/sh
# suspend and resume of single queues (all workers at once: test_empty.sh), and the strategies that weigh
# queues.
# shellcheck disable=SC3044 # `run suspend` is cq's, not the shell's
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis
cat > "$work/cq.ini" <<INI
[programs]
work = /bin/true
INI

start_worker() { # arguments; its pid is in $worker
    "$CQ" worker -c "$work/cq.ini" "$@" > "$work/worker.out" 2> "$work/worker.err" &
    worker=$!
    background="$background $worker"
}

stop_worker() {
    kill -TERM "$worker"
    wait "$worker" || wrong "the worker ended with status $?"
}

calls_of() { # a command of Redis: how often it was called; Redis counts one that blocks when it ends
    calls=$(redis info commandstats | sed -n "s/^cmdstat_$1:calls=\([0-9]*\),.*/\1/p")
    echo "${calls:-0}"
}

it 'pauses a queue until it is resumed, and says whom that does not stop'
run suspend --queue high
expect_status 0
expect_stdout \
    "Queue high is paused until 'cq resume --queue high': workers of cq start none of its jobs. Workers of RQ do."
expect_redis '' hget rq:cq:paused high
expect_redis 0 exists rq:suspended

it 'shows paused queues'
"$CQ" enqueue work -q high --job-id h1 --quiet
"$CQ" enqueue work -q low --job-id l1 --quiet
run info -Q
expect_stdout 'high         |█ 1, 0 executing, 0 finished, 0 failed, paused
low          |█ 1, 0 executing, 0 finished, 0 failed
2 queues, 2 jobs total'
run info -r -Q
expect_stdout 'queue high 1, 0 executing, 0 finished, 0 failed
queue low 1, 0 executing, 0 finished, 0 failed'
run info --json
expect_stdout_has \
    '"name":"high","queued":1,"started":0,"finished":0,"failed":0,"deferred":0,"scheduled":0,"canceled":0,"abandoned":0,"workers":[],"paused":true}'
expect_stdout_has '"workers":[],"paused":false}'

it 'takes a paused queue for an empty one in burst mode'
run worker -c "$work/cq.ini" --burst high low
expect_status 0
grep -q 'done, quitting; there are jobs on queues that are paused' "$work/err" \
    || wrong 'the paused queue is not named'
expect_redis queued hget rq:job:h1 status
expect_redis finished hget rq:job:l1 status

it 'asks about a paused queue once a second, and meanwhile works on the others'
start_worker high low
until_true 'grep -qs "queue high is paused" "$work/worker.err"'
# shellcheck disable=SC2034 # used in what until_true evaluates
asked=$(calls_of evalsha)
peeked=$(calls_of blmove)
until_true '[ "$(calls_of evalsha)" -ge $((asked + 3)) ]'
[ "$(calls_of blmove)" -le $((peeked + 30)) ] || wrong \
    "it peeks without end: $peeked, then $(calls_of blmove)"
"$CQ" enqueue work -q low --job-id l2 --quiet
until_true '[ "$(redis hget rq:job:l2 status)" = finished ]'
expect_redis queued hget rq:job:h1 status

it 'goes on with a queue that is resumed'
run resume --queue high
expect_status 0
expect_stdout 'Queue high is resumed.'
until_true '[ "$(redis hget rq:job:h1 status)" = finished ]'
[ "$(grep -c 'queue high is paused' "$work/worker.err")" = 1 ] || wrong 'the pause was not logged once'
stop_worker
run resume -q high
expect_stdout 'Queue high was not paused.'
expect_redis 0 exists rq:cq:paused

it 'pauses several queues for a time'
run suspend --queue high -q 'bench:default' --duration 1m
expect_status 0
expect_stdout 'Queue high is paused for 60 seconds: workers of cq start none of its jobs. Workers of RQ do.
Queue bench:default is paused for 60 seconds: workers of cq start none of its jobs. Workers of RQ do.'
[ "$(redis hget rq:cq:paused bench:default)" -gt "$(date +%s)" ] || wrong 'it does not end'
run resume
expect_stdout 'Resuming workers.'
expect_redis 2 hlen rq:cq:paused
redis del rq:cq:paused > /dev/null

it 'refuses names that no queue can have and changes nothing'
run suspend --queue good --queue ''
expect_status 2
expect_stderr_line '--queue'
expect_redis 0 exists rq:cq:paused
redis set rq:cq:paused text > /dev/null
run suspend --queue good
expect_status 1
expect_stderr_line 'rq:cq:paused is not a hash'
redis del rq:cq:paused > /dev/null

it 'takes weights and targets behind the last colon of every queue'
for id in 1 2 3 4; do
    "$CQ" enqueue work -q 'bench:default' --job-id "w$id" --quiet
    "$CQ" enqueue work -q low --job-id "v$id" --quiet
done
start_worker --dequeue-strategy weighted -n w1 bench:default:5 low:1
until_true '[ "$(redis hget rq:worker:w1 queues)" = bench:default,low ]'
until_true '[ "$(redis zcard rq:finished:bench:default),$(redis zcard rq:finished:low)" = 4,6 ]'
stop_worker
"$CQ" enqueue work -q 'bench:default' --job-id w5 --quiet
start_worker -ds latency -n w2 bench:default:5s low:10m
until_true '[ "$(redis hget rq:worker:w2 queues)" = bench:default,low ]'
until_true '[ "$(redis hget rq:job:w5 status)" = finished ]'
stop_worker

it 'takes colons for a part of the name with every other strategy'
start_worker -n w3 high:5 low:10m
until_true '[ "$(redis hget rq:worker:w3 queues)" = high:5,low:10m ]'
stop_worker

it 'refuses queues without their number, wrong numbers, and a queue twice'
for queue in low low: :5 low:0 low:1.5 low:-1 low:5s low:1000001; do
    run worker -b --dequeue-strategy weighted high:1 "$queue"
    expect_status 2
    expect_stderr_line "queue '$queue': with --dequeue-strategy weighted each queue is written NAME:WEIGHT"
done
for queue in low low: :5s low:0 low:-1 low:soon; do
    run worker -b --dequeue-strategy latency high:1s "$queue"
    expect_status 2
    expect_stderr_line "queue '$queue': with --dequeue-strategy latency each queue is written NAME:TARGET"
done
run worker -b --dequeue-strategy weighted
expect_status 2
expect_stderr_line "queue 'default'"
run worker -b --dequeue-strategy weighted low:1 high:2 low:3
expect_status 2
expect_stderr_line "queue 'low' is named twice"
printf '[worker]\nqueues = high:5s, low:1m\ndequeue_strategy = latency\n' > "$work/latency.ini"
run worker -b -c "$work/latency.ini"
expect_status 0
printf '[worker]\nqueues = high\ndequeue_strategy = latency\n' > "$work/latency.ini"
run worker -b -c "$work/latency.ini"
expect_status 3
expect_stderr_line 'dequeue_strategy latency each queue is written NAME:TARGET'
