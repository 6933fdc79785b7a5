"""Processes that use the embedded server, and a look at what runs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import psycopg

PROGRAM = """
import sys
from pathlib import Path
from servery.storage.embedded import embedded_server

with embedded_server(Path(sys.argv[1]), tell=lambda words: print("told:", words, flush=True)) as dsn:
    print("dsn:", dsn, flush=True)
    sys.stdin.read()
"""


class User:
    """A process that holds the server in `home` until its standard input ends."""

    def __init__(
        self,
        home: Path,
        *,
        program: str = PROGRAM,
        python: Sequence[str] = (sys.executable,),
        path: Path | None = None,
    ) -> None:
        self.told: list[str] = []
        self._dsn = ""
        self.process = subprocess.Popen(
            [*python, "-c", program, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            env={**os.environ, **({"PYTHONPATH": str(path)} if path else {})},
        )

    def dsn(self) -> str:
        """Wait until the server answers."""
        assert self.process.stdout is not None
        while not self._dsn:
            kind, _, words = self.process.stdout.readline().strip().partition(": ")
            if kind == "dsn":
                self._dsn = words
            elif kind == "told":
                self.told.append(words)
            else:
                raise AssertionError(self.failure())
        return self._dsn

    def failure(self) -> str:
        """Why it ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def leave(self) -> int:
        """Let it end as a program does, and wait for it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(60)

    def kill(self) -> None:
        """As the kernel does when memory runs out."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Whatever state it is in."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@contextlib.contextmanager
def users(home: Path, count: int = 1) -> Iterator[list[User]]:
    """`count` processes started at once."""
    started = [User(home) for _ in range(count)]
    try:
        yield started
    finally:
        for user in started:
            user.close()


def ask(dsn: str, query: str) -> object:
    """The one value that `query` gives, or None where it gives none; committed."""
    with psycopg.connect(dsn) as connection:
        cursor = connection.execute(query)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def processes(home: Path) -> list[psutil.Process]:
    """The server's processes and its guardians."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if _guards(process, home) or process.cwd() == str(home / "postgres"):
                found.append(process)
    return found


def command_lines(home: Path) -> list[str]:
    """What everyone on the machine may read of the server's processes."""
    lines = []
    for process in processes(home):
        # The server of one connection may end meanwhile.
        with contextlib.suppress(psutil.NoSuchProcess):
            lines.append(" ".join(process.cmdline()))
    return lines


def postmaster(home: Path) -> psutil.Process:
    """The server's first process."""
    return psutil.Process(int((home / "postgres" / "postmaster.pid").read_text().split()[0]))


def guardian(home: Path) -> psutil.Process:
    """The one process that guards the server."""
    (only,) = [process for process in processes(home) if _guards(process, home)]
    return only


def _guards(process: psutil.Process, home: Path) -> bool:
    try:
        words = process.cmdline()
    except psutil.NoSuchProcess:
        # The server of one connection may end meanwhile.
        return False
    return any(word.endswith("/guardian.py") for word in words) and str(home) in words


def lives(process: psutil.Process) -> bool:
    """Whether it still runs; one that has ended may wait long for whoever took it over to notice."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def eventually(done: Callable[[], bool], seconds: float) -> bool:
    """Whether it comes true in time."""
    deadline = time.monotonic() + seconds
    while not (true := done()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return true
