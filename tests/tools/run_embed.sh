#!/bin/sh
# What must not build: a script whose names C or another Lua file do not have. Each case breaks a copy of the sources and
# expects the build to refuse it, for the reason that it names. usage: run_embed.sh BUILD_FOLDER
set -u
build=$(realpath "$1")
root=$(realpath "$(dirname "$0")/../..")
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
passed=0 failed=0

ok() { passed=$((passed + 1)); }
not_ok() {
    failed=$((failed + 1))
    echo "not ok: $1" >&2
    sed 's/^/    /' "$copy/said" >&2
}

# --- C: each key and each argument of a script is put by its name.

compile() { # file.c: as the Makefile does, without an object
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -I"$root" -I"$build/gen" -fsyntax-only "$1" > "$copy/said" 2>&1
}

refuses() { # what is wrong, file.c, a sed script that makes it so, a word of what the compiler says
    sed -e "$3" "$root/$2" > "$copy/builder.c"
    if cmp -s "$root/$2" "$copy/builder.c"; then
        echo "nothing was changed by: $3" > "$copy/said"
        not_ok "$1"
    elif compile "$copy/builder.c" || ! grep -q "$4" "$copy/said"; then
        not_ok "$1"
    else
        ok
    fi
}

if compile "$root/lifecycle/manage/empty.c"; then ok; else not_ok 'a builder that names all compiles'; fi
refuses 'an argument is missing' lifecycle/manage/empty.c '/arg_limit = /d' arg_limit
refuses 'an argument is misspelt' lifecycle/manage/empty.c 's/arg_limit = /arg_limits = /' arg_limit
refuses 'an argument is set twice' lifecycle/manage/empty.c 's/.*arg_limit = .*/&&/' arg_limit
refuses 'the script has no such argument' lifecycle/manage/empty.c 's/.*arg_limit = .*/& int arg_most = 1;/' arg_most
refuses 'a key is missing' lifecycle/manage/empty.c '/key_list = /d' key_list
refuses 'a key is misspelt' lifecycle/manage/empty.c 's/key_list = /key_lists = /' key_list
refuses 'a key is an argument' lifecycle/manage/empty.c 's/key_list = /arg_list = /' key_list

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
