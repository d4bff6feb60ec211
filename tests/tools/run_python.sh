#!/bin/sh
# Run the tests of the python runtime's Python side (tests/runtime/python).
# usage: run_python.sh BUILD_FOLDER [TEST]
#   TEST  a test's file or a part of its name, as pytest's -k takes it; python/limits is test_limits.py
# They run in the interpreters of PYTHONS: by default the virtual environment's, which has the RQ that we
# measure ourselves by, and the system's, which may have an older one. Each may take LIMIT (1800) seconds.
# Logs are BUILD_FOLDER/logs/python-N.log.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/pytest.sh
build=$1
test=${2:-}
export_cq "$build"

what=tests/runtime/python
set --
case $test in
'') ;;
python/*) what=tests/runtime/python/test_${test#python/}.py ;;
*) set -- -k "$test" ;;
esac

# An interpreter without pytest borrows that of the virtual environment, after all that it has itself.
borrowed=$(build/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
start='import sys; sys.path.append(sys.argv.pop(1)); import pytest; sys.exit(pytest.main(sys.argv[1:]))'

total_passed=0 total_failed=0 number=0
for python in ${PYTHONS:-build/venv/bin/python /usr/bin/python3}; do
    number=$((number + 1))
    if ! command -v "$python" > /dev/null; then
        printf '  %-28s is not there\n' "$python"
        continue
    fi
    run_pytest "$python" "$build/logs/python-$number.log" \
        "$python" -c "$start" "$borrowed" -q -rfE --maxfail=20 "$@" "$what"
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
done
echo "$total_passed passed, $total_failed failed"
[ "$total_failed" = 0 ] && [ "$total_passed" -gt 0 ]
