# A Redis of our own, for scripts that source this file: start_redis makes one on a Unix socket in a new
# folder, sets redis_folder, redis_socket and redis_url, and has it stopped and the folder removed when the
# script ends.
# shellcheck shell=sh disable=SC2034 # the variables are for those who source this

redis_pid=

start_redis() {
    redis_folder=$(mktemp -d "${TMPDIR:-/tmp}/cq.XXXXXX")
    redis_socket=$redis_folder/redis.sock
    redis_url=unix://$redis_socket
    trap stop_redis EXIT
    trap 'exit 130' INT
    trap 'exit 143' HUP TERM
    redis-server --port 0 --unixsocket "$redis_socket" --unixsocketperm 700 --save '' --appendonly no \
        --dir "$redis_folder" < /dev/null > "$redis_folder/redis.log" 2>&1 &
    redis_pid=$!
    tries=0
    until redis-cli -s "$redis_socket" ping > /dev/null 2>&1; do
        tries=$((tries + 1))
        if [ $tries -gt 200 ] || ! kill -0 "$redis_pid" 2> /dev/null; then
            echo 'redis-server does not start:' >&2
            cat "$redis_folder/redis.log" >&2
            exit 1
        fi
        sleep 0.05
    done
}

stop_redis() { # the script's status stays what it was
    if [ -n "$redis_pid" ]; then
        kill "$redis_pid" 2> /dev/null || :
        wait "$redis_pid" 2> /dev/null || :
        redis_pid=
    fi
    rm -rf "$redis_folder"
}
