#!/bin/sh
# Install what is missing, and nothing else: instant and silent when all is there.
# usage: deps.sh [--list] build|demo|test|lint|check|fuzz
#
#   build  compiling and running cq        lint   the linters of each language
#   demo   build, and a redis-server       check  test, lint, valgrind, and virtual environments with Python's
#   RQ
#   test   demo, the unit test library, a C++ compiler, Python, tzdata
#   fuzz   build, and clang with libFuzzer
#
# --list prints the packages of a set, by their Debian names, and installs nothing.
#
# With apt the packages are installed in one run, as root or through sudo, and what apt says is in
# build/deps.log; elsewhere they are named by their Debian names and the status is 1. Of two packages cq needs
# files alone, which are unpacked into build/deps (docs/decisions/045-unpack-two-packages.md). Python packages
# come from pip's configured index: into build/venv (the RQ we are compatible with), build/venv23 (one from
# between), build/venv113 (the one in Debian 12) and build/venv-lint.
set -eu
cd "$(dirname "$0")/../.."
list=
if [ "${1:-}" = --list ]; then
    list=1
    shift
fi
level=${1:-build}
RQ_VERSION=2.12.0
OLD_RQ_VERSION=1.13.0
MIDDLE_RQ_VERSION=2.3.3
LINTERS='clang-format==19.1.7 ruff==0.17.6'
UNPACKED=build/deps
LOG=build/deps.log

say() { echo "deps: $*" >&2; }
has() { [ -z "$list" ] && command -v "$1" > /dev/null 2>&1; } # a list is for a machine that has nothing
has_header() { [ -z "$list" ] && echo "#include <$1>" | cc -E - > /dev/null 2>&1; }

case $level in
build) wants='build' ;;
demo) wants='build demo' ;;
test) wants='build demo test' ;;
lint) wants='lint' ;;
check) wants='build demo test lint check' ;;
fuzz) wants='build demo fuzz' ;;
*) say "unknown set: $level (build, demo, test, lint, check or fuzz)"; exit 2 ;;
esac

# Two makes at once wait for each other here instead of fighting over apt's lock.
if [ ! -e build/deps.lock ]; then
    mkdir -p build
    : > build/deps.lock
    : > "$LOG"
    # After `sudo make deps` the tree's owner has to be able to build.
    [ "$(id -u)" != 0 ] || chown --reference=. build build/deps.lock "$LOG"
fi
exec 9> build/deps.lock
flock 9

# --- What is missing, by its package name in Debian.

missing=
need() { missing="$missing $1"; }
need_package_config() { # module, package; without pkg-config nothing can be asked, so everything is installed
    { has pkg-config && pkg-config --exists "$1" 2> /dev/null; } || need "$2"
}

known_to_apt() { command -v apt-cache > /dev/null && apt-cache show "$1" > /dev/null 2>&1; }

missing_for_build() {
    { has cc && has gcc; } || need gcc
    { has cc && has_header stdlib.h; } || need libc6-dev
    has make || need make
    has pkg-config || need pkg-config
    need_package_config hiredis libhiredis-dev
    need_package_config openssl libssl-dev # TLS
    need_package_config jansson libjansson-dev
    need_package_config zlib zlib1g-dev
    need_package_config inih libinih-dev
    need_package_config uuid uuid-dev
    # Webhooks: its header, and the library itself, which cq opens when it sends the first one.
    need_package_config libcurl libcurl4-openssl-dev
    { has cc && has_header ev.h; } || need libev-dev
    # Debian 13 has msgpack-c 6, under its new name; the old name is a C++ library there.
    if ! has_msgpack && known_to_apt libmsgpack-c-dev; then need libmsgpack-c-dev; fi
}

# --- Packages of which we take the files alone: what they depend on is for C++, or is a whole Python.

has_msgpack() {
    has pkg-config && { pkg-config --exists msgpack-c || pkg-config --exists msgpack; } 2> /dev/null
}

missing_files() { # by package
    if ! has_msgpack && { [ -n "$list" ] || [ ! -e $UNPACKED/usr/include/msgpack.h ]; } \
        && ! known_to_apt libmsgpack-c-dev; then
        echo libmsgpack-dev
    fi
    # Headers only: the extension module is written for any Python from 3.9 on.
    if ! { has pkg-config && pkg-config --exists python3 2> /dev/null; } &&
        { [ -n "$list" ] || [ ! -e $UNPACKED/python ]; }; then
        apt-cache depends libpython3-dev 2> /dev/null | sed -n 's/^ *Depends: \(libpython3[0-9.]*-dev\)$/\1/p'
    fi
}

unpack_files() { # package ...
    folder=$(mktemp -d build/unpack.XXXXXX)
    (cd "$folder" && apt-get -q download "$@") < /dev/null >> "$LOG" 2>&1 || {
        rm -rf "$folder"
        missing=$*
        refuse "apt-get download failed; see $LOG"
    }
    for package in "$folder"/*.deb; do
        dpkg-deb -x "$package" "$folder/files"
    done
    mkdir -p $UNPACKED/usr/include $UNPACKED/usr/lib
    cp -R "$folder"/files/usr/include/* $UNPACKED/usr/include
    find "$folder/files" -name libmsgpackc.a -exec cp {} $UNPACKED/usr/lib \;
    python=$(find $UNPACKED/usr/include -maxdepth 1 -name 'python3*' | head -n 1)
    [ -z "$python" ] || ln -sfn "usr/include/$(basename "$python")" $UNPACKED/python
    [ "$(id -u)" != 0 ] || chown -R --reference=. $UNPACKED
    rm -rf "$folder"
}

missing_for_demo() {
    has redis-server || need redis-server
    has redis-cli || need redis-tools
}

missing_for_test() {
    need_package_config check check
    has c++ || need g++ # the public header is for C++ too
    has python3 || need python3 # reads the JSON that the shell tests got
    # base/zone.c looks zones up there
    [ -z "$list" ] && [ -e /usr/share/zoneinfo/Europe/London ] || need tzdata
    has openssl || need openssl # certificates for the tests of TLS
}

need_venv() {
    if ! has python3; then
        need python3
        need python3-venv
    elif ! python3 -c 'import venv, ensurepip' 2> /dev/null; then
        need python3-venv
    fi
}

missing_for_lint() {
    has shellcheck || need shellcheck
    has luacheck || need lua-check
    has luac5.1 || need lua5.1 # embed.sh looks for names that nothing declares
    has luac5.1 || need lua5.1 # scripts/embed.sh looks for undeclared names
    has git || need git
    venv_is build/venv-lint "$LINTERS" || need_venv
}

missing_for_check() {
    has valgrind || need valgrind
    has ps || need procps
    need_venv
    if apt_has_old_rq && { [ -n "$list" ] || [ ! -e /usr/lib/python3/dist-packages/rq ]; }; then
        need python3-rq
    fi
}

missing_for_fuzz() {
    if ! has clang; then
        need clang
        if known_to_apt libclang-rt-dev; then need libclang-rt-dev; fi
    elif ! echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' |
        clang -fsanitize=fuzzer -x c - -o /dev/null 2> /dev/null; then
        need libclang-rt-dev
    fi
}

apt_has_old_rq() {
    command -v apt-cache > /dev/null && apt-cache policy python3-rq 2> /dev/null \
        | grep -q "Candidate: $OLD_RQ_VERSION"
}

list_missing() {
    missing=
    for set in $wants; do
        # The venvs tell by their stamps that their set was complete; asking python and apt anew takes a
        # second.
        if [ "$set" != check ] || ! { venvs_are_there && has valgrind && has ps; }; then
            "missing_for_$set"
        fi
    done
    missing=$(echo "$missing" | tr ' ' '\n' | sed '/^$/d' | sort -u | tr '\n' ' ')
    missing=${missing% }
}

# --- Installing.

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

refuse() { # why
    say "missing packages (Debian's names): $missing"
    say "$1"
    exit 1
}

# redis-server's package starts a service. We want the program only, so the start is forbidden while we
# install (unless the machine has rules of its own), and a service that was not there before is not left
# enabled for the next boot.
# shellcheck disable=SC2016 # root's shell expands it
install_script='
set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
had_redis=$(command -v redis-server || :)
if [ ! -e "$policy" ]; then
    trap "rm -f $policy" EXIT
    trap "exit 1" HUP INT TERM
    printf "#!/bin/sh\nexit 101\n" > "$policy"
    chmod 755 "$policy"
fi
get() { apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" < /dev/null; }
known() { for package do apt-cache show "$package" > /dev/null 2>&1 || return 1; done; }
if ! known "$@" || ! get install --no-install-recommends "$@"; then
    get update
    get install --no-install-recommends "$@"
fi
if [ -z "$had_redis" ] && command -v redis-server > /dev/null && command -v systemctl > /dev/null; then
    systemctl disable redis-server > /dev/null 2>&1 || :
fi
'

# names differ between releases: without lists we could not tell which to ask for
refresh_package_lists_once() {
    if ! known_to_apt gcc; then
        say 'reading the lists of packages'
        quietly as_root apt-get -q -y -o Acquire::Retries=3 update || refuse "apt-get update failed; see $LOG"
        list_missing
    fi
}

install_packages() {
    has apt-get || refuse 'this system has no apt-get; install them with its own tools, then call make again'
    if [ "$(id -u)" != 0 ] && ! { has sudo && sudo -n true 2> /dev/null; }; then
        refuse "neither root nor sudo without a password; as root: apt-get install $missing"
    fi
    refresh_package_lists_once
    say "installing $missing"
    # shellcheck disable=SC2086 # a list of words
    quietly as_root sh -c "$install_script" deps $missing || refuse "apt-get failed; see $LOG"
}

quietly() { # command ...: what it says goes into the log, and is shown with V=1 or when it fails
    if [ "${V:-0}" = 1 ]; then
        "$@" < /dev/null >&2
    elif ! "$@" < /dev/null >> "$LOG" 2>&1; then
        tail -n 30 "$LOG" >&2
        return 1
    fi
}

# --- Python environments.

stamp_of() { echo "$1 in $PWD"; } # a venv that was moved or copied has wrong paths in its scripts

venv_is() { [ "$(cat "$1/stamp" 2> /dev/null)" = "$(stamp_of "$2")" ] && [ -x "$1/bin/python" ]; }

venv_has() { # folder, rq version: works although it has no stamp (yet)
    [ -x "$1/bin/python" ] && grep -q "^#!$PWD/$1/bin/python" "$1/bin/rq" 2> /dev/null || return 1
    [ "$("$1/bin/python" -c 'import rq, pytest; print(rq.VERSION)' 2> /dev/null)" = "$2" ]
}

pip_install() { # folder, packages ...
    folder=$1
    shift
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@" < /dev/null >&2 || {
        say "pip could not install $* into $folder; see above"
        exit 1
    }
}

make_venv() { # python, folder, options ...
    python=$1
    shift
    rm -rf "$1"
    say "making $1"
    "$python" -m venv "$@" >&2 || { say "$python -m venv $1 failed; see above"; exit 1; }
}

VENV="rq==$RQ_VERSION pytest"
VENV113="rq==$OLD_RQ_VERSION"
VENV23="rq==$MIDDLE_RQ_VERSION"

venvs_are_there() {
    venv_is build/venv "$VENV" && venv_is build/venv113 "$VENV113" && venv_is build/venv23 "$VENV23"
}

linters() {
    if ! venv_is build/venv-lint "$LINTERS"; then
        make_venv python3 build/venv-lint
        # shellcheck disable=SC2086 # a list of words
        pip_install build/venv-lint $LINTERS
        stamp_of "$LINTERS" > build/venv-lint/stamp
    fi
}

python_environments() {
    if ! venv_is build/venv "$VENV"; then
        if ! venv_has build/venv "$RQ_VERSION"; then
            make_venv python3 build/venv
            # shellcheck disable=SC2086 # a list of words
            pip_install build/venv $VENV
        fi
        stamp_of "$VENV" > build/venv/stamp
    fi
    if ! venv_is build/venv113 "$VENV113"; then
        if [ "$(/usr/bin/python3 -c 'import venv, rq; print(rq.VERSION)' 2> /dev/null)" = "$OLD_RQ_VERSION" \
            ]; then
            make_venv /usr/bin/python3 build/venv113 --system-site-packages --without-pip
        else
            make_venv python3 build/venv113
            # RQ 1.13 is older than redis-py 5, and asks for no version below it.
            pip_install build/venv113 "$VENV113" 'redis<5' setuptools
        fi
        "build/venv113/bin/python" -c 'import rq, redis' >&2 \
            || { say 'rq 1.13 does not import; see above'; exit 1; }
        stamp_of "$VENV113" > build/venv113/stamp
    fi
    if ! venv_is build/venv23 "$VENV23"; then
        make_venv python3 build/venv23
        pip_install build/venv23 "$VENV23"
        stamp_of "$VENV23" > build/venv23/stamp
    fi
}

if [ -n "$list" ]; then
    list_missing
    echo "$missing" | tr ' ' '\n'
    case $wants in
    build*) missing_files | sed 's/$/ (its files only)/' ;;
    esac
    exit
fi

list_missing
if [ -n "$missing" ]; then
    install_packages
    list_missing
    [ -z "$missing" ] || refuse 'still missing after their installation'
fi
case $wants in
build*)
    files=$(missing_files)
    # shellcheck disable=SC2086 # a list of words
    [ -z "$files" ] || unpack_files $files
    ;;
esac
case $level in
check) python_environments ;;
esac
case " $wants " in
*' lint '*) linters ;;
esac
