"""Life that goes on after the start: the plan as its times come, and between them what nobody planned.

Each thing that can happen is a function of the room, the world and its chance; it returns what it did in words,
or None where the moment does not allow it.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from random import Random

from msgspec.structs import replace

from servery.sandbox.people import circles, lists
from servery.sandbox.tables import House
from servery.sandbox.till import Rung
from servery.sandbox.truth import AHEAD, MINUTE, SITTINGS, Booking, Dinner, Host, Ordered, midnight, orders
from servery.sandbox.world import Plan, World, business_day_at, plan

_FEWEST_TONIGHT = 12
"""With fewer bookings than this still to come on a day, nobody cancels: the evening should not run dry."""
_LONGEST_LINES = 40


class Live:
    """Moves one world along with the clock, and lets something unplanned happen at each step."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = Random(f"live/{world.seed}")
        self._known = circles(world.seed)

    def step(self, now: datetime) -> str:
        """Play what fell due until `now`, then let one thing happen. Says what it was."""
        self._world.advance(now)
        actions: dict[Callable[[], str | None], int] = {
            self._another_round: 40,
            self._new_booking: 14,
            self._other_size: 18,
            self._request: 12,
            self._cancellation: 5,
            self._late_tip: 8,
            self._offline_sale: 3,
        }
        while actions:
            action = self._rng.choices(list(actions), list(actions.values()))[0]
            told = action()
            if told:
                return told
            del actions[action]
        return "nothing"

    def _second(self, day: date) -> int:
        return int((self._world.now - midnight(day)).total_seconds())

    def _today(self) -> date:
        return business_day_at(self._world.now)

    def _another_round(self) -> str | None:
        """A party at the table, bill still open, orders something more."""
        day = self._today()
        now = self._second(day)
        open_now = [
            (each, rung)
            for each in self._world.days[day].values()
            for rung in each.rungs
            if rung.opened <= now < rung.closed - MINUTE and not rung.arrives and len(rung.ordered) < _LONGEST_LINES
        ]
        if not open_now:
            return None
        each, rung = self._rng.choice(open_now)
        more = orders(self._rng, each.dinner.person, 1, (("drink", 0.0, 1.0),), now, now, False)
        self._ring(each, replace(rung, ordered=rung.ordered + more), more)
        return "another round"

    def _ring(self, each: Plan, changed: Rung, more: tuple[Ordered, ...] = ()) -> None:
        stay = each.dinner.stay
        rungs = tuple(changed if rung.id == changed.id else rung for rung in each.rungs)
        fuller = replace(stay, ordered=stay.ordered + more) if stay else None
        self._world.amend(replace(each, dinner=replace(each.dinner, stay=fuller), rungs=rungs))

    def _upcoming(self, day: date) -> Iterator[tuple[Plan, Booking]]:
        """Bookings already made for a day whose time has not come."""
        now = self._second(day)
        for each in self._world.days[day].values():
            booking, stay = each.dinner.booking, each.dinner.stay
            if booking and stay and booking.made <= now < min(booking.at, stay.seated) - 15 * MINUTE:
                yield each, booking

    def _some_upcoming(self) -> tuple[Plan, Booking] | None:
        """One of tonight's as often as one of the coming days'."""
        tonight = self._today()
        for day in (tonight, self._coming_day(), self._coming_day()):
            found = list(self._upcoming(day))
            if found and (day != tonight or self._rng.random() < 0.6):
                return self._rng.choice(found)
        return None

    def _coming_day(self) -> date:
        return self._today() + timedelta(min(1 + int(self._rng.expovariate(0.3)), AHEAD - 1))

    def _rebook(self, each: Plan, booking: Booking) -> None:
        self._world.amend(replace(each, dinner=replace(each.dinner, booking=booking)))

    def _other_size(self) -> str | None:
        """A guest calls: one more, or one fewer."""
        found = self._some_upcoming()
        if not found or not found[0].dinner.stay:
            return None
        each, booking = found
        size = max(1, booking.size + self._rng.choice((-1, 1)))
        if size == booking.size or size > 8:
            return None
        stay = replace(found[0].dinner.stay, covers=size)
        self._world.amend(replace(each, dinner=replace(each.dinner, booking=replace(booking, size=size), stay=stay)))
        return "another party size"

    def _request(self) -> str | None:
        """A guest adds a wish to a booking."""
        found = self._some_upcoming()
        if not found or found[1].requests:
            return None
        self._rebook(found[0], replace(found[1], requests=self._rng.choice(lists().requests)))
        return "a request"

    def _cancellation(self) -> str | None:
        """A guest cancels."""
        found = self._some_upcoming()
        if not found or sum(1 for _ in self._upcoming(found[0].dinner.day)) <= _FEWEST_TONIGHT:
            return None
        each, booking = found
        cancelled = replace(booking, cancelled=self._second(each.dinner.day))
        kept = replace(each.kept, seated=None, left=None) if each.kept else None
        self._world.amend(Plan(replace(each.dinner, booking=cancelled, stay=None), kept, ()))
        return "a cancellation"

    def _new_booking(self) -> str | None:
        """Somebody books, for tonight while tables are to be had or for a coming day."""
        day = self._today() if self._rng.random() < 0.4 else self._coming_day()
        now = self._second(day)
        minute, _, sitting = self._host(day).start(True)
        if minute * MINUTE < now + 45 * MINUTE:
            return None
        dinner = self._host(day).booked(sitting, minute, made=now)
        return self._take(dinner, "a new booking")

    def _late_tip(self) -> str | None:
        """A tip of the last two days is entered."""
        today = self._today()
        day = today - timedelta(self._rng.randrange(2))
        now = self._second(day)
        untipped = [
            (each, rung)
            for each in self._world.days.get(day, {}).values()
            for rung in each.rungs
            if rung.closed < now and not (rung.tip or rung.void or rung.arrives) and rung.tender == "card"
        ]
        if not untipped:
            return None
        each, rung = self._rng.choice(untipped)
        self._ring(each, replace(rung, tip=10, tip_at=now))
        return "a late tip"

    def _offline_sale(self) -> str | None:
        """A till that was offline yesterday comes back with a sale, at its original time."""
        day = self._today() - timedelta(1)
        if day not in self._world.days:
            return None
        sitting = self._rng.choice(SITTINGS)
        minute = self._rng.randint(sitting.first, sitting.last)
        dinner = self._host(day).walk_in(sitting, minute)
        return self._take(dinner, "an offline sale", offline=True)

    def _host(self, day: date) -> Host:
        """A host who knows which tables of the day are taken and who comes."""
        house = House()
        here = set[str]()
        for each in self._world.days[day].values():
            booking, stay = each.dinner.booking, each.dinner.stay
            here.add(each.dinner.person.id)
            if booking and booking.cancelled is None:
                house.hold(booking.tables, booking.at, booking.at + booking.minutes * MINUTE)
            if stay:
                house.hold(stay.tables, stay.seated, stay.left)
        return Host(self._rng, day, self._known, house, here, first_stranger=len(self._world.days[day]))

    def _take(self, dinner: Dinner | None, told: str, offline: bool = False) -> str | None:
        if dinner is None:
            return None
        drawn = plan(self._rng, dinner)
        if offline:
            now = self._second(dinner.day)
            drawn = replace(drawn, kept=None, rungs=tuple(replace(rung, arrives=now) for rung in drawn.rungs))
        self._world.amend(drawn)
        return told
