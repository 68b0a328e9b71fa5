#!/bin/sh
# Install the programs that the tests start (packages.txt beside this file) on Debian or Ubuntu, without starting any
# service. Run by root; as another user it only says what is missing. With CI=true nothing may be missing at the end.
set -eu
export DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/sbin:/sbin"
list=$(dirname "$0")/packages.txt

present() { # present PROGRAM|PROGRAM…; a program may be a path with wildcards
    for program in $(echo "$1" | tr '|' ' '); do
        command -v "$program" >/dev/null && return
    done
    return 1
}

missing() { # prints the lines of the list whose program is not there
    grep -v '^#' "$list" | while read -r programs packages tests; do
        present "$programs" || echo "$programs $packages $tests"
    done
}

available() { # available PACKAGE|PACKAGE…; prints the first one that can be installed
    for package in $(echo "$1" | tr '|' ' '); do
        if [ -n "$(apt-cache search --names-only "^$package\$")" ]; then
            echo "$package"
            return
        fi
    done
    echo "$1 is in none of the package sources." >&2
}

install() {
    policy=/usr/sbin/policy-rc.d
    kept=$(mktemp -u /usr/sbin/policy-rc.d.XXXXXX)
    [ ! -e $policy ] || mv $policy "$kept"
    # shellcheck disable=SC2064
    trap "rm -f $policy; [ ! -e $kept ] || mv $kept $policy" EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    apt-get update -q
    packages=$(missing | while read -r _ packages _; do available "$packages"; done | sort -u)
    # shellcheck disable=SC2086
    [ -z "$packages" ] || apt-get install -q -y --no-install-recommends $packages
}

if [ -n "$(missing)" ] && [ "$(id -u)" = 0 ]; then
    install
fi
if [ -z "$(missing)" ]; then
    echo "Every program that the tests start is installed."
    exit
fi
missing | while read -r programs packages tests; do
    echo "$programs is not installed (package $packages): skips $tests."
done
[ "${CI:-}" != true ] && [ "$(id -u)" != 0 ]
