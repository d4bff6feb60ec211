#!/bin/sh
# help, version, and what is said about a wrong command line.
# shellcheck disable=SC3044 # `run suspend` is cq's, not the shell's
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"

# Those of the table that the program is built from: what is added there is tested here.
commands=$(sed -n 's/^    {"\([a-z-]*\)", cq_[a-z_]*_command, .*/\1/p' "$(dirname "$0")/../../cmd/commands.c")

it 'help lists every command and every exit status'
run help
expect_status 0
expect_no_stderr
for word in worker worker-pool enqueue cancel cron help $commands; do
    expect_stdout_match "  $word +[A-Z].*"
done
[ "$(grep -cE '^  [a-z-]+ +[A-Z]' "$work/out")" = "$(echo "$commands" | wc -l)" ] \
    || wrong 'the table has other commands than help'
for number in 0 1 2 3 4 5 6 70 71; do
    expect_stdout_match "  $number +[a-zA-Z].*"
done

it '--help is help'
run --help
expect_status 0
expect_stdout_has 'Usage: cq COMMAND'

it 'help of a command is its --help'
run help worker
cp "$work/out" "$work/first"
run worker --help
expect_status 0
cmp -s "$work/out" "$work/first" || wrong 'the two differ'

it 'every command explains itself'
for word in $commands; do
    run "$word" --help
    expect_status 0
    expect_no_stderr
    expect_stdout_match "Usage: cq $word \[OPTIONS\].*"
    expect_stdout_has '--help'
    cp "$work/out" "$work/first"
    run help "$word"
    cmp -s "$work/out" "$work/first" || wrong "'help $word' and '$word --help' differ"
done

it 'no line of help is wider than a terminal'
for word in $commands; do
    run "$word" --help
    awk 'length($0) > 80 { exit 1 }' "$work/out" || wrong "$word --help has a line of more than 80 characters"
done

it 'help shows the defaults of the settings'
run worker --help
expect_stdout_has '(default: 420)'
expect_stdout_has '(default: 600)'

it 'an option of rq that is not there is not shown'
expect_stdout_lacks 'date-format'

it 'says its version'
run --version
expect_status 0
expect_stdout_match 'cq [0-9]+\.[0-9]+\.[0-9]+'

it 'without a command one line says so'
run_command "$CQ"
expect_status 2
expect_stderr "cq: no command given; 'cq help' lists the commands"

it 'a mistyped command gets the nearest one'
run enqueu x
expect_status 2
expect_stderr "cq: unknown command 'enqueu'; did you mean 'enqueue'?"

it 'a word that is near to nothing gets no guess'
run frobnicate
expect_status 2
expect_stderr "cq: unknown command 'frobnicate'; 'cq help' lists the commands"

it 'a command of rq that is not there is named as such'
run dashboard
expect_status 2
expect_stderr_line "this version of cq does not have it"
run scheduler
expect_status 2
expect_stderr_line "this version of cq does not have it"

it 'an option before the command is refused'
run --burst worker
expect_status 2
expect_stderr_line "options come after the command"

it 'a mistyped option gets the nearest one'
run worker --brust
expect_status 2
expect_stderr "cq worker: unknown option '--brust'; did you mean '--burst'?"
run enqueue f --quite
expect_status 2
expect_stderr "cq enqueue: unknown option '--quite'; did you mean '--quiet'?"

it 'an unknown letter is refused'
run info -x
expect_status 2
expect_stderr_line "unknown option '-x'"

it 'an option without its value is refused'
run enqueue f --queue
expect_status 2
expect_stderr 'cq enqueue: --queue needs a value: NAME'

it 'a switch with a value is refused'
run worker --burst=yes
expect_status 2
expect_stderr 'cq worker: --burst takes no value'

it 'an argument too many is refused'
run suspend now
expect_status 2
expect_stderr_line "'now' is one argument too many"

it 'a control character in a wrong word does not reach the terminal'
run "$(printf 'in\033[31mfo')"
expect_status 2
[ "$(tr -d '[:print:]\n' < "$work/err" | wc -c)" = 0 ] || wrong 'a control character was printed'

it 'the man page is one that man can read'
run help --man
expect_status 0
expect_stdout_has '.TH CQ 1'
expect_stdout_has '.SS "cq worker [OPTIONS] [QUEUES]..."'
expect_stdout_has '\-\-burst'
for word in $commands; do
    grep -q "^\.SS \"cq $word \[OPTIONS\].*\"\$" "$work/out" || wrong "it lacks $word"
done
if command -v man > /dev/null; then
    man --warnings -E UTF-8 -l "$work/out" > /dev/null 2> "$work/err" < /dev/null
    expect_no_stderr
fi

it 'bash completes commands, options and choices'
run help --completion bash
expect_status 0
cp "$work/out" "$work/completion"
cat > "$work/complete.sh" <<'END'
. "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_cq
printf '%s\n' "${COMPREPLY[@]}"
END
complete() { # the words of a line, the last one unfinished
    run_command bash "$work/complete.sh" "$work/completion" cq "$@"
    expect_status 0
    expect_no_stderr
}
complete enq
expect_stdout 'enqueue'
complete worker --bur
expect_stdout '--burst'
complete worker-pool --proc
expect_stdout '--processes'
complete help --completion ''
expect_stdout 'bash'
complete worker --dequeue-strategy ro
expect_stdout 'round_robin'
complete worker-pool --dequeue-strategy = la
expect_stdout 'latency'
complete worker --log-format =
expect_stdout "$(printf 'text\njson')"
complete enqueue -S m
expect_stdout 'msgpack'
touch "$work/a crontab"
complete cron "$work/a c"
expect_stdout "$work/a crontab"
complete worker --config "$work/a c"
expect_stdout "$work/a crontab"
for word in $commands; do
    complete "$word"
    expect_stdout_match "$word"
    complete help "$word"
    expect_stdout_match "$word"
    "$CQ" "$word" --help | sed -n 's/^ \{2,6\}\(-[a-zA-Z]*, \)\{0,1\}\(--[a-z-]*\).*/\2/p' \
        | sort > "$work/options"
    complete "$word" --
    sort "$work/out" | cmp -s - "$work/options" || wrong "the options of $word are others than its --help has"
done

it 'a completion for an unknown shell is refused'
run help --completion tcsh
expect_status 2
expect_stderr_line "'tcsh' is not one of bash"

it 'a full disk is noticed'
if [ -e /dev/full ]; then
    status=0
    "$CQ" help > /dev/full 2> "$work/err" || status=$?
    : > "$work/out"
    expect_status 71
    expect_stderr_line 'cannot write to standard output'
fi

it 'a closed pipe is noticed without dying of a signal'
: > "$work/out"
mkfifo "$work/closed"
{
    read -r _ < "$work/closed"
    status=0
    "$CQ" help --man 2> "$work/err" || status=$?
    echo "$status" > "$work/status"
} | {
    exec < /dev/null
    echo > "$work/closed"
}
until_true "[ -s '$work/status' ]"
status=$(cat "$work/status")
expect_status 71
expect_stderr_line 'Broken pipe'

it 'a closed standard output is noticed'
status=0
"$CQ" help >&- 2> "$work/err" || status=$?
expect_status 71
