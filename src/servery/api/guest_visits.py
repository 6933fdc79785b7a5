"""A guest's visits, the latest first, down to the dishes and why each check belongs to its booking."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

import msgspec
from litestar import Response
from msgspec import UNSET, Struct, UnsetType

from servery.api.asked import Id, ThePaging, ThePool, shown
from servery.api.paging import Listing, Page, answered
from servery.api.problem import Asked
from servery.api.projection import Rights
from servery.model.money import Money
from servery.model.order import CheckStatus
from servery.model.reservation import ReservationStatus
from servery.model.viewer import Viewer
from servery.model.visit import CoversSource, Match
from servery.profile import visits
from servery.profile.rows import survivor
from servery.profile.visits import visits_of
from servery.storage.pool import Connection


class Dish(Struct, frozen=True, kw_only=True):
    """One line of a check. `amount`: with all that is nested in it, before discounts. `comp`: given away."""

    rights: ClassVar[Rights] = {"see_money": ("amount",), "see_notes": ("note",)}

    name: str
    quantity: Decimal
    modifiers: tuple[str, ...]
    components: tuple[str, ...]
    comp: bool
    amount: Money | UnsetType | None = UNSET
    note: str | UnsetType | None = UNSET


class VisitCheck(Struct, frozen=True, kw_only=True):
    """One check of a visit. `match`: why it belongs to the visit's booking; null for a party without one."""

    rights: ClassVar[Rights] = {"see_money": ("total", "discounts", "tips", "refunded", "difference")}

    id: int
    connection: str
    external_id: str
    opened_at: datetime
    closed_at: datetime | None
    status: CheckStatus
    number: str | None
    table: str | None
    server: str | None
    covers: int | None
    currency: str
    dishes: tuple[Dish, ...]
    match: Match | None
    total: Money | UnsetType | None = UNSET
    discounts: Money | UnsetType | None = UNSET
    tips: Money | UnsetType | None = UNSET
    refunded: Money | UnsetType | None = UNSET
    difference: Money | UnsetType | None = UNSET


class VisitBooking(Struct, frozen=True, kw_only=True):
    """One booking of a visit."""

    rights: ClassVar[Rights] = {"see_notes": ("requests", "occasion", "notes")}

    id: int
    connection: str
    external_id: str
    starts_at: datetime
    status: ReservationStatus
    party_size: int
    tables: tuple[str, ...]
    channel: str | None
    reference: str | None
    requests: str | UnsetType | None = UNSET
    occasion: str | UnsetType | None = UNSET
    notes: str | UnsetType | None = UNSET


class GuestVisit(Struct, frozen=True, kw_only=True):
    """One visit with what it is made of."""

    id: int
    venue_id: int
    venue: str
    time_zone: str
    business_date: date
    starts_at: datetime
    ends_at: datetime | None
    walk_in: bool
    table: str | None
    covers: int | None
    covers_source: CoversSource | None
    bookings: tuple[VisitBooking, ...]
    checks: tuple[VisitCheck, ...]


class GuestVisits(Page[GuestVisit], frozen=True):
    """A page of a guest's visits."""

    items: tuple[GuestVisit, ...]


_COLUMNS = tuple(name for name in GuestVisit.__struct_fields__ if name not in {"bookings", "checks"})


@shown("/guests/{guest_id:int}/visits", tags=["Guests"])
async def guest_visits(request: Asked, pool: ThePool, paging: ThePaging, guest_id: Id) -> Response[GuestVisits]:
    """A guest's visits, the latest first: the one list that does not stand in the order of ids."""
    async with pool.connection() as db:
        current = await survivor(db, guest_id)
    listing = Listing("guest-visits", GuestVisit, _COLUMNS, lambda _: current)
    return await answered(request, pool, listing, partial(_read, request.user, current), paging, {"visits_of": current})


async def _read(viewer: Viewer, guest_id: int, db: Connection, before: int | None, limit: int) -> list[GuestVisit]:
    return [_visit(one) for one in await visits_of(db, viewer, guest_id, limit=limit, before=before)]


def _visit(past: visits.PastVisit) -> GuestVisit:
    checks = tuple(_check(one) for one in past.checks)
    return msgspec.convert(_facts(past) | {"checks": checks}, GuestVisit, from_attributes=True)


def _check(check: visits.VisitCheck) -> VisitCheck:
    sums = {name: _money(getattr(check, name), check.currency) for name in VisitCheck.rights["see_money"]}
    dishes = tuple(Dish(**_facts(dish) | {"amount": _money(dish.amount, check.currency)}) for dish in check.dishes)
    return VisitCheck(**_facts(check) | sums | {"dishes": dishes})


def _facts(struct: Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(struct)


def _money(amount: int | None, currency: str) -> Money | None:
    return None if amount is None else Money(amount, currency)
