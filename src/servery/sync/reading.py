"""Reading one connection: its due polls, then one step of its backfill; failures are noted with the next try."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hashlib import blake2b
from random import uniform

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
        states = await state.states(db, reader.connection_id)
    for resource in reader.connector.manifest.resources:
        if due_in(resource, states[resource.name], now) <= 0:
            await _guarded(reader, resource, states[resource.name], partial(_poll, reader, resource, states, now))
    if await _backfill_one(reader, states, wanted_days, now):
        return 0.0
    async with reader.pool.connection() as db:
        states = await state.states(db, reader.connection_id)
    waits = [due_in(one, states[one.name], datetime.now(UTC)) for one in reader.connector.manifest.resources]
    return max(0.2, min(waits, default=60.0))


def due_in(resource: Resource, at: state.State, now: datetime) -> float:
    """Seconds until a resource is to be polled, 0 or less when it is due."""
    if at.next_try_at is not None:
        return (at.next_try_at - now).total_seconds()
    if at.polled_until is None:
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
    return max(patient, error.retry_after) if isinstance(error, Retry) and attempts else patient


async def _poll(reader: Reader, resource: Resource, states: Mapping[str, state.State], now: datetime) -> None:
    span = poll_span(resource, states[resource.name].polled_until, now)
    await _read(reader, resource, span)
    async with reader.pool.connection() as db:
        await state.polled(db, reader.connection_id, resource.name, now)
        if resource.backfill_by is not None:
            since = now - timedelta(days=reader.history_days)
            await state.plan_backfill(db, reader.connection_id, resource.name, since, now)


async def _backfill_one(
    reader: Reader, states: Mapping[str, state.State], wanted_days: Collection[date], now: datetime
) -> bool:
    """Read one stretch of the past; False when nothing is left or possible now."""
    offers = list(_next_stretches(reader, states, wanted_days, now))
    if not offers:
        return any(_waits_for_first_poll(resource, states) for resource in reader.connector.manifest.resources)
    wanted = [offer for offer in offers if offer[1].holds(wanted_days)]
    resource, stretch, of = (wanted or offers)[0]
    assert resource.backfill_by is not None
    span = Span(resource.backfill_by, stretch.since, stretch.until)
    at = states[resource.name]
    if not await _guarded(reader, resource, at, partial(_read, reader, resource, span)):
        return False
    done = [*at.spans_done, stretch]
    async with reader.pool.connection() as db:
        await state.read_stretch(db, reader.connection_id, resource.name, done, len(done) == of)
    return True


def _next_stretches(
    reader: Reader, states: Mapping[str, state.State], wanted_days: Collection[date], now: datetime
) -> Iterator[tuple[Resource, Stretch, int]]:
    """For each resource with some of its past unread: the next stretch of it, and how many it has in all."""
    for resource in reader.connector.manifest.resources:
        at = states[resource.name]
        if resource.backfill_by is None or at.backfill_done_at or not at.backfill_since or not at.backfill_until:
            continue
        if at.next_try_at is not None and at.next_try_at > now:
            continue
        todo = stretches(at.backfill_since, at.backfill_until)
        stretch = next_stretch(todo, at.spans_done, wanted_days)
        if stretch is not None:
            yield resource, stretch, len(todo)


def _waits_for_first_poll(resource: Resource, states: Mapping[str, state.State]) -> bool:
    at = states[resource.name]
    return resource.backfill_by is not None and at.backfill_since is None and at.next_try_at is None


async def _read(reader: Reader, resource: Resource, span: Span | None) -> None:
    """Read a span page by page, each taken in whole; the vendor prepares the next page meanwhile."""
    async with reader.pool.connection() as db:
        places = await connections.places(db, reader.connection_id)
    coming = pages(reader.connector, reader.session, resource, reader.account, span)
    page = await anext(coming, None)
    while page is not None:
        following = asyncio.ensure_future(anext(coming, None))
        try:
            await _take_in(reader, resource, places, page)
            page = await following
        finally:
            following.cancel()


async def _take_in(reader: Reader, resource: Resource, places: Mapping[str, Place], page: Page) -> None:
    """Bring a page's records into the house in one transaction; those that cannot be, are kept as they came."""
    changes, unread = understood(reader.connector, resource.name, places, page.records)
    async with reader.pool.connection() as db:
        await reader.arrive(db, reader.connection_id, places, changes)
        for record, error in unread:
            digest = blake2b(record, digest_size=16).digest()
            await state.keep_unread(db, reader.connection_id, resource.name, bytes(record), digest, error)
        await state.read_records(db, reader.connection_id, resource.name, len(page.records))


def understood(
    connector: Connector, resource: str, places: Mapping[str, Place], records: Sequence[Raw]
) -> tuple[list[Change], list[tuple[Raw, ServeryError]]]:
    """The changes of a page's records, and the records that cannot be taken in, each with its reason."""
    changes: list[Change] = []
    unread: list[tuple[Raw, ServeryError]] = []
    for record in records:
        try:
            seen = connector.translate(resource, record)
        except Quarantine as error:
            unread.append((record, error))
            continue
        elsewhere = next((one for one in seen if getattr(one, "location", None) not in {None, *places}), None)
        if elsewhere is None:
            changes += seen
        else:
            unread.append((record, _unplaced(elsewhere)))
    return changes, unread


def _unplaced(change: Change) -> ServeryError:
    return Quarantine(
        "The location {location} is no venue here.",
        location=getattr(change, "location", ""),
        code="unplaced",
        mend="Link the location to a venue on the connection's page.",
    )
