"""Checks: what was ordered and paid, down to the line."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
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
from servery.model import order as model
from servery.model.money import Money
from servery.model.order import CheckStatus, DiscountKind, ServiceMode, Tender
from servery.storage.pool import Connection


class Discount(Struct, frozen=True):
    """A price reduction."""

    name: str
    amount: Money
    kind: DiscountKind


class Line(Struct, frozen=True, kw_only=True):
    """One thing ordered, or a modifier or combo component inside another. `amount`: without what is nested in it."""

    rights: ClassVar[Rights] = {"see_money": ("amount", "unit_price", "discounts"), "see_notes": ("note",)}

    name: str
    quantity: Decimal
    product_id: str | None
    category: str | None
    seat: str | None
    course: str | None
    void: bool
    modifiers: tuple[Line, ...]
    components: tuple[Line, ...]
    amount: Money | UnsetType = UNSET
    unit_price: Money | UnsetType | None = UNSET
    discounts: tuple[Discount, ...] | UnsetType = UNSET
    note: str | UnsetType | None = UNSET


class ServiceCharge(Struct, frozen=True):
    """A fee the venue sets; `gratuity`: it goes to staff."""

    name: str
    amount: Money
    gratuity: bool


class Tax(Struct, frozen=True):
    """One tax over the whole check: inside the prices (`included`) or added to them. `rate` is per cent."""

    name: str
    amount: Money
    included: bool
    rate: Decimal | None


class Payment(Struct, frozen=True):
    """One tender: what it pays of the total, and what it adds for staff."""

    amount: Money
    tip: Money
    tender: Tender
    at: datetime | None


class Refund(Struct, frozen=True):
    """Money given back after payment."""

    amount: Money
    at: datetime | None
    reason: str | None


class Check(Struct, frozen=True, kw_only=True):
    """One account to be paid. Fields that the key's role does not see are left out."""

    rights: ClassVar[Rights] = {
        "see_money": (
            "total", "net_sales", "discount_total", "service_charge_total", "tax_added", "tax_included", "tips", "paid",
            "refunded", "difference", "discounts", "service_charges", "taxes", "payments", "refunds",
        ),
        "see_notes": ("note",),
    }  # fmt: skip

    id: int
    venue_id: int
    visit_id: int | None
    guest_id: Annotated[int | None, Meta(description="The guest, under the id they have now.")]
    business_date: date
    connection: str
    external_id: Annotated[str, Meta(description="The check's id in its own system.")]
    status: CheckStatus
    opened_at: datetime
    closed_at: datetime | None
    number: str | None
    label: Annotated[str | None, Meta(description="What staff typed to name the check.")]
    table: str | None
    covers: Annotated[int | None, Meta(description="Persons served; null when nobody counted.")]
    server: str | None
    revenue_centre: str | None
    service_mode: ServiceMode | None
    currency: str
    lines: tuple[Line, ...]
    total: Annotated[Money | UnsetType, Meta(description="Tips apart.")] = UNSET
    net_sales: Money | UnsetType = UNSET
    discount_total: Money | UnsetType = UNSET
    service_charge_total: Money | UnsetType = UNSET
    tax_added: Money | UnsetType = UNSET
    tax_included: Money | UnsetType = UNSET
    tips: Money | UnsetType = UNSET
    paid: Money | UnsetType = UNSET
    refunded: Money | UnsetType = UNSET
    difference: Annotated[
        Money | UnsetType, Meta(description="The stated total less the sum of the parts: not zero means look at it.")
    ] = UNSET
    discounts: tuple[Discount, ...] | UnsetType = UNSET
    service_charges: tuple[ServiceCharge, ...] | UnsetType = UNSET
    taxes: tuple[Tax, ...] | UnsetType = UNSET
    payments: tuple[Payment, ...] | UnsetType = UNSET
    refunds: tuple[Refund, ...] | UnsetType = UNSET
    note: str | UnsetType | None = UNSET
    removed: Annotated[bool, Meta(description="Whether its system has deleted it, or merged it into another.")]
    merged_into: Annotated[str | None, Meta(description="External id of the check that took this one in.")]
    updated_at: Annotated[datetime, Meta(description="When its system last said something new of it.")]


_PARTS = frozenset("lines discounts service_charges taxes payments refunds".split())


class Checks(Page[Check], frozen=True):
    """A page of checks."""

    items: tuple[Check, ...]


_LISTING = Listing(
    "checks",
    Check,
    tuple(name for name in Check.__struct_fields__ if name not in _PARTS),
    lambda one: one.guest_id,
)
Status = Annotated[CheckStatus | None, QueryParameter(description="In this state.")]
VisitId = Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1, description="Of this visit.")]


@listed("/checks", tags=["Checks"])
async def checks(
    request: Asked,
    pool: ThePool,
    paging: ThePaging,
    filters: TheFilters,
    status: Status = None,
    visit_id: VisitId = None,
) -> Response[Checks]:
    """Checks with their lines. The amounts are there for roles that see money."""
    asked = rows.as_asked(filters, status=status, visit_id=visit_id)
    return await answered(request, pool, _LISTING, partial(_read, asked), paging, asked)


async def _read(asked: dict[str, Any], db: Connection, after: int | None, limit: int) -> list[Check]:
    return [_check(row) for row in await rows.some(db, rows.CHECKS, asked, after, limit)]


@shown("/checks/{check_id:int}", tags=["Checks"])
async def check(request: Asked, pool: ThePool, check_id: Id) -> Response[Check]:
    """One check."""
    async with pool.connection() as db:
        row = await rows.one(db, rows.CHECKS, check_id)
        if row is None:
            raise NotFound("There is no check {id}.", id=check_id)
        await looked(db, request.user, [row["guest_id"]] if row["guest_id"] else [], "api")
    return single(request, _check(row))


def _check(row: DictRow) -> Check:
    kept = msgspec.convert(row["body"], model.Check)
    money = partial(Money, currency=kept.currency)
    same = "status opened_at closed_at number label table server revenue_centre currency note".split()
    facts: dict[str, Any] = {name: getattr(kept, name) for name in same}
    facts |= {name: row[name] for name in row if name != "body"}
    return Check(
        **facts,
        service_mode=kept.order.service_mode if kept.order else None,
        lines=tuple(_line(one, kept.currency) for one in kept.lines),
        discounts=_discounts(kept.discounts, kept.currency),
        service_charges=tuple(ServiceCharge(one.name, money(one.amount), one.gratuity) for one in kept.service_charges),
        taxes=tuple(Tax(one.name, money(one.amount), one.included, one.rate) for one in kept.taxes),
        payments=tuple(Payment(money(one.amount), money(one.tip), one.tender, one.at) for one in kept.payments),
        refunds=tuple(Refund(money(one.amount), one.at, one.reason) for one in kept.refunds),
        **_sums(kept),
    )


def _sums(kept: model.Check) -> dict[str, Any]:
    sums = model.add_up(kept)
    amounts = {
        "total": sums.total,
        "net_sales": sums.net_sales,
        "discount_total": sums.discounts,
        "service_charge_total": sums.service_charges,
        "tax_added": sums.tax_added,
        "tax_included": sums.tax_included,
        "tips": sums.tips,
        "paid": sums.paid,
        "refunded": sums.refunded,
        "difference": sums.difference,
    }
    return {name: Money(amount, kept.currency) for name, amount in amounts.items()}


def _line(line: model.Line, currency: str) -> Line:
    return Line(
        name=line.name,
        quantity=line.quantity,
        product_id=line.product_id,
        category=line.category,
        seat=line.seat,
        course=line.course,
        void=line.void,
        modifiers=tuple(_line(one, currency) for one in line.modifiers),
        components=tuple(_line(one, currency) for one in line.components),
        amount=Money(line.amount, currency),
        unit_price=None if line.unit_price is None else Money(line.unit_price, currency),
        discounts=_discounts(line.discounts, currency),
        note=line.note,
    )


def _discounts(discounts: tuple[model.Discount, ...], currency: str) -> tuple[Discount, ...]:
    return tuple(Discount(one.name, Money(one.amount, currency), one.kind) for one in discounts)
