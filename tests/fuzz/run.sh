#!/bin/sh
# Build and run every fuzz target with clang's libFuzzer, AddressSanitizer and UBSan. usage: run.sh [NAME ...]
#   FUZZ_SECONDS (60)  for each target       FUZZ_JOBS (2)  targets at a time
# tests/fuzz/corpus/NAME is where a target starts from and stays as it is; what it finds on its way is kept in
# build/fuzz/corpus/NAME, an input that breaks it in build/fuzz/findings. The last line is `N passed, N
# failed`.
set -eu
cd "$(dirname "$0")/../.."
out=build/fuzz
seconds=${FUZZ_SECONDS:-60}

if [ "${1:-}" = --one ]; then # called by xargs below: writes its log, with `status N` as the last line
    name=$2
    log=$out/logs/$name.log
    mkdir -p "$out/corpus/$name" "$out/findings"
    set -- "$out/corpus/$name"
    [ ! -d "tests/fuzz/corpus/$name" ] || set -- "$@" "tests/fuzz/corpus/$name"
    status=0
    # A limit of 25 s for one input and of 2 GB for all: what takes more is a finding too.
    timeout -k 10 $((seconds + 120)) "$out/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=25 \
        -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$out/findings/$name-" "$@" < /dev/null > "$log" 2>&1 \
            || status=$?
    echo "status $status" >> "$log"
    exit 0
fi

# The same sources and rules as always, in a folder of their own. -Werror is gcc's business: clang has other
# opinions.
unset MAKEFLAGS MFLAGS MAKELEVEL
mkdir -p $out/logs
rm -f $out/logs/*.log
if ! make --no-print-directory -j2 B=$out CC=clang SANITIZE=fuzzer-no-link,address,undefined \
    OPT='-O1 -g -Wno-error' \
    fuzz-binaries < /dev/null > $out/build.log 2>&1; then
    grep -E -A 3 'error' $out/build.log || tail -n 20 $out/build.log
    echo '0 passed, 1 failed'
    exit 1
fi

names=$*
[ -n "$names" ] || names=$(find tests/fuzz -name 'fuzz_*.c' | sed 's|.*/fuzz_\(.*\)\.c$|\1|' | sort)
# shellcheck disable=SC2086 # words
printf '%s\n' $names | FUZZ_SECONDS=$seconds xargs -P "${FUZZ_JOBS:-2}" -n 1 "$PWD/tests/fuzz/run.sh" --one

passed=0 failed=0
for name in $names; do
    log=$out/logs/$name.log
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if [ "$(tail -n 1 "$log")" = 'status 0' ] && [ "${runs:-0}" -gt 0 ]; then
        passed=$((passed + 1))
        printf '  %-12s %s runs, no finding\n' "$name" "$runs"
        continue
    fi
    failed=$((failed + 1))
    printf '  %-12s FAILED (%s)\n' "$name" "$log"
    grep -E 'ERROR:|runtime error:|SUMMARY:|Test unit written' "$log" | head -n 8 | sed 's/^/      /' || :
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
