#!/bin/sh
# Run a command of RQ's tests beside a redis-server of its own on 127.0.0.1:6379. usage: with_redis.sh FOLDER
# COMMAND [ARGUMENT]...
set -eu
folder=$1
shift
ip link set lo up 2> /dev/null || : # in a network of its own; elsewhere it is up
if redis-cli -h 127.0.0.1 -p 6379 ping > /dev/null 2>&1; then
    echo 'with_redis.sh: localhost:6379 has a Redis, and the tests would write to it; stop it first' >&2
    exit 1
fi
data=$(mktemp -d "${TMPDIR:-/tmp}/cq.XXXXXX")
redis-server --bind 127.0.0.1 --port 6379 --save '' --appendonly no --dir "$data" < /dev/null \
    > "$folder/redis.log" 2>&1 &
redis=$!
trap 'kill $redis 2> /dev/null || :; wait $redis 2> /dev/null || :; rm -rf "$data"' EXIT
tries=0
until redis-cli -h 127.0.0.1 -p 6379 ping > /dev/null 2>&1; do
    tries=$((tries + 1))
    if [ $tries -gt 200 ] || ! kill -0 $redis 2> /dev/null; then
        cat "$folder/redis.log" >&2
        exit 1
    fi
    sleep 0.05
done
cd "$folder/stage"
status=0
"$@" || status=$?
exit $status
