#!/bin/sh
# Run the unit tests that are built. usage: run_unit.sh BUILD_FOLDER [TEST]
#   TEST  lifecycle/enqueue runs tests/lifecycle/test_enqueue alone, lifecycle all of that folder
# JOBS (2) run at a time; each writes BUILD_FOLDER/logs/unit/NAME.log. What failed is printed, and how many as
# the last line. A test program that crashes, hangs or runs no check is a failure beside what it counted.
set -eu
cd "$(dirname "$0")/../.."

run_one() { # build folder, name: writes its log, with `status N` as the last line
    log=$1/logs/unit/$(echo "$2" | tr / -).log
    status=0
    timeout -k 10 1800 "$1/tests/$(dirname "$2")/test_$(basename "$2")" < /dev/null > "$log" 2>&1 || status=$?
    echo "status $status" >> "$log"
}

if [ "$1" = --one ]; then # called by xargs below
    run_one "$2" "$3"
    exit 0
fi

# Of one log: passed and failed. A summary of Check is `97%: Checks: 40, Failures: 1, Errors: 0`.
count_one() {
    awk '/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ { checks += $3; bad += $5 + $7 }
         { last = $0 }
         END { split(last, status, " ")
               if (!checks || (status[2] != 0 && !bad)) lost = 1
               print checks - bad, bad + lost }' "$1"
}

build=$1
test=${2:-}
logs=$build/logs/unit
case $build in
/*) CQ=$build/cq ;;
*) CQ=$PWD/$build/cq ;;
esac
export CQ
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"

find_programs() {
    for source in tests/*/test_*.c; do
        name=${source#tests/}
        name=$(dirname "$name")/$(basename "$name" .c | sed 's/^test_//')
        case $test in
        '' | "$name" | "$(dirname "$name")") echo "$name" ;;
        esac
    done
}

mkdir -p "$logs"
rm -f "$logs"/*.log
names=$(find_programs)
if [ -z "$names" ]; then
    echo "run_unit.sh: no test ${test:+is called $test}" >&2
    echo '0 passed, 0 failed'
    exit 1
fi
echo "$names" | xargs -P "${JOBS:-2}" -n 1 "$PWD/tests/tools/run_unit.sh" --one "$build"

passed=0 failed=0
for name in $names; do
    log=$logs/$(echo "$name" | tr / -).log
    # shellcheck disable=SC2046 # two numbers
    set -- $(count_one "$log")
    passed=$((passed + $1)) failed=$((failed + $2))
    if [ "$2" = 0 ]; then
        printf '  %-28s %s passed\n' "$name" "$1"
        continue
    fi
    printf '  %-28s %s passed, %s FAILED (%s)\n' "$name" "$1" "$2" "$log"
    grep -E '^[^ ]+:[0-9]+:[FE]:|ERROR: [A-Za-z]+Sanitizer|runtime error:' "$log" | sed 's/^/      /' || :
    status=$(tail -n 1 "$log")
    [ "$status" = 'status 0' ] || echo "      it ended with $status"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
