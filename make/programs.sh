#!/bin/sh
# Provides the programs that the tests need beside .venv: a Chromium for the pages, and a PostgreSQL of the
# distribution's own, to test beside the embedded one. Installs by apt where it may (as root, or by sudo without a
# password); else says what to install, and fails.
set -eu

oldest_postgresql=15

say() { echo "$*" >&2; }

give_up() { say "$*"; exit 1; }

# Ubuntu puts a chromium-browser on the PATH that only says where to get one: it must answer.
has_browser() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        "$name" --version >/dev/null 2>&1 && return
    done
    return 1
}

has_postgresql() {
    for initdb in /usr/lib/postgresql/*/bin/initdb; do
        version=${initdb#/usr/lib/postgresql/}
        [ -x "$initdb" ] && [ "${version%%[./]*}" -ge "$oldest_postgresql" ] && return
    done
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null && as_root true 2>/dev/null
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends "$@" >/dev/null </dev/null
}

offered_version() { apt-cache show "$1" 2>/dev/null | sed -n 's/^Version: //p' | head -n 1; }

ask_for_browser() {
    give_up "The tests look at the pages in Chromium, and none was found. Install it, then try again:

    sudo apt-get install chromium        on Debian
    sudo snap install chromium           on Ubuntu
"
}

ask_for_postgresql() {
    give_up "The tests also run on a PostgreSQL server of your distribution, version $oldest_postgresql or later, and none was found
in /usr/lib/postgresql. Install it, then try again:

    sudo apt-get install postgresql
"
}

install_browser() {
    may_install && [ -n "$(offered_version chromium)" ] || ask_for_browser
    say "Installing Chromium ..."
    apt_install chromium
    has_browser || ask_for_browser
}

# The package would make a server and start it at every boot; the tests need only its programs.
install_postgresql() {
    may_install || ask_for_postgresql
    number=$(offered_version postgresql | sed 's/[^0-9].*//')
    [ "${number:-0}" -ge "$oldest_postgresql" ] || ask_for_postgresql
    say "Installing PostgreSQL $number, without starting a server ..."
    setting=/etc/postgresql-common/createcluster.d/servery-tests.conf
    trap 'as_root rm -f "$setting"' EXIT
    as_root mkdir -p "${setting%/*}"
    echo "create_main_cluster = false" | as_root tee "$setting" >/dev/null
    apt_install "postgresql-$number"
    has_postgresql || ask_for_postgresql
}

if has_browser && has_postgresql; then exit; fi
if may_install; then as_root apt-get -qq -o DPkg::Lock::Timeout=300 update; fi
has_browser || install_browser
has_postgresql || install_postgresql
