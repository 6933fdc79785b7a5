"""Databases for every test, beside the code in connectors/ too.

`database` is what most tests want: the DSN of an empty, migrated database of their own, embedded.
`database_on_both` gives the same test a turn on each PostgreSQL that Servery supports.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from functools import cache
from itertools import count
from pathlib import Path

import httpx
import psycopg
import pytest
from hypothesis import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from servery.storage.embedded import embedded_server
from servery.storage.migrate import migrate
from servery.storage.pool import Pool, open_pool

_numbers = count(1)

# The same examples in every run, so that a change alone can turn a test red. New ones: --hypothesis-profile=default.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")


def pytest_configure() -> None:
    """Make runs alike wherever they are started, and what is said of a failure short."""
    # A run in the background ignores these, and so would all that the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # Where Python keeps no bytecode, as in many containers, each process that a test starts compiles two seconds long.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    # A line for each request would bury why a test failed.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # httpx gives up after five seconds where nothing is said: no test is about that, and a busy machine is slower.
    unsaid = httpx._config.DEFAULT_TIMEOUT_CONFIG
    unsaid.connect = unsaid.read = unsaid.write = unsaid.pool = 60.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Screens come last: the browser's own event loop runs on in this thread, where no other could be run meanwhile."""
    items.sort(key=lambda item: "screens" in item.path.parts)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """DSN of the embedded server of this test run."""
    with embedded_server(tmp_path_factory.mktemp("server")) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def _initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("initialised") / "home"
    with embedded_server(folder):
        pass
    return folder


@pytest.fixture
def home(_initialised: Path, tmp_path: Path) -> Path:
    """A data directory with an embedded server that is made but does not run: quicker than making another."""
    folder = tmp_path / "home"
    subprocess.run(["cp", "-a", str(_initialised), str(folder)], check=True)
    return folder


@pytest.fixture(scope="session")
def debian_server() -> Iterator[str]:
    """DSN of the distribution's PostgreSQL, on a data folder and a socket of this test run."""
    folder = Path(tempfile.mkdtemp(prefix="servery-debian-"))
    try:
        with _debian_postgres(folder) as dsn:
            yield dsn
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session", params=["embedded", "debian"])
def both_servers(request: pytest.FixtureRequest) -> str:
    """DSN of the embedded server, then of the distribution's."""
    name = "server" if request.param == "embedded" else "debian_server"
    return str(request.getfixturevalue(name))


@pytest.fixture
def database(server: str) -> Iterator[str]:
    """DSN of an empty, migrated database on the embedded server that is this test's alone."""
    with _fresh_database(server, _migrated_template(server)) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def shared_database(server: str) -> Iterator[str]:
    """The same for all tests of a module, which leave it as they found it."""
    with _fresh_database(server, _migrated_template(server)) as dsn:
        yield dsn


@pytest.fixture
def anyio_backend() -> str:
    """What asynchronous tests run on."""
    return "asyncio"


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Connections to `database`, as the product opens them."""
    async with open_pool(database) as pool:
        yield pool


@pytest.fixture
def database_on_both(both_servers: str) -> Iterator[str]:
    """The same, on each server in turn."""
    with _fresh_database(both_servers, _migrated_template(both_servers)) as dsn:
        yield dsn


@pytest.fixture
def bare_database(both_servers: str) -> Iterator[str]:
    """DSN of a database without any table, on each server in turn."""
    with _fresh_database(both_servers, "template0") as dsn:
        yield dsn


@cache
def _migrated_template(server: str) -> str:
    """The database that others are copied from: a copy takes a tenth of the time of a migration."""
    name = "migrated_template"
    with _connect(server) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    migrate(make_conninfo(server, dbname=name))
    return name


@contextlib.contextmanager
def _fresh_database(server: str, template: str) -> Iterator[str]:
    """A new database on `server`, dropped afterwards whoever is still connected to it."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    names = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
    with _connect(server) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template}").format(**names))
        try:
            yield make_conninfo(server, dbname=name)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**names))


def _connect(dsn: str) -> psycopg.Connection:
    return psycopg.connect(dsn, autocommit=True)


@contextlib.contextmanager
def _debian_postgres(folder: Path) -> Iterator[str]:
    binaries = _debian_binaries()
    user = _plain_user()
    if user:
        shutil.chown(folder, user)
    as_user = ["setpriv", f"--reuid={user}", f"--regid={_gid(user)}", "--clear-groups"] if user else ["setpriv"]
    data = str(folder / "data")
    # trust: the folder of the socket is open to this user alone.
    initdb = [
        str(binaries / "initdb"),
        "-D",
        data,
        "-U",
        "servery",
        "--auth=trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
    ]
    subprocess.run([*as_user, *initdb, "--no-sync"], check=True, capture_output=True, cwd="/")
    postgres = [
        str(binaries / "postgres"),
        "-D",
        data,
        "-k",
        str(folder),
        "-c",
        "listen_addresses=",
        "-c",
        "fsync=off",
    ]
    # pdeathsig: a test run killed with kill -9 leaves no server either.
    with (folder.parent / f"{folder.name}.log").open("w+b") as log:
        Path(log.name).unlink()
        server = subprocess.Popen([*as_user, "--pdeathsig=INT", *postgres], stderr=log, cwd="/", start_new_session=True)
        try:
            yield _when_ready(make_conninfo(host=str(folder), user="servery", dbname="postgres"), server)
        finally:
            server.send_signal(2)
            server.wait(60)


def _debian_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.fail("The storage tests also run on Debian's PostgreSQL: apt-get install postgresql", pytrace=False)
    return found[-1].parent


def _plain_user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _gid(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def _when_ready(dsn: str, server: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(dsn).close()
            return dsn
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
