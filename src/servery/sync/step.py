"""One step of reading a connection: its due polls, a comparison that is due, then a stretch of its past.

A failure is noted in words, with the time of the next try.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import uniform
from time import monotonic

from servery.connectors.contract import Resource, Span
from servery.errors import NeedsPerson, Retry, ServeryError
from servery.sync import connections, state
from servery.sync.reading import Reader, Via, read_sets
from servery.sync.reconcile import due, reconcile
from servery.sync.spans import Stretch, next_stretch, poll_span, stretches
from servery.sync.timing import Timing, due_at, in_service, read_from, timings

log = logging.getLogger(__name__)

_WAITS = (5, 30, 120, 600, 3600)
"""Seconds until the next try after one, two, ... failures in a row; a person's mistake is tried at the longest."""
_LOOK_AGAIN = 60.0
"""Seconds after which it is looked again whether a comparison is due, or the past may be read."""


async def step(reader: Reader, wanted_days: Collection[date]) -> float:
    """Do what is due and return the seconds until something is due again (0: at once).

    `wanted_days` are read first by a backfill: the days on which guests who are expected soon were here before.
    """
    now = datetime.now(UTC)
    async with reader.pool.connection() as db:
        for resource in reader.connector.manifest.resources:
            await state.begin(db, reader.connection_id, resource.name)
        timing = (await timings(db, reader.connection_id)).get(reader.connection_id, Timing())
    states = await _states(reader)
    for resource in reader.connector.manifest.resources:
        if due_in(resource, states[resource.name], now, timing) <= 0:
            await _guarded(
                reader, resource, states[resource.name], partial(_poll, reader, resource, states, timing, now)
            )
    if await _reconcile_one(reader, await _states(reader), now):
        return 0.0
    if await _past_may_be_read(reader, timing, now) and await _backfill_one(reader, await _states(reader), wanted_days):
        return 0.0
    states = await _states(reader)
    waits = [due_in(one, states[one.name], datetime.now(UTC), timing) for one in reader.connector.manifest.resources]
    looks = timing.rhythm.spare_service or any(one.reconciled for one in reader.connector.manifest.resources)
    return max(0.2, min([*waits, _LOOK_AGAIN if looks else float("inf")]))


async def _past_may_be_read(reader: Reader, timing: Timing, now: datetime) -> bool:
    """Whether nobody is served at this moment, where the owner wants service spared."""
    if not timing.rhythm.spare_service:
        return True
    async with reader.pool.connection() as db:
        places = await connections.places(db, reader.connection_id)
    return not in_service((place.venue for place in places.values()), now)


async def _reconcile_one(reader: Reader, states: Mapping[str, state.State], now: datetime) -> bool:
    """Compare one date that is due; False when none is, or its resource waits after a failure."""
    for resource in reader.connector.manifest.resources:
        at = states[resource.name]
        if at.error is not None or at.polled_until is None:
            continue
        day = await due(reader, resource, at, now)
        if day is not None:
            return await _guarded(reader, resource, at, partial(_reconcile, reader, resource, day))
    return False


async def _reconcile(reader: Reader, resource: Resource, day: date) -> None:
    found = await reconcile(reader, resource, day)
    for one in found:
        if one.missing or one.stale or one.gone:
            log.warning(
                "connection %s, %s of %s: %s were missing, %s were old, %s are gone",
                reader.connection_id, resource.name, day, one.missing, one.stale, len(one.gone),
            )  # fmt: skip


async def _states(reader: Reader) -> dict[str, state.State]:
    async with reader.pool.connection() as db:
        return await state.states(db, reader.connection_id)


def due_in(resource: Resource, at: state.State, now: datetime, timing: Timing) -> float:
    """Seconds until a resource is to be polled, 0 or less when it is due."""
    if at.next_try_at is not None:
        return (at.next_try_at - now).total_seconds()
    if at.polled_until is None or at.last_ok_at is None:
        return 0.0
    return (due_at(timing, at.polled_until, resource.poll_seconds) - now).total_seconds()


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


async def _poll(
    reader: Reader, resource: Resource, states: Mapping[str, state.State], timing: Timing, now: datetime
) -> None:
    polled = states[resource.name].polled_until
    span = poll_span(resource, polled and read_from(timing, polled, now), now)
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
    # Something of each first, then one after another: from then on the time left can be told.
    untouched = [offer for offer in offers if not states[offer[0].name].spans_done]
    resource, stretch, of = (wanted or untouched or offers)[0]
    assert resource.backfill_by is not None
    span = Span(resource.backfill_by, stretch.since, stretch.until)
    at, began = states[resource.name], monotonic()
    if await _guarded(reader, resource, at, partial(_read, reader, "backfill", resource, span)):
        done, took = [*at.spans_done, stretch], monotonic() - began
        async with reader.pool.connection() as db:
            await state.read_stretch(
                db, reader.connection_id, resource.name, done, finished=len(done) == of, seconds=took
            )
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
    async for _ in read_sets(reader, via, resource, span):
        pass
