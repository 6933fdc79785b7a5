"""The engine: one task for each connection, reading what is due, for as long as the process lives."""

import asyncio
import logging
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic

import msgspec
from psycopg import OperationalError

from servery.app.arrive import arrive, tell_pages
from servery.app.calls import Calls, either, listen
from servery.app.connect import DEFAULT_HISTORY, HISTORY_DAYS, using
from servery.app.keeping import keeper, redactor
from servery.connectors import registry
from servery.connectors.contract import Account
from servery.errors import NeedsPerson
from servery.privacy.keyed import open_key
from servery.storage.claims import Claims, claims
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync import connections, state, status
from servery.sync.connections import Connection
from servery.sync.reading import Reader
from servery.sync.spans import stretches
from servery.sync.step import step

log = logging.getLogger(__name__)

_LOOK = 1.0
"""Seconds between looks for connections that are new, changed, paused or removed."""
_TELL_EVERY = 2.0
"""Seconds between two looks whether pages show something else of a connection while its reading goes on."""
_AFTER_A_FAULT = 30.0
"""Seconds of rest after a fault of our own in reading a connection."""


Tasks = dict[int, tuple[bytes, "asyncio.Task[None]"]]
"""The reading of each connection, with how it was set up when that began."""


async def run(pool: Pool, home: Path, stop: asyncio.Event) -> None:
    """Read all active connections until told to stop, but for those that another process reads."""
    tasks: Tasks = {}
    calls = Calls()
    listening = asyncio.create_task(listen(pool, state.WANTED, calls.call))
    try:
        while not stop.is_set():
            try:
                async with claims(str(pool.conninfo)) as held:
                    while not stop.is_set():
                        await _adjust(pool, home, tasks, calls, held)
                        await either(stop, timeout=_LOOK)
            except OperationalError as error:
                # Somebody restarts PostgreSQL: reading goes on when it is back, and the page says when it last did.
                log.warning("The database does not answer (%s); it is asked again.", type(error).__name__)
                # Another process may hold the claims by now.
                await _end(tasks)
                await either(stop, timeout=_LOOK)
    finally:
        listening.cancel()
        await _end(tasks)
        await asyncio.gather(listening, return_exceptions=True)


async def _end(tasks: Tasks) -> None:
    ending = [task for _, task in tasks.values()]
    for task in ending:
        task.cancel()
    tasks.clear()
    await asyncio.gather(*ending, return_exceptions=True)


async def _adjust(pool: Pool, home: Path, tasks: Tasks, calls: Calls, held: Claims) -> None:
    """Start, restart and end tasks until there is one for each active connection of ours as it is set up now."""
    await held.confirm()
    async with pool.connection() as db:
        active = {one.id: one for one in await connections.connections(db) if _is_read(one)}
    for connection_id, (set_up, task) in list(tasks.items()):
        if connection_id not in active or task.done() or msgspec.json.encode(active[connection_id]) != set_up:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            del tasks[connection_id]
            if connection_id not in active:
                await held.give_back(connection_id)
    for connection_id, one in active.items():
        if connection_id not in tasks and await held.take(connection_id):
            task = asyncio.create_task(_read_for_ever(pool, home, one, calls), name=f"connection {connection_id}")
            tasks[connection_id] = (msgspec.json.encode(one), task)


def _is_read(connection: Connection) -> bool:
    return not connection.paused and bool(registry.manifest(connection.connector).resources)


async def _read_for_ever(pool: Pool, home: Path, connection: Connection, calls: Calls) -> None:
    connector, pages = registry.connector(connection.connector), _Pages()
    while True:
        try:
            async with using(pool, home, connection) as opened:
                reader = Reader(
                    pool=pool,
                    connection_id=connection.id,
                    connector=connector,
                    session=opened,
                    account=msgspec.convert(connection.account, Account),
                    history_days=int(connection.settings.get(HISTORY_DAYS, DEFAULT_HISTORY)),
                    arrive=partial(arrive, erased=open_key(home)),
                    keep=keeper(connection.id, connector, redactor(home, connector), open_key(home)),
                )
                while True:
                    await _step(reader, calls, pages)
        except NeedsPerson as error:
            await _note(pool, connection, error)
            await asyncio.sleep(_AFTER_A_FAULT)
        except Exception:
            # One connection's fault must not stop the others; it is told in full here and tried again.
            log.exception("reading connection %s failed; next try in %.0f s", connection.id, _AFTER_A_FAULT)
            await asyncio.sleep(_AFTER_A_FAULT)


class _Pages:
    """What open pages were told of one connection: they ask again when something they show is another."""

    def __init__(self) -> None:
        self._shown: object = None
        self._looked = float("-inf")

    async def tell(self, db: Db, connection_id: int, *, goes_on: bool) -> None:
        """Tell them where it is; while reading goes on, after each of many steps, not more often than people look."""
        if goes_on and monotonic() - self._looked < _TELL_EVERY:
            return
        self._looked = monotonic()
        shown = await status.shown(db, connection_id)
        if shown != self._shown:
            await tell_pages(db, ["connections"])
            self._shown = shown


async def _step(reader: Reader, calls: Calls, pages: _Pages) -> None:
    async with reader.pool.connection() as db:
        wanted = await days_of_expected_guests(db, datetime.now(UTC))
    called = calls.expect(reader.connection_id)
    wait = await step(reader, wanted)
    async with reader.pool.connection() as db:
        await pages.tell(db, reader.connection_id, goes_on=wait <= 0)
    await either(called, timeout=wait)


async def _note(pool: Pool, connection: Connection, error: NeedsPerson) -> None:
    next_try = datetime.now(UTC) + timedelta(seconds=_AFTER_A_FAULT)
    async with pool.connection() as db:
        for resource in registry.manifest(connection.connector).resources:
            await state.begin(db, connection.id, resource.name)
            await state.failed(db, connection.id, resource.name, error, next_try)


async def days_of_expected_guests(db: Db, now: datetime) -> set[date]:
    """The past business dates on which guests with a booking today were here: their stories are wanted first."""
    cursor = await db.execute(
        "select distinct past.business_date from reservation soon "
        "join source_guest s on s.id = soon.source_guest_id join source_guest same on same.guest_id = s.guest_id "
        "join reservation past on past.source_guest_id = same.id and past.status not in ('cancelled', 'no_show') "
        "where soon.starts_at between %s and %s and past.starts_at < %s",
        [now - timedelta(hours=12), now + timedelta(hours=18), now],
    )
    return {row["business_date"] for row in await cursor.fetchall()}


async def stories_complete(db: Db, now: datetime) -> bool:
    """Whether the stories of tonight's guests are complete: every booking is read, and every day they were here.

    Of each system the first resource with a past is waited for: a manifest lists first what tells most.
    """
    wanted = await days_of_expected_guests(db, now)
    for one in await connections.connections(db):
        manifest = registry.manifest(one.connector)
        states = await state.states(db, one.id)
        past = [resource for resource in manifest.resources if resource.backfill_by][:1]
        for resource in [*(each for each in manifest.resources if not each.backfill_by), *past]:
            if not _is_read_for(manifest.kind == "reservations", states.get(resource.name), wanted):
                return False
    return True


def _is_read_for(whole: bool, at: state.State | None, wanted: set[date]) -> bool:
    if at is None or at.polled_until is None:
        return False
    if at.backfill_since is None or at.backfill_until is None or at.backfill_done_at:
        return True
    left = set(stretches(at.backfill_since, at.backfill_until)) - set(at.spans_done)
    return not left if whole else not any(stretch.holds(wanted) for stretch in left)
