#!/bin/sh
# Turn the Lua files that lie beside the C of each transition into C: scripts.h (one enum value a script, its
# numbers of keys and arguments) and scripts.c (the text and its SHA-1, as EVALSHA wants it). Called by the
# Makefile: embed.sh OUTPUT_FOLDER SCRIPT.lua ...; `embed.sh --flatten SCRIPT.lua` prints what Redis gets.
#
# In a script and its parts
#
#   -- include NAME.lua
#       is replaced by scripts/parts/NAME.lua, the first time that it is met.
#   -- include rarely NAME.lua ...
#       makes a table, rare, of the functions of these parts. The first call of one, as rare.push_job(...),
#       defines all of them.
#   local a, b = unpack(KEYS)
#       gives the script's keys their names, and the same with ARGV its arguments. C gets lists of them:
#       job/script_call.h puts each by its name.
#   after_keys, after_args
#       are the indices of the first key and the first argument behind the named ones.
#
# scripts/flatten.awk tells what a part says of the names that it needs and gives.
#
# Why rarely: Redis runs a script from its first line in every call, and so defines every function that it
# has. One costs 0.1 us. The functions that finish.lua needs for few jobs only (limits, pauses, dependents,
# failures) once were a third of all that it cost Redis.
#
# scripts/keys.awk writes out calls of the functions of parts/keys.lua. As functions they made finish.lua 7 %
# slower. The first line of a script that builds a key is the prefix.
set -eu
out=$1
shift
folder=$(dirname "$0")

named() { # $1 file, $2 KEYS or ARGV: the names that the first `local a, b = unpack(...)` of it gives
    awk -v what="unpack($2)" '
        { text = text " " $0
          if ($0 ~ /^local /) text = $0
          if (!index($0, what)) next
          sub(/=.*/, "", text)
          sub(/^local/, "", text)
          gsub(/[ ,]+/, " ", text)
          print text
          exit }' "$1"
}

flatten() { # $1 file, $2 file for the names that its parts give
    awk -v parts="$folder/parts/" -v keys="$(named "$1" KEYS)" -v args="$(named "$1" ARGV)" -v known_to="$2" \
        -f "$folder/flatten.awk" "$1"
}

# --- Names that nothing declares. Lua's own compiler finds them. Building cq does not need it: where it is
# missing, this is left to `make check`.

luac=$(command -v luac5.1 || true)
of_redis='redis cjson KEYS ARGV after_keys after_args prefix
    string math table unpack ipairs pairs tonumber tostring type pcall error select setmetatable rawget'

free_names() { # $1 READ or SET, $2 file: the names that it takes from outside, one a line
    case $1 in READ) operation=GETGLOBAL ;; *) operation=SETGLOBAL ;; esac
    "$luac" -l -p "$2" | awk -v operation=$operation -v builtin="$of_redis" '
        BEGIN { split(builtin, names, /[ \n]+/); for (i in names) skip[names[i]] = 1 }
        $3 == operation && !($NF in skip) && $NF !~ /^key_/ { print $NF }' | sort -u
}

listed() { # $1 needs or sets, $2 part: what its first lines say
    awk -v kind="$1" '
        /^-- [a-z]+:/ { on = $2 == kind ":"; sub(/^-- [a-z]+: */, "--      ") }
        !/^--     / { on = 0 }
        on { gsub(/[-,]/, " "); for (i = 1; i <= NF; i++) print $i }' "$2" | sort -u
}

complain() { # file, what is wrong with names, the names
    [ -n "$3" ] || return 0
    echo "embed.sh: $1: $2: $(echo "$3" | tr '\n' ' ')" >&2
    exit 1
}

check_part() { # a part takes from outside what it says, and nothing else
    { free_names READ "$1"; free_names SET "$1"; } | sort -u > "$out/names.used"
    listed needs "$1" > "$out/names.said"
    complain "$1" 'needs these names and does not say so' "$(comm -23 "$out/names.used" "$out/names.said")"
    complain "$1" 'says that it needs these names and does not' \
        "$(comm -13 "$out/names.used" "$out/names.said")"
    free_names SET "$1" > "$out/names.used"
    listed sets "$1" > "$out/names.said"
    complain "$1" 'sets these names and does not say so' "$(comm -23 "$out/names.used" "$out/names.said")"
}

check_script() { # $1 file, $2 the names that its parts give, $3 the whole text
    complain "$1" 'nothing declares these names' "$(free_names READ "$3"; free_names SET "$3")"
    sort -u "$2" > "$out/names.said"
    { free_names READ "$1"; free_names SET "$1"; } | sort -u > "$out/names.used"
    complain "$1" 'no part gives these names' "$(comm -23 "$out/names.used" "$out/names.said")"
}

with_keys() { # $1 file, for messages; standard input: its text
    awk -v script="$1" -f "$folder/keys.awk" "$folder/parts/keys.lua" -
}

list_of() { # $1 macro, $2 PUT's prefix of locals, then the names: how many there are, and one PUT for each
    macro=$1 prefix=$2
    shift 2
    printf '#define %s(PUT, command)' "$macro"
    for one in "$@"; do printf ' PUT(command, %s%s)' "$prefix" "$one"; done
    printf '\n'
}

if [ "$out" = --flatten ]; then
    flatten "$1" /dev/null | with_keys "$1"
    exit
fi

header=$out/scripts.h.tmp
source=$out/scripts.c.tmp
{
    echo '/* Made by scripts/embed.sh; do not edit. */'
    echo '#ifndef CQ_SCRIPTS_H'
    echo '#define CQ_SCRIPTS_H'
    echo 'struct cq_script_text { const char *name; const char *sha; const char *lua; unsigned long len; };'
    echo 'enum cq_script {'
} > "$header"
{
    echo '/* Made by scripts/embed.sh; do not edit. */'
    echo '#include "scripts/scripts.h"'
    echo 'const struct cq_script_text cq_scripts[CQ_SCRIPT_COUNT + 1] = {'
} > "$source"
if [ -n "$luac" ]; then
    for part in "$folder"/parts/*.lua; do
        [ "$part" = "$folder/parts/keys.lua" ] || check_part "$part"
    done
fi
counts=''
for file in "$@"; do
    name=$(basename "$file" .lua)
    upper=$(printf %s "$name" | tr 'a-z-' 'A-Z_')
    echo "    CQ_SCRIPT_$upper," >> "$header"
    # shellcheck disable=SC2046 # words
    counts="$counts
enum { CQ_${upper}_NKEYS = $(named "$file" KEYS | wc -w) };
$(list_of "CQ_${upper}_KEYS" key_ $(named "$file" KEYS))
$(list_of "CQ_${upper}_ARGS" arg_ $(named "$file" ARGV))"
    flatten "$file" "$out/$name.known" > "$out/$name.plain"
    with_keys "$file" < "$out/$name.plain" > "$out/$name.flat"
    [ -z "$luac" ] || check_script "$file" "$out/$name.known" "$out/$name.flat"
    sha=$(sha1sum < "$out/$name.flat" | cut -d' ' -f1)
    len=$(wc -c < "$out/$name.flat")
    {
        echo "    [CQ_SCRIPT_$upper] = {\"$name\", \"$sha\","
        sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/        "/' -e 's/$/\\n"/' "$out/$name.flat"
        echo "        , $len},"
    } >> "$source"
    rm -f "$out/$name.plain" "$out/$name.flat" "$out/$name.known" "$out/names.used" "$out/names.said"
done
{
    echo '    CQ_SCRIPT_COUNT,'
    echo '    CQ_SCRIPT_NONE = CQ_SCRIPT_COUNT'
    echo '};'
    echo "$counts"
    echo 'extern const struct cq_script_text cq_scripts[CQ_SCRIPT_COUNT + 1];'
    echo '#endif'
} >> "$header"
echo '};' >> "$source"
# Keep the old header's date when nothing changed in it, so that a changed script recompiles one file only.
cmp -s "$header" "$out/scripts.h" && rm -f "$header" || mv "$header" "$out/scripts.h"
mv "$source" "$out/scripts.c"
