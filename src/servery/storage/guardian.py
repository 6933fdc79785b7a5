"""The guardian: a small process of its own that stops PostgreSQL once nobody uses it any more.

Every process that uses the embedded server holds a shared lock on the lease file, which the kernel releases
however that process dies. The guardian waits for the exclusive lock on it; when it gets the lock, the last
user is gone.

It is run by its path with `python -I -S` and so may import nothing but the standard library, and little of
that: it lives as long as the server does.

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
from pathlib import Path
from typing import NamedTuple

LOCKS = "postgres.locks"
"""Folder in home that holds the lock files. They are never deleted: a lock on a deleted file protects nothing."""
START = "start"
"""The lock of the one process that is joining or leaving."""
LEASE = "lease"
"""Shared by all who use the server."""
GUARDIAN = "guardian"
"""Held by the guardian."""
ALIVE = "alive"
"""Held by the postmaster and, through inheritance, by each of its children.

Free means that no process of the server is left. It tells the truth where a process id does not: after kill -9,
among zombies, in another container.
"""

SOCKETS_PREFIX = "servery-"
"""How the name of a socket folder outside home begins."""
_POLL = 0.02


class Postmaster(NamedTuple):
    """What PostgreSQL writes about itself. `status`: starting, ready, stopping, or empty while it says nothing."""

    pid: int
    sockets: Path
    status: str


def try_lock(home: Path, name: str, mode: int = fcntl.LOCK_EX) -> int | None:
    """A file descriptor that holds the lock `name` until it is closed, or None where somebody else holds it."""
    descriptor = _open_lock(home, name)
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _open_lock(home: Path, name: str) -> int:
    return os.open(home / LOCKS / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def is_held(home: Path, name: str) -> bool:
    """Whether somebody holds the lock `name` for himself alone."""
    descriptor = try_lock(home, name, fcntl.LOCK_SH)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def read_postmaster(data: Path) -> Postmaster | None:
    """The postmaster that serves this data folder; None where there is none, whatever a leftover file says."""
    postmaster = last_postmaster(data)
    return postmaster if postmaster is not None and _serves(postmaster.pid, data) else None


def last_postmaster(data: Path) -> Postmaster | None:
    """The postmaster of the file in the data folder, which may be long dead."""
    try:
        lines = [line.strip() for line in (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        return None
    # Filled in by and by: pid, data folder, start time, port, socket folder, address, memory key, status.
    if len(lines) < 5 or not lines[0].isdecimal():
        return None
    return Postmaster(int(lines[0]), Path(lines[4]), lines[7] if len(lines) > 7 else "")


def _serves(pid: int, data: Path) -> bool:
    # By the command line, which is empty once the process is dead and which everyone may read; where a process
    # works, root in a container may not see of another user's. That tells of a server started by hand.
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return os.fsencode(data) in words or data.samefile(f"/proc/{pid}/cwd")
    except OSError:
        return False


def stop(home: Path, data: Path, patience: float) -> bool:
    """Stop the server; True once no process of it is left.

    After `patience` seconds of fast shutdown comes an immediate one, which loses nothing but costs a recovery at
    the next start.
    """
    began = time.monotonic()
    sockets = None
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
    if sockets is not None:
        remove_sockets(sockets)
    return True


def remove_sockets(folder: Path) -> None:
    """Remove what a stopped or killed server leaves in its socket folder, and the folder if made for that one run."""
    for file in folder.glob(".s.PGSQL.*"):
        file.unlink(missing_ok=True)
    if folder.name.startswith(SOCKETS_PREFIX):
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()


def _launch(home: Path, command: list[str]) -> None:
    alive = _lock_soon(home, ALIVE)
    if alive is None:
        raise SystemExit("Another server uses the data.")
    os.set_inheritable(alive, True)
    # A session of its own: Ctrl-C in a terminal must not reach it. Standard output is the answer to our starter.
    to_log = [(os.POSIX_SPAWN_DUP2, sys.stderr.fileno(), sys.stdout.fileno())]
    os.posix_spawn(command[0], command, os.environ, setsid=True, file_actions=to_log)
    os.close(alive)


def _lock_soon(home: Path, name: str) -> int | None:
    # Somebody who only asks whether the lock is held holds it for an instant.
    for _ in range(50):
        descriptor = try_lock(home, name)
        if descriptor is not None:
            return descriptor
        time.sleep(_POLL)
    return None


def _reap(_number: int, _frame: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _close_output() -> None:
    """Tell whoever started us, by the end of our standard output, that our locks are held."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)


def main(home: Path, data: Path, command: list[str]) -> None:
    """Start the server where there is a `command`, close standard output, wait until nobody uses the server."""
    # Taken before the lease is opened: at exit the kernel closes the lower descriptor first, so that nobody who
    # gets the lease takes a dying guardian for a living one.
    guarding = try_lock(home, GUARDIAN)
    lease = _open_lock(home, LEASE)
    signal.signal(signal.SIGCHLD, _reap)
    if command:
        _launch(home, command)
    _close_output()
    if guarding is not None:
        fcntl.flock(lease, fcntl.LOCK_EX)
        stop(home, data, patience=60)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
