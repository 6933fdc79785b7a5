"""A visit: one party, one venue, one span of time, with the reservations and checks that belong to it."""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

CoversSource = Literal["pos", "reservation", "staff"]
MatchBy = Literal["source", "rules", "staff"]
"""Who joined a check to a reservation: the source system itself, our rules, or a person (never overwritten)."""


class Reason(Struct, frozen=True, omit_defaults=True):
    """One part of why two records are held to be of one party: a message key, what it adds, and its figures."""

    code: str
    weight: float
    detail: str | None = None


class Match(Struct, frozen=True):
    """Why a check belongs to a reservation's visit. `score` is between 0 and 1."""

    score: float
    by: MatchBy
    reasons: tuple[Reason, ...] = ()


class Visit(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One party's time at a venue. `covers` is None when nobody counted. Instants UTC; spend in minor units."""

    id: int
    venue_id: int
    business_date: date
    starts_at: datetime
    ends_at: datetime | None = None
    walk_in: bool = False
    covers: int | None = None
    covers_source: CoversSource | None = None
    guest_id: int | None = None
    table: str | None = None
    spend: int = 0
    net_sales: int = 0
    tips: int = 0
    currency: str | None = None
