"""Reading one connection: its due polls, then one step of its backfill; failures are noted with the next try."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import uniform
from typing import Literal

from msgspec import Raw, Struct
from psycopg_pool import AsyncConnectionPool

from servery.connectors.contract import Account, Connector, Page, Resource, Session, Span, pages
from servery.errors import NeedsPerson, Retry, ServeryError
from servery.model.changes import Applied, Change
from servery.sync import connections, state
from servery.sync.places import Place
from servery.sync.rows import Db
from servery.sync.spans import Stretch, next_stretch, poll_span, stretches
from servery.sync.understanding import Known, Told, beyond_us, not_understood, says_too_much, together, understood

log = logging.getLogger(__name__)

Arrive = Callable[[Db, int, Mapping[str, Place], Sequence[Change]], Awaitable[Applied]]
"""What takes changes into the house, in the transaction of the connection it is given (`app.arrive`)."""
Pool = AsyncConnectionPool[Db]

Via = Literal["poll", "backfill", "reconcile"]
Keep = Callable[[Db, Via, str, Sequence[Told]], Awaitable[None]]
"""What keeps records of a resource as they came, and aside where they have an error (`app.keeping`)."""

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
    keep: Keep


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
    await _read(reader, "poll", resource, span)
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
    if await _guarded(reader, resource, at, partial(_read, reader, "backfill", resource, span)):
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


async def _read(reader: Reader, via: Via, resource: Resource, span: Span | None) -> None:
    """Read a span set by set, each taken in whole; the vendor prepares the next pages meanwhile."""
    async with reader.pool.connection() as db:
        places = await connections.places(db, reader.connection_id)
    coming = _sets(pages(reader.connector, reader.session, resource, reader.account, span))
    records = await anext(coming, None)
    while records is not None:
        following = asyncio.ensure_future(anext(coming, None))
        try:
            await _take_in(reader, via, resource, places, records)
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


async def _take_in(
    reader: Reader, via: Via, resource: Resource, places: Mapping[str, Place], records: list[Raw]
) -> None:
    """Bring a set of records into the house in one transaction, and keep them as they came."""
    known = Known(places, frozenset(one.external_id for one in reader.account.locations))
    told = understood(reader.connector, resource.name, known, records)
    async with reader.pool.connection() as db:
        await together(db, [one for one in told if one.error is None], partial(_arrived, reader, db, places), _aside)
        await reader.keep(db, via, resource.name, told)
        await state.read_records(db, reader.connection_id, resource.name, len(records))


async def _arrived(reader: Reader, db: Db, places: Mapping[str, Place], told: Sequence[Told]) -> None:
    await reader.arrive(db, reader.connection_id, places, [change for one in told for change in one.changes])


def _aside(told: Told, error: Exception) -> None:
    """Keep a record aside at once, whatever the fault: the next poll tries it again."""
    told.stage = "apply"
    told.error = beyond_us(error) if says_too_much(error) else not_understood(error)
