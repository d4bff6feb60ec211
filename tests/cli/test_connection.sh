#!/bin/sh
# Where Redis is, who may ask, and what is said when it does not answer.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis --requirepass hush
export REDISCLI_AUTH=hush

it 'takes the URL of the command line'
run info -r -u "unix://:hush@$socket"
expect_status 0
run info -r --url="unix://:hush@$socket"
expect_status 0

it 'takes the URL of the environment, and the command line before it'
run_command env RQ_REDIS_URL="unix://:hush@$socket" "$CQ" info -r
expect_status 0
run_command env RQ_REDIS_URL="unix://$work/nobody" "$CQ" info -r -u "unix://:hush@$socket"
expect_status 0

it 'takes the settings of a file, and the environment before it'
printf '[redis]\nurl = unix://:hush@%s\n' "$socket" > "$work/cq.ini"
chmod 600 "$work/cq.ini"
run_command env -u RQ_REDIS_URL "$CQ" info -r -c "$work/cq.ini"
expect_status 0
expect_no_stderr
run_command env RQ_REDIS_URL="unix://$work/nobody" "$CQ" info -r -c "$work/cq.ini"
expect_status 4

it 'a broken line of the file is named with its number'
printf '[redis]\nport = many\n' > "$work/bad.ini"
run info -c "$work/bad.ini"
expect_status 3
expect_stderr_line "$work/bad.ini:2: "

it 'a file that is not there is named'
run info -c "$work/none.ini"
expect_status 3
expect_stderr_line "$work/none.ini"

it 'a wrong URL is a matter of configuration, and its password stays hidden'
run info -u 'http://u:hush@host'
expect_status 3
! grep -q hush "$work/err" || wrong 'the password was printed'

it 'a password that is missing or wrong is a refusal, and stays hidden'
run info
expect_status 4
expect_stderr_line 'password'
run info -u "unix://:wrongone@$socket"
expect_status 4
[ "$(wc -l < "$work/err")" = 1 ] || wrong 'not one line'
! grep -q wrongone "$work/err" || wrong 'the password was printed'

it 'nobody at the other end is status 4, in one line'
run info -u redis://127.0.0.1:1/0
expect_status 4
expect_stderr_line '127.0.0.1:1'
run info -u "unix://$work/nobody"
expect_status 4
expect_stderr_line "$work/nobody"

it 'a password on the command line does not show in ps'
env --default-signal=INT "$CQ" info -Qr -i 0.2 -u "unix://:hush@$socket?db=0" > "$work/out" 2> "$work/err" &
pid=$!
background="$background $pid"
until_true "tr '\\0' ' ' < /proc/$pid/cmdline | grep -q 'unix://xxx'"
! tr '\0' ' ' < "/proc/$pid/cmdline" | grep -q hush || wrong 'the password shows'
tr '\0' ' ' < "/proc/$pid/cmdline" | grep -qF "$socket" || wrong 'the place does not show'
until_true "grep -q '^SigCgt:.*[2367abef]\$' /proc/$pid/status" # it has a handler of SIGINT
kill -INT "$pid"
wait "$pid"
status=$?
expect_status 0
