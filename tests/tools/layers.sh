#!/bin/sh
# Prove the layering: a file includes its own folder and folders to the left only; only redis/ includes hiredis;
# every header compiles alone. usage: layers.sh base serializers ... (lowest first)
set -eu
bad=0
allowed=
for layer in "$@"; do
    allowed="$allowed $layer"
    [ "$layer" = serializers ] && allowed="$allowed scripts"
    for file in "$layer"/*.[ch]; do
        [ -e "$file" ] || continue
        for folder in $(sed -n 's|^#include "\([a-z]*\)/.*|\1|p' "$file" | sort -u); do
            case " $allowed " in
            *" $folder "*) ;;
            *) echo "layers: $file includes $folder/, which is above $layer/"; bad=1 ;;
            esac
        done
        if [ "$layer" != redis ] && grep -q '^#include <hiredis' "$file"; then
            echo "layers: $file includes hiredis; only redis/ may"; bad=1
        fi
    done
done
for header in */*.h; do
    case $header in tests/*|build/*) continue ;; esac
    printf '#include "%s"\n' "$header" | ${CC:-cc} -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -I. -Ibuild/gen -fsyntax-only -x c - ||
        { echo "layers: $header does not compile alone"; bad=1; }
done
exit $bad
