"""What the page of one evening shows, and how its bookings become rows, filters and totals. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from servery.model.guest import Birthday
from servery.model.reservation import EXPECTED, NEVER_CAME, Deposit, ReservationStatus
from servery.model.venue import Daypart, Venue, table_key
from servery.web.tonight.sentence import Story, days_to

Standing = Literal["expected", "here", "gone", "absent"]
"""Where a party stands for the host: still to come, in the house, left again, or not coming."""
STANDINGS: tuple[Standing, ...] = ("expected", "here", "gone", "absent")


class ForTonight(Struct, frozen=True):
    """What somebody of the house wrote down for this evening alone."""

    id: int
    text: str
    author: str
    at: datetime


class Booking(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One party of the evening. Instants UTC. What the viewer may not see is None or empty."""

    id: int
    status: ReservationStatus
    starts_at: datetime
    party_size: int
    name: str | None
    guest_id: int | None = None
    pronunciation: str | None = None
    for_tonight: tuple[ForTonight, ...] = ()
    tables: tuple[str, ...] = ()
    area: str | None = None
    channel: str | None = None
    phone: str | None = None
    story: Story | None = None
    """None when nobody knows who is coming."""
    vip: bool = False
    no_shows: int = 0
    requests: str | None = None
    occasion: str | None = None
    notes: str | None = None
    deposit: Deposit | None = None
    preferences: tuple[str, ...] = ()
    left_at: datetime | None = None
    spend: int | None = None
    """What the party has on its checks so far, in minor units."""
    walk_in: bool = False

    @property
    def standing(self) -> Standing:
        """Where the party stands."""
        if self.status in EXPECTED:
            return "expected"
        if self.status in NEVER_CAME:
            return "absent"
        return "gone" if self.status == "finished" else "here"


class OpenCheck(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A check open at a table that belongs to no booking. `total` in minor units, None for who may not see money."""

    id: int
    opened_at: datetime
    currency: str
    number: str | None = None
    table: str | None = None
    label: str | None = None
    covers: int | None = None
    items: int = 0
    total: int | None = None
    guest_id: int | None = None
    guest_name: str | None = None
    pronunciation: str | None = None
    for_tonight: tuple[ForTonight, ...] = ()


class Evening(Struct, frozen=True, kw_only=True):
    """Everything known of one business date at one venue."""

    day: date
    today: date
    """The business date it is at the venue now."""
    now: datetime
    bookings: Sequence[Booking]
    checks: Sequence[OpenCheck] = ()


class Wish(Struct, frozen=True):
    """What of the evening somebody wants to see; None is all of it."""

    daypart: str | None = None
    standing: Standing | None = None
    area: str | None = None


Over = Literal["overdue", "gone", "absent"]
"""Why a host has nothing to do with a party any more."""
WAITED_FOR = 120
"""Minutes after its time at which nobody waits for a party any more."""


class Order(Struct, frozen=True):
    """The bookings as they are shown: the `first` ones, and the `rest` by why, folded where there is no room."""

    first: Sequence[Booking]
    rest: Sequence[tuple[Over, Sequence[Booking]]] = ()


class Hour(Struct, frozen=True):
    """The covers expected from one local hour. `minutes` after midnight; `share` of the fullest hour, 0 to 1."""

    minutes: int
    covers: int
    share: float


class Totals(Struct, frozen=True):
    """The evening in numbers, without those who never came except where named."""

    parties: int
    covers: int
    here: int
    still_to_come: int
    no_shows: int


class Choice(Struct, frozen=True):
    """One value to filter by, and how many bookings have it."""

    value: str
    count: int


class MinutesOf(Struct, frozen=True):
    """Reads an instant as local minutes after midnight of `day`; past midnight the count goes on above 1440."""

    day: date
    time_zone: str

    def __call__(self, instant: datetime) -> int:
        """The minutes of an instant (UTC)."""
        local = instant.astimezone(ZoneInfo(self.time_zone))
        return (local.date() - self.day).days * 1440 + local.hour * 60 + local.minute


def shown(bookings: Iterable[Booking], wish: Wish, venue: Venue, minutes_of: MinutesOf) -> list[Booking]:
    """The bookings somebody wants to see, by time, then table."""
    chosen = [each for each in bookings if _wanted(each, wish, venue, minutes_of)]
    return by_time(chosen)


def in_order(bookings: Sequence[Booking], wish: Wish, now: datetime) -> Order:
    """First whom a host has to do with now, then those nobody waits for any more, who have left, who are not coming.

    Who asks for one standing gets that one.
    """
    if wish.standing is not None:
        return Order(bookings)
    rest: dict[Over, list[Booking]] = {"overdue": [], "gone": [], "absent": []}
    first: list[Booking] = []
    for each in bookings:
        over = _over(each, now)
        (rest[over] if over else first).append(each)
    return Order(first, [(over, found) for over, found in rest.items() if found])


def _over(booking: Booking, now: datetime) -> Over | None:
    match booking.standing:
        case "gone" | "absent" as over:
            return over
        case _:
            # Books are not kept to the end: at dinner, a lunch party that nobody marked would be in a host's way.
            return "overdue" if minutes_late(booking, now) >= WAITED_FOR else None


def by_time(bookings: Iterable[Booking]) -> list[Booking]:
    """By time, then by table as people count tables (2 before 10), those without one last."""
    return sorted(bookings, key=_place)


def _place(booking: Booking) -> tuple[datetime, bool, list[list[tuple[int, str]]], int]:
    return booking.starts_at, not booking.tables, [_counted_up(table) for table in booking.tables], booking.id


def _counted_up(table: str) -> list[tuple[int, str]]:
    key = table_key(table)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.findall(r"\d+|\D+", key)]


def _wanted(booking: Booking, wish: Wish, venue: Venue, minutes_of: MinutesOf) -> bool:
    return (
        (wish.standing is None or booking.standing == wish.standing)
        and (wish.area is None or booking.area == wish.area)
        and (wish.daypart is None or daypart_of(minutes_of(booking.starts_at), venue.dayparts) == wish.daypart)
    )


def daypart_of(minutes: int, dayparts: Sequence[Daypart]) -> str | None:
    """The meal period that a local time belongs to, if any."""
    return next((part.name for part in dayparts if part.starts <= minutes < part.ends), None)


def totals(bookings: Iterable[Booking]) -> Totals:
    """The evening in numbers."""
    every = list(bookings)
    coming = [each for each in every if each.status not in NEVER_CAME]
    return Totals(
        parties=len(coming),
        covers=sum(each.party_size for each in coming),
        here=sum(each.party_size for each in coming if each.standing == "here"),
        still_to_come=sum(each.party_size for each in coming if each.status in EXPECTED),
        no_shows=sum(1 for each in every if each.status == "no_show"),
    )


def hours(bookings: Iterable[Booking], minutes_of: MinutesOf) -> list[Hour]:
    """Covers by the local hour they are booked for, from the first such hour to the last."""
    covers: dict[int, int] = {}
    for booking in bookings:
        if booking.status not in NEVER_CAME:
            hour = minutes_of(booking.starts_at) // 60
            covers[hour] = covers.get(hour, 0) + booking.party_size
    if not covers:
        return []
    fullest = max(covers.values())
    span = range(min(covers), max(covers) + 1)
    return [Hour(hour * 60, covers.get(hour, 0), covers.get(hour, 0) / fullest) for hour in span]


def areas(bookings: Iterable[Booking]) -> list[Choice]:
    """The areas that have bookings, in the order of their names."""
    return _counted(each.area for each in bookings)


def dayparts(bookings: Iterable[Booking], venue: Venue, minutes_of: MinutesOf) -> list[Choice]:
    """The meal periods that have bookings, in the venue's order."""
    found = _counted(daypart_of(minutes_of(each.starts_at), venue.dayparts) for each in bookings)
    order = [part.name for part in venue.dayparts]
    return sorted(found, key=lambda choice: order.index(choice.value))


def standings(bookings: Iterable[Booking]) -> list[Choice]:
    """How many parties stand where; all four, so that the row of filters stays where it is."""
    counts = {choice.value: choice.count for choice in _counted(each.standing for each in bookings)}
    return [Choice(each, counts.get(each, 0)) for each in STANDINGS]


def _counted(values: Iterable[str | None]) -> list[Choice]:
    counts: dict[str, int] = {}
    for value in values:
        if value:
            counts[value] = counts.get(value, 0) + 1
    return [Choice(value, count) for value, count in sorted(counts.items())]


def minutes_late(booking: Booking, now: datetime) -> int:
    """Whole minutes a party is overdue, 0 when it is not or is here already."""
    if booking.status not in EXPECTED:
        return 0
    return max(0, int((now - booking.starts_at).total_seconds() // 60))


def birthday_soon(birthday: Birthday | None, day: date) -> Literal["today", "this_week"] | None:
    """Whether the guest has something to celebrate."""
    if birthday is None:
        return None
    away = days_to(birthday, day)
    return "today" if away == 0 else "this_week" if away < 7 else None
