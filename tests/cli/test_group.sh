#!/bin/sh
# group: groups with their counts, and the jobs of one.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis

it 'shows nothing where there is no group'
run group
expect_status 0
expect_stdout ''

it 'shows each group with its jobs by status, sorted by name'
for id in a b c; do run enqueue f "$id" --job-id "$id" --group beta; done
run enqueue g --job-id d --group 'alpha ü' --depends-on a
redis hset rq:job:c status finished > /dev/null
redis del rq:job:b > /dev/null
run group
expect_status 0
expect_no_stderr
expect_stdout 'alpha ü  1 job: 1 deferred
beta  2 jobs: 1 queued, 1 finished; 1 gone'

it 'shows the jobs of one group, and changes nothing'
run group beta
expect_status 0
expect_stdout_match "a queued default f\('a'\)"
expect_stdout_match "c finished default f\('c'\)"
expect_stdout_lacks 'b queued'
[ "$(tail -n 1 "$work/out")" = 'beta  2 jobs: 1 queued, 1 finished; 1 gone' ] \
    || wrong "the last line is $(tail -n 1 "$work/out")"
expect_redis 3 scard rq:group:beta

it '--json prints an object a line'
run group --json
expect_stdout_has \
    '{"name": "alpha ü", "jobs": 1, "gone": 0, "statuses": {"unknown": 0, "created": 0, "queued": 0, "started": 0, "deferred": 1'
run group 'alpha ü' --json
expect_stdout '{"id": "d", "status": "deferred", "queue": "default", "description": "g()"}'

it 'walks through a group of many'
redis eval 'for i = 1, 3000 do redis.call("SADD", "rq:group:many", "m" .. i)
    redis.call("HSET", "rq:job:m" .. i, "status", "queued", "origin", "q", "created_at", "x") end
    redis.call("SADD", "rq:groups", "many")' 0 > /dev/null
run group
expect_stdout_has 'many  3000 jobs: 3000 queued'
run group many
[ "$(wc -l < "$work/out")" = 3001 ] || wrong "$(wc -l < "$work/out") lines"

it 'what is no job in a group does no harm'
redis sadd rq:group:beta text '' > /dev/null
redis set rq:job:text 'no hash' > /dev/null
run group beta
expect_status 0
run group
expect_stdout_has 'beta  2 jobs: 1 queued, 1 finished; 3 gone'

it 'a group whose key holds something else does not hide the others'
redis set rq:group:aaa x > /dev/null
redis sadd rq:groups aaa > /dev/null
run group
expect_status 4
expect_stderr_line "cq group: group 'aaa': a key of RQ's layout holds another type of value"
expect_stdout_has 'beta  2 jobs: 1 queued, 1 finished; 3 gone'
expect_stdout_has 'many  3000 jobs: 3000 queued'
redis del rq:group:aaa > /dev/null
redis srem rq:groups aaa > /dev/null

it 'says when there is no such group'
run group nobody
expect_status 1
expect_stderr_line "no such group: 'nobody'"
run group ''
expect_status 2
expect_stderr_line "cannot be a group's name"
