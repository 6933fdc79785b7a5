"""Visits: one party at one venue, joined of its bookings and checks."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, ClassVar

from litestar import Response
from msgspec import UNSET, Meta, Struct, UnsetType
from psycopg.rows import DictRow

from servery.accounts.audit import looked
from servery.api import rows
from servery.api.asked import Id, TheFilters, ThePaging, ThePool, listed, shown
from servery.api.paging import Listing, Page, answered
from servery.api.problem import Asked
from servery.api.projection import Rights
from servery.api.single import single
from servery.errors import NotFound
from servery.model.money import Money
from servery.model.visit import CoversSource
from servery.storage.pool import Connection


class Visit(Struct, frozen=True, kw_only=True):
    """One party's time at a venue. Fields that the key's role does not see are left out."""

    rights: ClassVar[Rights] = {"see_money": ("spend", "net_sales", "tips")}

    id: int
    venue_id: int
    guest_id: Annotated[int | None, Meta(description="The guest, under the id they have now.")]
    business_date: date
    starts_at: datetime
    ends_at: datetime | None
    walk_in: bool
    covers: Annotated[int | None, Meta(description="Persons; null when nobody counted.")]
    covers_source: CoversSource | None
    table: str | None
    currency: str
    reservation_ids: tuple[int, ...]
    check_ids: tuple[int, ...]
    spend: Annotated[Money | UnsetType, Meta(description="Totals less refunds, tips apart.")] = UNSET
    net_sales: Money | UnsetType = UNSET
    tips: Money | UnsetType = UNSET
    removed: Annotated[bool, Meta(description="Whether nothing is left of it: its records moved to other visits.")]
    merged_into: Annotated[int | None, Meta(description="The visit that took this one in.")]


class Visits(Page[Visit], frozen=True):
    """A page of visits."""

    items: tuple[Visit, ...]


_LISTING = Listing("visits", Visit, Visit.__struct_fields__, lambda one: one.guest_id)


@listed("/visits", tags=["Visits"])
async def visits(request: Asked, pool: ThePool, paging: ThePaging, filters: TheFilters) -> Response[Visits]:
    """Visits. `updated_since` gives those with a booking or check of which something new was said."""
    asked = rows.as_asked(filters)
    return await answered(request, pool, _LISTING, partial(_read, asked), paging, asked)


async def _read(asked: dict[str, Any], db: Connection, after: int | None, limit: int) -> list[Visit]:
    return [_visit(row) for row in await rows.some(db, rows.VISITS, asked, after, limit)]


@shown("/visits/{visit_id:int}", tags=["Visits"])
async def visit(request: Asked, pool: ThePool, visit_id: Id) -> Response[Visit]:
    """One visit."""
    async with pool.connection() as db:
        row = await rows.one(db, rows.VISITS, visit_id)
        if row is None:
            raise NotFound("There is no visit {id}.", id=visit_id)
        await looked(db, request.user, [row["guest_id"]] if row["guest_id"] else [], "api")
    return single(request, _visit(row))


def _visit(row: DictRow) -> Visit:
    money = {name: Money(row[name], row["currency"]) for name in ("spend", "net_sales", "tips")}
    ids = {name: tuple(row[name]) for name in ("reservation_ids", "check_ids")}
    return Visit(**row | money | ids)
