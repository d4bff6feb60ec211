#!/bin/sh
# worker: what its command line takes and refuses. What a worker does is tested in tests/worker and
# tests/interop.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis

start_worker() { # arguments; its pid is in $worker
    "$CQ" worker "$@" > "$work/worker.out" 2> "$work/worker.err" &
    worker=$!
    background="$background $worker"
}

stop_worker() {
    kill -TERM "$worker"
    status=0
    wait "$worker" || status=$?
}

it 'ends at once in burst mode on an empty queue'
run worker --burst
expect_status 0
expect_redis 0 exists rq:workers

it 'listens to default when no queue is named'
start_worker
until_true '[ "$(redis scard rq:workers:default)" = 1 ]'
worker_name=$(redis smembers rq:workers | sed 's/^rq:worker://')
echo "$worker_name" | grep -qxE '[0-9a-f]{32}' || wrong "the generated name is $worker_name"
stop_worker
expect_status 0
expect_redis 0 scard rq:workers

it 'listens to the queues of the command line under the name given'
start_worker high low --name w1
until_true '[ "$(redis hget rq:worker:w1 queues)" = high,low ]'

it 'refuses a name that lives'
run worker -n w1
expect_status 1
grep -q 'w1' "$work/err" || wrong 'the name is not named'
stop_worker

it '-n is a name unless it is a number'
start_worker -n w2
until_true '[ "$(redis exists rq:worker:w2)" = 1 ]'
stop_worker
start_worker -n 3 --name many
until_true '[ "$(redis scard rq:workers)" = 3 ]'
expect_redis 1 exists rq:worker:many.3
stop_worker
start_worker --num-workers=2
until_true '[ "$(redis scard rq:workers)" = 2 ]'
stop_worker
run worker -n 0
expect_status 2
expect_stderr_line '-n'

it 'writes its process id to --pid'
start_worker --pid "$work/pid"
until_true "[ -s '$work/pid' ]"
[ "$(cat "$work/pid")" = "$worker" ] || wrong 'it is another one'
stop_worker

it 'refuses to start while suspended'
"$CQ" suspend > /dev/null
run worker
expect_status 1
grep -q suspended "$work/err" || wrong 'it does not say why'
"$CQ" resume > /dev/null

it 'logs, passes on or discards what jobs print'
modules=$(dirname "$CQ")/tests/worker/modules
for mode in log pass discard; do
    run enqueue jobs.talk --quiet
    run worker -b -P "$modules" --job-output "$mode"
    expect_status 0
    printed=$(grep -c '^a line on standard output$' "$work/out" || true)
    logged=$(grep -c ': stdout: a line on standard output$' "$work/err" || true)
    failed=$(grep -c 'a line on standard error' "$work/err" || true)
    case $mode in
    log) [ "$printed $logged $failed" = '0 1 1' ] ;;
    pass) [ "$printed $logged $failed" = '1 0 1' ] ;;
    discard) [ "$printed $logged $failed" = '0 0 0' ] ;;
    esac || wrong "$mode: $printed printed, $logged logged, $failed on standard error"
done

it 'takes the words of rq worker'
run worker -b -v --results-ttl 60 --worker-ttl 420 --maintenance-interval 600 --job-monitoring-interval 30 \
    --disable-job-desc-logging --max-jobs 1 --max-idle-time 5 -ds round_robin -P . -S json \
        --logging_level INFO q1 q2
expect_status 0
run worker -b -ds=random --dequeue-strategy default --log-format json --logging-level WARNING -q
expect_status 0

it 'queues what is due when it is to schedule, once in a burst, and leaves no lock'
redis hset rq:job:due status scheduled created_at 2026-01-02T03:04:05.000006Z origin q1 > /dev/null
redis zadd rq:scheduled:q1 1000 due > /dev/null
run worker -b q1
expect_status 0
[ "$(redis zcard rq:scheduled:q1)" = 1 ] || wrong 'it was queued without --with-scheduler'
for option in -s --with-scheduler; do
    run worker -b "$option" q1
    expect_status 0
    [ "$(redis zcard rq:scheduled:q1)" = 0 ] || wrong "$option: it was not queued"
    [ "$(redis keys 'rq:scheduler*')" = '' ] || wrong "$option: a lock stayed"
done

it 'refuses what this version does not have'
for option in --date-format --sentry-dsn; do
    run worker -b "$option" x
    expect_status 2
    expect_stderr_line 'this version of cq does not have'
done

it 'refuses a Python format of the log and says what there is'
run worker -b --log-format '%(message)s'
expect_status 2
expect_stderr 'cq worker: --log-format: cq has no Python format strings; give text or json'

it 'refuses values that are none'
for option in --max-jobs=0 --max-idle-time=never --results-ttl=x --dequeue-strategy=fair \
    --logging-level=LOUD --job-output=paper \
    --num-workers=1001 --kill-grace=-1 --log-format=xml; do
    run worker -b "$option"
    expect_status 2
    expect_stderr_line "${option%%=*}"
done

it 'takes the options of Python functions'
run worker -b --python none --preload json --preload=csv,email.message \
    --no-auto-preload --exception-handler app.errors.report \
    -d -j app.jobs.Job --connection-class app.redis.Redis -S app.serializers.Fast
expect_status 0
run worker -b --python none --allow app.tasks --allow reports
expect_status 0

it 'knows the worker classes of rq by their names'
for class in rq.Worker rq.worker.Worker Worker rq.SpawnWorker rq.worker.SimpleWorker \
    rq.worker.worker_classes.RandomWorker; do
    run worker -b -w "$class"
    expect_status 0
done
run worker -b --queue-class rq.Queue -j rq.job.Job --connection-class redis.Redis
expect_status 0

it 'SimpleWorker reuses horses, whoever names it'
printf "[programs]\nhorse = /bin/sh -c 'echo \$PPID'\n" > "$work/programs.ini"
{ cat "$work/programs.ini"; printf '[worker]\nworker_class = rq.SimpleWorker\n'; } > "$work/class.ini"
horses() { # how many horses two jobs had; a command line for env that runs a worker
    "$CQ" enqueue horse --quiet --job-id first
    "$CQ" enqueue horse --quiet --job-id second
    run_command env "$@" -b
    expect_status 0
    horses=$(for job in first second; do
        redis xrevrange "rq:results:$job" + - count 1 | sed -n '/^return_value$/{n;p}'
    done | sort -u | grep -c .)
}
expect_horses() { # number, then as above
    wanted=$1
    shift
    horses "$@"
    [ "$horses" = "$wanted" ] || wrong "two jobs had $horses horses: $*"
}
expect_horses 2 "$CQ" worker -c "$work/programs.ini"
expect_horses 1 "$CQ" worker -c "$work/programs.ini" -w rq.SimpleWorker
expect_horses 1 RQ_WORKER_CLASS=rq.worker.SimpleWorker "$CQ" worker -c "$work/programs.ini"
expect_horses 1 "$CQ" worker -c "$work/class.ini"
expect_horses 2 CQ_REUSE_HORSES=no "$CQ" worker -c "$work/class.ini"
expect_horses 2 "$CQ" worker -c "$work/class.ini" -w rq.Worker

it 'refuses worker classes that mean nothing here'
run worker -b -w app.workers.Mine
expect_status 2
expect_stderr_line '--worker-class: app.workers.Mine: cq runs jobs itself'
run worker -b -w rq.worker.HerokuWorker
expect_status 2
expect_stderr_line 'ShutDownImminentException'
run_command env RQ_WORKER_CLASS=Mine "$CQ" worker -b
expect_status 3
expect_stderr_line 'RQ_WORKER_CLASS: Mine: cq runs jobs itself'
run worker -b -w rq.worker.RandomWorker -ds round_robin
expect_status 2
expect_stderr \
    'cq worker: --worker-class: rq.worker.RandomWorker contradicts --dequeue-strategy; leave one of them out'

it 'refuses a queue class that is not RQ'
run worker -b --queue-class app.Queue
expect_status 2
expect_stderr_line '--queue-class: app.Queue: cq takes jobs off'
printf '[worker]\n\nqueue_class = app.Queue\n' > "$work/class.ini"
run worker -b -c "$work/class.ini"
expect_status 3
expect_stderr_line "$work/class.ini:3: queue_class: app.Queue: cq takes jobs off"

it 'reads a settings module as rq does'
mkdir -p "$work/app"
printf 'REDIS_URL = "unix://%s"\nQUEUES = ["urgent"]\nNAME = "mod"\nDICT_CONFIG = {"version": 1}\n' \
    "$socket" > "$work/app/settings.py"
run_command env -u RQ_REDIS_URL REDIS_HOST=nowhere.invalid "$CQ" worker -b -c app.settings -P "$work"
expect_status 0
grep -q ' mod: .*listening on urgent' "$work/err" || wrong 'name and queues are not those of the module'
grep -qF 'app.settings.DICT_CONFIG is not used' "$work/err" || wrong 'DICT_CONFIG is dropped without a word'
run_command env -u RQ_REDIS_URL RQ_CONFIG=app.settings "$CQ" info --raw -P "$work"
expect_status 0
run worker -b -c app.missing -P "$work"
expect_status 3
expect_stderr \
    "cq worker: app.missing: no such file, and python3 cannot import it: ModuleNotFoundError: No module named 'app.missing'"
run worker -b -c app.settings -P "$work" --python /no/python
expect_status 3
expect_stderr_line 'cannot start /no/python'

it 'refuses dotted names that are none'
for option in --preload= --preload=a,,b --preload=.a --exception-handler=report --exception-handler=a/b.c \
    --job-class=Job \
    --connection-class=app. --serializer=yaml --serializer=app..Fast '--allow=app.*'; do
    run worker -b "$option"
    expect_status 2
    expect_stderr_line "${option%%=*}"
done

it 'refuses to promise what it cannot check: --allow with a serializer of Python'
run worker -b --python none --allow app.tasks -S app.serializers.Fast
expect_status 2
expect_stderr_line '--allow cannot see the names in jobs of the serializer app.serializers.Fast'

it 'only a worker takes a serializer of Python'
run enqueue f -S app.serializers.Fast
expect_status 3
expect_stderr_line "serializer app.serializers.Fast is Python's"

it 'says at the start what will find no module'
run worker -b -P /no/such/folder
expect_status 0
grep -qF 'no folder /no/such/folder' "$work/err" || wrong 'the folder is not named'
: > "$work/app.zip"
run worker -b -P "$work/app.zip"
expect_status 0
! grep -qF 'no folder' "$work/err" || wrong 'an archive is no folder, and Python finds modules in it'

it 'a runtime without a command or functions is told with its line'
printf '[runtime.ruby]\ncommand = /bin/true\n' > "$work/runtime.ini"
run worker -b -c "$work/runtime.ini"
expect_status 3
expect_stderr_line "$work/runtime.ini:2: [runtime.ruby] has no functions"

it 'a command of [programs] that is none is told with its line'
printf '[programs]\nfine = /bin/true\nopen = /bin/echo "x\n' > "$work/programs.ini"
run worker -b -c "$work/programs.ini"
expect_status 3
expect_stderr "cq worker: $work/programs.ini:3: program open: a quote is not closed in: /bin/echo \"x"

it '-v and -q exclude each other'
run worker -b -vq
expect_status 2
expect_stderr_line 'mutually exclusive'

it 'refuses a queue name that cannot be one'
run worker -b "$(printf 'a\nb')"
expect_status 2
[ "$(wc -l < "$work/err")" = 1 ] || wrong 'not one line'

it 'refuses a name that cannot be one'
run worker -b --name "$(printf 'a\nb')"
expect_status 2
expect_stderr_line 'not printable'
run worker -b --name "$(head -c 600 /dev/zero | tr '\0' x)"
expect_status 2
expect_stderr_line '600 bytes'
run worker -b a,b
expect_status 2
expect_stderr_line 'comma'

it 'a password does not show in its title'
"$CQ" worker -u "unix://default:sesame@$socket" --name titled > "$work/out" 2> "$work/err" &
worker=$!
background="$background $worker"
until_true '[ "$(redis exists rq:worker:titled)" = 1 ]'
! tr '\0' ' ' < "/proc/$worker/cmdline" | grep -q sesame || wrong 'the password shows'
kill -TERM "$worker" 2> /dev/null
wait "$worker"
