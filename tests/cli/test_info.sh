#!/bin/sh
# info: rq's lines, JSON, foreign data, the terminal.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis

it 'shows an empty Redis'
run info --raw
expect_status 0
expect_stdout ''
run info -Q
expect_stdout '0 queues, 0 jobs total'

for id in 1 2 3; do "$CQ" enqueue f -q high --job-id "h$id" --quiet; done
"$CQ" enqueue f -q low --job-id l1 --quiet
redis zadd rq:wip:high 99999999999 j:e > /dev/null
redis zadd rq:finished:high inf a 99999999999 b 1000 expired > /dev/null
redis zadd rq:failed:low -1 kept 99999999999 c 1000 expired > /dev/null
redis sadd rq:workers rq:worker:w1 rq:worker:w2 rq:worker:dead > /dev/null
redis sadd rq:workers:high rq:worker:w1 rq:worker:dead > /dev/null
redis sadd rq:workers:low rq:worker:w1 rq:worker:w2 > /dev/null
redis hset rq:worker:w1 hostname box ip_address 10.0.0.1:5000 pid 42 state busy queues high,low \
    successful_job_count 5 \
    failed_job_count 1 birth 2026-01-02T03:04:05.000006Z current_job h9 total_working_time 1.25 > /dev/null
redis hset rq:worker:w2 hostname box ip_address unknown pid 43 state idle queues low > /dev/null

it 'prints the raw lines of rq info'
run info --raw
expect_status 0
expect_no_stderr
expect_stdout 'queue high 3, 1 executing, 2 finished, 0 failed
queue low 1, 0 executing, 0 finished, 2 failed
worker w1 (box 10.0.0.1:5000 42) busy high, low. jobs: 5 finished, 1 failed
worker w2 (box unknown 43) idle low. jobs: 0 finished, 0 failed'

it 'prints bars, totals and the time without --raw'
run info
expect_stdout_has 'high         |███ 3, 1 executing, 2 finished, 0 failed'
expect_stdout_has 'low          |█ 1, 0 executing, 0 finished, 2 failed'
expect_stdout_has '2 queues, 4 jobs total'
expect_stdout_has 'w1 (box 10.0.0.1:5000 42): busy high, low. jobs: 5 finished, 1 failed'
expect_stdout_has '2 workers, 2 queues'
expect_stdout_match 'Updated: [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}(\.[0-9]{6})?'

it 'shows who schedules, also an older RQ that says only its process id'
redis set rq:scheduler-lock:high 1234567890120004711 > /dev/null
redis set rq:scheduler-lock:low 815 > /dev/null
redis hset rq:scheduler:1234567890120004711 hostname box pid 4711 queues high,low created_at \
    2026-01-02T03:04:05.000006Z \
    last_heartbeat 2026-01-02T03:05:05.000006Z > /dev/null
run info -r
expect_stdout_has 'scheduler 1234567890120004711 (box 4711) high'
expect_stdout_has 'scheduler 815 (- -) low'
run info -r low
expect_stdout_lacks 4711
run info --json
expect_stdout_has \
    '"schedulers":[{"name":"1234567890120004711","hostname":"box","pid":4711,"created_at":"2026-01-02T03:04:05.000006Z","last_heartbeat":"2026-01-02T03:05:05.000006Z","queues":["high","low"],"locks":["high"]},{"name":"815","hostname":null,"pid":null,"created_at":null,"last_heartbeat":null,"queues":[],"locks":["low"]}]'
redis del rq:scheduler-lock:low > /dev/null
redis hset rq:scheduler-lock:low no text > /dev/null
redis del rq:scheduler:1234567890120004711 > /dev/null
redis set rq:scheduler:1234567890120004711 'no hash' > /dev/null
run info -r
expect_status 0
expect_stdout_has 'scheduler 1234567890120004711 (- -) high'
redis del rq:scheduler-lock:low rq:scheduler-lock:high rq:scheduler:1234567890120004711 > /dev/null

it 'shows only queues, only workers, workers by queue'
run info -Qr
expect_stdout_lacks worker
run info -Wr
expect_stdout_lacks executing
run info -RrW
expect_stdout 'high: w1 (busy)
low:  w1 (busy), w2 (idle)'
run info -RrW nobody
expect_stdout 'nobody: –'

it 'shows the queues that are asked for, in that order, and their workers'
run info -r high
expect_stdout_lacks w2
run info -Qr low high
expect_stdout_match 'queue low .*'
[ "$(head -c 9 "$work/out")" = 'queue low' ] || wrong 'low is not first'

it 'looking changes nothing'
expect_redis 3 zcard rq:finished:high
expect_redis 3 zcard rq:failed:low
expect_redis 3 scard rq:workers

it 'gives everything as JSON'
run info --json
expect_status 0
expect_stdout_has \
    '"suspended":false,"queues":[{"name":"high","queued":3,"started":1,"finished":2,"failed":0,"deferred":0,"scheduled":0,"canceled":0,"abandoned":0,"workers":["dead","w1"],"paused":false}'
expect_stdout_has '"name":"w1","state":"busy","hostname":"box","ip_address":"10.0.0.1:5000","pid":42,'
expect_stdout_has \
    '"current_job":"h9","current_job_working_time":null,"successful_job_count":5,"failed_job_count":1,"total_working_time":1.250000,"queues":["high","low"]}'
cp "$work/out" "$work/json"
run_command python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["workers"]))' "$work/json"
expect_stdout 2

it 'says that workers are suspended and who waits for a slot, but not in rq'"'"'s raw lines'
for id in 1 2 3; do "$CQ" enqueue f -q high --job-id "s$id" --rate-limit-key api \
    --rate-limit-concurrency 1 --quiet; done
"$CQ" suspend > /dev/null
run info -Q
expect_stdout_has '2 queues, 5 jobs total'
expect_stdout_has "2 jobs waiting for a slot of their limit ('cq limit')"
expect_stdout_has "suspended: workers start no jobs until 'cq resume'"
run info -rQ
expect_stdout 'queue high 4, 1 executing, 2 finished, 0 failed
queue low 1, 0 executing, 0 finished, 2 failed'
run info --json
expect_stdout_has '"rate_limited":2,"suspended":true,"queues":['
redis set rq:rl:other:rate_limited text > /dev/null
redis sadd rq:rl-keys other > /dev/null
run info --json
expect_stdout_has '"rate_limited":null,'
redis del rq:rl:other:rate_limited rq:suspended rq:rl-keys > /dev/null
redis ltrim rq:queue:high 0 2 > /dev/null

it 'JSON takes no other form beside it'
run info --json --raw
expect_status 2
expect_stderr_line '--json'

it 'shows foreign data as - and does not fall over'
redis set rq:queue:odd text > /dev/null
redis sadd rq:queues rq:queue:odd nonsense > /dev/null
redis set rq:failed:odd text > /dev/null
redis sadd rq:workers rq:worker:string rq:worker:bare other > /dev/null
redis sadd rq:workers:odd rq:worker:string rq:worker:bare > /dev/null
redis set rq:worker:string text > /dev/null
redis hset rq:worker:bare pid soon successful_job_count many > /dev/null
run info --raw odd
expect_status 0
expect_no_stderr
expect_stdout 'queue odd -, 0 executing, 0 finished, - failed
worker bare (- - -) ? . jobs: - finished, 0 failed
worker string (- - -) ? . jobs: 0 finished, 0 failed'
run info --json odd
expect_status 0
expect_stdout_has '"name":"odd","queued":null,'
redis del rq:queues > /dev/null
redis set rq:queues text > /dev/null
run info --raw
expect_status 0
redis del rq:queues rq:queue:odd rq:failed:odd > /dev/null
redis srem rq:workers rq:worker:string rq:worker:bare > /dev/null

it 'sizes the bars by the fullest queue and the width of the terminal'
redis sadd rq:queues rq:queue:high rq:queue:low > /dev/null
i=0
while [ "$i" -lt 27 ]; do echo "RPUSH rq:queue:high x$i"; i=$((i + 1)); done | redis > /dev/null
run info -Q
expect_stdout_has 'high         |████████████ 30, 1'
expect_stdout_has 'low          | 1, 0'
run_command env COLUMNS=30 "$CQ" info -Q
expect_stdout_has 'high         |██████ 30, 1'

it 'has colours on a terminal only, and not with NO_COLOR'
run info
expect_stdout_lacks "$(printf '\033')"
run_on_terminal "$CQ info -W"
expect_stdout_has "$(printf '\033[31mbusy\033[0m')"
run_on_terminal "NO_COLOR=1 $CQ info -W"
expect_stdout_lacks "$(printf '\033')"

it 'a name with control characters is escaped on a terminal and whole elsewhere'
evil=$(printf 'evil\033[2Jname')
redis sadd rq:queues "rq:queue:$evil" > /dev/null
run info -Qr
expect_stdout_has "$evil"
run_on_terminal "NO_COLOR=1 $CQ info -Qr"
expect_stdout_lacks "$(printf '\033')"
expect_stdout_has 'evil\x1b[2Jname'
redis srem rq:queues "rq:queue:$evil" > /dev/null

it '--interval ends with status 0 on Ctrl-C and gives the cursor back'
cat > "$work/interrupt" << 'END'
"$CQ" info --interval 0.1 & pid=$!
until_succeeds '[ "$(grep -c Updated: "$work/out")" -ge 3 ]'
kill -INT $pid
wait $pid
END
run_on_terminal ". '$work/interrupt'"
expect_status 0
expect_stdout_has "$(printf '\033[?25l')"
expect_stdout_has "$(printf '\033[?25h')"
[ "$(grep -c 'Updated:' "$work/out")" -ge 3 ] || wrong 'it was not drawn again'

it '--interval gives the cursor to the shell while it is stopped'
cat > "$work/stop" << 'END'
"$CQ" info --interval 0.1 & pid=$!
until_succeeds 'grep -q Updated: "$work/out"'
kill -TSTP $pid
until_succeeds "grep -q '^State:.T' /proc/$pid/status"
echo stopped
kill -CONT $pid
until_succeeds 'sed "1,/stopped/d" "$work/out" | grep -q Updated:'
kill -INT $pid
wait $pid
END
run_on_terminal ". '$work/stop'"
expect_status 0
sed -n '1,/stopped/p' "$work/out" | tr -d '\n' | grep -q '25l.*25h.*stopped' \
    || wrong 'the cursor is not given'
sed '1,/stopped/d' "$work/out" | tr -d '\n' | grep -q '25l.*25h' || wrong 'it is not hidden and shown again'

it '--interval repeats plain text when there is no terminal'
"$CQ" info -Qr -i 0.1 > "$work/out" 2> "$work/err" &
pid=$!
until_true '[ "$(grep -c "queue high" "$work/out")" -ge 2 ]'
kill -INT "$pid"
status=0
wait "$pid" || status=$?
expect_status 0
expect_stdout_lacks "$(printf '\033')"

it 'refuses an interval that is none'
for value in 0 -1 soon inf nan; do
    run info -i "$value"
    expect_status 2
    expect_stderr_line '--interval'
done

it 'says that Redis is gone while it repeats'
"$CQ" info -Qr -i 0.1 > "$work/out" 2> "$work/err" &
pid=$!
until_true "[ -s '$work/out' ]"
kill "$redis_pid"
status=0
wait "$pid" || status=$?
expect_status 4
[ "$(wc -l < "$work/err")" = 1 ] || wrong 'not one line'
redis_pid=
