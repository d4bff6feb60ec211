#!/bin/sh
# Run the tests with Python's RQ. usage: run_interop.sh BUILD_FOLDER [TEST]
#   TEST  interop/jobs runs test_jobs.py alone, python/flow python/test_flow.py. `interop` runs all but the
#         applications in Python, `python` these alone, `twins` what jobs.c and jobs.py have to do alike (for
#         WORKER=cq-python). Anything else is a part of a test's name, as pytest's -k takes it.
# WORKER says which worker they run against (tests/interop/stage.py). They may take LIMIT (1800) seconds. The
# log is BUILD_FOLDER/logs/interop-WORKER[-TEST].log.
set -eu
cd "$(dirname "$0")/../.."
. tests/tools/pytest.sh
build=$1
test=${2:-}
export_cq "$build"
WORKER=${WORKER:-cq}
RQ113_PYTHON=$PWD/build/venv113/bin/python
RQ23_PYTHON=$PWD/build/venv23/bin/python
export WORKER RQ113_PYTHON RQ23_PYTHON
log=$build/logs/interop-$WORKER${test:+-$(echo "$test" | tr -c 'a-z0-9\n' -)}.log

case $test in
'') set -- tests/interop ;;
interop) set -- --ignore=tests/interop/python tests/interop ;;
python) set -- tests/interop/python ;;
twins)
    set --
    for name in jobs failures retries commands recovery workers; do
        set -- "$@" "tests/interop/test_$name.py"
    done
    ;;
interop/*) set -- "tests/interop/test_${test#interop/}.py" ;;
python/*) set -- "tests/interop/python/test_${test#python/}.py" ;;
*) set -- -k "$test" tests/interop ;;
esac
run_pytest "${test:-interop} ($WORKER)" "$log" \
    build/venv/bin/python -m pytest -q -rfEs --maxfail=40 "$@"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
