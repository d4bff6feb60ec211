#!/bin/sh
# empty, suspend and resume.
# shellcheck disable=SC3044 # `run suspend` is cq's, not the shell's
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis

it 'has nothing to do without queues'
run empty
expect_status 0
expect_stdout 'Nothing to do'
run empty --all
expect_status 0
expect_stdout 'Nothing to do'

it 'removes the jobs of the named queues and says how many'
for id in 1 2 3; do "$CQ" enqueue f -q high --job-id "h$id" --quiet; done
"$CQ" enqueue f -q low --job-id l1 --quiet
run empty high
expect_status 0
expect_no_stderr
expect_stdout '3 jobs removed from high queue'
expect_redis 0 exists rq:queue:high rq:job:h1 rq:job:h2 rq:job:h3
expect_redis 1 llen rq:queue:low

it 'a queue that nobody knows has no jobs'
run empty nobody
expect_status 0
expect_stdout '0 jobs removed from nobody queue'

it '--all empties every queue'
"$CQ" enqueue f -q high --quiet
run empty --all
expect_status 0
expect_stdout '1 jobs removed from high queue
1 jobs removed from low queue'
expect_redis 0 exists rq:queue:high rq:queue:low

it 'empties more jobs than one script call'
i=0
while [ "$i" -lt 1207 ]; do
    echo "HSET rq:job:m$i status queued origin many data x"
    echo "RPUSH rq:queue:many m$i"
    i=$((i + 1))
done | redis > /dev/null
run empty many
expect_stdout '1207 jobs removed from many queue'
expect_redis 0 exists rq:queue:many rq:job:m0 rq:job:m1206

it 'leaves failed and finished jobs alone'
redis hset rq:job:x status failed origin high > /dev/null
redis zadd rq:failed:high 99999999999 x > /dev/null
run empty high
expect_redis 1 exists rq:job:x

it 'a key that is no queue is told by its name'
redis set rq:queue:text x > /dev/null
run empty text
expect_status 4
expect_stderr_line 'cq empty: text: a key of'
expect_redis x get rq:queue:text
redis del rq:queue:text > /dev/null

it 'queues and --all exclude each other'
run empty --all high
expect_status 2
expect_stderr_line 'not both'

it 'suspends until resume'
run suspend
expect_status 0
expect_stdout 'Suspending workers.  No new jobs will be started.  But current jobs will be completed'
expect_redis 1 exists rq:suspended
expect_redis -1 ttl rq:suspended
run resume
expect_status 0
expect_stdout 'Resuming workers.'
expect_redis 0 exists rq:suspended

it 'suspends for a time'
run suspend --duration 30
expect_status 0
expect_stdout_has 'Suspending workers for 30 seconds. No new jobs will be started during that time'
[ "$(redis ttl rq:suspended)" -gt 20 ] || wrong 'it does not end'
run suspend --duration 0
expect_status 2
expect_stderr_line '--duration'
redis del rq:suspended > /dev/null
