#!/bin/sh
# cron: what a file of schedules may say, what is shown of it, and that each tick is enqueued once, whatever
# happens.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis
cd "$work" || exit 1

write() { # file, its lines
    file=$1
    shift
    printf '%s\n' "$@" > "$file"
}

tick_of() { # cron job: the second of its last tick
    redis get "rq:cq:cron:tick:$1" | cut -d' ' -f1
}

start_cron() { # name of its log, arguments
    log=$work/$1.log
    shift
    : > "$log"
    "$CQ" cron -l DEBUG "$@" > "$log" 2>&1 &
    cron=$!
    background="$background $cron"
}

end_cron() { # pid: its status
    kill "$1"
    status=0
    wait "$1" || status=$?
}

says() { # log, text: how many of its lines have it
    grep -cF -e "$2" "$work/$1.log"
}

# --- Reading.

it 'a file of schedules is checked without Redis'
write good.cron '# nightly' '' 'CRON_TZ=Europe/Berlin' \
    "0 3 * * 1-5  -q reports --timeout 1h reports.nightly :2026 'a b'" \
    '@every 90s --name poll --missed all --no-overlap feeds.poll x="1 2"' 'CRON_TZ=' \
        '@daily --zone UTC clean.up \#1'
run_command env RQ_REDIS_URL="unix://$work/nobody" "$CQ" cron good.cron --check
expect_status 0
expect_stdout '3 cron jobs'

it 'the next times are shown in the zone, the clocks changing'
write zones.cron 'CRON_TZ=Europe/Berlin' '30 2 * * * night.job'
run cron zones.cron --next 3 --from '2026-03-28T01:00Z'
expect_status 0
expect_stdout 'night.job  30 2 * * *  default  night.job
    2026-03-28 02:30:00+01:00
    2026-03-29 03:30:00+02:00
    2026-03-30 02:30:00+02:00'
run cron zones.cron --next 2 --from '2026-10-24T12:00Z' --json
expect_status 0
expect_stdout \
    '{"job": "night.job", "name": "night.job", "schedule": "30 2 * * *", "zone": "Europe/Berlin", "queue": "default", "function": "night.job", "where": "zones.cron:2", "next": ["2026-10-25T00:30:00.000000Z", "2026-10-26T01:30:00.000000Z"]}'

refuses() { # line, part of the complaint
    write bad.cron '# the first line' "$1"
    run cron bad.cron --check
    expect_status 3
    expect_stderr_line 'cq cron: bad.cron:2: '
    expect_stderr_line "$2"
    [ "$(wc -l < "$work/err")" = 1 ] || wrong 'more than one line'
}

it 'a line that is wrong is named, with what would be right'
refuses '0 3 * *' 'write minute, hour'
refuses '0 3 * * *' "the arguments of 'cq enqueue'"
refuses '61 * * * * f' "'61' is not a valid minute: write 0 to 59"
refuses '* * * * monday f' 'a name such as MON'
refuses '0 0 30 2 * f' 'never due'
refuses '@reboot f' '@every 90s'
refuses '@every 0s f' '1 second to 10 years'
refuses '* * * * * --zone Mars f' 'is not a time zone; give a name such as Europe/Berlin'
refuses '* * * * * --missed twice f' 'skip|once|all'
refuses '* * * * * --nam x f' "did you mean '--name'?"
refuses '* * * * * --depends-on x f' 'leave it out'
refuses '* * * * * --schedule-in 5 f' 'leave it out'
refuses '* * * * * --job-id x f' 'leave it out'
refuses '* * * * * --timeout 0 f' '--timeout'
refuses "* * * * * f 'x" "a ' is not closed"
refuses '* * * * * f # at noon' 'a comment stands on a line of its own'
refuses '* * * * * f :{' 'JSON'
refuses 'MAILTO=root' 'CRON_TZ=ZONE'
refuses 'CRON_TZ=Mars' 'is not a time zone'
refuses '* * * * * f \' 'each line stands for itself'

it 'an unknown local zone is not taken for UTC'
write zone.cron '@daily f'
run_command env TZ=Nowhere/City "$CQ" cron zone.cron --check
expect_status 3
expect_stderr_line "zone.cron:1: TZ in the environment is 'Nowhere/City', which is not a time zone"
write zone.cron 'CRON_TZ=Asia/Tokyo' '@daily f'
run_command env TZ=Nowhere/City "$CQ" cron zone.cron --check
expect_status 0
run_command env TZ=CET-1CEST "$CQ" cron good.cron --check
expect_status 0

it 'a file may begin with a mark of UTF-8, and its lines end as those of DOS'
printf '\357\273\277@daily f\r\n0 3 * * * g x\r\n' > dos.cron
run cron dos.cron --next 1 --from '2026-01-01T00:00Z'
expect_status 0
expect_stdout_has 'f  @daily  default  f'
expect_stdout_lacks "$(printf '\r')"

it 'a name stands once, a function may stand often'
write twice.cron '@daily --name a f' '@hourly --name a g'
run cron twice.cron --check
expect_status 3
expect_stderr_line "twice.cron:2: the name 'a' is taken by twice.cron:1"
write often.cron '@daily f' '@hourly f'
run cron often.cron --next 1 --from '2026-01-01T00:00Z'
expect_status 0
expect_stdout_has 'f#2  @hourly'

it 'files that cannot be read are named'
run cron nothing.cron --check
expect_status 3
expect_stderr 'cq cron: nothing.cron: cannot be read: No such file or directory'
run cron "$work" --check
expect_status 3
expect_stderr_line 'is a folder'
printf '* * * * * f\0\n' > nul.cron
run cron nul.cron --check
expect_status 3
expect_stderr 'cq cron: nul.cron:1: the line is not UTF-8 text'
run cron config.py --python none
expect_status 3
expect_stderr_line '--python names the interpreter'
run cron config.py --python /nonexistent/python
expect_status 3
expect_stderr_line 'cannot start /nonexistent/python'

it 'schedules are read from standard input, once'
status=0
printf '@daily f\n61 * * * * g\n' | "$CQ" cron - --check > "$work/out" 2> "$work/err" || status=$?
expect_status 3
expect_stderr_line 'cq cron: standard input:2: '
status=0
printf '@daily f\n' | "$CQ" cron - --check > "$work/out" 2> "$work/err" || status=$?
expect_status 0
expect_stdout '1 cron job'
run cron - - --check
expect_status 3
expect_stderr 'cq cron: standard input can be read only once; give a file'

it 'options that do not go together are refused'
run cron
expect_status 2
expect_stderr "cq cron: FILE is missing; see 'cq cron --help'"
run cron good.cron --check --list
expect_status 2
run cron good.cron --json
expect_status 2
run cron good.cron --pause poll
expect_status 2
run cron good.cron --next 1 --from nonsense
expect_status 2
expect_stderr_line '--from'

# --- Running.

it 'a tick is enqueued once, however many run'
write fast.cron '@every 1s --name fast -q fast --result-ttl 9 sums.add :1 b=2'
start_cron one fast.cron
one=$cron
start_cron two fast.cron
two=$cron
until_true '[ "$(redis llen rq:queue:fast)" -ge 2 ] && [ "$(redis zcard rq:cron_schedulers)" = 2 ]'
end_cron "$one"
expect_status 0
end_cron "$two"
expect_status 0
jobs=$(redis llen rq:queue:fast)
[ "$jobs" = "$(redis zcard rq:cron_job:fast:jobs)" ] || wrong 'the history is another one'
[ "$(($(says one 'fast: enqueued') + $(says two 'fast: enqueued')))" = "$jobs" ] \
    || wrong 'somebody enqueued in silence'
first=$(redis zrange rq:cron_job:fast:jobs 0 0 withscores | tail -n 1 | cut -d. -f1)
[ "$(($(tick_of fast) - first + 1))" -ge "$jobs" ] || wrong 'more jobs than seconds'
[ "$(redis exists rq:cron_schedulers)" = 0 ] || wrong 'a scheduler is still registered'
job=$(redis lindex rq:queue:fast 0)
[ "$(redis hget "rq:job:$job" description)" = "sums.add(1, b='2')" ] || wrong 'another call'
[ "$(redis hget "rq:job:$job" result_ttl)" = 9 ] || wrong 'another result_ttl'

it 'what is known is listed'
run cron fast.cron --list
expect_status 0
expect_stdout_has 'fast  @every 1s  fast  sums.add'
expect_stdout_match '    last 20.* \+?.*, next 20.*'
run cron good.cron --list --json
expect_status 0
expect_stdout_has '"missed": "all", "paused": false, "last": null, "last_job": null, "next": "20'

run cron good.cron --missed all --list --json
expect_stdout_has '"job": "clean.up", "name": "clean.up", "schedule": "@daily", "zone": "UTC"'
[ "$(grep -c '"missed": "all"' "$work/out")" = 3 ] || wrong 'the missed ones are not what was said'

it 'without a file the schedulers that live are listed'
run cron --list
expect_status 0
expect_stdout ''
redis set rq:cq:cron:paused 'no set' > /dev/null
start_cron listed good.cron
until_true '[ "$(redis exists rq:cron_schedulers)" = 1 ]'
redis zadd rq:cron_schedulers "$(redis time | head -n 1)" nobody "$(redis time | head -n 1)" text 1 old \
    > /dev/null
redis set rq:cron_scheduler:text 'no hash' > /dev/null
run cron --list
expect_status 0
expect_stdout_match "[^ ]*:$cron:[0-9a-f]{6}  [0-9] s ago  good.cron"
expect_stdout_has '  reports.nightly  0 3 * * 1-5  reports  reports.nightly'
expect_stdout_has '  poll  @every 90s  default  feeds.poll'
expect_stdout_lacks nobody
run cron --list --json
expect_status 0
expect_stdout_has "\"pid\": \"$cron\""
[ "$(wc -l < "$work/out")" = 1 ] || wrong 'more schedulers than there are'
end_cron "$cron"
redis del rq:cq:cron:paused rq:cron_schedulers rq:cron_scheduler:text rq:queue:default > /dev/null

it 'a job is triggered out of turn'
run cron good.cron --trigger poll
expect_status 0
expect_stdout_match "Enqueued poll with job-id '[0-9a-f-]{36}'\\."
[ "$(redis llen rq:queue:default)" = 1 ] || wrong 'it is not queued'
run cron good.cron --trigger nobody
expect_status 1
expect_stderr "cq cron: there is no cron job 'nobody' in the files; 'cq cron --list FILE' shows them"

it 'a paused job is not enqueued, and misses nothing by it'
run cron --pause fast
expect_status 0
expect_stdout "Paused fast. 'rq cron' ignores that."
run cron --pause fats
expect_stdout_has "No 'cq cron' has had a job of this name yet"
run cron --pause fast
expect_status 1
expect_stderr "cq cron: 'fast' is paused already"
redis del rq:queue:fast > /dev/null
start_cron paused fast.cron
until_true '[ "$(says paused "fast: is paused")" -ge 2 ]'
[ "$(redis exists rq:queue:fast)" = 0 ] || wrong 'it was enqueued'
resumed=$(redis time | head -n 1)
run cron --resume fast
expect_status 0
expect_stdout 'Resumed fast.'
until_true '[ "$(redis llen rq:queue:fast)" -ge 1 ]'
end_cron "$cron"
[ "$(redis llen rq:queue:fast)" -le "$(($(tick_of fast) - resumed + 1))" ] || wrong 'it made up for the pause'
run cron --resume fast
expect_status 1

it 'missed ticks are skipped, made up for once, or all'
now=$(redis time | head -n 1)
hours=$((now - now % 3600 - 5 * 3600))
write missed.cron 'CRON_TZ=UTC' '0 * * * * --name skip -q skip f' \
    '0 * * * * --name once -q once --missed once f' \
    '0 * * * * --name all -q all --missed all --retry-max 1 --retry-backoff 1000h..2000h f' \
        '0 * * * * --name changed -q changed --missed all f'
for job in skip once all; do
    redis set "rq:cq:cron:tick:$job" "$((hours + 100)) old" > /dev/null
done
# its schedule is new: it missed nothing
redis set rq:cq:cron:tick:changed "$((hours + 100)) old UTC @daily" > /dev/null
start_cron missed missed.cron
until_true '[ "$(redis llen rq:queue:all)" -ge 5 ] && [ "$(redis llen rq:queue:once)" -ge 1 ]'
until_true '[ "$(says missed "skip: missed its time")" = 1 ] || [ "$(redis llen rq:queue:skip)" = 1 ]'
end_cron "$cron"
[ "$(tick_of all)" = "$(tick_of once)" ] || wrong 'once is not the newest'
[ "$(redis llen rq:queue:skip)" -le 1 ] || wrong 'skipped ticks were enqueued'
[ "$(redis llen rq:queue:changed)" -le 1 ] || wrong 'ticks were made up for that its schedule did not have'
for id in $(redis lrange rq:queue:all 0 4); do
    redis hget "rq:job:$id" retry_intervals
done | sort | uniq -d > "$work/same"
[ ! -s "$work/same" ] || wrong 'jobs of several ticks have the same jitter'

it 'schedulers that are killed leave each tick enqueued once'
start=$(($(redis time | head -n 1) - 60))
redis set rq:cq:cron:tick:each "$start " > /dev/null
write each.cron '@every 1s --name each -q each --missed all f'
for jobs in 0 5 10 20 40; do
    start_cron "kill$jobs-a" each.cron
    one=$cron
    start_cron "kill$jobs-b" each.cron
    until_true '[ "$(redis llen rq:queue:each)" -ge "$jobs" ]'
    kill -9 "$one" "$cron"
    wait "$one" "$cron" 2> /dev/null
done
start_cron killed each.cron
until_true '[ "$(redis llen rq:queue:each)" -ge 60 ]'
end_cron "$cron"
[ "$(redis llen rq:queue:each)" = "$(($(tick_of each) - start))" ] || wrong 'not one job for each second'
[ "$(redis zcard rq:cron_job:each:jobs)" = "$(redis llen rq:queue:each)" ] \
    || wrong 'the history is another one'

it 'no job overlaps its predecessor'
write overlap.cron '@every 1s --name slow -q slow --no-overlap f'
start_cron overlap overlap.cron
until_true '[ "$(says overlap "slow: its last job is still to run")" -ge 1 ]'
[ "$(redis llen rq:queue:slow)" = 1 ] || wrong 'it overlaps'
redis hset "rq:job:$(redis lindex rq:queue:slow 0)" status finished > /dev/null
until_true '[ "$(redis llen rq:queue:slow)" = 2 ]'

it 'SIGHUP reads the files again, and a broken one changes nothing'
write overlap.cron 'nonsense'
kill -HUP "$cron"
until_true '[ "$(says overlap "the jobs stay as they were")" = 1 ]'
until_true '[ "$(says overlap "overlap.cron:1: ")" = 1 ]'
# shellcheck disable=SC2034 # read by until_true
before=$(tick_of slow)
until_true '[ "$(tick_of slow)" -gt "$before" ]'
write overlap.cron '@every 1s --name slow2 -q slow2 f' '@daily f'
kill -HUP "$cron"
until_true '[ "$(says overlap "read again: 2 cron jobs")" = 1 ] && [ "$(redis llen rq:queue:slow2)" -ge 1 ]'
end_cron "$cron"
expect_status 0

it 'a lost Redis is waited for, and no tick is lost or doubled'
start_cron lost fast.cron
until_true '[ "$(says lost "fast: enqueued")" -ge 1 ]'
redis client kill type normal skipme yes > /dev/null
until_true '[ "$(says lost "trying again")" -ge 1 ]'
# shellcheck disable=SC2034 # read by until_true
after=$(says lost 'fast: enqueued')
until_true '[ "$(says lost "fast: enqueued")" -gt "$after" ]'
end_cron "$cron"
expect_status 0

it 'without Redis it ends at once when it is told to'
export RQ_REDIS_URL="unix://$work/nobody"
start_cron alone fast.cron
until_true '[ "$(says alone "trying again")" -ge 1 ]'
end_cron "$cron"
expect_status 0
run cron fast.cron --list
expect_status 4
