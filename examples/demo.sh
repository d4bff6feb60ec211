#!/bin/sh
# cq seen at work, on a Redis of its own that is gone afterwards. usage: demo.sh [BUILD_FOLDER]
# Exits 0 only when every job ended as it says here.
set -eu
cd "$(dirname "$0")/.."
. tests/tools/redis.sh
build=${1:-build}
case $build in
/*) ;;
*) build=$PWD/$build ;;
esac
waiting=
wrong=0
pid=

say() { printf '\n# %s\n\n' "$*"; }
cq() { "$build/cq" "$@"; }

show() { # command line: seen, then run
    printf '$ %s\n' "$*"
    "$@" 2>&1
}

# Enqueue a job and leave somebody waiting for its result, whose words are kept in a file of the job's name.
enqueue() { # job id, arguments of cq enqueue ...
    id=$1
    shift
    printf '$ cq enqueue --wait --job-id %s' "$id"
    for word do
        case $word in
        '' | *[!A-Za-z0-9_./:=@%+-]*) printf " '%s'" "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    echo ' &'
    "$build/cq" enqueue --wait --wait-timeout 100 --job-id "$id" "$@" < /dev/null > "$redis_folder/$id.out" \
        2> "$redis_folder/$id.err" &
    eval "pid_$(echo "$id" | tr - _)=$!"
    waiting="$waiting $!"
    until [ -s "$redis_folder/$id.out" ]; do # so that the jobs are queued in this order
        kill -0 "$!" 2> /dev/null || { cat "$redis_folder/$id.err" >&2; exit 1; }
        sleep 0.01
    done
}

# What became of a job, beside what is expected: its last line, and for a failed job any line.
outcome() { # job id, finished or failed, a pattern of what it returned or why it failed
    eval "pid=\$pid_$(echo "$1" | tr - _)"
    status=0
    wait "$pid" || status=$?
    if [ "$status" = 0 ]; then
        became=finished text=$(tail -n 1 "$redis_folder/$1.out")
    else
        became=failed text=$(grep -E -- "$3" "$redis_folder/$1.err" | tail -n 1 || :)
        [ -n "$text" ] || text=$(tail -n 1 "$redis_folder/$1.err")
    fi
    mark=
    if [ "$became" != "$2" ] || ! printf '%s\n' "$text" | grep -q -E -- "$3"; then
        mark="   <-- expected: $2, $3"
        wrong=$((wrong + 1))
    fi
    printf '  %-12s %-9s %s%s\n' "$1" "$became" "$text" "$mark"
}

end() {
    # shellcheck disable=SC2086 # process ids
    [ -z "$waiting" ] || kill $waiting 2> /dev/null || :
    stop_redis
}

say 'A private Redis on a Unix socket, and a config file that gives a program a name.'
start_redis
trap end EXIT
cat > "$redis_folder/cq.ini" << INI
[redis]
url = $redis_url

[worker]
path = $build/examples

[programs]
wordcount = $PWD/examples/wordcount.sh {0}
INI
cat "$redis_folder/cq.ini"
export RQ_CONFIG="$redis_folder/cq.ini"
unset RQ_REDIS_URL REDIS_URL REDIS_HOST REDIS_SOCKET

say 'A dozen jobs: functions of a C module (examples/demo.c), and the program.'
enqueue add-1 demo.add :2 :3
enqueue add-2 demo.add :40 :2
enqueue greet-1 demo.greet Ada
enqueue greet-2 demo.greet Grace greeting='Good morning'
enqueue echo-1 demo.echo ':[1, 2.5, {"a": null}]'
enqueue slow-1 demo.slow :0.2
enqueue slow-2 --timeout 1 demo.slow :60
enqueue fail-1 demo.fail
enqueue flaky-1 --retry-max 2 demo.flaky
enqueue progress-1 demo.progress :4 :0.1
enqueue crash-1 demo.crash
enqueue count-1 wordcount 'the quick brown fox'
enqueue count-2 wordcount ''

say 'They wait on the queue named default.'
show cq info

say 'A worker with two slots takes them, and ends when there are no more.'
show cq worker --num-workers 2 --burst

say 'What they returned, or why they failed.'
outcome add-1 finished '^5$'
outcome add-2 finished '^42$'
outcome greet-1 finished '^.Hello, Ada!.$'
outcome greet-2 finished '^.Good morning, Grace!.$'
outcome echo-1 finished "^\[1, 2\.5, \{'a': None\}\]$"
outcome slow-1 finished '^0\.2$'
outcome slow-2 failed 'exceeded maximum timeout value \(1 seconds\)'
outcome fail-1 failed 'this job always fails'
outcome flaky-1 finished '^.at last.$'
outcome progress-1 finished '^4$'
outcome crash-1 failed 'Work-horse terminated unexpectedly'
outcome count-1 finished "'words': 4"
outcome count-2 failed 'no text to count'

say 'The queue is empty; failed jobs stay in their registry until they expire or are requeued.'
show cq info

if [ "$wrong" -gt 0 ]; then
    say "$wrong of the jobs did not end as expected."
    exit 1
fi
say 'Every job ended as expected. The Redis and its folder are gone now.'
