"""A guest in numbers: how often, how much, where, with how many. Pure.

What was not recorded is left out and never taken for nothing: a visit without a check says nothing about spend, a
visit whose covers nobody counted says nothing about spend per cover. Currencies are never added to one another.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import TypeVar

from msgspec import Struct

from servery.model.venue import table_key

USUAL_FROM = 2
"""Visits on which something must have happened before it may be called usual."""
YEAR = timedelta(days=365)

Value = TypeVar("Value")


class Visited(Struct, frozen=True, kw_only=True):
    """A visit as the figures see it. `spent` is minor units by currency, tips apart; empty without a check."""

    id: int
    venue_id: int
    venue: str
    business_date: date
    starts_at: datetime
    walk_in: bool = False
    covers: int | None = None
    table: str | None = None
    spent: Mapping[str, int] = {}


class Stop(Struct, frozen=True, omit_defaults=True):
    """When and where a visit was."""

    day: date
    venue_id: int
    venue: str
    table: str | None = None


class Spend(Struct, frozen=True, kw_only=True):
    """What a guest spent in one currency: minor units, tax and service charges included, refunds and tips not.

    `visits` are those with a check in this currency, `covers` the persons on those of them where covers are known.
    """

    currency: str
    total: int
    visits: int
    covers: int
    per_visit: int
    per_cover: int | None


class UsualTable(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The table a guest has most, on `times` of the `visits` to its venue whose table is known."""

    venue_id: int
    venue: str
    name: str
    times: int
    visits: int
    area: str | None = None


class Figures(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How often a guest comes, and how."""

    visits: int = 0
    visits_here: int = 0
    """Those at the venue that was asked about; all of them where none was."""
    last_year: int = 0
    """Visits in the last 365 days."""
    first: Stop | None = None
    last: Stop | None = None
    days_between: float | None = None
    """The median of days between one day with a visit and the next."""
    party: int | None = None
    """The size of party they come with most, where covers are known."""
    table: UsualTable | None = None
    walk_in_share: float | None = None
    """Share of the visits without a booking, 0 to 1."""
    no_shows: int = 0
    cancelled: int = 0


def figures(
    visits: Sequence[Visited], now: datetime, *, venue_id: int | None = None, no_shows: int = 0, cancelled: int = 0
) -> Figures:
    """The numbers of one guest's visits; `venue_id` is whose table may be called usual (None: of any venue)."""
    ordered = sorted(visits, key=lambda one: (one.starts_at, one.id))
    here = [one for one in ordered if venue_id is None or one.venue_id == venue_id]
    return Figures(
        visits=len(ordered),
        visits_here=len(here),
        last_year=sum(now - YEAR <= one.starts_at <= now for one in ordered),
        first=_stop(ordered[0]) if ordered else None,
        last=_stop(ordered[-1]) if ordered else None,
        days_between=_days_between({one.business_date for one in ordered}),
        party=_usual_party(ordered),
        table=_usual_table(here),
        walk_in_share=sum(one.walk_in for one in ordered) / len(ordered) if ordered else None,
        no_shows=no_shows,
        cancelled=cancelled,
    )


def _stop(visit: Visited) -> Stop:
    return Stop(visit.business_date, visit.venue_id, visit.venue, visit.table)


def _days_between(days: Iterable[date]) -> float | None:
    ordered = sorted(days)
    gaps = [(later - earlier).days for earlier, later in pairwise(ordered)]
    return float(median(gaps)) if gaps else None


def _usual_party(ordered: Sequence[Visited]) -> int | None:
    found = _most([one.covers for one in ordered if one.covers is not None])
    return found[0] if found else None


def _usual_table(ordered: Sequence[Visited]) -> UsualTable | None:
    seated = [(one, table_key(one.table)) for one in ordered if one.table]
    found = _most([(one.venue_id, key) for one, key in seated])
    if found is None:
        return None
    (venue_id, key), times = found
    latest = next(one for one, its_key in reversed(seated) if (one.venue_id, its_key) == (venue_id, key))
    known = sum(one.venue_id == venue_id for one, _ in seated)
    return UsualTable(venue_id=venue_id, venue=latest.venue, name=latest.table or key, times=times, visits=known)


def _most(in_order: Sequence[Value]) -> tuple[Value, int] | None:
    """The value that occurs most, of equals the one seen last; None while none has become usual."""
    times: dict[Value, int] = defaultdict(int)
    last: dict[Value, int] = {}
    for place, value in enumerate(in_order):
        times[value] += 1
        last[value] = place
    best = max(times, key=lambda value: (times[value], last[value]), default=None)
    return (best, times[best]) if best is not None and times[best] >= USUAL_FROM else None


def spend(visits: Iterable[Visited]) -> tuple[Spend, ...]:
    """What was spent, by currency, the one of most visits first."""
    by_currency: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
    for visit in visits:
        for currency, amount in visit.spent.items():
            by_currency[currency].append((amount, visit.covers))
    found = [_spend(currency, parts) for currency, parts in by_currency.items()]
    return tuple(sorted(found, key=lambda one: (-one.visits, one.currency)))


def _spend(currency: str, parts: Sequence[tuple[int, int | None]]) -> Spend:
    total = sum(amount for amount, _ in parts)
    counted = [(amount, covers) for amount, covers in parts if covers]
    covers = sum(persons for _, persons in counted)
    return Spend(
        currency=currency,
        total=total,
        visits=len(parts),
        covers=covers,
        per_visit=_share(total, len(parts)),
        per_cover=_share(sum(amount for amount, _ in counted), covers) if covers else None,
    )


def _share(amount: int, parts: int) -> int:
    """An equal share in whole minor units, rounded half up."""
    return (2 * amount + parts) // (2 * parts)
