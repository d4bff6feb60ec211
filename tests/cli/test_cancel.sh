#!/bin/sh
# cancel: by ids and all, with and without dependents, of each place, with filters.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis

enqueue() { # id, further arguments of enqueue
    id=$1
    shift
    "$CQ" enqueue --quiet --job-id "$id" "$@" > /dev/null || echo "not ok - enqueue $id"
}

put() { # place, queue, id, its time: a job as a worker leaves it there
    redis hset "rq:job:$3" status "$1" origin "$2" data x created_at "$4" ended_at "$4" enqueued_at "$4" \
        > /dev/null
    redis zadd "rq:$1:$2" 99999999999 "$3" > /dev/null
    redis sadd rq:queues "rq:queue:$2" > /dev/null
}

it 'has nothing to do without ids'
run cancel
expect_status 0
expect_stdout 'Nothing to do'

it 'cancels a job by its id, which keeps its hash'
enqueue a app.f
run cancel a
expect_status 0
expect_no_stderr
expect_stdout 'Canceled 1 job'
expect_redis canceled hget rq:job:a status
expect_redis a zrange rq:canceled:default 0 -1
expect_redis 0 llen rq:queue:default

it 'names each id that cannot be canceled, cancels the others, and fails'
enqueue b app.f
run cancel nobody a b
expect_status 1
expect_stdout 'Canceled 1 job'
expect_stderr "cq cancel: no such job: 'nobody'
cq cancel: job 'a' is canceled already"
expect_redis canceled hget rq:job:b status

it 'has to be told which registry --all is about'
run cancel --all
expect_status 2
expect_stderr \
    'cq cancel: --all of which registry? give --registry queued|deferred|scheduled|started|failed|finished'
run cancel --all --registry dancing
expect_status 2

it 'refuses what does not go together, and changes nothing'
enqueue c app.f
run cancel --all --registry queued c
expect_status 2
expect_stderr_line 'not both'
run cancel --older-than 5s c
expect_status 2
expect_stderr_line '--older-than goes with --all'
run cancel --queue default c
expect_status 2
expect_stderr_line '--queue goes with --all'
run cancel --all --registry queued --error x
expect_status 2
expect_stderr_line '--registry failed'
expect_redis queued hget rq:job:c status

it '--all takes the queues that are named, or every one'
enqueue d --queue low app.f
enqueue e --queue high app.f
run cancel --all --registry queued --queue low --queue high
expect_status 0
expect_stdout 'Canceled 2 jobs'
expect_redis 1 llen rq:queue:default
run cancel -a --registry queued
expect_stdout 'Canceled 1 job'
expect_redis 0 llen rq:queue:default

it 'takes jobs of each registry'
for place in deferred scheduled failed finished; do
    put "$place" many "$place" 2026-01-01T00:00:00.000000Z
    run cancel --all --registry "$place"
    expect_status 0
    expect_stdout 'Canceled 1 job'
    expect_redis canceled hget "rq:job:$place" status
    expect_redis 0 exists "rq:$place:many"
done
expect_redis 4 zcard rq:canceled:many

it 'drops entries of jobs that are gone or elsewhere, and says how many'
put failed many there 2026-01-01T00:00:00.000000Z
redis zadd rq:failed:many 1 gone 2 finished 5 there > /dev/null
redis hset rq:job:finished status finished > /dev/null
run cancel --all --registry failed
expect_status 0
expect_stdout 'Canceled 1 job
2 jobs were gone and were skipped'
expect_redis finished hget rq:job:finished status
expect_redis 0 exists rq:failed:many

it '--function means a function, or what is below a module'
enqueue f1 app.tasks.send
enqueue f2 app.tasks2.send
enqueue f3 app.other
enqueue f4 app.tasks
run cancel --all --registry queued --function app.tasks --dry-run
expect_status 0
expect_stdout 'f1
f4'
expect_stderr 'cq cancel: would cancel 2 of 4 jobs'
run cancel --all --registry started --dry-run
expect_status 0
expect_stdout ''
expect_stderr 'cq cancel: nothing to do'
expect_redis 4 llen rq:queue:default
run cancel --all --registry queued --function app.tasks
expect_status 0
expect_stdout 'Canceled 2 of 4 jobs'
expect_redis 'f2
f3' lrange rq:queue:default 0 -1

it '--older-than goes by the time that fits the registry'
put failed old new "$(date -u -d '-10 minutes' +%Y-%m-%dT%H:%M:%S.000000Z)"
put failed old old "$(date -u -d '-3 hours' +%Y-%m-%dT%H:%M:%S.000000Z)"
run cancel --all --registry failed --queue old --older-than 1h
expect_status 0
expect_stdout 'Canceled 1 of 2 jobs'
expect_redis old zrange rq:canceled:old 0 -1

it 'takes more jobs than one call, with and without a filter, in a queue that keeps its order'
{
    i=0
    while [ "$i" -lt 3000 ]; do
        echo "HSET rq:job:m$i status queued origin big data x" \
            "enqueued_at 202$((i % 3))-01-01T00:00:00.000000Z"
        echo "RPUSH rq:queue:big m$i"
        i=$((i + 1))
    done
    echo "SADD rq:queues rq:queue:big"
    echo "HMSET rq:job:m5 enqueued_at 2999-01-01T00:00:00.000000Z status queued"
    echo "HMSET rq:job:m2000 enqueued_at 2999-01-01T00:00:00.000000Z status queued"
} | redis > /dev/null
run cancel --all --registry queued --queue big --older-than 1d
expect_status 0
expect_stdout 'Canceled 2998 of 3000 jobs'
expect_redis 'm5
m2000' lrange rq:queue:big 0 -1
expect_redis 2998 zcard rq:canceled:big
run cancel --all --registry queued --queue big
expect_stdout 'Canceled 2 jobs'
expect_redis 3000 zcard rq:canceled:big

it '--enqueue-dependents lets those go that wait for nothing else'
redis hset rq:job:child status deferred origin low data x > /dev/null
redis zadd rq:deferred:low 1 child > /dev/null
enqueue parent app.f
redis sadd rq:job:parent:dependents child > /dev/null
redis sadd rq:job::child:dependencies parent > /dev/null
run cancel --enqueue-dependents parent
expect_status 0
expect_redis child lrange rq:queue:low 0 -1
expect_redis queued hget rq:job:child status

it 'shows a bar on a terminal and takes it away'
enqueue g app.f
run_on_terminal "$CQ cancel g"
expect_stdout_has '100%'
expect_stdout_has "$(printf '\r\033[K')"
