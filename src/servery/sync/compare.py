"""Comparing a business date with its source once it is over, and mending what differs.

Polls and webhooks follow what changes; this looks at what is there. Each date is compared an hour after it ended, a day
later, and once more when every late sale must have come (a till that was offline sends up to 72 hours late).
"""

from collections.abc import Collection, Mapping, Sequence, Set
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from servery.connectors.contract import Resource
from servery.model.changes import CheckSeen, ReservationSeen, state_key
from servery.model.order import add_up
from servery.model.venue import business_day
from servery.sync.places import Place
from servery.sync.rows import Db
from servery.sync.spans import stretches, was_read
from servery.sync.state import State
from servery.sync.understanding import Understood

AFTER = (timedelta(hours=1), timedelta(hours=25), timedelta(hours=73))
"""How long after its end a date is compared."""
BACK = 7
"""Days that are caught up with when nobody compared meanwhile."""
COMING = 14
"""Days ahead whose bookings are compared, for a booking that is deleted says nothing."""
COMING_EVERY = timedelta(hours=6)


class Record(Struct, frozen=True):
    """One check or booking, as the source gives it or as we hold it. `amount`: the total, or the covers booked.

    `news`: the source said of it what we did not hold. A newer revision alone is none: it may be our own writing.
    """

    venue_id: int
    external_id: str
    revision: int
    amount: int
    news: bool = False


class Compared(Struct, frozen=True, kw_only=True):
    """What comparing one date at one venue found. `missing` we had not, `stale` we had in an older state."""

    venue_id: int
    theirs: int
    their_total: int
    ours: int
    our_total: int
    missing: int
    stale: int
    gone: tuple[str, ...]


class Reconciliation(Struct, frozen=True, kw_only=True):
    """The last comparison of one date, and all that comparing it has mended so far.

    The totals are money in minor units of `currency`, or of bookings the covers.
    """

    connection_id: int
    venue_id: int
    venue: str
    currency: str
    resource: str
    business_date: date
    at: datetime
    theirs: int
    their_total: int
    ours: int
    our_total: int
    missing: int
    stale: int
    removed: int
    mended: int


def compare(theirs: Collection[Record], ours: Collection[Record], venue_ids: Collection[int]) -> list[Compared]:
    """What differs, venue by venue. A record that the source has at another venue is missing here and gone there."""
    return [
        _compared(
            venue_id,
            {one.external_id: one for one in theirs if one.venue_id == venue_id},
            {one.external_id: one for one in ours if one.venue_id == venue_id},
        )
        for venue_id in sorted(venue_ids)
    ]


def _compared(venue_id: int, theirs: Mapping[str, Record], ours: Mapping[str, Record]) -> Compared:
    return Compared(
        venue_id=venue_id,
        theirs=len(theirs),
        their_total=sum(one.amount for one in theirs.values()),
        ours=len(ours),
        our_total=sum(one.amount for one in ours.values()),
        missing=sum(external_id not in ours for external_id in theirs),
        stale=sum(key in ours and one.news for key, one in theirs.items()),
        gone=tuple(sorted(external_id for external_id in ours if external_id not in theirs)),
    )


def records(told: Understood, resource: Resource, places: Mapping[str, Place], day: date) -> list[Record]:
    """The records of a kind that what was told says to be of a date."""
    found = []
    for change in told.changes:
        if isinstance(change, CheckSeen) and resource.reconciled == "check":
            at, amount = change.check.opened_at, add_up(change.check).total
        elif isinstance(change, ReservationSeen) and resource.reconciled == "reservation":
            at, amount = change.reservation.starts_at, change.reservation.party_size
        else:
            continue
        place = places[change.location]
        if place.business_date(at) == day:
            news = state_key(change) in told.effects
            found.append(Record(place.venue_id, change.external_id, change.revision, amount, news))
    return found


_HELD = {
    "check": "select venue_id, external_id, revision, total as amount from checks",
    "reservation": "select venue_id, external_id, revision, party_size as amount from reservation",
}


async def held(db: Db, connection_id: int, resource: Resource, day: date) -> list[Record]:
    """What we hold of a date."""
    assert resource.reconciled is not None
    cursor = await db.execute(
        f"{_HELD[resource.reconciled]} where connection_id = %s and business_date = %s and not removed",
        [connection_id, day],
    )
    return [msgspec.convert(row, Record) for row in await cursor.fetchall()]


def bounds(places: Collection[Place], day: date) -> tuple[datetime, datetime]:
    """From the first moment of a business date at any of these venues to the last, UTC."""
    each = [business_day(day, place.venue.time_zone, place.venue.cutoff) for place in places]
    return min(since for since, _ in each), max(until for _, until in each)


async def next_due(
    db: Db, connection_id: int, resource: Resource, places: Collection[Place], at: State, now: datetime
) -> date | None:
    """The business date that is to be compared now; the newest of several, because it is looked at most.

    None whose past is still to be read, or never is: what was not read yet is not missing.
    """
    if resource.reconciled is None or not places:
        return None
    cursor = await db.execute(
        "select business_date, min(at) as at from reconciliation "
        "where connection_id = %s and resource = %s and business_date >= %s group by 1",
        [connection_id, resource.name, now.date() - timedelta(days=BACK + 1)],
    )
    compared = {row["business_date"]: row["at"] for row in await cursor.fetchall()}
    last = now.date() + timedelta(days=COMING if resource.ahead and resource.reconciled == "reservation" else 0)
    days = (last - timedelta(days=back) for back in range((last - now.date()).days + BACK + 1))
    coming = resource.reconciled == "reservation"
    return next((day for day in days if _is_due(compared.get(day), *bounds(places, day), at, now, coming)), None)


def _is_due(
    compared_at: datetime | None, began: datetime, ended: datetime, at: State, now: datetime, coming: bool
) -> bool:
    if not _is_ours(began, ended, at):
        return False
    if ended > now:
        return coming and (compared_at is None or compared_at + COMING_EVERY <= now)
    passed = [ended + after for after in AFTER if ended + after <= now]
    return bool(passed) and (compared_at is None or compared_at < passed[-1])


def _is_ours(began: datetime, ended: datetime, at: State) -> bool:
    """Whether all of a date has been read for the first time."""
    if at.backfill_since is None or at.backfill_until is None:
        return True
    planned = stretches(at.backfill_since, at.backfill_until)
    return began >= at.backfill_since and was_read(began, ended, planned, at.spans_done)


async def gone_before(db: Db, connection_id: int, resource: str, day: date) -> set[str]:
    """The ids that the source did not give when the date was compared the last time."""
    cursor = await db.execute(
        "select unnest(gone) as external_id from reconciliation "
        "where connection_id = %s and resource = %s and business_date = %s",
        [connection_id, resource, day],
    )
    return {row["external_id"] for row in await cursor.fetchall()}


async def note(
    db: Db, connection_id: int, resource: str, day: date, found: Sequence[Compared], removed: Set[str]
) -> None:
    """Keep what comparing a date came to."""
    rows: list[dict[str, Any]] = [
        {
            **msgspec.structs.asdict(one),
            "removed": len(removed & set(one.gone)),
            "gone": [each for each in one.gone if each not in removed],
        }
        for one in found
    ]
    async with db.cursor() as cursor:
        await cursor.executemany(
            "insert into reconciliation as r (connection_id, resource, business_date, venue_id, theirs, their_total, "
            "ours, our_total, missing, stale, removed, mended, gone) values (%(connection)s, %(resource)s, %(day)s, "
            "%(venue_id)s, %(theirs)s, %(their_total)s, %(ours)s, %(our_total)s, %(missing)s, %(stale)s, %(removed)s, "
            "%(missing)s + %(stale)s + %(removed)s, %(gone)s) "
            "on conflict (connection_id, resource, business_date, venue_id) do update set at = now(), "
            "theirs = excluded.theirs, their_total = excluded.their_total, ours = excluded.ours, "
            "our_total = excluded.our_total, missing = excluded.missing, stale = excluded.stale, "
            "removed = excluded.removed, mended = r.mended + excluded.mended, gone = excluded.gone",
            [{**row, "connection": connection_id, "resource": resource, "day": day} for row in rows],
        )


async def reconciliations(db: Db, connection_id: int, days: int = 31) -> list[Reconciliation]:
    """The last comparisons of a connection's dates that are over, the newest date first."""
    cursor = await db.execute(
        "select r.*, venue.name as venue, venue.body ->> 'currency' as currency "
        "from reconciliation as r join venue on venue.id = r.venue_id "
        "where connection_id = %(connection)s and business_date >= %(today)s - %(days)s::int "
        "and business_date < %(today)s "
        "order by business_date desc, venue.name, resource",
        {"connection": connection_id, "today": datetime.now(UTC).date(), "days": days},
    )
    return [msgspec.convert(row, Reconciliation) for row in await cursor.fetchall()]
