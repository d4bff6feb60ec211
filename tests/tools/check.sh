#!/bin/bash
# All that CI runs: what is missing is installed, all is built, each suite runs under a supervisor that ends
# it after a limit and fails it when it leaves a process behind. usage: check.sh [quick|sanitize]
#   quick     for work in progress: unit tests of the folders without processes, some of the command line's
#   and
#             of those with RQ, lint
#   sanitize  only the unit and CLI tests under AddressSanitizer and UBSan
#
# Each step writes build/check/STEP.log; of a step that fails it is printed. The last line is `N passed, N
# failed`; the status is 0 only when something passed and nothing failed. JOBS (2) suites run at a time: all
# of them start a Redis of their own. Needs no terminal and no standard input.
set -u
cd "$(dirname "$0")/../.." || exit 1
only=${1:-}
out=build/check
PURE='base serializers job registry queue core lifecycle cron config'
jobs=${JOBS:-2}
passed=0 failed=0
declare -A step_of=() started=() # by process id: the step's name, when it began

# Called by make: its flags and the variables of one build are not for the makes below.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL SANITIZE TEST B JOBS
export SANITIZERS=address,undefined

# --- The steps: name, limit in seconds, command. The longest come first, so that the two lanes end together.
# A limit only ends what hangs, on a slow machine too; one test that hangs is ended and named before that.

steps() {
    if [ "$only" = quick ]; then
        cat << STEPS
interop           600  tests/tools/run_interop.sh build interop/enqueue
unit              600  env JOBS=1 tests/tools/run_programs.sh unit build $PURE
cli               600  env JOBS=1 tests/tools/run_programs.sh cli build enqueue info result requeue help
lint              600  tests/tools/lint.sh quick
STEPS
        return
    fi
    if [ "$only" = sanitize ]; then
        cat << 'STEPS'
unit-sanitized    2400  env JOBS=1 tests/tools/run_programs.sh unit build/san
cli-sanitized     2400  env JOBS=1 tests/tools/run_programs.sh cli build/san
STEPS
        return
    fi
    cat << 'STEPS'
interop           2400  tests/tools/run_interop.sh build interop
unit-sanitized    2400  env JOBS=1 tests/tools/run_programs.sh unit build/san
interop-reuse     2400  env WORKER=cq-reuse tests/tools/run_interop.sh build interop
python            2400  tests/tools/run_interop.sh build python
python-twins      2400  env WORKER=cq-python tests/tools/run_interop.sh build twins
python-reuse      2400  env WORKER=cq-reuse tests/tools/run_interop.sh build python
cli-sanitized     2400  env JOBS=1 tests/tools/run_programs.sh cli build/san
interop-sanitized 2400  tests/tools/run_interop.sh build/san interop/jobs
model             1200  tests/tools/run_model.sh build/san --steps 12000
soak              900   env CQ=build/cq build/venv/bin/python tests/worker/soak.py --seconds 20
valgrind          2400  tests/tools/run_valgrind.sh build
pytest            2400  tests/tools/run_python.sh build
unit              2400  env JOBS=1 tests/tools/run_programs.sh unit build
cli               2400  env JOBS=1 tests/tools/run_programs.sh cli build
fuzz              2400  env FUZZ_SECONDS=4 FUZZ_JOBS=1 tests/fuzz/run.sh
demo              600   examples/demo.sh build
install           600   tests/tools/run_install.sh build
embed             600   tests/tools/run_embed.sh build
layers            600   make --no-print-directory layers
lint              600   tests/tools/lint.sh
lint-rules        600   python3 tests/tools/test_lint.py
STEPS
}

skip() { # step: why it cannot run here; nothing when it can
    case $1 in
    fuzz)
        command -v clang > /dev/null || echo "clang is missing (make fuzz installs it)"
        ;;
    esac
}

# --- Running them.

begin() { # step, limit, command ...
    local name=$1 limit=$2
    shift 2
    "$out/supervise" "$limit" "$@" < /dev/null > "$out/$name.log" 2>&1 &
    step_of[$!]=$name
    started[$!]=$SECONDS
}

# Add what a step counted; a step without a count is one check by itself. What its count does not show (left
# processes, the limit, a crash of the runner) is one failure more.
count() { # step, status
    local line good=0 bad=0
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$out/$1.log" | tail -n 1)
    if [ -n "$line" ]; then
        read -r good _ bad _ <<< "$line"
    elif [ "$2" = 0 ]; then
        good=1
    fi
    [ "$2" = 0 ] || { [ "$bad" != 0 ] && [ "$2" != 124 ] && [ "$2" != 125 ]; } || bad=$((bad + 1))
    passed=$((passed + good)) failed=$((failed + bad))
    if [ "$bad" = 0 ]; then
        echo "$good passed"
    else
        echo "$good passed, $bad FAILED"
    fi
}

finish() { # process id, status
    local name=${step_of[$1]} summary
    local took=$((SECONDS - started[$1]))
    unset "step_of[$1]" "started[$1]"
    count "$name" "$2" > "$out/summary"
    read -r summary < "$out/summary"
    printf '%-18s %s (%d s)\n' "$name" "$summary" "$took"
    if [[ $summary == *FAILED* ]]; then
        grep -v -E '^  [^ ]+ +[0-9]+ passed$|^[0-9]+ passed, [0-9]+ failed$' "$out/$name.log" | tail -n 80
    fi
}

wait_for_one() {
    local pid status=0
    wait -n -p pid "${!step_of[@]}" || status=$?
    finish "$pid" "$status"
}

run_steps() {
    local name limit command why done=0
    while read -r name limit command; do
        why=$(skip "$name")
        if [ -n "$why" ]; then
            printf '%-18s skipped: %s\n' "$name" "$why"
            done=$((done + 1))
            continue
        fi
        while [ "${#step_of[@]}" -ge "$jobs" ]; do wait_for_one; done
        # shellcheck disable=SC2086 # words
        begin "$name" "$limit" $command
        done=$((done + 1))
    done < <(steps)
    while [ "${#step_of[@]}" -gt 0 ]; do wait_for_one; done
    all_steps_ran=$((done == $(steps | wc -l)))
}

# --- Beginning and end.

end() {
    echo "$passed passed, $failed failed" | tee $out/total
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
    exit
}

# shellcheck disable=SC2317 # called by the trap
interrupted() {
    trap '' HUP INT TERM
    [ "${#step_of[@]}" = 0 ] || kill "${!step_of[@]}" 2> /dev/null
    wait
    failed=$((failed + 1))
    echo 'check: interrupted'
    end
}

must() { # step, command ...: without it nothing else can run
    local name=$1 begun=$SECONDS
    shift
    if "$@" < /dev/null > "$out/$name.log" 2>&1; then
        passed=$((passed + 1))
        printf '%-18s 1 passed (%d s)\n' "$name" $((SECONDS - begun))
    else
        failed=$((failed + 1))
        printf '%-18s FAILED: %s (%s/%s.log)\n' "$name" "$*" "$out" "$name"
        grep -E -A 3 'error:|warning:|undefined reference|\*\*\*' "$out/$name.log" | head -n 60
        tail -n 5 "$out/$name.log"
        end
    fi
}

case $only in
quick) echo 'This takes some two minutes.' ;;
sanitize) echo 'This takes some ten minutes.' ;;
*) echo 'This takes some 13 minutes on two idle cores.' ;;
esac
trap interrupted HUP INT TERM
mkdir -p $out
rm -f $out/*.log $out/total
must deps tests/tools/deps.sh check
must supervisor cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -o $out/supervise tests/tools/supervise.c
case $only in
quick)
    must build make binary modules
    must build-tests make unit-binaries TEST="$PURE"
    ;;
sanitize) must build-sanitized make SANITIZE=$SANITIZERS all-binaries ;;
*)
    must build make all-binaries
    must build-sanitized make SANITIZE=$SANITIZERS all-binaries
    ;;
esac
all_steps_ran=0 # whatever happens to this script, an unfinished run is no success
run_steps
[ "$all_steps_ran" = 1 ] || failed=$((failed + 1))
end
