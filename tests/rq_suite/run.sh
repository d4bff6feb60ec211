#!/bin/sh
# Run RQ's own test suite, fetched from PyPI, with `cq worker` in place of its workers. usage: run.sh
# BUILD_FOLDER [TEST]
#   TEST      a part of tests' names, as pytest's -k takes it
#   WORKERS   cq (default); reuse: cq with --reuse-horses; cli: test_cli.py alone, with cq in place of `rq`
#   too;
#             rq: RQ's own workers, the baseline
#   PYTHON    the interpreter (default: python3), 3.10 or later
# What is expected to fail, and why, is in expected.txt. The folder BUILD_FOLDER/rq-suite has the logs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
VERSION=2.12.0
SHA256=78116d0c860f6285817b52d7d6d0b16a726372073ce8ea1d229732ce74ef9378
LIMIT_S=${RQ_SUITE_TOTAL:-1800}
build=$1
test=${2:-}
WORKERS=${WORKERS:-cq}
case $build in
/*) ;;
*) build=$PWD/$build ;;
esac
CQ=${CQ:-$build/cq}
folder=$build/rq-suite
python=${PYTHON:-python3}
venv=$build/venv-rq-suite${PYTHON:+-$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')}
say() { echo "rq-suite: $*" >&2; }

# --- RQ, its tests and what they need.

if ! "$venv/bin/python" -c 'import psutil, pytest, rq' 2> /dev/null; then
    "$python" -m venv "$venv"
    "$venv/bin/pip" --quiet --disable-pip-version-check install "rq==$VERSION" pytest psutil
fi
mkdir -p "$folder"
archive=$folder/rq-$VERSION.tar.gz
if [ ! -f "$archive" ]; then
    "$venv/bin/pip" --quiet --disable-pip-version-check download --no-deps --no-binary rq --dest "$folder" \
        "rq==$VERSION"
fi
echo "$SHA256  $archive" | sha256sum --check --quiet || { say \
    "$archive is not the file that this was written for"; exit 1; }
# The tests alone, without RQ's source beside them: `import rq` has to find the installed one.
rm -rf "$folder/stage" "$folder/logs" "$folder/results.json"
mkdir -p "$folder/stage" "$folder/logs" "$folder/bin"
tar -xzf "$archive" -C "$folder/stage" --strip-components=1 "rq-$VERSION/tests" "rq-$VERSION/tox.ini" \
    "rq-$VERSION/pyproject.toml"
printf '#!/bin/sh\nunset PYTHONPATH\nexec "%s" worker "$@"\n' "$CQ" > "$folder/bin/rqworker"
printf '#!/bin/sh\nunset PYTHONPATH\nexec "%s" "$@"\n' "$CQ" > "$folder/bin/rq"
chmod +x "$folder/bin/rqworker" "$folder/bin/rq"
# The tests leave orphans to whoever is process 1, and then expect them to be reaped.
[ -x "$folder/supervise" ] || cc -std=c11 -D_GNU_SOURCE -O2 -o "$folder/supervise" tests/tools/supervise.c

# --- The run. RQ's tests have localhost:6379 written into them, so they get a network of their own where that
# is possible.

export CQ RQ_SUITE_FOLDER="$folder" PYTHONDONTWRITEBYTECODE=1 RUN_SLOW_TESTS_TOO=1 \
    CQ_PYTHON="$venv/bin/python"
PATH=$venv/bin:$PATH
set -- -p no:cacheprovider -p record -q -rf
case $WORKERS in
rq) ;;
cli) export RQ_SUITE_CLI=1 ;;
reuse) export RQ_SUITE_REUSE=1 ;;
cq) ;;
*) say "WORKERS=$WORKERS: cq, reuse, cli or rq"; exit 2 ;;
esac
[ "$WORKERS" = rq ] || { PATH=$folder/bin:$PATH; set -- "$@" -p cq_workers; }
if [ "$WORKERS" = cli ]; then set -- "$@" tests/test_cli.py; else set -- "$@" tests; fi
[ -z "$test" ] || set -- "$@" -k "$test"
PYTHONPATH=$here
export PATH PYTHONPATH
for unshare in 'unshare --net' 'unshare --map-root-user --net' ''; do
    # shellcheck disable=SC2086 # its words
    [ -z "$unshare" ] || $unshare ip link set lo up 2> /dev/null || continue
    status=0
    # shellcheck disable=SC2086
    $unshare "$folder/supervise" "$LIMIT_S" "$here/with_redis.sh" "$folder" "$venv/bin/python" -m pytest \
        "$@" \
        < /dev/null > "$folder/$WORKERS.log" 2>&1 || status=$?
    break
done
grep '^supervise:' "$folder/$WORKERS.log" || :
[ -f "$folder/results.json" ] || { tail -n 30 "$folder/$WORKERS.log" >&2; say \
    "no results (status $status)"; exit 1; }
python3 "$here/ledger.py" "$WORKERS" "$folder/results.json" "$here/expected.txt" ${test:+--partial}
