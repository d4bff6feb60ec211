# One script with its parts, as Redis gets it: without comments and indentation. Called by embed.sh.
#   parts       the folder of the parts
#   keys, args  the names of the script's keys and arguments, with spaces between
#   known_to    a file to write the names to that the script may take from outside
#
# A part says in its first lines which names it needs and which it gives. Those that it sets are in `sets`:
#
#   -- needs: now_iso, push_job
#   -- sets: limit_key
#   -- gives: release_one, release_some
#
# A list continues in lines that are indented. What a part needs must have been given before it: by the
# script, or by a part that comes earlier. So an order of includes that does not work is refused.

function fail(why) { print "embed.sh: " FILENAME ": " why > "/dev/stderr"; failed = 1; exit 1 }

function emit(line,    rest) {
    sub(/^[ \t]+/, "", line)
    if (line ~ /^--/ || line == "") return
    for (rest = line; match(rest, /rare\.[a-z_]+/); rest = substr(rest, RSTART + RLENGTH))
        called[substr(rest, RSTART + 5, RLENGTH - 5)] = 1
    gsub(/after_keys/, after_keys, line)
    gsub(/after_args/, after_args, line)
    print line
}

# The names that a line of Lua's outermost level declares, into tops.
function declare(line, tops,    names, i, count) {
    if (line ~ /^local function /) {
        split(line, names, /[ (]/)
        tops[names[3]] = 1
        if (rarely) functions[++defined] = names[3]
    } else if (line ~ /^local /) {
        sub(/^local /, "", line)
        sub(/ *(=|--).*/, "", line)
        count = split(line, names, /, */)
        for (i = 1; i <= count; i++) tops[names[i]] = 1
    }
}

function need(part, name) {
    if (!(name in known) && !(name in known_rarely))
        fail(part " needs " name ", which nothing that comes before it gives")
}

# A list of names in a comment: needs, sets or gives. Returns which one the next line may go on with.
function list(part, line, kind, gives,    names, i, count) {
    if (match(line, /^-- (needs|sets|gives):/)) {
        kind = substr(line, 4, RLENGTH - 4)
        sub(/^-- [a-z]+: */, "", line)
    } else if (kind != "" && line ~ /^--     /) {
        sub(/^-- */, "", line)
    } else {
        return ""
    }
    count = split(line, names, /, */)
    for (i = 1; i <= count; i++)
        if (names[i] != "") {
            if (kind == "gives") gives[names[i]] = 1
            else need(part, names[i])
        }
    return kind
}

# A part may include others; each comes once.
function include(part,    file, line, n, words, tops, gives, kind, name) {
    if (part in seen) return
    seen[part] = 1
    file = parts part
    # Its own parts first: they give what it needs.
    while ((getline line < file) > 0)
        if (line ~ /^-- include /) { split(line, words, " "); include(words[3]) }
    close(file)
    while ((getline line < file) > 0) {
        n++
        kind = list(part, line, kind, gives)
        declare(line, tops)
        emit(line)
    }
    if (!n) fail("no such part: " file)
    close(file)
    for (name in gives) {
        if (!(name in tops)) fail(part " does not give " name)
        if (rarely) known_rarely[name] = 1
        else known[name] = 1
    }
}

function include_rarely(    i) {
    rarely = 1
    emit("local rare = setmetatable({}, {__index = function(rare, name)")
    for (i = 4; i <= NF; i++) include($i)
    for (i = 1; i <= defined; i++) emit("rare." functions[i] " = " functions[i])
    emit("return rawget(rare, name)")
    emit("end})")
    rarely = 0
    for (i in known_rarely) delete known_rarely[i]
    known["rare"] = 1
}

BEGIN {
    after_keys = split(keys, names, " ") + 1
    for (i in names) known[names[i]] = 1
    after_args = split(args, names, " ") + 1
    for (i in names) known[names[i]] = 1
}
/^-- include rarely / { include_rarely(); next }
/^-- include / { include($3); next }
{ declare($0, known); emit($0) }
END {
    if (failed) exit 1
    for (i = 1; i <= defined; i++) rare[functions[i]] = 1
    for (name in called) if (!(name in rare)) fail("no part that is included rarely has rare." name)
    for (name in known) print name > known_to
}
