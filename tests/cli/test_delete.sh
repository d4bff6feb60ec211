#!/bin/sh
# delete: by ids and all, with and without dependents, with filters; nothing stays behind.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis

fail_job() { # queue, id, base64 of zlib of the failure's text
    redis hset "rq:job:$2" status failed origin "$1" data x ended_at 2026-01-01T00:00:01.000000Z > /dev/null
    redis zadd "rq:failed:$1" 99999999999 "$2" > /dev/null
    redis sadd rq:queues "rq:queue:$1" > /dev/null
    redis xadd "rq:results:$2" '*' type 2 exc_string "$3" > /dev/null
}
# zlib of `ZeroDivisionError: division by zero` and of `ValueError: nothing`
packed() { # text: as RQ keeps it in a result
    python3 -c 'import base64, sys, zlib
print(base64.b64encode(zlib.compress(sys.argv[1].encode())).decode())' "$1"
}
zero=$(packed 'ZeroDivisionError: division by zero')
value=$(packed 'ValueError: nothing')

it 'has nothing to do without ids'
run delete
expect_status 0
expect_stdout 'Nothing to do'

it 'a registry or queue is not taken for all of its jobs'
run delete --registry failed
expect_status 2
expect_stderr 'cq delete: --registry goes with --all, not with job ids'
run delete --queue low
expect_status 2
expect_stderr 'cq delete: --queue goes with --all'
run delete --registry failed a
expect_status 2

it 'names the place whose key holds something else'
redis sadd rq:queues rq:queue:odd > /dev/null
redis set rq:failed:odd x > /dev/null
run delete --all --registry failed
expect_status 4
expect_stderr_line "cq delete: failed jobs of queue 'odd': a key of RQ's layout holds another type of value"
redis del rq:failed:odd > /dev/null
redis srem rq:queues rq:queue:odd > /dev/null

it 'deletes a job with all that belongs to it'
fail_job low a "$zero"
redis hset rq:execution:a:1 id 1 > /dev/null
redis zadd rq:executions:a 1 1 > /dev/null
redis set rq:cq:output:a text > /dev/null
run delete a
expect_status 0
expect_no_stderr
expect_stdout 'Deleted 1 job'
expect_redis rq:queues keys '*'

it 'names each id that is not there, deletes the others, and fails'
fail_job low b "$zero"
run delete nobody b
expect_status 1
expect_stderr "cq delete: no such job: 'nobody'"
expect_stdout 'Deleted 1 job'
expect_redis rq:queues keys '*'

it '--error looks into the text of the failure'
fail_job low c "$zero"
fail_job low d "$value"
fail_job low e 'no base64'
run delete --all --registry failed --error ZeroDivision
expect_status 0
expect_stdout 'Deleted 1 of 3 jobs'
expect_redis 'd
e' zrange rq:failed:low 0 -1
expect_redis 0 exists rq:job:c rq:results:c
run delete --all --registry failed --error ZeroDivision
expect_stdout 'Deleted 0 of 2 jobs'

it '--all of a registry leaves nothing of it'
run delete --all --registry failed
expect_status 0
expect_stdout 'Deleted 2 jobs'
expect_redis rq:queues keys '*'
run delete --all --registry failed
expect_stdout 'Nothing to do'

it 'leaves dependents waiting, unless they are to go too'
for parent in p q; do
    redis hset "rq:job:$parent" status queued origin low > /dev/null
    redis rpush rq:queue:low "$parent" > /dev/null
    redis hset "rq:job:of-$parent" status deferred origin low > /dev/null
    redis zadd rq:deferred:low 1 "of-$parent" > /dev/null
    redis sadd "rq:job:$parent:dependents" "of-$parent" > /dev/null
    redis sadd "rq:job::of-$parent:dependencies" "$parent" > /dev/null
done
run delete p
expect_status 0
expect_redis 1 exists rq:job:of-p
run delete --dependents q
expect_status 0
expect_redis of-p zrange rq:deferred:low 0 -1
expect_redis 0 exists rq:job:of-q rq:job::of-q:dependencies rq:job:q rq:job:q:dependents

it 'deletes a job with more dependents than one call may'
{
    echo 'HSET rq:job:big status queued origin low'
    echo 'RPUSH rq:queue:low big'
    i=0
    while [ "$i" -lt 1300 ]; do
        echo "SADD rq:job:big:dependents of-big$i"
        echo "HSET rq:job:of-big$i status deferred origin low"
        echo "ZADD rq:deferred:low 1 of-big$i"
        i=$((i + 1))
    done
} | redis > /dev/null
redis copy rq:job:big:dependents dependents > /dev/null
run delete --dependents big
expect_status 0
expect_stdout 'Deleted 1 job'
expect_redis of-p zrange rq:deferred:low 0 -1
redis hset rq:job:big status queued origin low > /dev/null
redis rpush rq:queue:low big > /dev/null
redis rename dependents rq:job:big:dependents > /dev/null
i=0
while [ "$i" -lt 1300 ]; do
    echo "HSET rq:job:of-big$i status deferred origin low"
    echo "ZADD rq:deferred:low 1 of-big$i"
    i=$((i + 1))
done | redis > /dev/null
run delete --dependents --all --registry queued
expect_status 0
expect_stdout 'Deleted 1 job'
expect_redis of-p zrange rq:deferred:low 0 -1

it 'takes more jobs than one call'
i=0
while [ "$i" -lt 2500 ]; do
    echo "HSET rq:job:m$i status failed origin many data x"
    echo "ZADD rq:failed:many 5 m$i"
    i=$((i + 1))
done | redis > /dev/null
redis sadd rq:queues rq:queue:many > /dev/null
run delete --all --registry failed
expect_status 0
expect_stdout 'Deleted 2500 jobs'
expect_redis 0 exists rq:failed:many rq:job:m0 rq:job:m2499

it 'Ctrl-C ends it between two chunks, and it says how far it came'
redis eval "for i = 1, 60000 do
    redis.call('HSET', 'rq:job:m' .. i, 'status', 'failed', 'origin', 'many', 'data', 'x')
    redis.call('ZADD', 'rq:failed:many', 5, 'm' .. i)
end" 0 > /dev/null
# In the background SIGINT is ignored until cq has its own handler: the signal comes when it is at work,
# however slow it starts.
"$CQ" delete --all --registry failed > "$work/out" 2> "$work/err" < /dev/null &
pid=$!
until_true '[ "$(redis zcard rq:failed:many)" -lt 60000 ]'
kill -INT "$pid" 2> /dev/null
status=0
wait "$pid" || status=$?
left=$(redis zcard rq:failed:many)
if [ "$left" -gt 0 ]; then # it was not faster than that
    expect_status 1
    expect_stderr_line 'jobs were deleted; the others are as they were'
    expect_stderr_line "interrupted: $((60000 - left)) of 60000"
fi
