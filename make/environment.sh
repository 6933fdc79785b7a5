#!/bin/sh
# Makes .venv in the checkout where it is missing or stale.
#
#   make/environment.sh             what Servery needs to run
#   make/environment.sh --testing   that, and what its tests need
#
# Each step leaves its stamp in .venv only when it is done: a step that was killed, or that was done for another lock,
# another Python or another place, does not match and is done again. PYTHON chooses the interpreter, JAVA
# another program than java.
set -eu
cd "$(dirname "$0")/.."

# Newest first; the newest is the newest that the locked packages are built for.
candidates="python3.14 python3.13 python3.12 python3.11 python3"

say() { echo "$*" >&2; }

give_up() { say "$*"; exit 1; }

is_recent() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; }

has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# The line that installs venv for interpreter $1: Debian's own Python has the plain package, any other its numbered one.
venv_line() {
    number=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    package="python$number-venv"
    [ "$(readlink /usr/bin/python3 2>/dev/null)" = "python$number" ] && package=python3-venv
    [ "$(id -u)" = 0 ] && as= || as="sudo "
    echo "${as}apt-get install $package"
}

# Prints the interpreter to use: PYTHON where it is set, else the newest that can make an environment.
find_python() {
    without_venv=
    # shellcheck disable=SC2086 # one word each
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- $candidates; fi
    for candidate; do
        is_recent "$candidate" || continue
        if has_venv "$candidate"; then
            echo "$candidate"
            return
        fi
        : "${without_venv:=$candidate}"
    done
    [ -z "$without_venv" ] || give_up "$without_venv cannot make an environment. Install what it lacks, then try again:

    $(venv_line "$without_venv")
"
    [ -z "${PYTHON:-}" ] || give_up "PYTHON=$PYTHON is not a Python from 3.11 to 3.14."
    give_up "Servery needs Python 3.11 or later, and none was found. Install it (python3 on Debian 12 or later and on
Ubuntu 24.04 or later, python3.11 on Ubuntu 22.04), or name one: make PYTHON=/path/to/python3.11"
}

# What an environment made here and now would be: its place, its Python, and the content of the files given.
fingerprint() {
    pwd -P
    .venv/bin/python -VV 2>/dev/null || echo "no Python"
    cat "$@"
}

stamp() { fingerprint "$@" | sha256sum; }

is_done() { # name of the step, files it was done for
    name=$1
    shift
    [ -f ".venv/$name.stamp" ] && [ "$(cat ".venv/$name.stamp")" = "$(stamp "$@")" ]
}

mark_done() {
    name=$1
    shift
    stamp "$@" >".venv/$name.stamp"
}

# The locks name every package with its hashes, so pip has nothing to resolve; bytecode is made when first imported.
install() {
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-input --no-compile --no-deps "$@"
}

make_running() {
    python=$(find_python)
    say "Making .venv with $("$python" -V); the first time this downloads about 80 MB ..."
    rm -rf .venv
    "$python" -m venv .venv
    install --require-hashes --only-binary :all: -r requirements.lock
    mark_done running requirements.lock
}

add_testing() {
    say "Adding to .venv what the tests need ..."
    install --require-hashes --only-binary :all: -r requirements-test.lock
    mark_done testing requirements-test.lock
}

# Only as its source, and large; its tests run where Java is.
add_spark() {
    say "Adding Spark, for there is Java here ..."
    install --require-hashes --only-binary :all: --no-binary pyspark -r requirements-spark.lock
    mark_done spark requirements-spark.lock
}

add_servery() {
    install --no-build-isolation --editable .
    mark_done servery pyproject.toml
}

# Is the environment made with the Python that was asked for?
is_asked_for() {
    [ -z "${PYTHON:-}" ] || [ "$("$PYTHON" -VV 2>&1)" = "$(.venv/bin/python -VV 2>&1)" ]
}

# Two makes at once in one checkout: the second waits for the first.
exec 9<.
flock 9

{ is_done running requirements.lock && is_asked_for; } || make_running
if [ "${1:-}" = --testing ]; then
    is_done testing requirements-test.lock || add_testing
    ! command -v "${JAVA:-java}" >/dev/null || is_done spark requirements-spark.lock || add_spark
fi
is_done servery pyproject.toml || add_servery
