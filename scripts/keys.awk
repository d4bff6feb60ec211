# Write out the calls of key functions in a flattened script: key_job(id) becomes (prefix .. 'job:' .. id).
# First keys.lua is read, then the script. If it builds a key, the prefix becomes its first line. Called by
# embed.sh, with -v script=FILE for messages. A call is on one line.
function fail(why) { print "embed.sh: " script ": " why > "/dev/stderr"; failed = 1; exit 1 }
# The arguments of a call, from behind its parenthesis; returns how much of the text they take.
function arguments(text, list,    at, from, depth, quoted, c) {
    list[0] = 0
    from = 1
    for (at = 1; at <= length(text); at++) {
        c = substr(text, at, 1)
        if (quoted) { if (c == quote) quoted = 0 }
        else if (c == quote) quoted = 1
        else if (c ~ /[({[]/) depth++
        else if (depth == 0 && c ~ /[,)]/) {
            if (at > from) list[++list[0]] = substr(text, from, at - from)
            if (c == ")") return at
            from = at + 2
        }
        else if (c ~ /[])}]/) depth--
    }
    fail("a key that does not end on its line: " text)
}
function is_plain(text) {
    return text ~ /^[A-Za-z_][A-Za-z0-9_.]*$/ || text ~ "^" quote "[^" quote "]*" quote "$"
}
function key(name, list,    i, k, count, pieces, names, text) {
    if (!(name in bodies)) fail("no such key: " name)
    if (split(params[name], names, ", ") != list[0]) fail("other arguments than in keys.lua: " name)
    count = split(bodies[name], pieces, / \.\. /)
    for (i = 1; i <= count; i++) {
        for (k = 1; k <= list[0]; k++)
            if (pieces[i] == names[k]) {
                pieces[i] = is_plain(list[k]) ? list[k] : "(" expand(list[k]) ")"
                break
            }
        text = i == 1 ? pieces[i] : text " .. " pieces[i]
    }
    gsub(quote " \\.\\. " quote, "", text) # texts that meet
    return "(" text ")"
}
function expand(text,    done, name, list, taken) {
    while (match(text, /(^|[^A-Za-z0-9_.])key_[a-z_]+\(/)) {
        used = 1
        done = done substr(text, 1, RSTART - 1)
        name = substr(text, RSTART, RLENGTH - 1)
        text = substr(text, RSTART + RLENGTH)
        if (name !~ /^key_/) { done = done substr(name, 1, 1); name = substr(name, 2) }
        taken = arguments(text, list)
        done = done key(name, list)
        text = substr(text, taken + 1)
    }
    return done text
}
BEGIN { quote = "'" }
NR == FNR && /^local prefix = / { prefix = $0 }
NR == FNR && /^local function key_/ {
    split($0, words, /local function |\(|\) return | end$/)
    params[words[2]] = words[3]
    bodies[words[2]] = words[4]
}
NR != FNR { lines[++count] = expand($0) }
END {
    if (failed) exit 1
    if (used) print prefix
    for (i = 1; i <= count; i++) print lines[i]
}
