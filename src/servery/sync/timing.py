"""When a connection is read next, up to when what is marked may leave, and when the past waits for the end of service.

Pure but for one look at what the owners chose.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from servery.model.venue import Venue
from servery.sync.pace import Rhythm
from servery.sync.rows import Db

USUAL_SERVICE = (11 * 60, 23 * 60)
"""Local minutes between which a venue of unknown opening hours is taken to serve."""


class Timing(Struct, frozen=True, kw_only=True):
    """What the owner chose for a connection, and the clock of its first venue, which set times are read on."""

    rhythm: Rhythm = Rhythm()
    time_zone: str = "UTC"

    @property
    def batches(self) -> bool:
        """Whether anything crosses at set times only."""
        return self.rhythm.pace == "batch" and bool(self.rhythm.batch_at)


_NEVER = datetime.min.replace(tzinfo=UTC)
_TIMINGS = """
select c.id, c.pace, c.batch_at, c.live_from, c.spare_service, (
    select venue.body ->> 'time_zone' from venue_link as link join venue on venue.id = link.venue_id
    where link.connection_id = c.id order by venue.id limit 1) as time_zone
from connection c where c.removed_at is null and (%(id)s::bigint is null or c.id = %(id)s)"""


async def timings(db: Db, connection_id: int | None = None) -> dict[int, Timing]:
    """When each connection, or this one alone, is to be read and written to."""
    cursor = await db.execute(_TIMINGS, {"id": connection_id})
    return {
        row["id"]: Timing(rhythm=msgspec.convert(row, Rhythm), time_zone=row["time_zone"] or "UTC")
        for row in await cursor.fetchall()
    }


def due_at(timing: Timing, read_until: datetime, period: float) -> datetime:
    """When what was read up to an instant is to be read again. `period`: seconds between readings as things happen."""
    if timing.batches:
        return next_batch(timing, read_until)
    return read_until + timedelta(seconds=period)


def read_from(timing: Timing, read_until: datetime, now: datetime) -> datetime:
    """From when on changes are read: where a set time has come for a hybrid connection, all since the one before it."""
    if timing.rhythm.pace != "hybrid" or not timing.rhythm.batch_at or (last := last_batch(timing, now)) <= read_until:
        return read_until
    return min(read_until, last_batch(timing, last - timedelta(microseconds=1)))


def leaves_until(timing: Timing, now: datetime) -> datetime | None:
    """The instant up to which what was marked may leave now; None: all of it. In batches, the last set time."""
    rhythm = timing.rhythm
    if rhythm.live_from is not None and now < rhythm.live_from:
        return _NEVER
    return last_batch(timing, now) if timing.batches else None


def next_batch(timing: Timing, after: datetime) -> datetime:
    """The next of the set times after an instant."""
    day = after.astimezone(ZoneInfo(timing.time_zone)).date()
    return min(at for at in _set_times(timing, day, day + timedelta(days=1)) if at > after)


def last_batch(timing: Timing, until: datetime) -> datetime:
    """The last of the set times up to an instant."""
    day = until.astimezone(ZoneInfo(timing.time_zone)).date()
    return max(at for at in _set_times(timing, day - timedelta(days=1), day) if at <= until)


def _set_times(timing: Timing, *days: date) -> list[datetime]:
    """The set times of these days on the venue's clock, as UTC."""
    zone = ZoneInfo(timing.time_zone)
    return [
        datetime.combine(day, time(minutes // 60, minutes % 60), zone).astimezone(UTC)
        for day in days
        for minutes in timing.rhythm.batch_at
    ]


_AHEAD = 35
"""Days of service hours that are looked ahead of a reading."""


def in_service(venues: Iterable[Venue], now: datetime) -> bool:
    """Whether one of these venues serves at this moment."""
    days = [now.date() + timedelta(days=n) for n in (-2, -1, 0, 1)]
    return any(opens <= now < closes for venue in venues for opens, closes in _services(venue, days))


def service_ends(venues: Collection[Venue], now: datetime) -> datetime | None:
    """When none of these venues serves any more; None: not within weeks."""
    return read_by(venues, now, 0)


def read_by(venues: Collection[Venue], now: datetime, seconds: float) -> datetime | None:
    """When something is read that takes so many seconds outside service; None: not within weeks."""
    days = [now.date() + timedelta(days=n) for n in range(-2, _AHEAD)]
    at, left = now, timedelta(seconds=seconds)
    for opens, closes in sorted(each for venue in venues for each in _services(venue, days)):
        if closes <= at:
            continue
        if opens > at:
            if at + left <= opens:
                return at + left
            left -= opens - at
        at = closes
    return at + left if at.date() < days[-2] else None


def _services(venue: Venue, days: Iterable[date]) -> Iterable[tuple[datetime, datetime]]:
    """The instants between which a venue serves on these business days."""
    zone = ZoneInfo(venue.time_zone)
    for day in days:
        hours = [(each.opens, each.closes) for each in venue.opening_hours if each.weekday == day.weekday()]
        midnight = datetime.combine(day, time(), zone)
        for opens, closes in hours if venue.opening_hours else [USUAL_SERVICE]:
            opened, closed = (midnight + timedelta(minutes=minutes) for minutes in (opens, closes))
            yield opened.astimezone(UTC), closed.astimezone(UTC)
