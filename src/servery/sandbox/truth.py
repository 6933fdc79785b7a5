"""What really happened at the restaurant, or will: each dinner with its guest, table, times and dishes.

A day is drawn from the seed and its own date alone, so that it is the same whichever days are asked for.
Times are seconds after the midnight that begins the day, counted from local noon so that a clock change in the
night before moves nothing; above 86,400 is past midnight.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from servery.sandbox.people import Circles, Maker, Person, lists
from servery.sandbox.rates import RATES
from servery.sandbox.restaurant import Course, restaurant
from servery.sandbox.tables import House

MINUTE = 60
DAY = 86400
PARTIES = 46
"""Parties that come on an average day; with split checks about fifty checks."""
AHEAD = 30
"""Days for which bookings are taken."""


_CLEARING = 25 * MINUTE
"""From the bill being due to the table being free, at most; also the shortest stay."""


class Ordered(NamedTuple):
    """So many of one item, ordered together. `item` is a place in the menu; `options` are group and option places."""

    at: int
    item: int
    quantity: int
    options: tuple[tuple[int, int], ...]


class Booking(Struct, frozen=True):
    """What was agreed beforehand. `made` is negative for days before; `minutes` is how long the table is held."""

    made: int
    at: int
    minutes: int
    size: int
    tables: tuple[str, ...]
    channel: str
    requests: str | None = None
    occasion: str | None = None
    cancelled: int | None = None
    no_show: bool = False


class Stay(Struct, frozen=True):
    """A party's time in the house. No tables: they stood at the bar."""

    covers: int
    tables: tuple[str, ...]
    seated: int
    opened: int
    closed: int
    left: int
    ordered: tuple[Ordered, ...]


class Dinner(Struct, frozen=True):
    """One party of one business day. Without a booking a walk-in; without a stay a party that never came."""

    id: str
    day: date
    person: Person
    booking: Booking | None
    stay: Stay | None

    @property
    def came(self) -> bool:
        """Whether the party comes in the end."""
        return self.stay is not None


class Sitting(Struct, frozen=True):
    """A stretch of the day in which parties come: minutes after midnight, how long they stay, and what they order.

    `courses`: course, when it is ordered as a share of the stay, portions for each guest.
    """

    booked: float
    walk_in: float
    first: int
    last: int
    shortest: int
    longest: int
    courses: tuple[tuple[Course, float, float], ...]
    lunch: bool = False


_FULL: tuple[tuple[Course, float, float], ...] = (
    ("drink", 0.02, 0.75), ("starter", 0.06, 0.45), ("main", 0.07, 0.95), ("side", 0.08, 0.22),
    ("drink", 0.35, 0.5), ("dessert", 0.66, 0.32), ("coffee", 0.72, 0.28),
)  # fmt: skip
_LIGHT: tuple[tuple[Course, float, float], ...] = (
    ("drink", 0.03, 0.8), ("main", 0.08, 0.95), ("side", 0.1, 0.12), ("dessert", 0.6, 0.15), ("coffee", 0.7, 0.4),
)  # fmt: skip
_DRINKS: tuple[tuple[Course, float, float], ...] = (("drink", 0.02, 1.0), ("drink", 0.5, 0.8))

SITTINGS = (
    Sitting(0.29, 0.34, 690, 825, 55, 95, _LIGHT, lunch=True),
    Sitting(0.03, 0.16, 840, 1005, 45, 75, _LIGHT, lunch=True),
    Sitting(0.56, 0.34, 1050, 1230, 85, 130, _FULL),
    Sitting(0.12, 0.16, 1245, 1320, 60, 95, _FULL),
)
_SIZES = (1, 2, 3, 4, 5, 6, 7, 8)
_SIZE_WEIGHTS = (6, 50, 13, 18, 5, 5, 1, 2)
_CHANNELS = ("website", "phone", "TableFinder", "Google", "email")
_CHANNEL_WEIGHTS = (54, 22, 12, 9, 3)


@cache
def midnight(day: date) -> datetime:
    """The instant from which the seconds of that day are counted."""
    zone = ZoneInfo(restaurant().venue.time_zone)
    return datetime.combine(day, time(12), zone).astimezone(UTC) - timedelta(hours=12)


def instant(day: date, second: int) -> datetime:
    """A moment of that day as UTC instant."""
    return midnight(day) + timedelta(seconds=second)


def dinners(seed: int, day: date, known: Circles) -> list[Dinner]:
    """All dinners of one business day, by time; also those booked for it that never come about."""
    rng = Random(f"truth/{seed}/{day}")
    host = Host(rng, day, known, House())
    coming = round(PARTIES * _rhythm(day) * rng.uniform(0.93, 1.07))
    walk_ins = round(coming * RATES.walk_in)
    keep = 1 - RATES.no_show - RATES.late_cancel - RATES.early_cancel
    starts = [host.start(True) for _ in range(round((coming - walk_ins) / keep))]
    starts += [host.start(False) for _ in range(walk_ins)]
    starts.sort(key=lambda start: start[0])
    found = (host.booked(sitting, at) if booked else host.walk_in(sitting, at) for at, booked, sitting in starts)
    return [dinner for dinner in found if dinner]


def _rhythm(day: date) -> float:
    house = restaurant()
    return house.weekday_rhythm[day.weekday()] * house.month_rhythm[day.month - 1]


class Host:
    """Takes the bookings and walk-ins of one day, and gives them tables that are free.

    `here` are persons who come that day already; `first_stranger` keeps strangers apart from those made before.
    """

    def __init__(
        self, rng: Random, day: date, known: Circles, house: House,
        here: AbstractSet[str] = frozenset(), first_stranger: int = 0,
    ) -> None:  # fmt: skip
        self._rng = rng
        self._day = day
        self._known = known
        self._house = house
        self._strangers = Maker(rng, 10_000 + day.toordinal() % 3660 * 1000, day, first_stranger)
        self._here = set(here)
        self._closes = restaurant().venue.opening_hours[day.weekday()].closes * MINUTE

    def start(self, booked: bool) -> tuple[int, bool, Sitting]:
        """When a party means to come, in minutes: booked ones on the quarter."""
        sitting = self._rng.choices(SITTINGS, [each.booked if booked else each.walk_in for each in SITTINGS])[0]
        if booked:
            return self._rng.randrange(sitting.first, sitting.last + 1, 15), True, sitting
        return self._rng.randint(sitting.first, sitting.last), False, sitting

    def booked(self, sitting: Sitting, minute: int, made: int | None = None) -> Dinner | None:
        """A booking for this minute and what becomes of it; None when the house is full then."""
        rng = self._rng
        person = self._guest(True)
        size = person.usual_party if rng.random() < 0.7 else rng.choices(_SIZES, _SIZE_WEIGHTS)[0]
        at, held = minute * MINUTE, sitting.longest
        fate = rng.random()
        never = fate < RATES.no_show + RATES.late_cancel + RATES.early_cancel
        arrived = at + self._lateness()
        stay = rng.randint(sitting.shortest, sitting.longest) * MINUTE
        until = max(at + held * MINUTE, arrived + stay + _CLEARING)
        tables = self._house.find(size, min(at, arrived), until, person.usual_table, rng)
        if not tables:
            return None
        booking = self._agreed(person, size, at, held, tables, made)
        if never:
            return self._never_came(person, booking, fate)
        covers = max(1, size + rng.choice((-1, 1))) if rng.random() < RATES.other_covers else size
        sat = self._moved(tables, covers, arrived, arrived + stay + _CLEARING)
        return Dinner(self._id(), self._day, person, booking, self._stay(person, covers, sat, arrived, stay, sitting))

    def walk_in(self, sitting: Sitting, minute: int) -> Dinner | None:
        """A party at the door in this minute; None when no table is free."""
        rng = self._rng
        person, arrived = self._guest(False), minute * MINUTE + rng.randrange(MINUTE)
        covers = rng.choices(_SIZES[:6], _SIZE_WEIGHTS[:6])[0]
        stay = rng.randint(sitting.shortest, sitting.longest) * MINUTE
        at_the_bar = rng.random() < RATES.bar
        tables = () if at_the_bar else self._house.find(covers, arrived, arrived + stay + _CLEARING, None, rng)
        if not tables and not at_the_bar:
            return None
        self._house.hold(tables, arrived, arrived + stay + _CLEARING)
        return Dinner(self._id(), self._day, person, None, self._stay(person, covers, tables, arrived, stay, sitting))

    def _id(self) -> str:
        return f"dinner-{self._day:%y%m%d}-{self._rng.getrandbits(32):08x}"

    def _guest(self, booked: bool) -> Person:
        """Who it is: nobody comes twice on a day."""
        rng, known = self._rng, self._known
        for _ in range(3):
            chance = rng.random()
            if chance < (0.24 if booked else 0.12):
                person = rng.choices(known.regular, cum_weights=known.regular_weights)[0]
            elif chance < (0.6 if booked else 0.4):
                person = rng.choice(known.occasional)
            else:
                break
            if person.id not in self._here:
                self._here.add(person.id)
                return person
        return self._strangers.person("once")

    def _lateness(self) -> int:
        """Seconds after the booked time at which the party sits down; negative is early."""
        rng = self._rng
        if rng.random() < RATES.very_late:
            return rng.randint(25 * MINUTE, 45 * MINUTE)
        return round(min(max(rng.gauss(-1, 6), -14), 15) * MINUTE)

    def _agreed(
        self, person: Person, size: int, at: int, held: int, tables: tuple[str, ...], made: int | None
    ) -> Booking:
        rng = self._rng
        self._house.hold(tables, at, at + held * MINUTE)
        requests = rng.choice(lists().requests) if rng.random() < RATES.requests else None
        if person.allergies and rng.random() < 0.6:
            requests = f"Allergic to {person.allergies[0]}" + (f". {requests}" if requests else "")
        return Booking(
            made=made if made is not None else at - self._lead(),
            at=at,
            minutes=held,
            size=size,
            tables=tables,
            channel=rng.choices(_CHANNELS, _CHANNEL_WEIGHTS)[0],
            requests=requests,
            occasion=rng.choice(lists().occasions) if rng.random() < 0.08 else None,
        )

    def _lead(self) -> int:
        """Seconds between a booking and its time: some on the day itself, else days before."""
        rng = self._rng
        if rng.random() < 0.15:
            return rng.randint(5400, 8 * 3600)
        return int(min(rng.expovariate(1 / 5), AHEAD - 1) * DAY) + 5400

    def _never_came(self, person: Person, booking: Booking, fate: float) -> Dinner:
        """A no-show, or cancelled: late (within a day) or before."""
        if fate < RATES.no_show:
            ended = replace(booking, no_show=True)
        else:
            late = fate < RATES.no_show + RATES.late_cancel
            earliest = max(booking.made + 600, booking.at - DAY) if late else booking.made + 600
            latest = booking.at - 1800 if late else max(booking.at - DAY, earliest)
            ended = replace(booking, cancelled=self._rng.randint(min(earliest, latest), latest))
            self._house.release(booking.tables, booking.at)
        return Dinner(self._id(), self._day, person, ended, None)

    def _moved(self, tables: tuple[str, ...], covers: int, since: int, until: int) -> tuple[str, ...]:
        """Where the party really sits."""
        if self._rng.random() < RATES.moved:
            tables = self._house.find(covers, since, until, None, self._rng) or tables
        self._house.hold(tables, since, until)
        return tables

    def _stay(
        self, person: Person, covers: int, tables: tuple[str, ...], seated: int, stay: int, sitting: Sitting
    ) -> Stay:
        rng = self._rng
        opened = seated + rng.randint(90, 450)
        closed = max(min(opened + stay, self._closes - rng.randrange(900)), opened + _CLEARING)
        left = closed + rng.randint(60, 900)
        courses = sitting.courses if tables else _DRINKS
        ordered = orders(rng, person, covers, courses, opened, closed, sitting.lunch)
        return Stay(covers, tables, seated, opened, closed, left, ordered)


def orders(
    rng: Random, person: Person, covers: int, courses: Sequence[tuple[Course, float, float]],
    opened: int, closed: int, lunch: bool,
) -> tuple[Ordered, ...]:  # fmt: skip
    """What a party orders: each guest as the menu's popularity has it, the returning one often the usual."""
    chosen: dict[tuple[int, int], int] = {}
    returning = person.circle != "once"
    usual = {"main": person.favourite_dish, "drink": person.favourite_drink}
    for course, when, portions in courses:
        at = opened + int(when * (closed - opened))
        choice = restaurant().choices[course, lunch]
        picked = rng.choices(choice.items, cum_weights=choice.cum_weights, k=int(covers * portions + rng.random()))
        if picked and returning and course in usual and rng.random() < RATES.favourite:
            picked[0] = usual.pop(course)
        for item in picked:
            chosen[at, item] = chosen.get((at, item), 0) + 1
    return tuple(Ordered(at, item, quantity, _options(rng, item)) for (at, item), quantity in chosen.items())


def _options(rng: Random, item: int) -> tuple[tuple[int, int], ...]:
    """Modifiers: one of each group that must be answered, and now and then another wish."""
    groups = restaurant().items[item].groups
    return tuple(
        (place, rng.randrange(len(group.options)))
        for place, group in enumerate(groups)
        if group.minimum or rng.random() < 0.08
    )
