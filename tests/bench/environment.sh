#!/bin/sh
# The Python side of the benchmark: RQ, Celery and the packages of the heavy applications, in
# build/venv-bench. Instant and silent when it is there. usage: environment.sh
set -eu
cd "$(dirname "$0")/../.."
venv=build/venv-bench
packages='rq==2.12.0 celery[redis] pandas django'
stamp="$packages in $PWD" # a venv that was moved or copied has wrong paths in its scripts

mkdir -p build
exec 9> build/venv-bench.lock
flock 9
if [ "$(cat $venv/stamp 2> /dev/null)" = "$stamp" ] && [ -x $venv/bin/python ]; then
    exit 0
fi
echo "bench: making $venv" >&2
rm -rf $venv
python3 -m venv $venv >&2 || { echo "bench: python3 -m venv $venv failed; see above" >&2; exit 1; }
# shellcheck disable=SC2086 # a list of words
$venv/bin/python -m pip install --quiet --disable-pip-version-check $packages < /dev/null >&2 || {
    echo "bench: pip could not install $packages into $venv; see above. ROWS=native needs none of it" >&2
    exit 1
}
echo "$stamp" > $venv/stamp
