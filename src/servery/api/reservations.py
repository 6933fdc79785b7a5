"""Reservations: who is expected, and what became of it."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, ClassVar

import msgspec
from litestar import Response
from litestar.params import QueryParameter
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
from servery.model import reservation as model
from servery.model.guest import SourceGuest
from servery.model.money import Money
from servery.model.reservation import ReservationStatus
from servery.storage.pool import Connection


class Deposit(Struct, frozen=True):
    """Money paid or held before the visit."""

    amount: Money
    status: str


class Reservation(Struct, frozen=True, kw_only=True):
    """One booking as its system has it. Fields that the key's role does not see are left out."""

    rights: ClassVar[Rights] = {
        "see_contact": ("email", "phone"),
        "see_allergies": ("allergies",),
        "see_notes": ("requests", "occasion", "notes"),
        "see_money": ("deposit",),
    }

    id: int
    venue_id: int
    visit_id: int | None
    guest_id: Annotated[int | None, Meta(description="The guest, under the id they have now.")]
    business_date: date
    connection: str
    external_id: Annotated[str, Meta(description="The booking's id in its own system.")]
    status: ReservationStatus
    starts_at: datetime
    party_size: int
    duration: Annotated[int | None, Meta(description="Minutes the table is held.")]
    tables: tuple[str, ...]
    area: str | None
    channel: str | None
    reference: str | None
    walk_in: bool
    language: str | None
    created_at: datetime | None
    seated_at: datetime | None
    left_at: datetime | None
    name: Annotated[str | None, Meta(description="The guest's name as written on the booking.")]
    email: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    allergies: tuple[str, ...] | UnsetType = UNSET
    requests: str | UnsetType | None = UNSET
    occasion: str | UnsetType | None = UNSET
    notes: str | UnsetType | None = UNSET
    deposit: Deposit | UnsetType | None = UNSET
    removed: Annotated[bool, Meta(description="Whether its system has deleted it.")]
    updated_at: Annotated[datetime, Meta(description="When its system last said something new of it.")]


class Reservations(Page[Reservation], frozen=True):
    """A page of bookings."""

    items: tuple[Reservation, ...]


_LISTING = Listing(
    "reservations",
    Reservation,
    tuple(name for name in Reservation.__struct_fields__ if name != "deposit"),
    lambda one: one.guest_id,
)
Status = Annotated[ReservationStatus | None, QueryParameter(description="In this state.")]


@listed("/reservations", tags=["Reservations"])
async def reservations(
    request: Asked, pool: ThePool, paging: ThePaging, filters: TheFilters, status: Status = None
) -> Response[Reservations]:
    """Bookings."""
    asked = rows.as_asked(filters, status=status)
    return await answered(request, pool, _LISTING, partial(_read, asked), paging, asked)


async def _read(asked: dict[str, Any], db: Connection, after: int | None, limit: int) -> list[Reservation]:
    return [_reservation(row) for row in await rows.some(db, rows.RESERVATIONS, asked, after, limit)]


@shown("/reservations/{reservation_id:int}", tags=["Reservations"])
async def reservation(request: Asked, pool: ThePool, reservation_id: Id) -> Response[Reservation]:
    """One booking."""
    async with pool.connection() as db:
        row = await rows.one(db, rows.RESERVATIONS, reservation_id)
        if row is None:
            raise NotFound("There is no reservation {id}.", id=reservation_id)
        await looked(db, request.user, [row["guest_id"]] if row["guest_id"] else [], "api")
    return single(request, _reservation(row))


def _reservation(row: DictRow) -> Reservation:
    booked = msgspec.convert(row["body"], model.Reservation)
    written = booked.guest or SourceGuest()
    same = (name for name in model.Reservation.__struct_fields__ if name in Reservation.__struct_fields__)
    facts: dict[str, Any] = {name: getattr(booked, name) for name in same}
    facts |= {name: row[name] for name in row if name != "body"}
    facts |= {"name": written.name, "email": written.email, "phone": written.phone, "allergies": written.allergies}
    deposit = booked.deposit
    facts["deposit"] = Deposit(Money(deposit.amount, deposit.currency), deposit.status) if deposit else None
    return Reservation(**facts)
