# Waiting for an event, for harness.sh and for the commands that it runs on a terminal. The end of the
# patience, CQ_TEST_PATIENCE or 60 s, only stops a test that hangs.
# shellcheck shell=sh

until_succeeds() { # one shell command; fails when it never did
    patience_ends=$(($(date +%s) + ${CQ_TEST_PATIENCE:-60}))
    until eval "$1"; do
        [ "$(date +%s)" -lt "$patience_ends" ] || return 1
        sleep 0.02
    done
}
