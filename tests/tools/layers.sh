#!/bin/sh
# Prove the layering: a file includes its own folder and folders to the left only; only redis/ includes
# hiredis; only runtime/python/ includes Python.h; every header compiles alone; no header leads back to
# itself; the parts of worker/ are in order (tests/tools/lint/worker_parts).
# usage: layers.sh BUILD_FOLDER base serializers ... (lowest first)
set -eu
build=$1
shift
bad=0
allowed=
for layer in "$@"; do
    allowed="$allowed $layer"
    [ "$layer" = redis ] && allowed="$allowed scripts" # redis/command.h names the generated scripts
    for file in "$layer"/*.[ch] "$layer"/*/*.[ch]; do
        [ -e "$file" ] || continue
        # shellcheck disable=SC2013 # words without spaces
        for folder in $(sed -n 's|^#include "\([a-z]*\)/.*|\1|p' "$file" | sort -u); do
            case " $allowed " in
            *" $folder "*) ;;
            *) echo "layers: $file includes $folder/, which is above $layer/" >&2; bad=1 ;;
            esac
        done
        if [ "$layer" != redis ] && grep -q '^#include <hiredis' "$file"; then
            echo "layers: $file includes hiredis; only redis/ may" >&2; bad=1
        fi
        case $file in
        runtime/python/*) ;;
        *) if grep -q '^#include <Python' "$file"; then
            echo "layers: $file includes Python.h; only runtime/python/ may" >&2; bad=1
        fi ;;
        esac
    done
done
python=${PYTHON_CFLAGS:-$(pkg-config --cflags python3 | sed 's/-I/-isystem /g')}
for header in */*.h */*/*.h; do
    case $header in build/*) continue ;; esac
    # shellcheck disable=SC2086 # a list of words
    printf '#include "%s"\n' "$header" | ${CC:-cc} -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -I. \
        -I"$build/gen" $python -DPy_LIMITED_API=0x03090000 -fsyntax-only -x c - ||
        { echo "layers: $header does not compile alone" >&2; bad=1; }
done
found=$(python3 tests/tools/lint_code.py circles)
[ -z "$found" ] || { echo "$found" | sed 's/^/layers: /' >&2; bad=1; }
exit $bad
