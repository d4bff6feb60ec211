#!/bin/sh
# What must not build: a script whose names C or another Lua file do not have. Each case breaks a copy of the
# sources and expects the build to refuse it, for the reason that it names. usage: run_embed.sh BUILD_FOLDER
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
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -I"$root" -I"$build/gen" -fsyntax-only "$1" \
        > "$copy/said" 2>&1
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

empty=lifecycle/manage/empty.c
if compile "$root/$empty"; then ok; else not_ok 'a builder that names all compiles'; fi
refuses 'an argument is missing' "$empty" '/arg_limit = /d' arg_limit
refuses 'an argument is misspelt' "$empty" 's/arg_limit = /arg_limits = /' arg_limit
refuses 'an argument is set twice' "$empty" 's/.*arg_limit = .*/&&/' arg_limit
refuses 'the script has no such argument' "$empty" 's/.*arg_limit = .*/& int arg_most = 1;/' arg_most
refuses 'a key is missing' "$empty" '/key_list = /d' key_list
refuses 'a key is misspelt' "$empty" 's/key_list = /key_lists = /' key_list
refuses 'a key is an argument' "$empty" 's/key_list = /arg_list = /' key_list

# --- Lua: what a part needs and gives is said and true, and nothing reads a name that nothing declares.

cancel=lifecycle/manage/cancel.lua finish=lifecycle/finish.lua

embed() { # of the copy
    rm -rf "$copy/gen" && mkdir "$copy/gen" && "$copy/scripts/embed.sh" "$copy/gen" "$@" > "$copy/said" 2>&1
}

fresh() {
    rm -rf "$copy/scripts" "$copy/lifecycle"
    cp -r "$root/scripts" "$root/lifecycle" "$copy"
}

embed_refuses() { # what is wrong, file, a sed script that makes it so, a word of what embed.sh says
    fresh
    sed -i -e "$3" "$copy/$2"
    if cmp -s "$root/$2" "$copy/$2"; then
        echo "nothing was changed by: $3" > "$copy/said"
        not_ok "$1"
    elif embed "$copy/$cancel" "$copy/$finish" || ! grep -q "$4" "$copy/said"; then
        not_ok "$1"
    else
        ok
    fi
}

fresh
if embed "$copy/$cancel" "$copy/$finish"; then ok; else not_ok 'all is as it is said'; fi
embed_refuses 'no such part' $cancel 's/include leave.lua/include leaves.lua/' 'no such part'
embed_refuses 'an include is missing' $cancel '/include seconds.lua/d' 'needs seconds_of'
embed_refuses 'includes in an order that does not work' $cancel \
    '/include seconds.lua/d; s/.*include cancel.lua/&\n-- include seconds.lua/' 'needs seconds_of'
embed_refuses 'an argument that a part needs is misspelt' $cancel \
    '/unpack(ARGV)/s/now_s/now_sec/' 'needs now_s'
embed_refuses 'a part gives what it does not have' scripts/parts/cancel.lua \
    's/gives: cancel_job/&, cancel_jobs/' 'does not give cancel_jobs'
embed_refuses 'a name of a rare part is misspelt' $finish 's/rare.fenced()/rare.fence()/' 'rare.fence'
if command -v luac5.1 > /dev/null; then
    embed_refuses 'a script reads a name that nothing declares' $cancel \
        "s/^cancel_job(id, queue/cancel_job(id, queues/" 'declares these names: queues'
    embed_refuses 'a script sets a name that nothing declares' $cancel \
        "s/^local queue = /queue = /" 'declares these names: queue'
    embed_refuses 'a script uses what a part keeps for itself' $finish \
        's/^local following = .*/&\ndead_limit = 1/' 'no part gives these names: dead_limit'
    embed_refuses 'a part reads a name and does not say so' scripts/parts/cancel.lua \
        's/, detach)/, detached)/' 'does not say so: detach'
    embed_refuses 'a part needs a name no longer' scripts/parts/cancel.lua 's/needs: /&epoch_of, /' \
        'needs these names and does not: epoch_of'
    embed_refuses 'a part sets a name and does not say so' scripts/parts/outcomes.lua '/^-- sets:/d' \
        'sets these names and does not say so: limit_key'
else
    echo 'embed: luac5.1 is missing (Debian: lua5.1); names that nothing declares were not looked for'
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
