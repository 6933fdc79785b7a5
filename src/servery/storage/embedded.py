"""The embedded PostgreSQL: started by the first process that needs it, shared by all, stopped by the last.

Who may do what is settled by four locks (guardian.py names them), because the kernel releases a lock however
its holder dies. To join, a process takes the start lock, then a share of the lease, and only then looks whether
the server runs. To leave it takes the start lock again and tries for the whole lease: if it gets it, it was the
last, and stops the server before it returns. After kill -9 the guardian does so in its place.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from psycopg import errors as pg

from servery.errors import NeedsPerson, Retry
from servery.storage import guardian
from servery.storage.cluster import (
    MAJOR,
    NAME,
    Cluster,
    ensure_data,
    environment,
    make_sockets,
    open_cluster,
    server_command,
)

_log = logging.getLogger(__name__)
_POLL = 0.02
_PATIENCE = 10.0
"""Seconds of waiting after which a person is told what we wait for."""
_DYING = 2.0
"""Seconds for which a killed server may still look alive."""
_STOP_WITHIN = 4.0
"""Seconds of orderly shutdown before the immediate one, so that a command is gone within 5 s of Ctrl-C."""

Tell = Callable[[str], None]


@contextlib.contextmanager
def embedded_server(home: Path, tell: Tell = _log.info, major: int = MAJOR) -> Iterator[str]:
    """Lend the server in `home`, as a DSN that holds no secret, for as long as the context lasts.

    Blocks until the server answers, through recovery after a crash too, and says on `tell` what it waits for.
    Enter it before the event loop starts, or in a thread. In the main thread SIGTERM becomes SystemExit
    meanwhile, unless the program has a handler of its own. Raises NeedsPerson where the server cannot start.
    """
    cluster = open_cluster(home, major)
    with _orderly_sigterm():
        lease = _Lease(cluster, tell)
        try:
            yield lease.dsn
        finally:
            lease.leave()


def revive(home: Path, tell: Tell = _log.info) -> str:
    """Start the server again where it ended under those who use it, and return its DSN. Only for one who holds a share.

    Raises NeedsPerson where it cannot start.
    """
    cluster = open_cluster(home)
    with _locked(cluster.home, guardian.START, fcntl.LOCK_EX, tell):
        return _ensure_running(cluster, tell)


class _Lease:
    """One process's share in the server."""

    def __init__(self, cluster: Cluster, tell: Tell) -> None:
        self._cluster = cluster
        self._home = cluster.home
        self._owner = os.getpid()
        self._left = False
        with _locked(self._home, guardian.START, fcntl.LOCK_EX, tell):
            self._lock = _lock(self._home, guardian.LEASE, fcntl.LOCK_SH, tell)
            try:
                self.dsn = _ensure_running(cluster, tell)
            except BaseException:
                self._give_back()
                raise
        atexit.register(self.leave)

    def leave(self) -> None:
        """Give the share back, and stop the server where it was the last one."""
        # A forked child shares our lock and would give it away for us.
        if self._left or os.getpid() != self._owner:
            return
        self._left = True
        atexit.unregister(self.leave)
        start = _lock_within(self._home, guardian.START, _STOP_WITHIN / 2)
        if start is None:
            # Somebody is starting, and therefore uses the server.
            os.close(self._lock)
            return
        self._give_back()
        os.close(start)

    def _give_back(self) -> None:
        """Under the start lock: whoever joins next finds either a whole server or none."""
        if _try(self._lock, fcntl.LOCK_EX):
            guardian.stop(self._home, self._cluster.data, _STOP_WITHIN)
            os.close(self._lock)
            _wait(lambda: not guardian.is_held(self._home, guardian.GUARDIAN), 2.0)
        elif _try(self._lock, fcntl.LOCK_SH):
            os.close(self._lock)
        else:
            # The guardian was quicker and is stopping the server at this moment.
            os.close(self._lock)
            _wait(lambda: not guardian.is_held(self._home, guardian.GUARDIAN), _STOP_WITHIN)


def _ensure_running(cluster: Cluster, tell: Tell) -> str:
    """The DSN of a server that answers."""
    home = cluster.home
    ensure_data(cluster)
    # One that was just killed may look alive for a moment; it is gone at the next look, and started anew.
    while True:
        _settle(cluster, tell)
        if not guardian.is_held(home, guardian.ALIVE):
            _forget_stale(cluster)
            _start(cluster, tell)
        elif not guardian.is_held(home, guardian.GUARDIAN):
            _guard(cluster, [])
        postmaster = _wait_until_ready(cluster, tell)
        if postmaster is not None and _has_database(cluster, postmaster.sockets):
            return cluster.dsn(postmaster.sockets)


def _start(cluster: Cluster, tell: Tell) -> None:
    sockets = make_sockets(cluster)
    try:
        _guard(cluster, server_command(cluster, sockets))
        if _wait_until_ready(cluster, tell) is None:
            raise NeedsPerson(
                "PostgreSQL ended while it started. Its last words:\n{words}",
                where=str(cluster.log),
                words=_last_words(cluster.log),
            )
    except BaseException:
        # One that still starts is the guardian's to end, with its folder.
        if not guardian.is_held(cluster.home, guardian.ALIVE):
            guardian.remove_sockets(sockets)
        raise


def _settle(cluster: Cluster, tell: Tell) -> None:
    """Wait for the end of a server that is about to go: stopped by hand, or its children after a kill -9."""
    began = time.monotonic()
    while guardian.is_held(cluster.home, guardian.ALIVE):
        postmaster = guardian.read_postmaster(cluster.data)
        if postmaster is not None and postmaster.status != "stopping":
            return
        if time.monotonic() - began > 3 * _PATIENCE:
            raise Retry(
                "An earlier PostgreSQL still holds the data.",
                where=str(cluster.data),
                mend="Where another container uses the same SERVERY_HOME, stop it.",
            )
        time.sleep(_POLL)


def _forget_stale(cluster: Cluster) -> None:
    """Remove the traces of a killed server.

    PostgreSQL takes a leftover pid file for a living server when its number meanwhile belongs to another process
    of the same user, as happens after each restart of a container. Only a file whose process does not serve these
    data is removed: a server that somebody started by hand keeps PostgreSQL's own protection.
    """
    dead = guardian.last_postmaster(cluster.data)
    if dead is not None and guardian.read_postmaster(cluster.data) is None:
        guardian.remove_sockets(dead.sockets)
        (cluster.data / "postmaster.pid").unlink()


def _guard(cluster: Cluster, command: list[str]) -> None:
    """Start the guardian, and with it the server; returns once both hold their locks."""
    script = str(Path(guardian.__file__).resolve())
    with cluster.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", script, str(cluster.home), str(cluster.data), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment(),
            cwd="/",
            start_new_session=True,
        )
    assert process.stdout is not None
    with process.stdout as answer:
        answer.read()
    # It outlives us; without this, Python complains that we did not wait for it.
    process.returncode = 0


def _wait_until_ready(cluster: Cluster, tell: Tell) -> guardian.Postmaster | None:
    """Wait however long recovery takes, as long as the server lives; None when it ended."""
    began = told = time.monotonic()
    while True:
        postmaster = guardian.read_postmaster(cluster.data)
        if postmaster is not None and postmaster.status == "ready":
            return postmaster
        if not guardian.is_held(cluster.home, guardian.ALIVE):
            return None
        if time.monotonic() - told >= _PATIENCE:
            told = time.monotonic()
            tell(f"PostgreSQL is recovering from a crash, for {told - began:.0f} s so far.")
        time.sleep(_POLL)


def _last_words(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:])


def _has_database(cluster: Cluster, sockets: Path) -> bool:
    """Sign in, and make our database after initdb; False where the server ended meanwhile."""
    try:
        psycopg.connect(cluster.dsn(sockets)).close()
    except psycopg.OperationalError as error:
        if "does not exist" not in str(error):
            _wait(lambda: not guardian.is_held(cluster.home, guardian.ALIVE), _DYING)
            if not guardian.is_held(cluster.home, guardian.ALIVE):
                return False
            raise NeedsPerson(
                "PostgreSQL runs but refuses us: {words}",
                where=str(cluster.password),
                mend="Put the file back as it was when the data were made.",
                words=str(error).strip(),
            ) from None
        with (
            psycopg.connect(cluster.dsn(sockets, "postgres"), autocommit=True) as connection,
            contextlib.suppress(pg.DuplicateDatabase),
        ):
            connection.execute(f"CREATE DATABASE {NAME}")
    return True


def _try(descriptor: int, mode: int) -> bool:
    """Change a lock's mode. Where that fails the old lock is lost as well."""
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock(home: Path, name: str, mode: int, tell: Tell) -> int:
    """Wait for a lock and say so when it takes long."""
    told = time.monotonic()
    while (descriptor := guardian.try_lock(home, name, mode)) is None:
        if time.monotonic() - told >= _PATIENCE:
            told = time.monotonic()
            tell("Another process is starting or stopping PostgreSQL; waiting for it.")
        time.sleep(_POLL)
    return descriptor


@contextlib.contextmanager
def _locked(home: Path, name: str, mode: int, tell: Tell) -> Iterator[None]:
    descriptor = _lock(home, name, mode, tell)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock_within(home: Path, name: str, seconds: float) -> int | None:
    deadline = time.monotonic() + seconds
    while (descriptor := guardian.try_lock(home, name)) is None and time.monotonic() < deadline:
        time.sleep(_POLL)
    return descriptor


def _wait(done: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(_POLL)


@contextlib.contextmanager
def _orderly_sigterm() -> Iterator[None]:
    """Let SIGTERM unwind the program as Ctrl-C does, where nobody else has said what it should do."""
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        if ours and signal.getsignal(signal.SIGTERM) is _exit:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _exit(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)
