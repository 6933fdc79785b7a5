"""A venue: its clock, currency, rooms and tables, and the reading of its business day."""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

Weekday = Literal[0, 1, 2, 3, 4, 5, 6]
"""Monday is 0, as in datetime.date.weekday."""


class Table(Struct, frozen=True, omit_defaults=True):
    """One table as one system names it; systems are paired by `table_key`."""

    name: str
    seats: int | None = None
    area: str | None = None
    external_id: str | None = None


class OpeningHours(Struct, frozen=True):
    """One opening of one weekday, in local minutes after midnight; `closes` above 1440 is past midnight."""

    weekday: Weekday
    opens: int
    closes: int


class Daypart(Struct, frozen=True):
    """A meal period (lunch, dinner), in local minutes after midnight; `ends` above 1440 is past midnight."""

    name: str
    starts: int
    ends: int


class Venue(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One restaurant: the facts by which instants become business days and table names become tables."""

    name: str
    time_zone: str
    currency: str
    cutoff: int = 240
    """Local minutes after midnight at which a new business day begins (240: a sale at 03:59 is yesterday's)."""
    areas: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    opening_hours: tuple[OpeningHours, ...] = ()
    dayparts: tuple[Daypart, ...] = ()
    match_before: int = 20
    """Minutes before a booking's time in which a check may open and still be that party's."""
    match_after: int = 25
    """Minutes after a booking's time in which a check may open and still be that party's."""


def business_date(instant: datetime, time_zone: str, cutoff: int) -> date:
    """The trading day an instant belongs to: the local date, or the day before while the cut-off is not reached."""
    local = instant.astimezone(ZoneInfo(time_zone))
    day = (local.replace(tzinfo=None) - timedelta(minutes=cutoff)).date()
    # On the night of a clock change the clock alone cannot tell before from after, so the instants do.
    begins, ends = business_day(day, time_zone, cutoff)
    return day - timedelta(days=instant < begins) + timedelta(days=instant >= ends)


def business_day(day: date, time_zone: str, cutoff: int) -> tuple[datetime, datetime]:
    """The UTC instants at which a business day begins (included) and ends (excluded)."""
    zone = ZoneInfo(time_zone)

    def begins(of: date) -> datetime:
        return datetime.combine(of, time(cutoff // 60, cutoff % 60), zone).astimezone(UTC)

    return begins(day), begins(day + timedelta(days=1))


class NotOnTheClock(ValueError):
    """A local time that the venue's clock skipped when it went forward."""


def from_local(local: datetime, time_zone: str) -> datetime:
    """A naive local time as a UTC instant.

    In the hour that a clock change repeats, the first of the two is meant. A time that the clock skipped
    never was: NotOnTheClock.
    """
    zone = ZoneInfo(time_zone)
    instant = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None, fold=0) != local:
        raise NotOnTheClock(f"{local:%Y-%m-%d %H:%M} does not exist in {time_zone}: the clock went forward")
    return instant


_TABLE_WORDS = re.compile(r"^(?:table|tables|tbl|tab|tb|t|bord|tisch|mesa|nr|no|#|\.|:|\s)+(?=[\W\d]|[a-z]\d)", re.I)
_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s._#:/-]+(?=\d)")
_SEPARATORS = re.compile(r"[\s._#:]+|(?<!\d)-|-(?!\d)")


@lru_cache(maxsize=4096)
def table_key(name: str) -> str:
    """What two systems' names for one table have in common: `7a`, `7A`, `07A` and `Table 7A` are all `7a`.

    Two numbers stay apart, however they are parted: `7.1` and `7-1` are one table, and `71` is another.
    """
    bare = _TABLE_WORDS.sub("", name.strip().casefold())
    return _LEADING_ZEROS.sub("", _SEPARATORS.sub("", _BETWEEN_DIGITS.sub("-", bare)))
