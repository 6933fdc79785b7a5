"""Comparing one business date of a connection with its source, and mending what differs, while reading goes on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from msgspec import structs

from servery.connectors.contract import Resource, Span
from servery.model.changes import Removed
from servery.sync import compare, connections
from servery.sync.compare import Record
from servery.sync.places import Place
from servery.sync.reading import Reader, read_sets, take_in
from servery.sync.state import State

_ASKED_AT_ONCE = 100
"""Ids fetched together."""


async def due(reader: Reader, resource: Resource, at: State, now: datetime) -> date | None:
    """The business date of a resource, read as far as `at` says, that is to be compared now."""
    async with reader.pool.connection() as db:
        places = await connections.places(db, reader.connection_id)
        return await compare.next_due(db, reader.connection_id, resource, places.values(), at, now)


async def reconcile(reader: Reader, resource: Resource, day: date) -> list[compare.Compared]:
    """Compare a date with its source, take in what is missing or newer there, and hide what is no more.

    What we hold and the source does not give is asked for by its id; where that is impossible, it is hidden when the
    next comparison does not find it either: a list that came short once must not hide an evening.
    """
    async with reader.pool.connection() as db:
        places = await connections.places(db, reader.connection_id)
        ours = await compare.held(db, reader.connection_id, resource, day)
        suspected = await compare.gone_before(db, reader.connection_id, resource.name, day)
    theirs = await _read(reader, resource, places, day)
    found = compare.compare(theirs, ours, {place.venue_id for place in places.values()})
    gone = {external_id for one in found for external_id in one.gone}
    removed = await _absent(reader, resource, places, sorted(gone)) if reader.connector.fetch else gone & suspected
    revisions = {one.external_id: one.revision for one in ours}
    assert resource.reconciled is not None
    async with reader.pool.connection() as db:
        if removed:
            ends = [Removed(each, revisions[each], resource.reconciled) for each in sorted(removed)]
            await reader.arrive(db, reader.connection_id, places, ends)
        await compare.note(db, reader.connection_id, resource.name, day, found, removed)
    return found


async def _read(reader: Reader, resource: Resource, places: Mapping[str, Place], day: date) -> list[Record]:
    """Take the whole date in once more, and tell what the source holds of it."""
    since, until = compare.bounds(places.values(), day)
    assert resource.backfill_by is not None
    newest: dict[tuple[int, str], Record] = {}
    async for told in read_sets(reader, "reconcile", resource, Span(resource.backfill_by, since, until)):
        for one in told:
            for record in compare.records(one, resource, places, day):
                before = newest.get((record.venue_id, record.external_id))
                # What was given twice said its news the first time.
                news = record.news or (before is not None and before.news)
                newest[record.venue_id, record.external_id] = structs.replace(record, news=news)
    return list(newest.values())


async def _absent(reader: Reader, resource: Resource, places: Mapping[str, Place], ids: Sequence[str]) -> set[str]:
    """Which of these the source has no more; those it has are taken in as they are now."""
    fetch = reader.connector.fetch
    assert fetch is not None
    absent: set[str] = set()
    for start in range(0, len(ids), _ASKED_AT_ONCE):
        asked = ids[start : start + _ASKED_AT_ONCE]
        page = await fetch(reader.session, resource, reader.account, asked)
        told = await take_in(reader, "reconcile", resource, places, list(page.records))
        seen = {getattr(change, "external_id", None) for one in told for change in one.changes}
        # One that came but could not be understood is there all the same.
        if all(one.error is None for one in told):
            absent |= {each for each in asked if each not in seen}
    return absent
