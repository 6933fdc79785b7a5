"""The whole plan of days, played onto two stages: each record as it stands now, the rest when its time comes."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from random import Random
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from servery.model.guest import SourceGuest
from servery.model.venue import business_date
from servery.sandbox import book, till
from servery.sandbox.people import circles
from servery.sandbox.restaurant import restaurant
from servery.sandbox.truth import AHEAD, Dinner, dinners, instant, midnight
from servery.testing.stage import Shelf, Stage

Record = TypeVar("Record")


class Plan(Struct, frozen=True):
    """One dinner, how the book is kept for it and how it is rung up."""

    dinner: Dinner
    kept: book.Kept | None
    rungs: tuple[till.Rung, ...]


def plan(rng: Random, dinner: Dinner) -> Plan:
    """Draw both systems' view of a dinner."""
    return Plan(dinner, book.keep(rng, dinner), till.ring(rng, dinner))


def plans(seed: int, days: Sequence[date]) -> list[Plan]:
    """Everything that happens on these business days, in order; the same for the same seed."""
    known = circles(seed)
    made: list[Plan] = []
    for day in days:
        rng = Random(f"mess/{seed}/{day}")
        made += [plan(rng, dinner) for dinner in dinners(seed, day, known)]
    return made


def stages(*, at_tables: bool = False) -> tuple[Stage, Stage]:
    """An empty till and an empty book of the restaurant. The till knows tables where asked, the book no menu."""
    house = restaurant()
    bare = replace(house.venue, tables=(), areas=())
    pos = Stage(house.venue if at_tables else bare, "L7HXY2Q4TIDEV", house.country, house.menu)
    pos.menu_modified_at = instant(date(2025, 1, 6), 0)
    return pos, Stage(house.venue, "tidevand", house.country)


def business_day_at(now: datetime) -> date:
    """The trading day of the restaurant at an instant."""
    venue = restaurant().venue
    return business_date(now, venue.time_zone, venue.cutoff)


class World:
    """Plays the plans onto a till's and a book's stage, up to now and then as time passes.

    `days` of history before the business day of `now`, that day, and as many ahead as bookings are taken for.
    `watch` is told every plan when it comes into force. `at_tables`: the till is one that knows tables and covers.
    """

    def __init__(
        self, seed: int, days: int, now: datetime, watch: Callable[[Plan], None] | None = None, *,
        at_tables: bool = False,
    ) -> None:  # fmt: skip
        self.seed = seed
        self.now = now
        self.pos, self.book = stages(at_tables=at_tables)
        self._at_tables = at_tables
        self._watch = watch
        today = business_day_at(now)
        span = [today + timedelta(number) for number in range(-days, AHEAD + 1)]
        self.days: dict[date, dict[str, Plan]] = {day: {} for day in span}
        """Every plan in force, by business day and the dinner's id."""
        self._agenda: list[tuple[datetime, date, str]] = []
        self._noted: set[tuple[datetime, date, str]] = set()
        for each in plans(seed, span):
            self.amend(each)
        self._drawn = span[-1]

    def advance(self, now: datetime) -> int:
        """Let time pass: play every change that falls due, in order. Returns how many fell due."""
        played = 0
        while self._agenda and self._agenda[0][0] <= now:
            due = heappop(self._agenda)
            self._noted.remove(due)
            self.now, day, dinner_id = due
            self._stage(self.days[day][dinner_id])
            played += 1
        self.now = max(now, self.now)
        self._draw_further()
        return played

    def amend(self, changed: Plan) -> None:
        """Put a new plan, or one that now goes otherwise, in force from now on."""
        self.days.setdefault(changed.dinner.day, {})[changed.dinner.id] = changed
        self._stage(changed)
        if self._watch:
            self._watch(changed)

    def _draw_further(self) -> None:
        while self._drawn < business_day_at(self.now) + timedelta(AHEAD):
            self._drawn += timedelta(1)
            for each in plans(self.seed, [self._drawn]):
                self.amend(each)

    def _stage(self, each: Plan) -> None:
        """Show a dinner as it stands now, and note when it next changes."""
        dinner, kept = each.dinner, each.kept
        second = int((self.now - midnight(dinner.day)).total_seconds())
        nexts: list[int] = []
        if kept:
            seconds = book.moments(dinner, kept)
            booked = partial(book.reservation, dinner, kept)
            nexts += self._show(self.book.reservations, kept.id, dinner, seconds, booked)
            if kept.guest and kept.guest_id and seconds[0] <= second:
                self._guest(self.book, kept.guest_id, kept.guest, dinner, seconds[0])
        for rung in each.rungs:
            seconds = till.moments(rung)
            if rung.customer_id and seconds[0] <= second:
                guest = till.customer(dinner.person, rung.customer_id)
                self._guest(self.pos, rung.customer_id, guest, dinner, seconds[0])
            state = partial(till.check, dinner, rung, at_tables=self._at_tables)
            nexts += self._show(self.pos.checks, rung.id, dinner, seconds, state, rung.opened)
        if nexts:
            self._note((instant(dinner.day, min(nexts)), dinner.day, dinner.id))

    def _note(self, due: tuple[datetime, date, str]) -> None:
        if due not in self._noted:
            self._noted.add(due)
            heappush(self._agenda, due)

    def _guest(self, stage: Stage, guest_id: str, guest: SourceGuest, dinner: Dinner, second: int) -> None:
        standing = stage.guests.get(guest_id)
        if standing is None:
            stage.guests.put(guest_id, guest, instant(dinner.day, second))
        elif standing.record != guest:
            stage.guests.put(guest_id, guest, max(instant(dinner.day, second), standing.modified_at))

    def _show(
        self, shelf: Shelf[Record], record_id: str, dinner: Dinner, seconds: list[int],
        state: Callable[[int], Record], shown_from: int | None = None,
    ) -> list[int]:  # fmt: skip
        """Put a record as it stands now where that differs from what stands there; the next of `seconds`, if any.

        `shown_from` is the second the vendor gives as its creation, where that is not the first of `seconds`.
        """
        now = int((self.now - midnight(dinner.day)).total_seconds())
        passed = bisect_right(seconds, now)
        if passed:
            record, standing = state(now), shelf.get(record_id)
            if standing is None:
                created = instant(dinner.day, seconds[0] if shown_from is None else shown_from)
                shelf.put(record_id, record, instant(dinner.day, seconds[passed - 1]), created)
            elif standing.record != record:
                shelf.put(record_id, record, self.now)
        return seconds[passed : passed + 1]
