"""Payments of an Odoo order: less the change given back, and with the tip in those that carry it. Pure."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from servery.connectors.odoo import wire
from servery.model.money import to_minor
from servery.model.order import Payment, Tender


class Paid(Struct, frozen=True):
    """An order's payments, and what of its tip none of them carries."""

    payments: tuple[Payment, ...]
    tip: int


def paid(bundle: wire.OrderBundle, tip: int, tip_is_sold: bool) -> Paid:
    """The payments of an order with this tip; `tip_is_sold` says that the order's total holds it, as a line.

    Money that goes back to the guest for returned goods is told as a refund, not as a payment.
    """
    total = to_minor(bundle.order.amount_total, bundle.place.currency)
    tenders = _without_change(bundle) if total >= 0 else []
    surplus = sum(amount for _, amount in tenders) - total
    carried = tip if tip_is_sold or surplus >= tip else 0
    payments, rest = _with_tip(tenders, carried, _methods(bundle))
    return Paid(payments, tip - carried + rest)


def _methods(bundle: wire.OrderBundle) -> Mapping[int, wire.Method]:
    return {each.id: each for each in bundle.methods}


def _without_change(bundle: wire.OrderBundle) -> list[tuple[wire.Payment, int]]:
    """What each payment left in the house: change is a payment below zero, and comes out of the cash first."""
    methods = _methods(bundle)
    amounts = {each.id: to_minor(each.amount, bundle.place.currency) for each in bundle.payments}
    change = -sum(amount for amount in amounts.values() if amount < 0)
    for each in sorted(bundle.payments, key=lambda one: (tender(one, methods) != "cash", one.id)):
        taken = min(change, max(amounts[each.id], 0))
        amounts[each.id] -= taken
        change -= taken
    return [(each, amounts[each.id]) for each in bundle.payments if amounts[each.id] > 0]


def _with_tip(
    tenders: Sequence[tuple[wire.Payment, int]], tip: int, methods: Mapping[int, wire.Method]
) -> tuple[tuple[Payment, ...], int]:
    """Payments with the tip in them, cards first, and what of it is left over."""
    shares = {}
    for payment, amount in sorted(tenders, key=lambda each: (tender(each[0], methods) == "cash", -each[1])):
        shares[payment.id] = min(tip, amount)
        tip -= shares[payment.id]
    made = (
        Payment(
            amount=amount - shares[payment.id],
            tip=shares[payment.id],
            tender=tender(payment, methods),
            external_id=str(payment.id),
            at=wire.instant(payment.payment_date),
        )
        for payment, amount in tenders
    )
    return tuple(made), tip


def tender(payment: wire.Payment, methods: Mapping[int, wire.Method]) -> Tender:
    """How it was paid, as far as Odoo tells kinds of payment methods apart."""
    link = payment.payment_method_id
    method = methods.get(link[0]) if isinstance(link, tuple) else None
    if method is None:
        return "other"
    if method.is_cash_count or method.type == "cash":
        return "cash"
    return "house_account" if method.type == "pay_later" else "card"
