"""The demo restaurant's systems in a process of their own, joined and read as any account would be."""

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psutil
from msgspec import Struct

from benchmarks.stand.installation import servery
from servery.app.arrive import arrive
from servery.app.connect import HISTORY_DAYS, all_settings, connect, session
from servery.app.keeping import keeper, redactor
from servery.connectors import registry
from servery.connectors.contract import Account, Span, pages
from servery.storage.pool import Pool
from servery.sync import connections, state
from servery.sync.reading import Reader
from servery.sync.spans import poll_span, stretches
from servery.sync.step import step

Settings = Mapping[str, str]


class Sandbox(Struct, frozen=True):
    """The simulators' process, and what to enter in order to join each of them."""

    process: psutil.Process
    systems: dict[str, dict[str, str]]

    def processor_seconds(self) -> float:
        """What the simulators have cost so far."""
        used = self.process.cpu_times()
        return float(used.user + used.system)


@contextlib.contextmanager
def sandbox(names: tuple[str, ...], days: int, truth: Path | None = None) -> Iterator[Sandbox]:
    """Serve these systems with so many days of history; nothing unplanned happens in them."""
    ports = [_free_port() for _ in names]
    if len(names) == 1:
        command = servery("--with-parent", "sandbox", names[0], "--port", str(ports[0]))
    else:
        command = servery("--with-parent", "sandbox", "demo")
        for name, port in zip(names, ports, strict=True):
            command += [f"--{name}-port", str(port)]
    command += ["--days", str(days), "--live-seconds", "0"]
    command += ["--truth", str(truth)] if truth else []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            systems = msgspec.json.decode(process.stdout.readline(), type=dict[str, dict[str, str]])
            yield Sandbox(psutil.Process(process.pid), systems)
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def joined(
    pool: Pool, home: Path, connector: str, settings: Settings, days: int, venue: str | None = None
) -> AsyncIterator[Reader]:
    """Connect a system and give what reads it, as the engine would make it."""
    given = {**settings, HISTORY_DAYS: str(days)}
    async with pool.connection() as db:
        made = await connect(db, home, connector, given, name=None, venue_name=venue)
        one = await connections.connection_named(db, made.name)
    read_by = registry.connector(connector)
    async with session(all_settings(home, one)) as opened:
        yield Reader(
            pool=pool,
            connection_id=one.id,
            connector=read_by,
            session=opened,
            account=msgspec.convert(one.account, Account),
            history_days=days,
            arrive=arrive,
            keep=keeper(one.id, read_by, redactor(home, read_by)),
        )


async def read_all(reader: Reader) -> None:
    """Take the steps that the engine takes, until the whole history is read. RuntimeError when a read fails."""
    while not await _is_read(reader):
        wait = await step(reader, ())
        await asyncio.sleep(min(wait, 0.05))


async def _is_read(reader: Reader) -> bool:
    async with reader.pool.connection() as db:
        states = await state.states(db, reader.connection_id)
    failed = [one.error for one in states.values() if one.error]
    if failed:
        raise RuntimeError(f"reading failed: {failed[0]}")
    resources = reader.connector.manifest.resources
    return len(states) == len(resources) and all(
        states[one.name].polled_until and (one.backfill_by is None or states[one.name].backfill_done_at)
        for one in resources
    )


async def throw_away(reader: Reader) -> int:
    """Ask for the very pages that `read_all` reads, and drop them: the number of records on them."""
    now, records = datetime.now(UTC), 0
    for resource in reader.connector.manifest.resources:
        spans = [poll_span(resource, None, now)]
        if resource.backfill_by is not None:
            past = stretches(now - timedelta(days=reader.history_days), now)
            spans += [Span(resource.backfill_by, one.since, one.until) for one in past]
        for span in spans:
            async for page in pages(reader.connector, reader.session, resource, reader.account, span):
                records += len(page.records)
    return records
