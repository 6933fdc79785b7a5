"""The guardian: a small process of its own that stops PostgreSQL once nobody uses it any more.

Every process that uses the embedded server holds a shared lock on the lease file, which the kernel releases however
that process dies. The guardian waits for the exclusive lock on it; when it gets the lock, the last user is gone.

It is run by its path with `python -I -S` and so may import nothing but the standard library, and little of that: it
lives as long as the server does.

    guardian.py HOME DATA                  watch over a server that runs already
    guardian.py HOME DATA COMMAND ...      start the server with COMMAND first, then watch over it
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import time
from typing import NamedTuple

LOCKS = "postgres.locks"
"""Folder in home that holds the lock files below. They are never deleted: a lock on a deleted file protects nothing."""
START = "start"
"""Held by the one process that is starting, joining or leaving."""
LEASE = "lease"
"""Shared by all who use the server."""
GUARDIAN = "guardian"
"""Held by the guardian."""
ALIVE = "alive"
"""Held by the postmaster and, through inheritance, by each of its children: free means that no process of the server
is left. It tells the truth where a process id does not: after kill -9, among zombies, in another container."""

SOCKETS_PREFIX = "servery-"
"""How a socket folder outside home begins."""
_POLL = 0.02


class Postmaster(NamedTuple):
    """What PostgreSQL writes about itself in postmaster.pid. `status`: starting, ready, stopping, standby or empty."""

    pid: int
    sockets: str
    status: str


def lock_path(home: str, name: str) -> str:
    """The lock file `name` of the installation in `home`."""
    return os.path.join(home, LOCKS, name)


def try_lock(home: str, name: str, mode: int = fcntl.LOCK_EX) -> int | None:
    """A file descriptor that holds the lock until it is closed, or None where somebody else holds it."""
    descriptor = os.open(lock_path(home, name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_held(home: str, name: str) -> bool:
    """Whether anybody holds the lock in a way that excludes others."""
    descriptor = try_lock(home, name, fcntl.LOCK_SH)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def read_postmaster(data: str) -> Postmaster | None:
    """The postmaster that runs on this data folder, or None. A process id that meanwhile belongs to another is None."""
    try:
        with open(os.path.join(data, "postmaster.pid"), encoding="utf-8") as file:
            lines = [line.strip() for line in file]
    except FileNotFoundError:
        return None
    # PostgreSQL fills the file in as it goes: pid, data, start time, port, socket folder, address, memory key, status.
    if len(lines) < 5 or not lines[0].isdecimal() or not _works_in(int(lines[0]), data):
        return None
    return Postmaster(int(lines[0]), lines[4], lines[7] if len(lines) > 7 else "")


def _works_in(pid: int, folder: str) -> bool:
    # Every PostgreSQL process works in its data folder; a dead one that nobody has waited for has none.
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", folder)
    except OSError:
        return False


def stop(home: str, data: str, patience: float) -> bool:
    """Stop the server: after `patience` seconds of fast shutdown an immediate one, which loses nothing but costs a
    recovery at the next start. True once no process of it is left."""
    began = time.monotonic()
    sockets = ""
    sent: set[signal.Signals] = set()
    while is_held(home, ALIVE):
        waited = time.monotonic() - began
        if waited > 2 * patience + 5:
            return False
        wanted = signal.SIGINT if waited < patience else signal.SIGQUIT
        postmaster = read_postmaster(data)
        if postmaster is not None and wanted not in sent:
            sockets = postmaster.sockets
            sent.add(wanted)
            with contextlib.suppress(ProcessLookupError):
                os.kill(postmaster.pid, wanted)
        time.sleep(_POLL)
    _remove_sockets(sockets)
    return True


def _remove_sockets(folder: str) -> None:
    # Only a folder made for this one run; the one in home stays.
    if os.path.basename(folder).startswith(SOCKETS_PREFIX):
        with contextlib.suppress(OSError):
            os.rmdir(folder)


def _launch(home: str, command: list[str]) -> int:
    """Start the server in a session of its own, so that Ctrl-C in a terminal does not reach it. Returns its pid."""
    alive = None
    for _ in range(50):
        # Somebody who only asks whether the server lives holds the lock for an instant.
        alive = try_lock(home, ALIVE)
        if alive is not None:
            break
        time.sleep(_POLL)
    if alive is None:
        raise SystemExit("another server uses this data folder")
    os.set_inheritable(alive, True)
    pid = os.posix_spawn(command[0], command, dict(os.environ), setsid=True)
    os.close(alive)
    return pid


def _reap(_signal: int, _frame: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main(home: str, data: str, *command: str) -> None:
    """Start the server where `command` is given, say so on standard output, then wait until nobody uses it."""
    # Taken before the lease is opened: at exit the kernel closes the lower descriptor first, so that whoever gets the
    # lease never takes a dying guardian for a living one.
    guarding = try_lock(home, GUARDIAN)
    lease = os.open(lock_path(home, LEASE), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    signal.signal(signal.SIGCHLD, _reap)
    if command:
        print(_launch(home, list(command)), flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if guarding is None:
        return
    fcntl.flock(lease, fcntl.LOCK_EX)
    stop(home, data, patience=60)


if __name__ == "__main__":
    main(*sys.argv[1:])
