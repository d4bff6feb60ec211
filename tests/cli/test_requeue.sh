#!/bin/sh
# requeue: by ids and all, one queue and every queue.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis

fail_job() { # queue, id: a failed job, as a worker leaves it
    redis hset "rq:job:$2" status failed origin "$1" data x created_at 2026-01-01T00:00:00.000000Z \
        started_at 2026-01-01T00:00:00.000000Z ended_at 2026-01-01T00:00:01.000000Z > /dev/null
    redis zadd "rq:failed:$1" 99999999999 "$2" > /dev/null
    redis sadd rq:queues "rq:queue:$1" > /dev/null
}

it 'has nothing to do without ids'
run requeue
expect_status 0
expect_stdout 'Nothing to do'
run requeue --all
expect_status 0
expect_stdout 'Nothing to do'

it 'requeues a job by its id, whatever its queue'
fail_job high a
run requeue a
expect_status 0
expect_no_stderr
expect_stdout 'Requeueing 1 jobs from failed queue'
expect_redis a lrange rq:queue:high 0 -1
expect_redis queued hget rq:job:a status
expect_redis 0 zcard rq:failed:high

it 'names each id that is not there, requeues the others, and fails'
fail_job high b
run requeue nobody b
expect_status 1
expect_stderr "cq requeue: no such job: 'nobody'"
expect_stdout 'Requeueing 2 jobs from failed queue
Unable to requeue 1 jobs from failed job registry'
expect_redis 0 zcard rq:failed:high

it 'a job that has not failed stays where it is'
len=$(redis llen rq:queue:high)
run requeue b
expect_status 1
expect_stderr_line \
    "job 'b' is not among the failed jobs of its queue; a canceled one needs --registry canceled"
expect_redis "$len" llen rq:queue:high

it '--queue looks in that queue only'
fail_job high c
run requeue --queue low c
expect_status 1
expect_stderr_line "of queue 'low'"
expect_redis 1 zcard rq:failed:high
run requeue -q high c
expect_status 0
expect_redis 0 zcard rq:failed:high

it '--all takes one queue with --queue'
fail_job high d
fail_job low e
run requeue --all --queue low
expect_status 0
expect_stdout 'Requeueing 1 jobs from failed queue'
expect_redis 1 zcard rq:failed:high
expect_redis 0 zcard rq:failed:low

it '--all takes every queue without it'
fail_job low f
run requeue --all
expect_status 0
expect_stdout 'Requeueing 2 jobs from failed queue'
expect_redis 0 zcard rq:failed:high
expect_redis 0 zcard rq:failed:low

it '--all skips what is gone and says how many'
fail_job high g
redis zadd rq:failed:high 1 gone1 2 gone2 > /dev/null
run requeue -a
expect_status 0
expect_stdout 'Requeueing 3 jobs from failed queue
2 jobs were gone and were skipped'
expect_redis 0 zcard rq:failed:high

it '--all takes more jobs than one script call'
i=0
while [ "$i" -lt 1203 ]; do
    echo "HSET rq:job:m$i status failed origin many data x"
    echo "ZADD rq:failed:many $((i + 99999999)) m$i"
    i=$((i + 1))
done | redis > /dev/null
redis sadd rq:queues rq:queue:many > /dev/null
run requeue --all -q many
expect_status 0
expect_stdout 'Requeueing 1203 jobs from failed queue'
expect_redis 1203 llen rq:queue:many
expect_redis m0 lindex rq:queue:many 0
expect_redis m1202 lindex rq:queue:many -1

it 'shows a bar on a terminal and takes it away'
fail_job high h
run_on_terminal "$CQ requeue h"
expect_stdout_has '100%'
expect_stdout_has "$(printf '\r\033[K')"

it 'ids and --all exclude each other'
run requeue --all x
expect_status 2
expect_stderr_line 'not both'
