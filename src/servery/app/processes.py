"""The processes of an installation: the one that serves pages, the one that reads, and the one that watches both."""

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

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from servery.app import engine, site
from servery.errors import NeedsPerson
from servery.settings import Settings
from servery.storage.pool import open_pool
from servery.web.live import Live, listen

log = logging.getLogger(__name__)

STOP_SECONDS = 3.0
"""How long processes may take to end their work once told to stop."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def serve(settings: Settings, dsn: str) -> None:
    """Serve pages and API until a signal asks to stop. NeedsPerson when the port is taken."""
    live = Live()
    stop = _stop_event()
    async with open_pool(dsn) as pool:
        listening = asyncio.create_task(listen(live, dsn))
        try:
            await _serve_until(stop, settings, site.create(settings, pool, live), live)
        finally:
            listening.cancel()
            await asyncio.wait([listening])


async def _serve_until(stop: asyncio.Event, settings: Settings, application: Litestar, live: Live) -> None:
    server = Server(
        application,
        address=os.environ.get("SERVERY_ADDRESS", "127.0.0.1"),
        port=settings.port,
        interface=Interfaces.ASGINL,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    await asyncio.wait([serving, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    live.stop()
    if serving.done():
        _tell_failure(serving, settings.port)
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait([serving], timeout=STOP_SECONDS)


def _tell_failure(serving: "asyncio.Task[None]", port: int) -> None:
    error = serving.exception()
    raise NeedsPerson(
        "Port {port} cannot be listened on.",
        field="SERVERY_PORT",
        port=port,
        mend="Stop the program that uses it, or set SERVERY_PORT to another.",
    ) from error


async def work(settings: Settings, dsn: str) -> None:
    """Read all connections until a signal asks to stop."""
    stop = _stop_event()
    async with open_pool(dsn) as pool:
        await engine.run(pool, settings.home, stop)


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


class Stopped(BaseException):
    """A signal asked the watching process to stop."""


@contextmanager
def stopped_by_signal() -> Iterator[None]:
    """Turn the first signal to stop into Stopped, and ignore those that follow while things are taken down."""

    def on_signal(_: int, __: FrameType | None) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
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
