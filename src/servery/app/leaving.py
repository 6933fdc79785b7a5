"""The service that sends what is due: for each connection that things are written to, as soon as it is marked."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from pathlib import Path

import msgspec
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from servery.app.calls import either, listen
from servery.app.compose import compose
from servery.app.connect import using
from servery.app.ownership import outlet
from servery.connectors import registry
from servery.connectors.contract import Account
from servery.errors import NeedsPerson
from servery.model.commands import CommandKind
from servery.outbox import breaker
from servery.outbox.deliver import Delivery, Sender
from servery.outbox.mark import LEAVING
from servery.outbox.wanted import Compose, Wanted
from servery.settings import Settings
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync.connections import Connection
from servery.sync.fields import ruled
from servery.sync.timing import Timing, leaves_until, timings

log = logging.getLogger(__name__)

_LOOK = 1.0
"""Seconds between looks for connections that are new, changed, paused or removed."""
_LONGEST_WAIT = 2.0
"""Seconds after which a connection is looked at where nobody called."""
_AFTER_A_FAULT = 10.0
_TO_END = 2.5
"""Seconds that senders have to end what is under way."""


class _Sending:
    """The sending over one connection: what it is told, and the task that does it."""

    def __init__(self, connection: Connection, timing: Timing) -> None:
        self.connection = connection
        self.timing = timing
        self.called = asyncio.Event()
        self.stop = asyncio.Event()
        self.delivery: Delivery | None = None
        self.task: asyncio.Task[None] | None = None

    def call(self) -> None:
        """Something was marked."""
        self.called.set()
        if self.delivery is not None:
            self.delivery.wake()

    def until(self) -> datetime | None:
        """Up to when what was marked may leave now."""
        return leaves_until(self.timing, datetime.now(UTC))


async def run(pool: Pool, settings: Settings, stop: asyncio.Event) -> None:
    """Send over all connections until told to stop."""
    sending: dict[int, _Sending] = {}
    listening = asyncio.create_task(listen(pool, LEAVING, partial(_call, sending)))
    try:
        while not stop.is_set():
            await _adjust(pool, settings.home, sending)
            await either(stop, timeout=_LOOK)
    finally:
        listening.cancel()
        await _end(list(sending.values()))
        await asyncio.gather(listening, return_exceptions=True)


def _call(sending: dict[int, _Sending], payload: str) -> None:
    for number, one in sending.items():
        if payload in ("", str(number)):
            one.call()


async def _adjust(pool: Pool, home: Path, sending: dict[int, _Sending]) -> None:
    """Start, restart and end tasks until there is one for each connection that things are written to."""
    async with pool.connection() as db:
        wanted = {one.connection.id: one.connection for one in await ruled(db) if outlet(one)}
        timed = await timings(db)
    wanted = {number: one for number, one in wanted.items() if not one.paused}
    over = [one for number, one in sending.items() if wanted.get(number) != one.connection or _is_done(one)]
    for one in over:
        del sending[one.connection.id]
    await _end(over)
    for number, connection in wanted.items():
        timing = timed.get(number, Timing())
        if number in sending:
            sending[number].timing = timing
        else:
            one = sending[number] = _Sending(connection, timing)
            one.task = asyncio.create_task(_send_for_ever(pool, home, one), name=f"leaving {number}")


def _is_done(one: _Sending) -> bool:
    return one.task is None or one.task.done()


async def _end(over: Sequence[_Sending]) -> None:
    tasks = [one.task for one in over if one.task is not None]
    for one in over:
        one.stop.set()
        one.call()
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=_TO_END)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send_for_ever(pool: Pool, home: Path, one: _Sending) -> None:
    while not one.stop.is_set():
        try:
            await _send(pool, home, one)
        except NeedsPerson as error:
            async with pool.connection() as db:
                await breaker.stop(db, one.connection.id, error, _fingerprint(one.connection))
            await either(one.stop, timeout=_AFTER_A_FAULT)
        except (OperationalError, PoolTimeout) as error:
            log.warning("leaving: the database does not answer (%s)", type(error).__name__)
            await either(one.stop, timeout=_LOOK)
        except Exception as error:  # noqa: BLE001 (it must not stop the others; told by name alone)
            log.error("sending over connection %s failed: %s", one.connection.id, type(error).__name__)
            await either(one.stop, timeout=_AFTER_A_FAULT)


async def _send(pool: Pool, home: Path, one: _Sending) -> None:
    connection = one.connection
    connector = registry.connector(connection.connector)
    async with using(pool, home, connection) as session:
        one.delivery = Delivery(
            Sender(
                pool=pool,
                connection_id=connection.id,
                connector=connector,
                session=session,
                account=msgspec.convert(connection.account, Account),
                compose=_composing(connection),
                fingerprint=_fingerprint(connection),
                until=one.until,
            )
        )
        while not one.stop.is_set():
            one.called.clear()
            wait = await one.delivery.run(one.stop)
            await either(one.called, one.stop, timeout=min(wait, _LONGEST_WAIT))


def _composing(connection: Connection) -> Compose:
    async def composed(db: Db, kind: CommandKind, subject_ids: Sequence[int]) -> Mapping[int, Wanted | None]:
        return await compose(db, connection, kind, subject_ids)

    return composed


def _fingerprint(connection: Connection) -> bytes:
    return blake2b(msgspec.json.encode([connection.settings, connection.sealed]), digest_size=16).digest()
