"""`servery up`, `web`, `worker` and `demo`: running an installation."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from subprocess import Popen
from typing import Any

import httpx
import typer

from servery.accounts import people
from servery.app.supervise import children, stopped_by_signal
from servery.cli.shell import FIRST_OWNER, opened, say, settings
from servery.errors import Retry
from servery.model.viewer import SYSTEM
from servery.settings import Settings
from servery.storage import guardian
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


def worker() -> None:
    """Read the connections, take in what arrived, send what must leave."""
    from servery.app.worker import work

    _run(work)


def _run(service: Callable[[Settings, str], Coroutine[Any, Any, None]]) -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    chosen = settings()
    chosen.home.mkdir(parents=True, exist_ok=True)
    with database(chosen) as dsn:
        migrate(dsn)
        asyncio.run(service(chosen, dsn))


def up() -> None:
    """Run everything: the pages and the reading of connections, each in a process of its own."""
    chosen = settings()
    with stopped_by_signal(), database(chosen) as dsn:
        migrate(dsn)
        with children(UP, {"SERVERY_DATABASE_URL": dsn}) as started:
            nobody = asyncio.run(_nobody(dsn))
            wait_until_answering(chosen, started)
            say(f"Servery is up: {chosen.public_url}")
            if nobody:
                say(f"Nobody may sign in yet. In another terminal: {FIRST_OWNER}")
            watch(chosen, started)


async def _nobody(dsn: str) -> bool:
    async with opened(dsn) as db:
        return not await people.everybody(db, SYSTEM)


def wait_until_answering(chosen: Settings, started: Sequence[Popen[bytes]], seconds: float = 30.0) -> None:
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


def watch(chosen: Settings, started: Sequence[Popen[bytes]]) -> None:
    """Stay until a process ends by itself, the embedded database among them, which is a failure; or a signal comes."""
    while True:
        if chosen.database_url is None and not guardian.is_held(chosen.home, guardian.ALIVE):
            raise Retry(
                "PostgreSQL ended by itself. Its last words are in {log}.",
                log=chosen.home / "postgres.log",
                mend="Start again: what was committed is there, and reading goes on from where it stopped.",
            )
        ended(started)
        time.sleep(0.2)


def ended(started: Sequence[Popen[bytes]]) -> None:
    """Raise Retry if a process has ended; it has told why itself."""
    for child in started:
        if child.poll() is not None:
            command = " ".join(os.fsdecode(part) for part in list(child.args)[3:])  # type: ignore[arg-type]
            raise Retry(
                "servery {command} ended by itself (exit code {status}).", command=command, status=child.returncode
            )
