#!/bin/sh
# cq beside RQ's workers and Celery, on one private Redis in one run: rates, CPU, Redis traffic, latency,
# memory, and the ratios. usage: run.sh
#   CQ            path of cq (build/cq)
#   ROWS          rows and groups of rows, see rows.py ("default"): native, python, horse, reuse, eight,
#   django, plain, all
#                 scheduler: 100,000 jobs that are due in one second (scheduler.py)
#                 graph: chains and fans of jobs that wait for each other (graph.py)
#                 manage: a million failed jobs requeued, canceled, deleted (manage.py)
#   BENCH_ROUNDS  rounds, each row once in every round (3); the table shows medians
#   BENCH_MINUTES no round is begun that would end after so many (8); the first one is run in any case
set -eu
cd "$(dirname "$0")/../.."
CQ=${CQ:-build/cq}
ROWS=${ROWS:-default}
[ -x "$CQ" ] || { echo "bench: $CQ is missing: make build" >&2; exit 1; }
tests/bench/environment.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/native" "$folder/jobs"
cc -std=c11 -D_GNU_SOURCE -O2 -shared -fPIC -Iruntime -o "$folder/native/bench.so" tests/bench/jobs/bench.c
# there Python may keep what it has compiled, as it does for an application
cp tests/bench/jobs/*.py "$folder/jobs"
CQ=$(realpath "$CQ")
export CQ
case $ROWS in
scheduler)
    build/venv-bench/bin/python -B tests/bench/scheduler.py "$folder"
    exit
    ;;
graph)
    build/venv-bench/bin/python -B tests/bench/graph.py "$folder"
    exit
    ;;
manage)
    build/venv-bench/bin/python -B tests/bench/manage.py "$folder"
    exit
    ;;
esac
# shellcheck disable=SC2086 # a list of words
build/venv-bench/bin/python -B tests/bench/compare.py "$folder" $ROWS
