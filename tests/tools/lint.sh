#!/bin/sh
# What our sources must keep: sizes, layout, and what the linters of each language say. usage: lint.sh [quick]
# Ends with `N passed, N failed`, one per rule. `quick` looks at the C files that changed since the last
# commit only. A function's lines are counted from its `{` to its `}`, both in the first column. deps.sh lint
# has installed the tools; clang-format and ruff are those of build/venv-lint, since each version formats
# anew.
set -u
tools=$(cd "$(dirname "$0")" && pwd)
cd "${CQ_LINT_ROOT:-$tools/../..}" || exit 1
root=$PWD
bin=$(cd "$tools/../.." && pwd)/build/venv-lint/bin
only=${1:-}
FUNCTION_MAX=60
FILE_MAX=400
PYTHON_MAX=500 # ruff puts each argument on a line of its own
HEADER_MAX=150
FOLDER_MAX=14
passed=0 failed=0

sources() { # name pattern: our files, none of build/
    find . -path ./build -prune -o -path ./.git -prune -o -type f -name "$1" -print | sed 's|^\./||' | sort
}

rule() { # name, command that prints its findings, one a line
    name=$1
    shift
    findings=$("$@" 2>&1) || findings=${findings:-it ended with $?}
    if [ -z "$findings" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$findings" | sed "s/^/lint: $name: /"
    fi
}

long_functions() {
    # shellcheck disable=SC2016 # awk's own $
    sources '*.c' | xargs awk -v max=$FUNCTION_MAX '
        /^{/ { start = FNR; name = previous }
        /^}/ { if (start && FNR - start + 1 > max)
                   print FILENAME ":" start ": " FNR - start + 1 " lines, at most " max ": " name
               start = 0 }
        { previous = $0 }'
}

# From its `def` to the last line that is indented deeper, blank lines and comments at the end left out.
long_python_functions() {
    # shellcheck disable=SC2016 # awk's own $
    sources '*.py' | xargs awk -v max=$FUNCTION_MAX '
        function report(from) { # the functions that end before a line of this indentation
            for (; open > 0 && indent[open] >= from; open--)
                if (last - start[open] + 1 > max)
                    print file ":" start[open] ": " last - start[open] + 1 " lines: " name[open]
        }
        FNR == 1 { report(0); last = 0; file = FILENAME }
        /^[ \t]*(#|$)/ { next }
        { match($0, /^ */); depth = RLENGTH }
        /^ *(async +)?def / { report(depth); open++; indent[open] = depth; start[open] = FNR; name[open] = $0
                              last = FNR; next }
        depth == 0 && !/^[)\]}]/ { report(0) }
        { if (open && depth <= indent[open] && !/^ *[)\]}"'"'"']/) report(depth); last = FNR }
        END { report(0) }'
}

long_files() { # name pattern, maximum
    sources "$1" | xargs awk -v max="$2" '
        FNR == 1 && file { report() }
        { file = FILENAME; lines = FNR }
        function report() { if (lines > max) print file ": " lines " lines, at most " max }
        END { report() }'
}

full_folders() {
    sources '*.c' | grep -v '^tests/' | awk -v max=$FOLDER_MAX '
        sub("/[^/]*$", "") { count[$0]++ }
        END { for (folder in count) if (count[folder] > max)
                  print folder "/: " count[folder] " C files, at most " max }'
}

shell_scripts() {
    { sources '*.sh'; echo .ci/run; } | xargs shellcheck --external-sources --severity=warning --format=gcc
}

c_files() {
    if [ "$only" = quick ]; then
        { git diff --name-only --diff-filter=d HEAD; git ls-files --others --exclude-standard; } \
            | grep '\.[ch]$'
    else
        sources '*.[ch]'
    fi
}

# clang-format says `FILE:LINE:COLUMN: warning: code should be clang-formatted`, and shows the line.
formatted_c() {
    c_files | xargs -r "$bin/clang-format" --dry-run --style=file 2>&1 |
        grep -E '^[^ ]+:[0-9]+:|No such file' || :
}

formatted_python() {
    "$bin/ruff" format --quiet --check --diff . 2>&1 | grep '^--- ' | sed 's/^--- //' || :
}

linted_python() {
    "$bin/ruff" check --quiet --output-format concise . || :
}

# What a script includes is in it by then, so that a name that nobody gives it is found.
lua_scripts() {
    flat=$(mktemp -d "${TMPDIR:-/tmp}/cq-lint.XXXXXX")
    for script in $(sources '*.lua' | grep -v '^scripts/'); do
        "$tools/../../scripts/embed.sh" --flatten "$script" > "$flat/$(basename "$script")"
    done
    luacheck --quiet --codes --no-color --formatter plain --config .luacheckrc "$flat" | sed "s|^$flat/||"
    rm -rf "$flat"
}

code() { CQ_LINT_ROOT=$root python3 "$tools/lint_code.py" "$1"; }
documents() { CQ_LINT_ROOT=$root python3 "$tools/lint_docs.py" "$1"; }

rule 'long function' long_functions
rule 'long file' long_files '*.c' $FILE_MAX
rule 'long header' long_files '*.h' $HEADER_MAX
rule 'full folder' full_folders
rule 'long Python function' long_python_functions
rule 'long Python file' long_files '*.py' $PYTHON_MAX
rule 'width' code width
rule 'tag' code tags
rule 'place of a function' code places
rule 'includes' code circles
rule 'key' "$tools/lint_keys.sh" "$root"
rule 'commit' code commits
rule 'format of C' formatted_c
rule 'format of Python' formatted_python
rule 'Python' linted_python
rule 'Lua' lua_scripts
rule 'shell' shell_scripts
rule 'path in a document' documents paths
rule 'phrase' documents phrases
rule 'long sentence' documents sentences
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
