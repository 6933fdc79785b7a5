"""`servery demo`: a restaurant that does not exist, its two systems, and Servery between them."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from subprocess import PIPE
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from servery.app import demo as furnishing
from servery.app import engine
from servery.app.supervise import Child, children, stopped_by_signal
from servery.cli.running import UP, ended, wait_for_port, wait_until_answering, watch
from servery.cli.shell import opened, say, settings
from servery.errors import Retry
from servery.sandbox.restaurant import restaurant
from servery.settings import Settings
from servery.storage.migrate import migrate
from servery.storage.server import database
from servery.sync.state import how_far

_LOOK = 0.5
"""Seconds between looks at how far reading has come."""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("demo", short_help="Play a restaurant and show its evening.")(demo)


def demo(
    days: Annotated[int, typer.Option(min=1, max=1825, help="Days of history the restaurant has.")] = 365,
    seed: Annotated[int, typer.Option(help="The same seed gives the same restaurant.")] = 1,
) -> None:
    """Play a restaurant and show its evening: no account anywhere, everything on this machine.

    The restaurant's till and reservation book are simulators with the APIs of Square and resOS, read over HTTP as any
    account would be. What an earlier demo left in SERVERY_HOME is cleared first.
    """
    chosen = settings()
    wait_for_port(chosen.port)
    with stopped_by_signal():
        furnishing.clear(chosen.home)
        with simulators(days, seed) as played, database(chosen) as dsn:
            migrate(dsn)
            link = asyncio.run(_furnish(dsn, chosen, systems_of(played), days))
            with children(UP) as started:
                wait_until_answering(chosen, started)
                asyncio.run(_read(dsn, started, chosen, link))
                watch(chosen, dsn, started)


@contextmanager
def simulators(days: int, seed: int) -> Iterator[Child]:
    """The restaurant's two systems in a process of their own."""
    line = ["sandbox", "demo", "--days", str(days), "--seed", str(seed)]
    line += ["--square-port", str(_free_port()), "--resos-port", str(_free_port())]
    with children([line], stdout=PIPE) as started:
        yield started[0]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def systems_of(child: Child) -> dict[str, dict[str, str]]:
    """How to connect to each system: the one line of JSON with which the simulators say that they answer."""
    assert child.process.stdout is not None
    line = child.process.stdout.readline()
    if not line:
        ended([child])
        raise Retry("The simulators ended before they answered.")
    return msgspec.json.decode(line, type=dict[str, dict[str, str]])


async def _furnish(dsn: str, chosen: Settings, systems: dict[str, dict[str, str]], days: int) -> str:
    async with opened(dsn) as db:
        return await furnishing.furnish(db, chosen, systems, restaurant().venue, days)


async def _read(dsn: str, started: Sequence[Child], chosen: Settings, link: str) -> None:
    """Show how reading goes on; as soon as tonight's guests have their stories, say where to look."""
    console = Console(stderr=True, highlight=False)
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}")
    ready = False
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Reading tonight's guests", total=None, left="")
        while True:
            ended(started)
            async with opened(dsn) as db:
                read = await how_far(db)
                if not ready and await engine.stories_complete(db, datetime.now(UTC)):
                    ready = True
                    _tell(chosen, link)
                    bar.update(task, description="Reading the rest of the year")
            left = "" if read.seconds_left is None else f"about {read.seconds_left} s left"
            bar.update(task, completed=read.done, total=read.of or None, left=left)
            if ready and read.done == read.of:
                break
            await asyncio.sleep(_LOOK)
    say(f"The whole history is read: {read.records} records.")


def _tell(chosen: Settings, link: str) -> None:
    typer.echo(f"Servery is ready: {chosen.public_url}")
    typer.echo(f"Sign in once with: {link}")
    say("Ctrl-C stops everything.")
