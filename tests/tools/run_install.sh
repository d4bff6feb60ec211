#!/bin/sh
# make install and uninstall, into a temporary folder. usage: run_install.sh BUILD_FOLDER
# What was installed must be enough: the program runs, a module compiles with pkg-config's answer alone. And
# make deps, as root.
set -u
cd "$(dirname "$0")/../.." || exit 1
folder=$(mktemp -d "${TMPDIR:-/tmp}/cq-install.XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM
passed=0 failed=0

try() { # what it shows, command ...
    what=$1
    shift
    if "$@" > "$folder/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not ok - $what"
        sed 's/^/      /' "$folder/log"
    fi
}

prefix=$folder/usr
with_pkg_config() { # --cflags or another question about cq
    PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config "$@" cq
}
compile_module() {
    # shellcheck disable=SC2046 # flags are words
    cc -shared -fPIC -Wall -Wextra -Werror $(with_pkg_config --cflags) -o "$folder/demo.so" examples/demo.c
}
same_version() { [ "$("$prefix/bin/cq" --version)" = "cq $(with_pkg_config --modversion)" ]; }
names_commands() { # file, what comes before a command's name there, and after it
    for word in $("$prefix/bin/cq" help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'); do
        grep -q "$2$word$3" "$1" || { echo "$1 lacks $word"; return 1; }
    done
}
nothing_left() { # folder
    left=$(find "$1" ! -type d)
    [ -z "$left" ] || { echo "$left"; return 1; }
}
# `sudo make deps`, then `make build` without it.
deps_keep_the_owner() {
    mkdir -p "$folder/tree/tests/tools"
    cp tests/tools/deps.sh "$folder/tree/tests/tools"
    chown 65534 "$folder/tree"
    "$folder/tree/tests/tools/deps.sh" build
    foreign=$(find "$folder/tree/build" ! -user 65534)
    [ -z "$foreign" ] || { echo "not of the tree's owner: $foreign"; return 1; }
}

try 'make install works' make --no-print-directory install PREFIX="$prefix"
try 'the installed cq has the version of its pkg-config file' same_version
try 'a module compiles with what pkg-config answers' compile_module
try 'the header compiles as C++ too, where there is a compiler' sh -c \
    "! command -v c++ > /dev/null ||
        echo '#include <cq.h>' | c++ -I'$prefix/include' -Wall -Wextra -Werror -fsyntax-only -x c++ -"
for file in bin/cq include/cq.h share/man/man1/cq.1 share/bash-completion/completions/cq \
    share/doc/cq/config.example.ini share/doc/cq/cq-worker.service \
    share/doc/cq/cq-cron.service share/doc/cq/LICENSE; do
    try "$file is installed and not empty" test -s "$prefix/$file"
done
try 'the completion script is valid bash' bash -n "$prefix/share/bash-completion/completions/cq"
try 'the completion script knows every command' names_commands \
    "$prefix/share/bash-completion/completions/cq" '^ *' ':-\*)'
try 'the man page has every command' names_commands "$prefix/share/man/man1/cq.1" '^\.SS "cq ' ' \[OPTIONS\]'
try 'make uninstall works' make --no-print-directory uninstall PREFIX="$prefix"
try 'uninstall leaves nothing behind' nothing_left "$prefix"
try 'make install honours DESTDIR' make --no-print-directory install PREFIX=/usr DESTDIR="$folder/root"
try 'below DESTDIR it is where PREFIX says' test -x "$folder/root/usr/bin/cq"
try 'the pkg-config file names PREFIX, not DESTDIR' grep -q '^prefix=/usr$' \
    "$folder/root/usr/lib/pkgconfig/cq.pc"
[ "$(id -u)" != 0 ] || try "what root's make deps leaves belongs to the tree's owner" deps_keep_the_owner
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
