# Running pytest and counting what it says, for scripts that source this file.
# shellcheck shell=sh disable=SC2034 # the variables are for those who source this

TEST_LIMIT=$((10 * ${CQ_TEST_PATIENCE:-60})) # after which a test that hangs says where

# Which program is tested, for every test. Called with the build folder.
export_cq() {
    case $1 in
    /*) CQ=$1/cq ;;
    *) CQ=$PWD/$1/cq ;;
    esac
    PYTHONDONTWRITEBYTECODE=1
    export CQ PYTHONDONTWRITEBYTECODE
    mkdir -p "$1/logs"
}

# Run pytest for at most LIMIT (1800) seconds; a program that is broken makes tests wait until they give up,
# and pytest still says then what failed. Prints the outcome, and sets passed and failed.
run_pytest() { # title, log, command that is pytest ...
    title=$1 log=$2
    shift 2
    status=0
    timeout -s INT -k 30 "${LIMIT:-1800}" "$@" -o "faulthandler_timeout=$TEST_LIMIT" < /dev/null > "$log" \
        2>&1 \
        || status=$?
    # `3 failed, 40 passed, 2 skipped, 1 error in 12.34s`
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
        printf '  %-28s %s passed, %s FAILED (%s)\n' "$title" "$passed" "$failed" "$log"
        [ "$passed" -gt 0 ] || tail -n 20 "$log"
    else
        printf '  %-28s %s\n' "$title" "$summary"
    fi
}
