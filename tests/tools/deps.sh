#!/bin/sh
# Install what is missing, and nothing else: instant and silent when all is there.
# usage: deps.sh build|demo|test|check|fuzz
#
#   build  what compiling cq needs         test   demo, the unit test library, a C++ compiler, Python, tzdata
#   demo   build, and a redis-server       check  test, valgrind and the virtual environments with Python's RQ
#                                          fuzz   build, and clang with libFuzzer
#
# With apt the packages are installed, as root or through sudo; elsewhere they are named by their Debian names
# and the status is 1. Python packages come from pip's configured index, into build/venv (the RQ we are
# compatible with), build/venv23 (one from between) and build/venv113 (the one in Debian 12).
set -eu
cd "$(dirname "$0")/../.."
level=${1:-build}
RQ_VERSION=2.12.0
OLD_RQ_VERSION=1.13.0
MIDDLE_RQ_VERSION=2.3.3

say() { echo "deps: $*" >&2; }
has() { command -v "$1" > /dev/null 2>&1; }
has_header() { echo "#include <$1>" | cc -E - > /dev/null 2>&1; }

case $level in
build) wants='build' ;;
demo) wants='build demo' ;;
test) wants='build demo test' ;;
check) wants='build demo test check' ;;
fuzz) wants='build demo fuzz' ;;
*) say "unknown set: $level (build, demo, test, check or fuzz)"; exit 2 ;;
esac

# Two makes at once wait for each other here instead of fighting over apt's lock.
if [ ! -e build/deps.lock ]; then
    mkdir -p build
    : > build/deps.lock
    # After `sudo make deps` the tree's owner has to be able to build.
    [ "$(id -u)" != 0 ] || chown --reference=. build build/deps.lock
fi
exec 9> build/deps.lock
flock 9

# --- What is missing, by its package name in Debian.

missing=
need() { missing="$missing $1"; }
need_package_config() { # module, package; without pkg-config nothing can be asked, so everything is installed
    { has pkg-config && pkg-config --exists "$1" 2> /dev/null; } || need "$2"
}

known_to_apt() { has apt-cache && apt-cache show "$1" > /dev/null 2>&1; }

hiredis_has_tls() { # since its version 1; when it is not there yet, apt knows which it will be
    if has pkg-config && pkg-config --exists hiredis 2> /dev/null; then
        pkg-config --exists hiredis_ssl 2> /dev/null
    else
        has apt-cache && apt-cache policy libhiredis-dev 2> /dev/null | grep -q 'Candidate: [1-9]'
    fi
}

missing_for_build() {
    { has cc && has gcc; } || need gcc
    { has cc && has_header stdlib.h; } || need libc6-dev
    has make || need make
    has pkg-config || need pkg-config
    need_package_config hiredis libhiredis-dev
    # TLS is built in where hiredis has it (Debian 13), and then takes OpenSSL's own headers.
    if hiredis_has_tls; then need_package_config openssl libssl-dev; fi
    need_package_config jansson libjansson-dev
    need_package_config zlib zlib1g-dev
    need_package_config inih libinih-dev
    need_package_config uuid uuid-dev
    # Webhooks: its header, and the library itself, which cq opens when it sends the first one.
    need_package_config libcurl libcurl4-openssl-dev
    # headers only: the extension module is written for any Python from 3.9 on
    need_package_config python3 python3-dev
    { has cc && has_header ev.h; } || need libev-dev
    # Debian 13 has msgpack-c 6, under its new name; the old name is a C++ library there.
    if ! has pkg-config || ! { pkg-config --exists msgpack-c \
        || pkg-config --exists msgpack; } 2> /dev/null; then
        if known_to_apt libmsgpack-c-dev; then need libmsgpack-c-dev; else need libmsgpack-dev; fi
    fi
}

missing_for_demo() {
    has redis-server || need redis-server
    has redis-cli || need redis-tools
}

missing_for_test() {
    need_package_config check check
    has c++ || need g++ # the public header is for C++ too
    has python3 || need python3 # reads the JSON that the shell tests got
    [ -e /usr/share/zoneinfo/Europe/London ] || need tzdata # base/zone.c looks zones up there
    if hiredis_has_tls; then has openssl || need openssl; fi # certificates for the tests of TLS
}

missing_for_check() {
    has valgrind || need valgrind
    has ps || need procps
    if ! has python3; then
        need python3
        need python3-venv
    elif ! python3 -c 'import venv, ensurepip' 2> /dev/null; then
        need python3-venv
    fi
    if apt_has_old_rq && [ ! -e /usr/lib/python3/dist-packages/rq ]; then
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
    has apt-cache && apt-cache policy python3-rq 2> /dev/null | grep -q "Candidate: $OLD_RQ_VERSION"
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
        as_root apt-get -q -y -o Acquire::Retries=3 update < /dev/null >&2 \
            || refuse 'apt-get update failed; see above'
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
    as_root sh -c "$install_script" deps $missing >&2 || refuse 'apt-get failed; see above'
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

venvs_are_there() { venv_is build/venv "$VENV" && venv_is build/venv113 "$VENV113" \
    && venv_is build/venv23 "$VENV23"; }

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

list_missing
if [ -n "$missing" ]; then
    install_packages
    list_missing
    [ -z "$missing" ] || refuse 'still missing after their installation'
fi
if [ "$level" = check ]; then
    python_environments
fi
