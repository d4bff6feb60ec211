# What the shell tests of the command line share. Each test_*.sh starts with
#
#     . "$(dirname "$0")/harness.sh"
#     start_redis
#     it "says its version"          # a sentence; the checks that follow belong to it
#     run version                    # runs $CQ: standard output, standard error and status are kept
#     expect_status 0
#     expect_stdout 'cq 0.1.0'
#
# and prints one TAP line per `it`: `ok - NAME`, or `not ok - NAME` after lines that say what was wrong.
# CQ names the program under test. A private redis-server on a Unix socket is stopped at the end. cq is a user
# there who may use keys and channels below rq: only; two tests at the end of each script see that it used no
# other, and was refused nothing but a look at the server's INFO.
# shellcheck shell=sh
set -u
: "${CQ:?set CQ to the program to test}"
for variable in $(env | sed -n 's/^\(RQ_[A-Z_]*\|CQ_[A-Z_]*\|REDIS_[A-Z_]*\|NO_COLOR\|COLUMNS\)=.*/\1/p'); do
    unset "$variable"
done
export LC_ALL=C.UTF-8 TZ=UTC TERM=xterm
tests=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/cli/until.sh
. "$tests/until.sh"
work=$(mktemp -d)
redis_pid=
redis_admin=
name=
bad=
failed=0
status=0

finish_test() {
    [ -n "$name" ] || return 0
    if [ -n "$bad" ]; then
        failed=1
        echo "not ok - $name"
    else
        echo "ok - $name"
    fi
    name=
}

it() {
    finish_test
    name=$1
    bad=
}

# Everything that a test started in the background is listed here and ended with it.
background=
at_exit() {
    code=$?
    expect_keys_of_rq
    finish_test
    for pid in $background $redis_pid; do
        kill "$pid" 2> /dev/null && wait "$pid" 2> /dev/null
    done
    rm -rf "$work"
    [ "$code" -ne 0 ] && exit "$code"
    exit "$failed"
}
trap at_exit EXIT
trap 'exit 1' INT TERM HUP

start_redis() { # extra arguments for redis-server
    socket=$work/redis.sock
    redis-server --port 0 --unixsocket "$socket" --save '' --appendonly no --dir "$work" "$@" \
        > "$work/redis.log" 2>&1 &
    redis_pid=$!
    export RQ_REDIS_URL="unix://$socket"
    until_succeeds "redis-cli -s '$socket' ping 2> /dev/null | grep -q 'PONG\|NOAUTH'" ||
        { echo "not ok - redis-server starts"; exit 1; }
    redis ping | grep -q PONG || return 0 # its test has users of its own
    redis acl setuser admin on '>admin' '~*' '&*' +@all > /dev/null
    redis_admin='--user admin --pass admin --no-auth-warning'
    redis acl setuser default resetkeys resetchannels '~rq:*' '&rq:*' +@all -@dangerous > /dev/null
}

expect_keys_of_rq() {
    [ -n "$redis_admin" ] && [ "$(redis ping)" = PONG ] || return 0
    it 'every key is below rq:'
    redis --scan > "$work/out"
    ! grep -v '^rq:' "$work/out" > "$work/err" || wrong 'there are others'
    it 'a Redis user needs nothing but ~rq:* and &rq:*'
    redis acl log > "$work/out"
    awk '/^object$/ { getline; if ($0 != "info") print }' "$work/out" > "$work/err"
    [ ! -s "$work/err" ] || wrong 'Redis refused a command, a key or a channel'
}

redis() {
    # shellcheck disable=SC2086 # no argument, or several
    redis-cli -s "$socket" $redis_admin "$@"
}

run() { # arguments of cq
    run_command "$CQ" "$@"
}

run_command() { # a whole command line
    status=0
    "$@" > "$work/out" 2> "$work/err" < /dev/null || status=$?
}

# The same on a terminal of its own; what it shows, escapes and all, goes to standard output. The command has
# until_succeeds and $work, where `out` is what was shown so far.
run_on_terminal() { # one shell command, with $CQ for the program
    status=0
    script -qec ". '$tests/until.sh'; work='$work'; stty cols 80 rows 24; $1" /dev/null > "$work/out" \
        2> "$work/err" < /dev/null || status=$?
}

wrong() {
    bad=1
    echo "# $name: $1"
    sed 's/^/#   stdout: /' "$work/out" | head -n 20
    sed 's/^/#   stderr: /' "$work/err" | head -n 20
}

expect_status() {
    [ "$status" = "$1" ] || wrong "status $status, expected $1"
}

expect_stdout() { # all of standard output, without the last newline
    [ "$(cat "$work/out")" = "$1" ] || wrong "standard output is not: $1"
}

expect_stdout_has() { # a part of standard output
    grep -qF -e "$1" "$work/out" || wrong "standard output lacks: $1"
}

expect_stdout_lacks() {
    ! grep -qF -e "$1" "$work/out" || wrong "standard output should not have: $1"
}

expect_stdout_match() { # an extended regular expression that one line matches as a whole
    grep -qxE -e "$1" "$work/out" || wrong "no line of standard output is: $1"
}

expect_stderr() { # all of standard error: one line
    [ "$(cat "$work/err")" = "$1" ] || wrong "standard error is not: $1"
}

expect_stderr_line() { # a part of the only line of standard error
    [ "$(wc -l < "$work/err")" = 1 ] || wrong "standard error is not one line"
    grep -qF -e "$1" "$work/err" || wrong "standard error lacks: $1"
}

expect_no_stderr() {
    [ ! -s "$work/err" ] || wrong "standard error is not empty"
}

expect_redis() { # expected reply, then the command
    expected=$1
    shift
    reply=$(redis "$@")
    [ "$reply" = "$expected" ] || wrong "$* gives '$reply', expected '$expected'"
}

# Wait until a shell command succeeds; when it never does, the test has failed.
until_true() { # one shell command
    until_succeeds "$1" || { wrong "this never became true: $1"; return 1; }
}
