#!/bin/sh
# Run the tests with Python's RQ. usage: run_interop.sh BUILD_FOLDER [TEST]
#   TEST  interop/jobs runs test_jobs.py alone, python/flow python/test_flow.py; `interop` and `python` run
#   all but the
#         applications in Python, and these alone; `twins` what jobs.c and jobs.py have to do alike (for
#         WORKER=cq-python);
#         anything else is a part of a test's name, as pytest's -k takes it
# WORKER says which worker they run against (tests/interop/stage.py). The log is
# BUILD_FOLDER/logs/interop-WORKER[-TEST].log.
set -eu
cd "$(dirname "$0")/../.."
TEST_LIMIT=$((10 * ${CQ_TEST_PATIENCE:-60})) # after which a test that hangs says where
build=$1
test=${2:-}
case $build in
/*) CQ=$build/cq ;;
*) CQ=$PWD/$build/cq ;;
esac
WORKER=${WORKER:-cq}
RQ113_PYTHON=$PWD/build/venv113/bin/python
RQ23_PYTHON=$PWD/build/venv23/bin/python
PYTHONDONTWRITEBYTECODE=1
export CQ WORKER RQ113_PYTHON RQ23_PYTHON PYTHONDONTWRITEBYTECODE
log=$build/logs/interop-$WORKER${test:+-$(echo "$test" | tr -c 'a-z0-9\n' -)}.log
mkdir -p "$build/logs"

case $test in
'') set -- tests/interop ;;
interop) set -- --ignore=tests/interop/python tests/interop ;;
python) set -- tests/interop/python ;;
twins)
    set --
    for name in jobs failures retries commands recovery workers; do set -- "$@" \
        "tests/interop/test_$name.py"; done
    ;;
interop/*) set -- "tests/interop/test_${test#interop/}.py" ;;
python/*) set -- "tests/interop/python/test_${test#python/}.py" ;;
*) set -- -k "$test" tests/interop ;;
esac
status=0
# A worker that is broken makes tests wait until they give up: enough is enough, and pytest still says what
# failed.
timeout -s INT -k 30 "${INTEROP_LIMIT:-1800}" build/venv/bin/python -m pytest -q -rfEs --maxfail=40 \
    -o "faulthandler_timeout=$TEST_LIMIT" "$@" < /dev/null > "$log" 2>&1 || status=$?

# The outcome is counted from the last line of pytest: `3 failed, 40 passed, 2 skipped, 1 error in 12.34s`.
summary=$(tail -n 1 "$log")
number_of() { echo "$summary" | sed -n "s/.*\(^\|[ =]\)\([0-9][0-9]*\) $1.*/\2/p"; }
passed=$(number_of passed)
failed=$(number_of failed)
errors=$(number_of error)
passed=${passed:-0}
failed=$((${failed:-0} + ${errors:-0}))
[ "$status" = 0 ] || [ "$failed" -gt 0 ] || failed=1

grep -E '^(FAILED|ERROR|SKIPPED)' "$log" | sed 's/^/      /' || :
if [ "$failed" -gt 0 ]; then
    printf '  %-28s %s passed, %s FAILED (%s)\n' "${test:-interop} ($WORKER)" "$passed" "$failed" "$log"
    [ "$passed" -gt 0 ] || tail -n 20 "$log"
else
    printf '  %-28s %s\n' "${test:-interop} ($WORKER)" "$summary"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
