#!/bin/sh
# The model-based test (tests/model/), with what a build folder has. usage: run_model.sh BUILD [OPTION ...]
# An episode that fails is shrunk, printed and named, so that --episode N runs it again. Ends with `N passed,
# N failed`.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=$1
shift
exec env CQ="$build/cq" build/venv/bin/python tests/model/model.py --driver "$build/model/driver" "$@"
