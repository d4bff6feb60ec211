#!/bin/sh
# limit: limits that jobs share by a key; what they do to jobs is tested in tests/lifecycle and tests/interop.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis
cat > "$work/cq.ini" <<INI
[programs]
work = /bin/true
INI

it 'says that there is nothing'
run limit
expect_status 0
expect_stdout 'No limits are set, and no jobs have a key.'
run limit --json
expect_status 0
expect_stdout ''

it 'shows how many jobs of a key are queued or running, and how many wait'
for id in a b c; do "$CQ" enqueue work --rate-limit-key api --rate-limit-concurrency 2 \
    --job-id "$id" --quiet; done
expect_redis rate_limited hget rq:job:c status
expect_redis 2 llen rq:queue:default
run limit
expect_status 0
expect_stdout 'api: 2 of 2 queued or running, 1 waiting'
run limit api --json
expect_stdout \
    '{"key":"api","concurrency":2,"allowed":2,"rate_limited":1,"rate":null,"window":null,"starts":null,"waiting":0}'

it 'sets a number that goes before what jobs say'
run limit api --concurrency 3
expect_status 0
expect_stdout 'api: 3 of 3 queued or running, 0 waiting'
expect_redis queued hget rq:job:c status
run limit api --concurrency none
expect_stdout 'api: 3 of 2 queued or running, 0 waiting'
expect_redis 0 exists rq:cq:limit:api

it 'lets a burst go up to the rate, and the rest in time'
run limit api --rate 2/1s
expect_status 0
expect_stdout 'api: 3 of 2 queued or running, 0 waiting; 0 of 2 starts in 1 s, 0 waiting'
"$CQ" worker -c "$work/cq.ini" --num-workers 2 > "$work/worker.out" 2> "$work/worker.err" &
background="$background $!"
until_true '[ "$(redis zcard rq:finished:default)" = 3 ]'
first=$(redis hget rq:job:a started_at)
third=$(redis hget rq:job:c started_at)
[ "$(($(date -d "$third" +%s%N) - $(date -d "$first" +%s%N)))" -ge 1000000000 ] \
    || wrong "a started at $first and c at $third"
run limit --json
expect_stdout_match \
    '\{"key":"api","concurrency":(2|null),"allowed":0,"rate_limited":0,"rate":2,"window":1,"starts":[012],"waiting":0\}'
expect_redis 0 exists rq:cq:waiting rq:cq:waiting:api rq:scheduled:default

it 'takes limits away'
run limit api --remove
expect_status 0
expect_stdout 'Limits of api removed.'
run limit api --remove
expect_stdout 'No limits were set for api.'
expect_redis 0 exists rq:cq:limits rq:cq:limit:api rq:cq:starts:api

it 'refuses what makes no limit, and changes nothing'
for rate in 0/1m 1 1/ /1m 10/0 10/-1 10001/1m 1.5/1m 10/1y 10/400d ten/1m; do
    run limit api --rate "$rate"
    expect_status 2
    expect_stderr_line "--rate: '$rate'"
done
for number in 0 -1 many 1000001; do
    run limit api "--concurrency=$number"
    expect_status 2
    expect_stderr_line "--concurrency: '$number'"
done
run limit --rate 1/1s
expect_status 2
expect_stderr_line 'name the key'
run limit api --remove --rate 1/1s
expect_status 2
expect_stderr_line 'exclude each other'
run limit ''
expect_status 2
run limit one two
expect_status 2
run enqueue work --rate-limit-concurrency 2
expect_status 2
expect_stderr_line '--rate-limit-concurrency needs --rate-limit-key'
run enqueue work --rate-limit-key '' --rate-limit-concurrency 2
expect_status 2
expect_stderr_line '--rate-limit-key'
expect_redis 0 exists rq:cq:limits

it 'names the jobs that wait for a slot, for those who want them away'
for id in one two three; do "$CQ" enqueue work -q idle --job-id "$id" --rate-limit-key many \
    --rate-limit-concurrency 1 --quiet; done
run limit many --ids
expect_status 0
expect_stdout 'two
three'
run cancel --all --registry rate_limited
expect_status 2
expect_stderr_line "'cq limit KEY --ids'"
"$CQ" limit many --ids | xargs "$CQ" cancel > "$work/said"
expect_redis 0 exists rq:rl:many:rate_limited
expect_redis canceled hget rq:job:three status
expect_redis queued hget rq:job:one status
run limit many --ids
expect_status 0
expect_stdout ''
run limit --ids
expect_status 2
expect_stderr_line 'cq limit KEY --ids'
redis set rq:rl:many:rate_limited text > /dev/null
run limit many --ids
expect_status 4
expect_stderr_line WRONGTYPE

it 'names each of more than a page of them once, also of those that came at one time'
redis del rq:rl:many:rate_limited > /dev/null
redis eval 'for i = 1, 2500 do redis.call("ZADD", KEYS[1], i < 2000 and 5 or i, "j" .. i) end' 1 \
    rq:rl:many:rate_limited > /dev/null
run limit many --ids
expect_status 0
[ "$(sort -u "$work/out" | wc -l)" = 2500 ] || wrong 'some are missing'
[ "$(wc -l < "$work/out")" = 2500 ] || wrong 'some are named twice'
