#!/bin/sh
# scripts/setup.sh: installs what building and testing need, on Debian 12 and 13.
#
#     sh scripts/setup.sh [build|test|bench]      as root, or as a user with sudo
#
# build: compiler and libraries. test: also the unit test library, clang for fuzzing and checks.
# bench: also the load generator and the interpreters that the benchmarks compare with.
#
# What is there already is not touched, so that a second run only asks dpkg and ends. Debian 13 has
# every package. Debian 12 has too old a liburing and no llhttp: these come from Debian 13's suite,
# which is added at a priority that never upgrades anything else, with the mirror and the keyring
# that this machine's own sources use.
set -eu

level=${1:-build}
own_packages="make gcc g++ libc6-dev meson ninja-build pkg-config
    libre2-dev libssl-dev zlib1g-dev libutf8proc-dev libsqlite3-dev"
# name:oldest version that will do.
new_packages="liburing-dev:2.9 liburing2:2.9 libllhttp-dev:9.2 libllhttp9.2:9.2
    libmimalloc-dev:2.0.9"
new_packages_bookworm="linux-libc-dev:6.12 libmimalloc3:3"
case $level in
build) ;;
test) own_packages="$own_packages git python3 curl libcriterion-dev" ;;
bench) own_packages="$own_packages python3 curl wrk lua5.4 luajit" ;;
*)
    echo "usage: setup.sh [build|test|bench]" >&2
    exit 2
    ;;
esac

by_hand() {
    echo "setup: $1" >&2
    echo "Install by hand, then run the same command again:" >&2
    echo "  make, gcc (11 or newer) and g++, meson (1.0 or newer), ninja, pkg-config" >&2
    echo "  libraries with headers: liburing 2.9, llhttp 9.2, mimalloc 2 or 3, RE2," >&2
    echo "  OpenSSL 3, zlib, utf8proc, SQLite 3; kernel headers of 6.12 or newer" >&2
    echo "  for the tests also: python3, curl, Criterion 2.4; clang is used where it is there" >&2
    exit 1
}

# A system without dpkg: believe pkg-config, so that a build by hand can go on.
if ! command -v dpkg-query >/dev/null 2>&1; then
    if command -v meson >/dev/null 2>&1 && command -v pkg-config >/dev/null 2>&1 &&
        pkg-config --exists 'liburing >= 2.9' libllhttp re2 libssl zlib libutf8proc sqlite3; then
        exit 0
    fi
    by_hand "this system is not a Debian: its packages are not known to this script"
fi

codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
if [ "$level" = test ]; then
    # Formatter and linter are pinned to version 14; elsewhere these two checks are left out.
    case $codename in
    bookworm) checkers="clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14" ;;
    *) checkers="clang libclang-rt-dev" ;;
    esac
    own_packages="$own_packages $checkers"
fi
[ "$codename" = bookworm ] && new_packages="$new_packages $new_packages_bookworm"

# "name version" of every package that is there.
installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' |
    awk '$1 == "ii" { print $2, $3 }')

installed_version() {
    echo "$installed" | awk -v name="$1" '$1 == name { print $2; exit }'
}

missing=""
missing_new=""
for package in $own_packages; do
    [ -n "$(installed_version "$package")" ] || missing="$missing $package"
done
for entry in $new_packages; do
    version=$(installed_version "${entry%%:*}")
    if [ -z "$version" ] || dpkg --compare-versions "$version" lt "${entry#*:}"; then
        missing_new="$missing_new ${entry%%:*}"
    fi
done
[ -n "$missing$missing_new" ] || exit 0

echo "setup: installing$missing$missing_new"
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || by_hand "neither root nor sudo: nothing can be installed"
    # Without a terminal nobody could type the password.
    if [ ! -t 0 ] && ! sudo -n true 2>/dev/null; then
        by_hand "sudo asks for a password, and there is no terminal to type it at"
    fi
    as_root=sudo
fi

apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

failed() {
    tail -n 15 "$log" >&2
    by_hand "$1"
}

# "URI keyring" of the source from which this machine gets its own suite, in either format of
# apt's sources. A keyring that is not a file name is left out: apt's own trusted keys apply then.
own_source() {
    {
        cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk -v suite="$1" '
            /^[[:space:]]*#/ { next }
            /^[[:space:]]*$/ { flush_stanza(); next }
            { key = tolower($1) }
            key == "uris:" { uri = $2 }
            key == "signed-by:" { keyring = $2 }
            key == "enabled:" && tolower($2) == "no" { off = 1 }
            key == "suites:" { for (i = 2; i <= NF; i++) if ($i == suite) match_found = 1 }
            END { flush_stanza() }
            function flush_stanza() {
                if (match_found && !off && uri != "") print uri, keyring
                uri = keyring = ""
                off = match_found = 0
            }'
        cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | awk -v suite="$1" '
            $1 == "deb" {
                keyring = ""
                line = $0
                if (match(line, /\[[^]]*\]/)) {
                    count = split(substr(line, RSTART + 1, RLENGTH - 2), options, " ")
                    for (i = 1; i <= count; i++)
                        if (options[i] ~ /^signed-by=/) keyring = substr(options[i], 11)
                    line = substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH)
                }
                split(line, field, " ")
                if (field[3] == suite) print field[2], keyring
            }'
    } | awk '{ print $1, ($2 ~ /^\//) ? $2 : ""; exit }'
}

add_trixie() {
    source_line=$(own_source bookworm)
    uri=${source_line%% *}
    keyring=${source_line#* }
    [ -n "$uri" ] || by_hand "no source of this machine names the suite bookworm"
    echo "setup: adding the suite trixie at priority 100 (/etc/apt/sources.list.d/bl-uring.list)"
    # The priority first: no moment in which an upgrade could take everything from the newer suite.
    printf 'Package: *\nPin: release n=trixie\nPin-Priority: 100\n' |
        $as_root tee /etc/apt/preferences.d/bl-uring >/dev/null
    echo "deb ${keyring:+[signed-by=$keyring] }$uri trixie main" |
        $as_root tee /etc/apt/sources.list.d/bl-uring.list >/dev/null
    if ! apt update || ! knows_trixie; then
        $as_root rm -f /etc/apt/sources.list.d/bl-uring.list /etc/apt/preferences.d/bl-uring
        failed "the suite trixie could not be read from this machine's mirror"
    fi
}

knows_trixie() {
    apt-cache madison liburing-dev 2>/dev/null | grep -q '[ /]trixie/'
}

apt update || failed "the package lists could not be fetched (is there a network?)"
if [ "$codename" = bookworm ] && [ -n "$missing_new" ]; then
    knows_trixie || add_trixie
    # Each name with its suite: giving the whole command the newer suite would pull libc along.
    for package in $missing_new; do
        missing="$missing $package/trixie"
    done
else
    missing="$missing$missing_new"
fi
# shellcheck disable=SC2086 # A list of words.
apt install -y --no-install-recommends $missing ||
    failed "these packages could not be installed:$missing"
echo "setup: done"
