#!/bin/sh
# cq and `rq worker` on a no-op job, on one private Redis in one run: rates, CPU, Redis traffic, latency, memory, and
# the ratios. usage: run.sh
#   CQ            path of cq (build/cq)
#   BENCH_JOBS    jobs that cq executes in each round (20000); RQ, being slower, gets its fair part of them
#   BENCH_ROUNDS  rounds, each row once in every round (5); the table shows medians
#   BENCH_ROWS    which rows (cq rq cq-reuse rq-simple); also: cq-4 cq-reuse-4, with four slots
set -eu
cd "$(dirname "$0")/../.."
CQ=${CQ:-build/cq}
python=build/venv/bin/python
[ -x "$CQ" ] || { echo "bench: $CQ is missing: make build" >&2; exit 1; }
[ -x "$python" ] || { echo "bench: $python with RQ 2.12.0 is missing: make deps" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cc -std=c11 -O2 -shared -fPIC -Iruntime -o "$folder/bench.so" tests/bench/bench.c
CQ=$(realpath "$CQ")
export CQ PYTHONDONTWRITEBYTECODE=1
"$python" tests/bench/compare.py "$folder"
