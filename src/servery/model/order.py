"""What was ordered and paid: orders, checks, lines, and the arithmetic that must hold between their parts."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from servery.model.guest import SourceGuest

CheckStatus = Literal["open", "closed", "void"]
ServiceMode = Literal["dine_in", "collection", "delivery", "drive_through", "catering"]
Tender = Literal["card", "cash", "gift_card", "house_account", "voucher", "deposit", "other"]
DiscountKind = Literal["discount", "comp", "coupon", "loyalty"]


class Discount(Struct, frozen=True, omit_defaults=True):
    """A price reduction in minor units, positive; a comp is the whole price of something given away."""

    name: str
    amount: int
    kind: DiscountKind = "discount"


class Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing ordered, or one modifier or combo component inside another line.

    `amount` is this line's own price for its whole quantity, in minor units, before discounts and without
    what is nested in it. A void line counts for nothing.
    """

    name: str
    amount: int
    quantity: Decimal = Decimal(1)
    unit_price: int | None = None
    external_id: str | None = None
    product_id: str | None = None
    category: str | None = None
    modifiers: tuple["Line", ...] = ()
    components: tuple["Line", ...] = ()
    discounts: tuple[Discount, ...] = ()
    void: bool = False
    seat: str | None = None
    course: str | None = None
    note: str | None = None


class ServiceCharge(Struct, frozen=True, omit_defaults=True):
    """A fee the venue sets, in minor units; `gratuity` says that it goes to staff."""

    name: str
    amount: int
    gratuity: bool = False


class Tax(Struct, frozen=True, omit_defaults=True):
    """One tax over the whole check in minor units: inside the prices (`included`) or added to them."""

    name: str
    amount: int
    included: bool
    rate: Decimal | None = None
    """Per cent."""


class Payment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One tender. `amount` is what it pays of the total, `tip` what it adds for staff, both minor units."""

    amount: int
    tender: Tender = "other"
    tip: int = 0
    external_id: str | None = None
    at: datetime | None = None
    card: str | None = None
    """The processor's token for the card (never its number): the same card gives the same token."""


class Refund(Struct, frozen=True, omit_defaults=True):
    """Money given back after payment, minor units, positive."""

    amount: int
    at: datetime | None = None
    reason: str | None = None
    external_id: str | None = None


class Order(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked for: the parent of one or more checks, each of which arrives, closes and is paid by itself."""

    external_id: str
    number: str | None = None
    service_mode: ServiceMode | None = None
    channel: str | None = None


class Check(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One account to be paid, with all its parts in minor units of `currency`. Instants UTC."""

    currency: str
    opened_at: datetime
    status: CheckStatus = "closed"
    closed_at: datetime | None = None
    number: str | None = None
    order: Order | None = None
    split_from: str | None = None
    """External id of the check this one was split from."""
    label: str | None = None
    """What staff typed to name the check; it may hold a table, a name, both or nothing of use."""
    table: str | None = None
    covers: int | None = None
    """Persons served as the POS says; None when it does not say (zero is never meant as zero)."""
    server: str | None = None
    revenue_centre: str | None = None
    lines: tuple[Line, ...] = ()
    discounts: tuple[Discount, ...] = ()
    """Reductions of the whole check, besides those on its lines."""
    service_charges: tuple[ServiceCharge, ...] = ()
    taxes: tuple[Tax, ...] = ()
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    tip: int = 0
    """Tips that no payment carries (cash declared at the end of the shift)."""
    total: int | None = None
    """The total the source states, without tips; None when it states none."""
    guest_id: str | None = None
    """External id of the guest in the same system."""
    guest: SourceGuest | None = None
    reservation_id: str | None = None
    """The reservation's external id, where the source itself links the two."""
    note: str | None = None


class Sums(Struct, frozen=True):
    """A check added up, all minor units. `difference` is stated total minus the sum of parts; not zero: flag it."""

    gross: int
    discounts: int
    service_charges: int
    tax_added: int
    tax_included: int
    total: int
    tips: int
    paid: int
    refunded: int
    difference: int

    @property
    def net_sales(self) -> int:
        """Sales after discounts and voids, without tax, tips and service charges (docs: figures)."""
        return self.gross - self.discounts - self.tax_included

    @property
    def spend(self) -> int:
        """What the party left with the house: the total less refunds, tips apart."""
        return self.total - self.refunded


def every_line(lines: tuple[Line, ...]) -> Iterator[Line]:
    """Each line that counts, then what is nested in it; voids and all inside them are left out."""
    for line in lines:
        if not line.void:
            yield line
            yield from every_line(line.modifiers)
            yield from every_line(line.components)


def add_up(check: Check) -> Sums:
    """Add a check's parts: lines − discounts + service charges + added tax = total; tips apart.

    The total is the source's where it states one. A void check is worth nothing whatever it says.
    """
    if check.status == "void":
        return Sums(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    gross = reductions = 0
    for line in every_line(check.lines):
        gross += line.amount
        for discount in line.discounts:
            reductions += discount.amount
    reductions += sum(discount.amount for discount in check.discounts)
    charges = sum(charge.amount for charge in check.service_charges)
    added = sum(tax.amount for tax in check.taxes if not tax.included)
    included = sum(tax.amount for tax in check.taxes if tax.included)
    parts = gross - reductions + charges + added
    total = parts if check.total is None else check.total
    return Sums(
        gross=gross,
        discounts=reductions,
        service_charges=charges,
        tax_added=added,
        tax_included=included,
        total=total,
        tips=check.tip + sum(payment.tip for payment in check.payments),
        paid=sum(payment.amount for payment in check.payments),
        refunded=sum(refund.amount for refund in check.refunds),
        difference=total - parts,
    )
