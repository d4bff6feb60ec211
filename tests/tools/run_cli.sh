#!/bin/sh
# Run the shell tests of the command line. usage: run_cli.sh BUILD_FOLDER [TEST]
#   TEST  enqueue (or cli/enqueue) runs tests/cli/test_enqueue.sh alone
# Each script gets CQ, the program to test, and prints `ok - NAME` or `not ok - NAME` per test. JOBS (2) run
# at a time; each writes BUILD_FOLDER/logs/cli/NAME.log. A script that dies, tests nothing or takes more than
# LIMIT seconds (ten times CQ_TEST_PATIENCE, or 600) is a failure beside what it counted.
set -eu
cd "$(dirname "$0")/../.."
LIMIT=${LIMIT:-$((10 * ${CQ_TEST_PATIENCE:-60}))}

run_one() { # build folder, script: writes its log, with `status N` as the last line
    log=$1/logs/cli/$(basename "$2" .sh).log
    status=0
    timeout -k 10 "$LIMIT" "$2" < /dev/null > "$log" 2>&1 || status=$?
    echo "status $status" >> "$log"
}

if [ "$1" = --one ]; then # called by xargs below
    run_one "$2" "$3"
    exit 0
fi

count_one() { # of one log: passed and failed
    awk '/^ok( |$)/ { good++ }
         /^not ok( |$)/ { bad++ }
         { last = $0 }
         END { split(last, status, " ")
               if (good + bad == 0 || (status[2] != 0 && !bad)) lost = 1
               print good + 0, bad + lost }' "$1"
}

build=$1
test=${2:-}
test=${test#cli/}
logs=$build/logs/cli
case $build in
/*) CQ=$build/cq ;;
*) CQ=$PWD/$build/cq ;;
esac
export CQ
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
mkdir -p "$logs"
rm -f "$logs"/*.log
scripts=$(find tests/cli -name "test_${test:-*}.sh" | sort)
if [ -z "$scripts" ]; then
    echo "run_cli.sh: no test${test:+ is called $test}" >&2
    echo '0 passed, 0 failed'
    exit 1
fi
echo "$scripts" | xargs -P "${JOBS:-2}" -n 1 "$PWD/tests/tools/run_cli.sh" --one "$build"

passed=0 failed=0
for script in $scripts; do
    name=$(basename "$script" .sh)
    log=$logs/$name.log
    # shellcheck disable=SC2046 # two numbers
    set -- $(count_one "$log")
    passed=$((passed + $1)) failed=$((failed + $2))
    if [ "$2" = 0 ]; then
        printf '  %-28s %s passed\n' "cli/${name#test_}" "$1"
        continue
    fi
    printf '  %-28s %s passed, %s FAILED (%s)\n' "cli/${name#test_}" "$1" "$2" "$log"
    grep -E '^not ok|ERROR: [A-Za-z]+Sanitizer|runtime error:' "$log" | sed 's/^/      /' || :
    status=$(tail -n 1 "$log")
    case $status in
    'status 0' | 'status 1') ;;
    'status 124' | 'status 137') \
        echo \
        "      it took more than $LIMIT s, and was ended after: $(grep -E '^(not )?ok ' "$log" | tail -n 1)" ;;
    *) echo "      it ended with $status" ;;
    esac
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
