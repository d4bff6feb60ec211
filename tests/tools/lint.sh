#!/bin/sh
# Sizes that keep the code readable, and shellcheck where it is installed. Ends with `N passed, N failed`, one
# per rule. A function's lines are counted from its `{` to its `}`, both in the first column.
set -u
cd "$(dirname "$0")/../.." || exit 1
FUNCTION_MAX=60
FILE_MAX=400
HEADER_MAX=150
FOLDER_MAX=14
passed=0 failed=0

sources() { # name pattern: our files, none of build/
    find . -path ./build -prune -o -path ./.git -prune -o -type f -name "$1" -print | sed 's|^\./||' | sort
}

rule() { # name, command that prints its findings, one a line
    name=$1
    shift
    findings=$("$@")
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
        /^}/ { if (start && FNR - start + 1 > max) print FILENAME ":" start ": " FNR - start + 1 " lines, at most " max ": " name
               start = 0 }
        { previous = $0 }'
}

# From its `def` to the last line that is indented deeper, blank lines and comments at the end left out.
long_python_functions() {
    # shellcheck disable=SC2016 # awk's own $
    sources '*.py' | xargs awk -v max=$FUNCTION_MAX '
        function report(from) { # the functions that end before a line of this indentation
            for (; open > 0 && indent[open] >= from; open--)
                if (last - start[open] + 1 > max) print file ":" start[open] ": " last - start[open] + 1 " lines, at most " max ": " name[open]
        }
        FNR == 1 { report(0); last = 0; file = FILENAME }
        /^[ \t]*(#|$)/ { next }
        { match($0, /^ */); depth = RLENGTH }
        /^ *(async +)?def / { report(depth); open++; indent[open] = depth; start[open] = FNR; name[open] = $0; last = FNR; next }
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
        END { for (folder in count) if (count[folder] > max) print folder "/: " count[folder] " C files, at most " max }'
}

shell_scripts() {
    { sources '*.sh'; echo .ci/run; } | xargs shellcheck --external-sources --severity=warning --format=gcc
}

rule 'long function' long_functions
rule 'long file' long_files '*.c' $FILE_MAX
rule 'long header' long_files '*.h' $HEADER_MAX
rule 'full folder' full_folders
rule 'long Python function' long_python_functions
rule 'long Python file' long_files '*.py' $FILE_MAX
rule 'key' tests/tools/lint_keys.sh
if command -v python3 > /dev/null; then
    rule 'path in a document' python3 tests/tools/lint_docs.py paths
    rule 'phrase' python3 tests/tools/lint_docs.py phrases
    rule 'long sentence' python3 tests/tools/lint_docs.py sentences
else
    echo 'lint: python3 is missing; the documents were not looked at'
fi
if command -v shellcheck > /dev/null; then
    rule 'shell' shell_scripts
else
    echo 'lint: shellcheck is missing; the shell scripts were not looked at'
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
