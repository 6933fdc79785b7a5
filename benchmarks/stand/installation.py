"""An installation to measure: a server of its own in a folder of its own, and databases made in no time."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import psycopg
from msgspec import Struct
from psycopg import sql
from psycopg.conninfo import make_conninfo

from servery.storage.embedded import embedded_server
from servery.storage.migrate import migrate

_TEMPLATE = "benchmark_template"
_numbers = count(1)


class Installation(Struct, frozen=True):
    """Where it lies, and its server."""

    home: Path
    server: str

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """An empty, migrated database, dropped afterwards."""
        name = sql.Identifier(f"benchmark_{next(_numbers)}")
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(_TEMPLATE)))
            # What was written before must not be flushed in the middle of what is measured.
            connection.execute("CHECKPOINT")
            try:
                yield make_conninfo(self.server, dbname=name.as_string(None).strip('"'))
            finally:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def environment(self, dsn: str) -> dict[str, str]:
        """What `servery` commands need in order to work on this installation and one of its databases."""
        return {**os.environ, "SERVERY_HOME": str(self.home), "SERVERY_DATABASE_URL": dsn}


@contextlib.contextmanager
def installation() -> Iterator[Installation]:
    """A new installation on the embedded server, gone afterwards."""
    with folder() as home, embedded_server(home) as server:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(_TEMPLATE)))
        migrate(make_conninfo(server, dbname=_TEMPLATE))
        yield Installation(home, server)


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder for one benchmark."""
    made = Path(tempfile.mkdtemp(prefix="servery-benchmark-"))
    try:
        yield made
    finally:
        shutil.rmtree(made)


class Ran(Struct, frozen=True):
    """A command that has run: seconds by the clock, `processor` seconds of its own (the database's apart).

    `peak` is the most memory it held, in megabytes (10^6 bytes).
    """

    seconds: float
    processor: float
    peak: float
    output: bytes


def servery(*words: str) -> list[str]:
    """A `servery` command of this environment."""
    return [sys.executable, "-m", "servery", *words]


def run(command: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run a command to its end, as a person would; RuntimeError when it fails."""
    began = time.perf_counter()
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        # Waited for above, with what it used; Popen need not.
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed:\n{errors.read().decode()}")
    return Ran(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, output)
