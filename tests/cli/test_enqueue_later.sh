#!/bin/sh
# enqueue: jobs that wait for other jobs, or for a time; retries, repeats, groups, callbacks, webhooks.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis

refused() { # what the complaint has, arguments
    text=$1
    shift
    before=$(redis dbsize)
    run enqueue f "$@"
    expect_status 2
    expect_stderr_line "$text"
    [ "$(redis dbsize)" = "$before" ] || wrong 'something was written'
}

due() { # id: the epoch at which it is due
    redis --raw zscore rq:scheduled:default "$1"
}

it 'a job that depends on an open one is deferred, and says what any other says'
run enqueue f --job-id parent
run enqueue g --job-id child --depends-on parent,nobody
expect_status 0
expect_stderr "cq enqueue: --depends-on: there is no job 'nobody' (any more): it counts as finished"
expect_stdout "Enqueued g() with job-id 'child'."
expect_redis deferred hget rq:job:child status
expect_redis '["parent", "nobody"]' hget rq:job:child dependency_ids
expect_redis parent hget rq:job:child dependency_id
expect_redis child smembers rq:job:parent:dependents
expect_redis parent smembers rq:job::child:dependencies
expect_redis '' hget rq:job:child allow_dependency_failures
expect_redis parent lrange rq:queue:default 0 -1

it '--depends-on may be repeated, and --allow-failure and --at-front are written as RQ'"'"'s Dependency'
run enqueue g --job-id child2 --depends-on child --depends-on parent --allow-failure --at-front
expect_no_stderr
expect_redis '["child", "parent"]' hget rq:job:child2 dependency_ids
expect_redis 1 hget rq:job:child2 allow_dependency_failures
expect_redis 1 hget rq:job:child2 enqueue_at_front

it 'a job whose dependencies have finished or are gone is queued at once'
redis hset rq:job:parent status finished > /dev/null
run enqueue g --job-id child3 --depends-on parent
expect_no_stderr
run enqueue g --job-id child3 --quiet --depends-on parent,nobody,noone
expect_status 0
expect_stderr \
    "cq enqueue: --depends-on: 2 of these jobs do not exist (any more), such as 'nobody': they count as finished"
expect_redis queued hget rq:job:child3 status
expect_redis child3 lindex rq:queue:default -1

it 'a job with many dependencies waits for those that are open, and is queued when none is'
run enqueue f --job-id fan --depends-on "$(seq -s , 1 2000),child"
expect_status 0
expect_stdout "Enqueued f() with job-id 'fan'."
expect_stderr_line '--depends-on: 2000 of these jobs do not exist (any more), such as '
expect_redis deferred hget rq:job:fan status
expect_redis child smembers rq:job::fan:dependencies
expect_redis 1 sismember rq:job:child:dependents fan
run enqueue f --job-id fan2 --depends-on "$(seq -s , 1 2000)"
expect_redis queued hget rq:job:fan2 status
expect_redis '' keys 'rq:cq:*'

it '--print-id prints the id alone, for the shell to pass on'
first=$("$CQ" enqueue --print-id extract)
run enqueue --depends-on "$first" --print-id load
expect_status 0
expect_no_stderr
expect_stdout_match '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
expect_redis "$first" smembers "rq:job::$(cat "$work/out"):dependencies"
run enqueue f --print-id --job-id named --schedule-in 5
expect_stdout named
refused '--quiet has nothing printed' --print-id --quiet
refused '--wait prints what the job returns' --print-id --wait
run enqueue f --print-id --unique --job-id named
expect_status 1
expect_stdout ''

it 'a time in seconds from now is when the job is due'
now=$(date +%s)
run enqueue f --job-id in --schedule-in 2h --at-front
expect_stdout "Enqueued f() with job-id 'in'."
expect_redis scheduled hget rq:job:in status
expect_redis 1 hget rq:job:in enqueue_at_front
expect_redis 0 hexists rq:job:in enqueued_at
late=$(($(due in) - now - 7200))
[ "$late" -ge 0 ] && [ "$late" -lt 60 ] || wrong "due $late s after that"

it 'times are local, or have an offset or a zone'
check_time() { # TIME, the same in UTC
    run enqueue f --job-id at --schedule-at "$1"
    expect_redis "$(date -u -d "$2" +%s)" zscore rq:scheduled:default at
}
export TZ=Europe/Berlin
check_time 2026-11-21T10:00:00 2026-11-21T09:00:00Z
check_time 2026-07-21T10:00 2026-07-21T08:00:00Z
check_time '2026-07-21 10:00:07.25' 2026-07-21T08:00:07Z
check_time 2026-11-21T10:00Z 2026-11-21T10:00:00Z
check_time 2026-11-21T10:00-05:30 2026-11-21T15:30:00Z
check_time 2026-11-21T10:00+0200 2026-11-21T08:00:00Z
check_time '2026-11-21T10:00 America/New_York' 2026-11-21T15:00:00Z
check_time 2026-03-29T02:30:00 2026-03-29T01:30:00Z
check_time 2026-10-25T02:30:00 2026-10-25T00:30:00Z
export TZ=UTC

it 'a time without a date is the next one'
for zone in '' Z +05:00 ' Asia/Tokyo'; do
    run enqueue f --job-id clock --schedule-at "10:00$zone"
    left=$(($(due clock) - $(date +%s)))
    [ "$left" -ge -1 ] && [ "$left" -le 86400 ] || wrong "10:00$zone is $left s away"
done

it 'what is no time is refused with an example'
for time in 25:00 10 2026-02-30T10:00 2026-11-21 2026-11-21T10:00+25:00 '2026-11-21T10:00 ' \
    2026-11-21T10:00x 10:00:61 ''; do
    refused 'is not a time; write 2026-11-21T10:00:00' --schedule-at "$time"
done
refused "'Nowhere' is not a time zone" --schedule-at '10:00 Nowhere'
refused 'is too long ago' --schedule-at 1969-01-01T00:00Z
refused "--schedule-in: 'x' is not a duration" --schedule-in x

it 'what does not go together is refused'
refused "You can't specify both --schedule-in and --schedule-at" --schedule-in 5 --schedule-at 10:00
refused 'a scheduled job is queued when it is due, whatever it depends on' --schedule-in 5 --depends-on x
refused 'discarded before it is due' --schedule-in 10 --ttl 10
refused '--unique is not supported with --depends-on' --unique --job-id u --depends-on x
refused "job 'u' cannot wait for itself" --job-id u --depends-on x,u
refused '--allow-failure needs --depends-on' --allow-failure
refused "--depends-on: '' is not an id; give ids with commas between them" --depends-on ''
refused "--depends-on: '' is not an id" --depends-on x --depends-on ''
for ids in ',' ',x' 'x,' 'x,,y' 'x, '; do
    refused "'$ids' has an id missing" --depends-on "$ids"
done
refused 'at most' --depends-on "$(seq -s , 10001)"
refused '--repeat-interval needs --repeat' --repeat-interval 5
refused '--callback-timeout needs --on-success' --callback-timeout 5
refused 'need --webhook' --webhook-method GET

it '--unique holds for scheduled jobs'
run enqueue f --unique --job-id in --schedule-in 5
expect_status 1
expect_stderr_line "Job with ID 'in' already exists"

it '--retry-backoff draws one interval for each retry, from MIN to MAX'
run enqueue f --job-id backoff --retry-max 8 --retry-backoff 10s..10m
redis --raw hget rq:job:backoff retry_intervals | tr -d '[],' | tr ' ' '\n' > "$work/intervals"
awk '{ step = 10 * 2 ^ (NR - 1); if (step > 600) step = 600
       least = step * 0.75 < 10 ? 10 : step * 0.75; most = step * 1.25 > 600 ? 600 : step * 1.25 + 1
       if ($1 < int(least) || $1 > most) print "retry " NR " after " $1 " s" }
     END { if (NR != 8) print NR " intervals" }' "$work/intervals" > "$work/wrong"
[ ! -s "$work/wrong" ] || wrong "$(cat "$work/wrong")"
expect_redis 8 hget rq:job:backoff retries_left
refused 'is not MIN..MAX' --retry-max 2 --retry-backoff 2s
refused 'does not go up from 1s' --retry-max 2 --retry-backoff 0..5
refused 'does not go up from 1s' --retry-max 2 --retry-backoff 5..4
refused 'needs --retry-max, from 1 to 1000' --retry-backoff 2s..1m
refused 'give one of them' --retry-max 2 --retry-backoff 2s..1m --retry-interval 5

it 'repeats, group and callbacks are fields that RQ reads'
run enqueue f --job-id more --repeat 3 --repeat-interval 5 --repeat-interval 6 --group ünï \
    --on-failure mail.failed --on-stopped s
expect_redis 3 hget rq:job:more repeats_left
expect_redis '[5, 6]' hget rq:job:more repeat_intervals
expect_redis ünï hget rq:job:more group_id
expect_redis more smembers rq:group:ünï
expect_redis ünï smembers rq:groups
expect_redis mail.failed hget rq:job:more failure_callback_name
expect_redis 60 hget rq:job:more stopped_callback_timeout
expect_redis 0 hexists rq:job:more success_callback_timeout
refused "--on-success: '' cannot be a function's name" --on-success ''
refused "cannot be a group's name" --group ''

it 'webhooks are written as RQ writes them, and checked as RQ checks them'
run enqueue f --job-id hook --webhook finished=http://h/a?b=c --webhook failed=HTTPS://h \
    --webhook-method POST \
    --webhook-header 'X-Key:  a: b' --webhook-timeout 3
expect_redis \
    '[{"url": "http://h/a?b=c", "job_status": "finished", "method": "POST", "headers": {"X-Key": "a: b"}, "timeout": 3}, {"url": "HTTPS://h", "job_status": "failed", "method": "POST", "headers": {"X-Key": "a: b"}, "timeout": 3}]' \
    hget rq:job:hook webhooks
run enqueue f --job-id hook --webhook failed=http://h
expect_redis \
    '[{"url": "http://h", "job_status": "failed", "method": "GET", "headers": null, "timeout": 10}]' hget \
    rq:job:hook webhooks
refused 'does not begin with finished= or failed=' --webhook started=http://h
refused 'does not begin with finished= or failed=' --webhook http://h
for url in ftp://h http:// http:///x file:///etc/passwd 'http://h/a b' ''; do
    refused "url must be an http:// or https:// URL" --webhook "failed=$url"
done
for header in x ': x' 'a b: c' "$(printf 'a: b\nc: d')"; do
    refused "is not a header; write 'NAME: VALUE'" --webhook failed=http://h --webhook-header "$header"
done
refused "'PUT' is not one of GET|POST" --webhook failed=http://h --webhook-method PUT
refused 'a worker would not send it: its url has' --webhook failed=http://hé/
refused "a worker would not send it: a header's value" --webhook failed=http://h \
    --webhook-header 'X-Price: 1 €'
# shellcheck disable=SC2046 # many words
refused 'a worker would not send it: it has more than 64 headers' --webhook failed=http://h $(seq \
    -f '--webhook-header=X-%g:1' 65)
# shellcheck disable=SC2046
refused 'at most' $(seq -f '--webhook=failed=http://h%g' 65)
