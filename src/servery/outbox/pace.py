"""When what is due may leave: at once, or at the times that the owner chose for a connection."""

from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from servery.storage.pool import Connection as Db

_NEVER = datetime.min.replace(tzinfo=UTC)


class Pace(Struct, frozen=True, kw_only=True):
    """How a connection's owner wants it. `batch_at` are minutes after midnight in `time_zone`, its first venue's."""

    pace: Literal["live", "batch", "hybrid"] = "live"
    batch_at: tuple[int, ...] = ()
    live_from: datetime | None = None
    time_zone: str = "UTC"


async def paces(db: Db) -> dict[int, Pace]:
    """The pace of each connection."""
    cursor = await db.execute(
        "select c.id, c.pace, c.batch_at, c.live_from, coalesce((select v.body ->> 'time_zone' from venue_link l "
        "join venue v on v.id = l.venue_id where l.connection_id = c.id order by v.id limit 1), 'UTC') as time_zone "
        "from connection c where c.removed_at is null"
    )
    return {row["id"]: msgspec.convert(row, Pace) for row in await cursor.fetchall()}


def leaves_until(pace: Pace, now: datetime) -> datetime | None:
    """The instant up to which what was marked may leave now; None: all of it. In batches, the last batch's time."""
    if pace.live_from is not None and now < pace.live_from:
        return _NEVER
    if pace.pace != "batch" or not pace.batch_at:
        return None
    zone = ZoneInfo(pace.time_zone)
    today = now.astimezone(zone).date()
    times = [
        datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone).astimezone(UTC)
        for day in (today - timedelta(days=1), today)
        for minute in pace.batch_at
    ]
    return max(one for one in times if one <= now)
