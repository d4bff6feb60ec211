#!/bin/sh
# Run test programs, several at a time. usage: run_programs.sh unit|cli BUILD_FOLDER [TEST ...]
#   unit  the unit tests that are built; TEST is lifecycle/enqueue for tests/lifecycle/test_enqueue, lifecycle
#         for all of that folder
#   cli   the shell tests of the command line; TEST is enqueue (or cli/enqueue) for tests/cli/test_enqueue.sh
#
# Each gets CQ, the program to test, and writes BUILD_FOLDER/logs/KIND/NAME.log. JOBS (2) run at a time. What
# failed is printed, and how many as the last line. A program that crashes, takes more than LIMIT seconds
# (1800; cli: ten times CQ_TEST_PATIENCE, or 600) or tests nothing is a failure beside what it counted.
set -eu
cd "$(dirname "$0")/../.."

run_one() { # log, program: writes the log, with `status N` as the last line
    status=0
    timeout -k 10 "$LIMIT" "$2" < /dev/null > "$1" 2>&1 || status=$?
    echo "status $status" >> "$1"
}

if [ "$1" = --one ]; then # called by xargs below
    run_one "$2" "$3"
    exit 0
fi

kind=$1 build=$2
shift 2
case $build in
/*) CQ=$build/cq ;;
*) CQ=$PWD/$build/cq ;;
esac
[ "$kind" = unit ] && LIMIT=${LIMIT:-1800} || LIMIT=${LIMIT:-$((10 * ${CQ_TEST_PATIENCE:-60}))}
export CQ LIMIT
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"

wanted() { # name, TEST ...
    name=$1
    shift
    [ $# -gt 0 ] || return 0
    for test do
        case ${test#cli/} in
        '' | "$name" | "$(dirname "$name")") return 0 ;;
        esac
    done
    return 1
}

programs() { # TEST ...: NAME PROGRAM, one a line
    if [ "$kind" = unit ]; then
        for source in tests/*/test_*.c; do
            name=${source#tests/}
            name=$(dirname "$name")/$(basename "$name" .c | sed 's/^test_//')
            ! wanted "$name" "$@" || echo "$name $build/${source%.c}"
        done
    else
        for script in tests/cli/test_*.sh; do
            name=$(basename "$script" .sh | sed 's/^test_//')
            ! wanted "$name" "$@" || echo "$name $script"
        done
    fi
}

# Of one log: passed and failed. A summary of Check is `97%: Checks: 40, Failures: 1, Errors: 0`; a script
# says `ok - NAME` or `not ok - NAME` for each test.
count_one() {
    awk '/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ { all += $3; bad += $5 + $7 }
         /^ok( |$)/ { all++ }
         /^not ok( |$)/ { all++; bad++ }
         { last = $0 }
         END { split(last, status, " ")
               if (!all || (status[2] != 0 && !bad)) lost = 1
               print all - bad, bad + lost }' "$1"
}

explain() { # log
    grep -E '^[^ ]+:[0-9]+:[FE]:|^not ok|ERROR: [A-Za-z]+Sanitizer|runtime error:' "$1" | sed 's/^/      /' \
        || :
    case $(tail -n 1 "$1") in
    'status 0' | 'status 1') ;;
    'status 124' | 'status 137')
        echo "      it took more than $LIMIT s; the last test was: $(grep -E '^(not )?ok ' "$1" | tail -n 1)"
        ;;
    *) echo "      it ended with $(tail -n 1 "$1")" ;;
    esac
}

logs=$build/logs/$kind
mkdir -p "$logs"
rm -f "$logs"/*.log
found=$(programs "$@")
if [ -z "$found" ]; then
    echo "run_programs.sh: no $kind test${*:+ is called $*}" >&2
    echo '0 passed, 0 failed'
    exit 1
fi
log_of() { echo "$logs/$(echo "$1" | tr / -).log"; }
echo "$found" | while read -r name program; do
    echo "$(log_of "$name") $program"
done | xargs -P "${JOBS:-2}" -n 2 "$PWD/tests/tools/run_programs.sh" --one

passed=0 failed=0
for name in $(echo "$found" | cut -d' ' -f1); do
    log=$(log_of "$name")
    # shellcheck disable=SC2046 # two numbers
    set -- $(count_one "$log")
    passed=$((passed + $1)) failed=$((failed + $2))
    [ "$kind" = unit ] || name=cli/$name
    if [ "$2" = 0 ]; then
        printf '  %-28s %s passed\n' "$name" "$1"
    else
        printf '  %-28s %s passed, %s FAILED (%s)\n' "$name" "$1" "$2" "$log"
        explain "$log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
