#!/bin/sh
# Run the tests of the python runtime's Python side (tests/runtime/python). usage: run_python.sh BUILD_FOLDER
# [TEST]
#   TEST  a test's file or a part of its name, as pytest's -k takes it; python/limits runs test_limits.py
#   alone
# They run in the interpreters of PYTHONS: by default the virtual environment's, which has the RQ that we
# measure ourselves by, and the system's, which may have an older one. Logs are
# BUILD_FOLDER/logs/python-N.log.
set -eu
cd "$(dirname "$0")/../.."
TEST_LIMIT=$((10 * ${CQ_TEST_PATIENCE:-60})) # after which a test that hangs says where
build=$1
test=${2:-}
case $build in
/*) CQ=$build/cq ;;
*) CQ=$PWD/$build/cq ;;
esac
PYTHONDONTWRITEBYTECODE=1
export CQ PYTHONDONTWRITEBYTECODE
mkdir -p "$build/logs"

what=tests/runtime/python
set --
case $test in
'') ;;
python/*) what=tests/runtime/python/test_${test#python/}.py ;;
*) set -- -k "$test" ;;
esac

# An interpreter without pytest borrows that of the virtual environment, after all that it has itself.
borrowed=$(build/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# shellcheck disable=SC2016 # Python's own
start='import sys; sys.path.append(sys.argv.pop(1)); import pytest; sys.exit(pytest.main(sys.argv[1:]))'

total_passed=0 total_failed=0 number=0
for python in ${PYTHONS:-build/venv/bin/python /usr/bin/python3}; do
    number=$((number + 1))
    log=$build/logs/python-$number.log
    if ! command -v "$python" > /dev/null; then
        printf '  %-28s is not there\n' "$python"
        continue
    fi
    status=0
    timeout -s INT -k 30 "${PYTHON_LIMIT:-1800}" "$python" -c "$start" "$borrowed" -q -rfEs --maxfail=20 \
        -o "faulthandler_timeout=$TEST_LIMIT" "$@" "$what" < /dev/null > "$log" 2>&1 || status=$?
    # `3 failed, 40 passed, 2 skipped, 1 error in 12.34s`
    summary=$(tail -n 1 "$log")
    number_of() { echo "$summary" | sed -n "s/.*\(^\|[ =]\)\([0-9][0-9]*\) $1.*/\2/p"; }
    passed=$(number_of passed)
    failed=$(number_of failed)
    errors=$(number_of error)
    failed=$((${failed:-0} + ${errors:-0}))
    [ "$status" = 0 ] || [ "$failed" -gt 0 ] || failed=1
    grep -E '^(FAILED|ERROR)' "$log" | sed 's/^/      /' || :
    if [ "$failed" -gt 0 ]; then
        printf '  %-28s %s passed, %s FAILED (%s)\n' "$python" "${passed:-0}" "$failed" "$log"
        [ "${passed:-0}" -gt 0 ] || tail -n 20 "$log"
    else
        printf '  %-28s %s\n' "$python" "$summary"
    fi
    total_passed=$((total_passed + ${passed:-0}))
    total_failed=$((total_failed + failed))
done
echo "$total_passed passed, $total_failed failed"
[ "$total_failed" = 0 ] && [ "$total_passed" -gt 0 ]
