"""Reading one connection: its due polls, then one step of its backfill; failures are noted with the next try."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hashlib import blake2b
from random import uniform

import psycopg
from msgspec import Raw, Struct
from psycopg_pool import AsyncConnectionPool

from servery.connectors.contract import Account, Connector, Page, Resource, Session, Span, pages
from servery.errors import NeedsPerson, Quarantine, Retry, ServeryError
from servery.model.changes import Applied, Change
from servery.sync import connections, state
from servery.sync.places import Place
from servery.sync.rows import Db
from servery.sync.spans import Stretch, next_stretch, poll_span, stretches

log = logging.getLogger(__name__)

Arrive = Callable[[Db, int, Mapping[str, Place], Sequence[Change]], Awaitable[Applied]]
"""What takes changes into the house, in the transaction of the connection it is given (`app.arrive`)."""
Pool = AsyncConnectionPool[Db]

Told = tuple[Raw, Sequence[Change]]
"""A record with the changes it says."""

# An escaped NUL: its backslash is not itself escaped.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
SET = 500
"""Records from which on pages are taken in together."""
_WAITS = (5, 30, 120, 600, 3600)
"""Seconds until the next try after one, two, ... failures in a row; a person's mistake is tried at the longest."""


class Reader(Struct, frozen=True, kw_only=True):
    """One connection being read."""

    pool: Pool
    connection_id: int
    connector: Connector
    session: Session
    account: Account
    history_days: int
    arrive: Arrive


async def step(reader: Reader, wanted_days: Collection[date]) -> float:
    """Do what is due and return the seconds until something is due again (0: at once).

    `wanted_days` are read first by a backfill: the days on which guests who are expected soon were here before.
    """
    now = datetime.now(UTC)
    async with reader.pool.connection() as db:
        for resource in reader.connector.manifest.resources:
            await state.begin(db, reader.connection_id, resource.name)
    states = await _states(reader)
    for resource in reader.connector.manifest.resources:
        if due_in(resource, states[resource.name], now) <= 0:
            await _guarded(reader, resource, states[resource.name], partial(_poll, reader, resource, states, now))
    if await _backfill_one(reader, await _states(reader), wanted_days):
        return 0.0
    states = await _states(reader)
    waits = [due_in(one, states[one.name], datetime.now(UTC)) for one in reader.connector.manifest.resources]
    return max(0.2, min(waits, default=60.0))


async def _states(reader: Reader) -> dict[str, state.State]:
    async with reader.pool.connection() as db:
        return await state.states(db, reader.connection_id)


def due_in(resource: Resource, at: state.State, now: datetime) -> float:
    """Seconds until a resource is to be polled, 0 or less when it is due."""
    if at.next_try_at is not None:
        return (at.next_try_at - now).total_seconds()
    if at.polled_until is None or at.last_ok_at is None:
        return 0.0
    return resource.poll_seconds - (now - at.polled_until).total_seconds()


async def _guarded(reader: Reader, resource: Resource, at: state.State, work: Callable[[], Awaitable[None]]) -> bool:
    """Do some reading; a failure is noted in words with the time of the next try. Tells whether it went well."""
    try:
        await work()
    except ServeryError as error:
        wait = _wait(error, at.attempts)
        log.warning("connection %s, %s: %s; next try in %.0f s", reader.connection_id, resource.name, error.code, wait)
        async with reader.pool.connection() as db:
            next_try = datetime.now(UTC) + timedelta(seconds=wait)
            await state.failed(db, reader.connection_id, resource.name, error, next_try)
        return False
    return True


def _wait(error: ServeryError, attempts: int) -> float:
    if isinstance(error, NeedsPerson):
        return float(_WAITS[-1])
    patient = _WAITS[min(attempts, len(_WAITS) - 1)] * uniform(0.8, 1.2)
    return max(patient, error.retry_after) if isinstance(error, Retry) else patient


async def _poll(reader: Reader, resource: Resource, states: Mapping[str, state.State], now: datetime) -> None:
    span = poll_span(resource, states[resource.name].polled_until, now)
    await _read(reader, resource, span)
    async with reader.pool.connection() as db:
        await state.polled(db, reader.connection_id, resource.name, now)
        if resource.backfill_by is not None:
            since = now - timedelta(days=reader.history_days)
            await state.plan_backfill(db, reader.connection_id, resource.name, since, now)


async def _backfill_one(reader: Reader, states: Mapping[str, state.State], wanted_days: Collection[date]) -> bool:
    """Try to read one stretch of the past; False when nothing is left or possible now."""
    offers = list(_next_stretches(reader, states, wanted_days))
    if not offers:
        return False
    wanted = [offer for offer in offers if offer[1].holds(wanted_days)]
    resource, stretch, of = (wanted or offers)[0]
    assert resource.backfill_by is not None
    span = Span(resource.backfill_by, stretch.since, stretch.until)
    at = states[resource.name]
    if await _guarded(reader, resource, at, partial(_read, reader, resource, span)):
        done = [*at.spans_done, stretch]
        async with reader.pool.connection() as db:
            await state.read_stretch(db, reader.connection_id, resource.name, done, len(done) == of)
    return True


def _next_stretches(
    reader: Reader, states: Mapping[str, state.State], wanted_days: Collection[date]
) -> Iterator[tuple[Resource, Stretch, int]]:
    """For each resource with some of its past unread: the next stretch of it, and how many it has in all."""
    for resource in reader.connector.manifest.resources:
        at = states[resource.name]
        if resource.backfill_by is None or at.backfill_done_at or not at.backfill_since or not at.backfill_until:
            continue
        if at.next_try_at is not None and at.next_try_at > datetime.now(UTC):
            continue
        todo = stretches(at.backfill_since, at.backfill_until)
        stretch = next_stretch(todo, at.spans_done, wanted_days)
        if stretch is not None:
            yield resource, stretch, len(todo)


async def _read(reader: Reader, resource: Resource, span: Span | None) -> None:
    """Read a span set by set, each taken in whole; the vendor prepares the next pages meanwhile."""
    async with reader.pool.connection() as db:
        places = await connections.places(db, reader.connection_id)
    coming = _sets(pages(reader.connector, reader.session, resource, reader.account, span))
    records = await anext(coming, None)
    while records is not None:
        following = asyncio.ensure_future(anext(coming, None))
        try:
            await _take_in(reader, resource, places, records)
            records = await following
        finally:
            following.cancel()


async def _sets(coming: AsyncIterator[Page]) -> AsyncIterator[list[Raw]]:
    """The records of small pages put together: a day's visits are formed anew after each set, not after each page."""
    records: list[Raw] = []
    try:
        async for page in coming:
            records += page.records
            if len(records) >= SET:
                yield records
                records = []
    except ServeryError:
        # What came before the failure is taken in all the same.
        if records:
            yield records
        raise
    if records:
        yield records


async def _take_in(reader: Reader, resource: Resource, places: Mapping[str, Place], records: Sequence[Raw]) -> None:
    """Bring a set of records into the house in one transaction; those that cannot be, are kept as they came."""
    told, unread = understood(reader.connector, resource.name, places, records)
    async with reader.pool.connection() as db:
        unread += await _arrived(reader, db, places, told)
        for record, error in unread:
            digest = blake2b(record, digest_size=16).digest()
            await state.keep_unread(db, reader.connection_id, resource.name, bytes(record), digest, error)
        await state.read_records(db, reader.connection_id, resource.name, len(records))


async def _arrived(
    reader: Reader, db: Db, places: Mapping[str, Place], told: Sequence[Told]
) -> list[tuple[Raw, ServeryError]]:
    """Take records in together. Where one says what no table can hold, halves are tried until it is found alone."""
    try:
        async with db.transaction():
            changes = [change for _, seen in told for change in seen]
            await reader.arrive(db, reader.connection_id, places, changes)
    except (psycopg.DataError, OverflowError, UnicodeEncodeError) as error:
        if len(told) == 1:
            return [(told[0][0], _beyond_us(error))]
        half = len(told) // 2
        return await _arrived(reader, db, places, told[:half]) + await _arrived(reader, db, places, told[half:])
    return []


def understood(
    connector: Connector, resource: str, places: Mapping[str, Place], records: Sequence[Raw]
) -> tuple[list[Told], list[tuple[Raw, ServeryError]]]:
    """What a page's records say, each with its changes, and the records that cannot be taken in, with the reason."""
    told: list[Told] = []
    unread: list[tuple[Raw, ServeryError]] = []
    for record in records:
        try:
            seen = connector.translate(resource, without_nul(record))
        except Quarantine as error:
            unread.append((record, error))
            continue
        elsewhere = next((one for one in seen if getattr(one, "location", None) not in {None, *places}), None)
        if elsewhere is None:
            told.append((record, seen))
        else:
            unread.append((record, _unplaced(elsewhere)))
    return told, unread


def without_nul(record: Raw) -> Raw:
    """The record without the character U+0000, which JSON may hold and PostgreSQL cannot, and which nobody means."""
    text = bytes(record)
    return Raw(_NUL.sub(rb"\1", text)) if b"\\u0000" in text else record


def _beyond_us(error: Exception) -> ServeryError:
    # The name of the error alone: its text may quote the record.
    return Quarantine(
        "This record says what no field of ours can hold ({why}).", why=type(error).__name__, code="beyond-us"
    )


def _unplaced(change: Change) -> ServeryError:
    return Quarantine(
        "The location {location} is no venue here.",
        location=getattr(change, "location", ""),
        code="unplaced",
        mend="Link the location to a venue on the connection's page.",
    )
