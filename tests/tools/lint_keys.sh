#!/bin/sh
# Print each place of the product that says a Redis key itself: a string that begins with `rq:` or `cq:`, or,
# in Lua, adds a piece `:name` to something. C builds keys in job/keys.c, Lua in parts/keys.lua, whose
# functions scripts/embed.sh knows. Prints nothing when there is none.
# usage: lint_keys.sh [FOLDER]
set -eu
cd "${1:-$(dirname "$0")/../..}"

product() { # name pattern
    find . \( -path ./build -o -path ./tests -o -path ./.git -o -path ./docs \) -prune -o -type f -name "$1" \
        -print |
        sed 's|^\./||' | sort
}

# `cq: ` with a space begins messages and titles. /dev/null: so that grep says the file's name, and never
# waits.
c_files=$(product '*.[ch]' | grep -v '^job/keys\.c$' || true)
python_files=$(product '*.py')
# shellcheck disable=SC2086 # names without spaces
{
    grep -nE '"(rq|cq):([^ "]|")' $c_files /dev/null || true
    grep -nE "[\"'](rq|cq):([^ ]|$)" $python_files /dev/null || true
} | sed 's/$/ (a key of its own: take a function of job\/keys.h)/'

# In code, not in comments.
product '*.lua' | while read -r file; do
    case $file in
    */keys.lua) continue ;;
    esac
    sed 's/^ *--.*//; s/ -- .*//' "$file" |
        grep -nE "'(rq|cq):|\.\. *':[a-z_]+" |
        sed "s|^|$file:|; s|\$| (a key of its own: take a function of parts/keys.lua)|"
done
