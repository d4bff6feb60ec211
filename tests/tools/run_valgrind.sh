#!/bin/sh
# The commands of the CLI under valgrind: no invalid access, no leak. usage: run_valgrind.sh BUILD_FOLDER
# What each command prints is tested in tests/cli; here only its exit status is looked at, so that it did run.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/redis.sh
cq=$1/cq
passed=0 failed=0
FOUND=99 # valgrind's exit status when it found something

memcheck() { # expected status, cq's arguments ...
    want=$1
    shift
    status=0
    valgrind -q --leak-check=full --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=$FOUND \
        "$cq" "$@" < /dev/null > "$redis_folder/out" 2>&1 || status=$?
    if [ "$status" = "$want" ]; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    echo "not ok - cq $*: status $status instead of $want"
    sed 's/^/      /' "$redis_folder/out"
}

start_redis
memcheck 0 --version
memcheck 0 help
memcheck 0 help --man
memcheck 0 help --completion bash
for command in worker enqueue result info requeue empty suspend resume limit reload; do
    memcheck 0 "$command" --help
done
memcheck 0 info -u "$redis_url"
for serializer in pickle json msgpack; do
    memcheck 0 enqueue -u "$redis_url" -S $serializer --job-id "valgrind-$serializer" --queue valgrind \
        --timeout 5m \
        --retry-max 2 --retry-interval 1 demo.add text :1 ':[1, 2.5, {"a": null}]' "%(1, 'two', [3])" \
            key=word number:=7
done
printf 'from a file' > "$redis_folder/argument"
memcheck 0 enqueue -u "$redis_url" --at-front demo.add "@$redis_folder/argument"
memcheck 5 result -u "$redis_url" valgrind-pickle valgrind-json
memcheck 5 result -u "$redis_url" --json valgrind-msgpack
memcheck 6 result -u "$redis_url" nothing-of-that-name
memcheck 1 reload -u "$redis_url"
memcheck 1 reload -u "$redis_url" nobody
memcheck 1 reload --pid "$redis_folder/argument"
memcheck 0 info -u "$redis_url"
memcheck 0 info -u "$redis_url" --raw --by-queue valgrind default
memcheck 0 info -u "$redis_url" --json
memcheck 0 suspend -u "$redis_url" --duration 60
memcheck 0 resume -u "$redis_url"
memcheck 0 suspend -u "$redis_url" --queue valgrind --queue other --duration 60
memcheck 0 resume -u "$redis_url" --queue valgrind --queue other
memcheck 0 limit -u "$redis_url" valgrind --rate 10/1m --concurrency 1
memcheck 0 enqueue -u "$redis_url" --rate-limit-key valgrind --queue valgrind demo.add
memcheck 0 limit -u "$redis_url" --json
memcheck 0 limit -u "$redis_url" valgrind --remove
memcheck 2 limit -u "$redis_url" valgrind --rate ten
memcheck 0 requeue -u "$redis_url" --all
memcheck 0 empty -u "$redis_url" valgrind
memcheck 0 empty -u "$redis_url" --all
memcheck 2 enqeue
memcheck 2 info --by-queu
memcheck 2 enqueue -u "$redis_url" demo.add "%[1, 2"
memcheck 3 info -u nonsense://here
memcheck 4 info -u "unix://$redis_folder/nobody-listens"
memcheck 4 info -u redis://127.0.0.1:1
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
