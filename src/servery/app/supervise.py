"""Watching over processes: starting them, being told to stop, and stopping them. Loads nothing that they need."""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger(__name__)

STOP_SECONDS = 3.0
"""How long processes may take to end their work once told to stop."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a process to stop."""


def stop_event() -> asyncio.Event:
    """An event that is set when something asks this process to stop."""
    stop = asyncio.Event()
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


class Stopped(BaseException):
    """A signal asked the watching process to stop."""


@contextmanager
def stopped_by_signal() -> Iterator[None]:
    """Turn the first signal to stop into Stopped, and ignore those that follow while things are taken down."""

    def on_signal(_: int, __: FrameType | None) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    before = {number: signal.signal(number, on_signal) for number in SIGNALS}
    try:
        yield
    except Stopped:
        return
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def children(
    commands: Sequence[Sequence[str]], environ: Mapping[str, str], stdout: int | None = None
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run `servery` commands beside this process, and have all of them stopped at the end.

    Each is in a session of its own, so that a terminal's Ctrl-C reaches them only through us.
    """
    started: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            line = [sys.executable, "-m", "servery", *command]
            started.append(subprocess.Popen(line, env={**os.environ, **environ}, stdout=stdout, start_new_session=True))
        yield started
    finally:
        _end(started)


def _end(started: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in started:
        child.terminate()
    for child in started:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(STOP_SECONDS)
        if child.poll() is None:
            log.warning("process %s did not stop in %.0f s and is killed", child.pid, STOP_SECONDS)
            child.kill()
            child.wait()
