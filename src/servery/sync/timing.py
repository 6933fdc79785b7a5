"""When a connection is read next, and when the past waits for the end of service. Pure but for one look."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from servery.model.venue import Venue, business_date
from servery.sync.pace import Rhythm
from servery.sync.rows import Db

USUAL_SERVICE = (11 * 60, 23 * 60)
"""Local minutes between which a venue of unknown opening hours is taken to serve."""


class Timing(Struct, frozen=True, kw_only=True):
    """What the owner chose for a connection, and the clock of its first venue, which set times are read on."""

    rhythm: Rhythm = Rhythm()
    time_zone: str = "UTC"


async def timing_of(db: Db, connection_id: int) -> Timing:
    """When a connection is to be read."""
    cursor = await db.execute(
        "select pace, batch_at, live_from, spare_service, (select venue.body ->> 'time_zone' from venue_link as link "
        "join venue on venue.id = link.venue_id where link.connection_id = connection.id order by venue.id limit 1) "
        "as time_zone from connection where id = %s",
        [connection_id],
    )
    row = await cursor.fetchone()
    return Timing(rhythm=msgspec.convert(row, Rhythm), time_zone=row["time_zone"] or "UTC") if row else Timing()


def due_at(timing: Timing, read_until: datetime, period: float) -> datetime:
    """When what was read up to an instant is to be read again. `period`: seconds between readings as things happen."""
    if timing.rhythm.pace == "batch" and timing.rhythm.batch_at:
        return next_batch(timing, read_until)
    return read_until + timedelta(seconds=period)


def next_batch(timing: Timing, after: datetime) -> datetime:
    """The next of the set times after an instant."""
    zone = ZoneInfo(timing.time_zone)
    day = after.astimezone(zone).date()
    times = [
        datetime.combine(day + timedelta(days=ahead), time(minutes // 60, minutes % 60), zone)
        for ahead in (0, 1)
        for minutes in timing.rhythm.batch_at
    ]
    return min(at for at in times if at > after)


def in_service(venues: Iterable[Venue], now: datetime) -> bool:
    """Whether one of these venues serves at this moment."""
    return any(_serves(venue, now) for venue in venues)


def _serves(venue: Venue, now: datetime) -> bool:
    day = business_date(now, venue.time_zone, venue.cutoff)
    midnight = datetime.combine(day, time(), ZoneInfo(venue.time_zone))
    minutes = (now - midnight).total_seconds() / 60
    hours = [(each.opens, each.closes) for each in venue.opening_hours if each.weekday == day.weekday()]
    return any(opens <= minutes < closes for opens, closes in (hours if venue.opening_hours else [USUAL_SERVICE]))
