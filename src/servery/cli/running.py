"""`servery up`, `web`, `worker` and `demo`: running an installation."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import httpx
import typer

from servery.accounts import people
from servery.app import key_files, logs
from servery.app.supervise import STOP_SECONDS, Child, children, end_process, stopped_by_signal
from servery.cli.shell import FIRST_OWNER, opened, say, settings
from servery.errors import NeedsPerson, Retry
from servery.model.viewer import SYSTEM
from servery.settings import Settings
from servery.storage import guardian
from servery.storage.embedded import revive
from servery.storage.migrate import migrate
from servery.storage.server import database

UP = (("web",), ("worker",))
"""The commands that together are an installation."""


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("up", short_help="Run everything: the pages, and the reading.")(up)
    app.command("web")(web)
    app.command("worker")(worker)


def web() -> None:
    """Serve the pages and the API."""
    from servery.app.serving import serve

    _run(serve)
    end_process()


def worker() -> None:
    """Read the connections, take in what arrived, send what must leave."""
    from servery.app.worker import work

    _run(work)


def _run(service: Callable[[Settings, str], Coroutine[Any, Any, None]]) -> None:
    logs.configure(os.environ)
    chosen = settings()
    chosen.home.mkdir(parents=True, exist_ok=True)
    with database(chosen) as dsn:
        migrate(dsn)
        asyncio.run(_hold_to_keys(chosen, dsn))
        asyncio.run(service(chosen, dsn))


async def _hold_to_keys(chosen: Settings, dsn: str) -> None:
    async with opened(dsn) as db:
        await key_files.hold_to(db, chosen.home)


def up() -> None:
    """Run everything: the pages and the reading of connections, each in a process of its own."""
    chosen = settings()
    wait_for_port(chosen.port)
    with stopped_by_signal(), database(chosen) as dsn:
        migrate(dsn)
        asyncio.run(_hold_to_keys(chosen, dsn))
        with children(UP) as started:
            nobody = asyncio.run(_nobody(dsn))
            wait_until_answering(chosen, started)
            say(f"Servery is up: {chosen.public_url}")
            if nobody:
                say(f"Nobody may sign in yet. In another terminal: {FIRST_OWNER}")
            watch(chosen, dsn, started)


def wait_for_port(port: int, seconds: float = 3 * STOP_SECONDS) -> None:
    """Wait until nobody answers on a port of this machine: the children of one that was killed are still ending.

    NeedsPerson where somebody stays.
    """
    until = time.monotonic() + seconds
    while _answered(port):
        if time.monotonic() > until:
            raise NeedsPerson(
                "Another program answers on port {port}.",
                field="SERVERY_PORT",
                port=port,
                mend="Stop it, or set SERVERY_PORT to another.",
            )
        time.sleep(0.1)


def _answered(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def _nobody(dsn: str) -> bool:
    async with opened(dsn) as db:
        return not await people.everybody(db, SYSTEM)


def wait_until_answering(chosen: Settings, started: Sequence[Child], seconds: float = 30.0) -> None:
    """Wait until the pages answer. Retry when a process ended, or nothing answers in time."""
    until = time.monotonic() + seconds
    with httpx.Client(base_url=f"http://127.0.0.1:{chosen.port}", trust_env=False) as client:
        while time.monotonic() < until:
            ended(started)
            try:
                if client.get("/healthz").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.02)
    raise Retry("The pages do not answer after {seconds} s.", seconds=round(seconds))


def watch(chosen: Settings, dsn: str, started: Sequence[Child]) -> None:
    """Keep everything running until a signal comes: what ends by itself, PostgreSQL among it, is begun again.

    Retry where something ends again and again.
    """
    while True:
        if chosen.database_url is None and not guardian.is_held(chosen.home, guardian.ALIVE):
            _revive(chosen, dsn)
        for child in started:
            if child.ended and not child.begin_again():
                ended([child])
        time.sleep(0.2)


def _revive(chosen: Settings, dsn: str) -> None:
    say(f"PostgreSQL ended by itself and is started again. Its last words are in {chosen.home / 'postgres.log'}.")
    if revive(chosen.home) != dsn:
        raise Retry("PostgreSQL came back at another address.", mend="Start again: what was committed is there.")


def ended(started: Sequence[Child]) -> None:
    """Raise Retry if a process has ended; it has told why itself."""
    for child in started:
        if child.ended:
            raise Retry(
                "servery {command} ended by itself (exit code {status}).",
                command=child.command,
                status=child.process.returncode,
            )
