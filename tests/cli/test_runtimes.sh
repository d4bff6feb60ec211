#!/bin/sh
# Runtimes of a worker as its user sees them: examples/runtime.py by an ini file, and interpreters that do not
# do.
# shellcheck source=tests/cli/harness.sh
. "$(dirname "$0")/harness.sh"
start_redis
cat > "$work/cq.ini" << END
[runtime.text]
command = python3 "$PWD/examples/runtime.py"
functions = text
END

it 'the example runtime runs jobs of its functions'
run enqueue --serializer json --job-id upper text.upper loud
run enqueue --serializer json --job-id count text.count 'a b a'
run worker --burst --config "$work/cq.ini"
expect_status 0
grep -q ': text 1 (.*python3) ready$' "$work/err" || wrong 'the log does not say that the runtime is ready'
run result upper
expect_stdout_has LOUD
run result count
expect_stdout_has "{'a': 2, 'b': 1}"

it 'the same with reused horses'
for i in 1 2 3 4 5; do run enqueue --serializer json --job-id "again-$i" text.upper "$i"; done
run worker --burst --reuse-horses --config "$work/cq.ini"
expect_status 0
expect_redis 7 zcard rq:finished:default

it 'what it raises is the failure of the job'
run enqueue --serializer json --job-id unknown text.unknown
run worker --burst --config "$work/cq.ini"
expect_status 0
run result unknown
expect_status 1
grep -q "KeyError: 'text.unknown'" "$work/out" "$work/err" || wrong 'the traceback is not shown'

it 'functions of nobody else are not given to it'
run enqueue --serializer json --job-id textile textile.weave
run worker --burst --python none --config "$work/cq.ini"
run result textile
grep -q 'cq.FunctionNotFound' "$work/out" "$work/err" || wrong 'it was not looked for by the native runtime'

it 'a runtime that is missing fails its jobs and says so'
sed 's/python3/python-of-nowhere/' "$work/cq.ini" > "$work/missing.ini"
run enqueue --serializer json --job-id missing text.upper x
run worker --burst --config "$work/missing.ini"
expect_status 0
run result missing
grep -q 'cq.RuntimeUnavailable: .*\[runtime.text\] command: there is no python-of-nowhere on PATH' \
    "$work/out" "$work/err" ||
    wrong 'the failure does not name it'

it 'a module that cannot be preloaded ends the worker with one clear line'
run worker --burst --preload no_such_module_of_mine
expect_status 3
tail -n 1 "$work/err" | grep \
    -q "^cq worker: the python runtime (.*) does not start: .*no_such_module_of_mine" \
    || wrong 'the last line does not say so'

it 'what is no interpreter ends the worker, and a pool, with one line that names --python'
for command in worker worker-pool; do
    run "$command" --burst --python /bin/cat
    expect_status 3
    [ "$(cat "$work/err")" \
        = "cq $command: --python: /bin/cat is not a Python interpreter: it does not answer as one" ] ||
        wrong 'it is not the one line'
done
