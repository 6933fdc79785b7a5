"""The parts of a guest's story, as the API writes them: every field is there, null where nothing is known."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, Struct, UnsetType

from servery.api.projection import Rights
from servery.model.money import Money
from servery.model.reservation import ReservationStatus
from servery.profile import figures


class Birthday(Struct, frozen=True):
    """A birthday; the year is often not given."""

    month: int
    day: int
    year: int | None


class Note(Struct, frozen=True):
    """One remark kept for ever, with who wrote it and when where that is known."""

    text: str
    author: str | None
    at: datetime | None


class Stop(Struct, frozen=True):
    """When and where a visit was."""

    day: date
    venue_id: int
    venue: str
    table: str | None


class UsualTable(Struct, frozen=True):
    """The table a guest has most: `times` of the `visits` to its venue whose table is known."""

    venue_id: int
    venue: str
    name: str
    area: str | None
    times: int
    visits: int


class Figures(Struct, frozen=True):
    """How often a guest comes, and how."""

    visits: int
    last_year: Annotated[int, Meta(description="Visits in the last 365 days.")]
    first: Stop | None
    last: Stop | None
    days_between: Annotated[float | None, Meta(description="The median of days from one visit to the next.")]
    party: Annotated[int | None, Meta(description="The size of party they come with most.")]
    table: UsualTable | None
    walk_in_share: Annotated[float | None, Meta(description="Share of the visits without a booking, 0 to 1.")]
    no_shows: int
    cancelled: int


class Favourite(Struct, frozen=True):
    """What a guest has again and again: on `times` of their `visits` with a check, `quantity` in all."""

    name: str
    size: str | None
    times: int
    visits: int
    quantity: Decimal


class Favourites(Struct, frozen=True):
    """The favourite of each kind; null while nothing was ordered on two visits."""

    dish: Favourite | None
    drink: Favourite | None
    wine: Favourite | None


class Repeated(Struct, frozen=True):
    """A request, as it was last written, and on how many bookings it was made."""

    text: str
    times: int


class Upcoming(Struct, frozen=True, kw_only=True):
    """A booking that is still to come."""

    rights: ClassVar[Rights] = {"see_notes": ("requests", "occasion")}

    id: int
    venue_id: int
    venue: str
    time_zone: str
    starts_at: datetime
    party_size: int
    status: ReservationStatus
    tables: tuple[str, ...]
    requests: str | UnsetType | None = UNSET
    occasion: str | UnsetType | None = UNSET


class Spend(Struct, frozen=True, kw_only=True):
    """What a guest spent in one currency, on `visits` visits; `covers` persons where they were counted."""

    total: Money
    visits: int
    covers: int
    per_visit: Money
    per_cover: Money | None


def spend(of: Iterable[figures.Spend]) -> tuple[Spend, ...]:
    """Spend with its currency on each amount."""
    return tuple(
        Spend(
            total=Money(one.total, one.currency),
            visits=one.visits,
            covers=one.covers,
            per_visit=Money(one.per_visit, one.currency),
            per_cover=None if one.per_cover is None else Money(one.per_cover, one.currency),
        )
        for one in of
    )
