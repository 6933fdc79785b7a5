"""What a rule may go by: each fact with the rows that tell it of guests. Pure.

No fact is drawn from tags (a rule would hold because another does), and none from allergies, preferences or notes: a
tag is seen by every role and goes to every system.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from msgspec import Struct

FactName = Literal["visits", "spend", "average", "last_visit", "no_shows", "birthday", "channel", "field"]
FACTS: tuple[FactName, ...] = get_args(FactName)
Op = Literal["at_least", "at_most", "is", "has", "lacks"]
Part = Literal["months", "venue_id", "currency"]
"""What narrows a fact: to so many months back, to one venue, to one currency."""

KNOWN_FIELDS: tuple[str, ...] = (
    "name", "email", "phone", "birthday", "language", "company", "city", "postcode", "vip",
)  # fmt: skip
"""Golden fields that a guest may have or lack."""


class Fact(Struct, frozen=True, kw_only=True):
    """One fact. `rows` gives `guest_id` and `n`, with places for what narrows it; empty where the guest's row tells it.

    `missing`: what counts where there is no row. `most`: the largest number that makes sense.
    """

    ops: tuple[Op, ...]
    rows: str = ""
    takes: frozenset[Part] = frozenset()
    needs: frozenset[Part] = frozenset()
    missing: int | None = None
    most: int = 1_000_000


_BOUNDS: tuple[Op, ...] = ("at_least", "at_most")
_VISITS = (
    "visit v join source_guest s on s.id = v.source_guest_id "
    "where v.gone_at is null and v.merged_into is null{months}{venue}{who}"
)
# Money is there because of a check: only of visits without any is there one to be looked for.
_CHECKED = (
    " and (v.spend <> 0 or exists (select from checks c where c.visit_id = v.id and not c.removed"
    " and c.status <> 'void' and c.currency = v.currency))"
)
_BOOKINGS = (
    "reservation v join source_guest s on s.id = v.source_guest_id where not v.removed {which}{months}{venue}{who}"
)

TABLE: Mapping[FactName, Fact] = {
    "visits": Fact(
        ops=_BOUNDS,
        rows="select s.guest_id, count(*) as n from " + _VISITS + " group by 1",
        takes=frozenset({"months", "venue_id"}),
        missing=0,
    ),
    # As the guest's page adds it up, tips apart, less what was given back; in the currency of the venue.
    "spend": Fact(
        ops=_BOUNDS,
        rows="select s.guest_id, sum(v.spend) as n from " + _VISITS + " and v.currency = {currency} group by 1",
        takes=frozenset({"months", "venue_id", "currency"}),
        needs=frozenset({"currency"}),
        missing=0,
        most=10**14,
    ),
    # Of the visits that have a check, rounded half up.
    "average": Fact(
        ops=_BOUNDS,
        rows="select s.guest_id, floor((2 * sum(v.spend) + count(*)) / (2 * count(*))) as n from "
        + _VISITS
        + _CHECKED
        + " and v.currency = {currency} group by 1",
        takes=frozenset({"months", "venue_id", "currency"}),
        needs=frozenset({"currency"}),
        most=10**14,
    ),
    "last_visit": Fact(
        ops=_BOUNDS,
        rows="select s.guest_id, %(today)s::date - max(v.business_date) as n from " + _VISITS + " group by 1",
        takes=frozenset({"venue_id"}),
        most=36_500,
    ),
    "no_shows": Fact(
        ops=_BOUNDS,
        rows="select s.guest_id, count(*) as n from "
        + _BOOKINGS.replace("{which}", "and v.status = 'no_show'")
        + " group by 1",
        takes=frozenset({"months", "venue_id"}),
        missing=0,
    ),
    "birthday": Fact(ops=("at_most",), most=365),
    "channel": Fact(
        ops=("is",),
        rows="select s.guest_id, 1 as n from "
        + _BOOKINGS.replace("{which}", "and lower(v.body ->> 'channel') = lower({value})")
        + " group by 1",
        takes=frozenset({"months", "venue_id"}),
    ),
    "field": Fact(ops=("has", "lacks")),
}
"""All facts: visits and bookings that were not come to, spend and average check in minor units, days since the last
visit, days to the birthday at most, a channel booked through, a field that is known or not."""
