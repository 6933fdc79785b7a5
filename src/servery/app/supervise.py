"""Watching over processes: starting them, being told to stop, and stopping them. Loads nothing that they need."""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

log = logging.getLogger(__name__)

STOP_SECONDS = 3.0
"""How long processes may take to end their work once told to stop."""
_ENDS_AT_MOST = 5
_WITHIN = 60.0
"""Seconds: what ends five times within a minute has a fault that beginning again does not mend."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a process to stop."""


def end_process() -> NoReturn:
    """End this process, whose work is done and written, without taking the interpreter down first.

    Threads of the HTTP server may still be on their way out. Where one of them asks for Python meanwhile, Python ends
    the thread, which Rust does not bear: the process would be aborted, and a stop told as a failure.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def stop_event() -> asyncio.Event:
    """An event that is set when something asks this process to stop."""
    stop = asyncio.Event()
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def end_with_starter() -> None:
    """End this process, as SIGTERM would, once its standard input ends: whoever started it is gone.

    Whoever started it holds the other end of that pipe, and the kernel closes it however they die. Nothing is asked
    again and again, no other process can be taken for them, and it is not missed where they die while this one is
    still starting. Linux's PR_SET_PDEATHSIG would tell of the end of the thread that started us, not of the process,
    and has to be set between fork and exec, where a program with threads must not run Python.
    """
    threading.Thread(target=_end_after_input, name="starter", daemon=True).start()


def _end_after_input() -> None:
    while os.read(0, 4096):
        pass
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


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


class Child:
    """A `servery` command that runs beside this process, ends with it, and can be begun again."""

    def __init__(self, command: Sequence[str], stdout: int | None = None) -> None:
        self.command = " ".join(command)
        self._line = [sys.executable, "-m", "servery", "--with-parent", *command]
        self._stdout = stdout
        self._ends: deque[float] = deque(maxlen=_ENDS_AT_MOST)
        self.process = self._begin()

    def _begin(self) -> subprocess.Popen[bytes]:
        # A session of its own, so that a terminal's Ctrl-C reaches it only through us.
        return subprocess.Popen(self._line, stdin=subprocess.PIPE, stdout=self._stdout, start_new_session=True)

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self.process.poll() is not None

    def begin_again(self) -> bool:
        """Begin again what ended; False where it ended so often that it would only end again."""
        self._ends.append(time.monotonic())
        if len(self._ends) == _ENDS_AT_MOST and self._ends[-1] - self._ends[0] < _WITHIN:
            return False
        with self.process as ended:
            log.warning("servery %s ended by itself (exit code %s) and is begun again", self.command, ended.returncode)
        self.process = self._begin()
        return True


@contextmanager
def children(commands: Sequence[Sequence[str]], stdout: int | None = None) -> Iterator[list[Child]]:
    """Run `servery` commands beside this process, and have all of them stopped at the end."""
    started: list[Child] = []
    try:
        for command in commands:
            started.append(Child(command, stdout))
        yield started
    finally:
        _end([child.process for child in started])


def _end(started: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in started:
        child.terminate()
    for child in started:
        with child:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(STOP_SECONDS)
            if child.poll() is None:
                log.warning("process %s did not stop in %.0f s and is killed", child.pid, STOP_SECONDS)
                child.kill()
