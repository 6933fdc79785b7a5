"""An Odoo order as a check whose parts add up.

A tip is a line with a product of its own there, and stands apart here. What is sold below zero is a discount.
A refund is an order of its own with quantities below zero, and so a check of its own here, tied by `split_from` to the
check it gives money back for. An open order on which nothing stands yet is no check: it is a table held for somebody.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from servery.connectors.odoo import payments, taxes, wire
from servery.connectors.odoo.wire import instant, linked, named, text
from servery.errors import Quarantine
from servery.model.changes import Change, CheckSeen, Removed, revision_at
from servery.model.money import to_minor
from servery.model.order import (
    Check,
    CheckStatus,
    Discount,
    Line,
    Order,
    Refund,
    ServiceCharge,
    ServiceMode,
)

_STATUS: dict[str, CheckStatus] = {
    "draft": "open", "paid": "closed", "done": "closed", "invoiced": "closed", "cancel": "void",
}  # fmt: skip
# Within one second of Odoo's clock the state further on is the later one.
_PROGRESS = {"draft": 0, "paid": 1, "invoiced": 2, "done": 3, "cancel": 4}
_UNNAMED = "/"


class _Sorted(Struct, frozen=True):
    """An order's lines by what they stand for."""

    sold: tuple[wire.Line, ...]
    reductions: tuple[wire.Line, ...]
    returned: tuple[wire.Line, ...]
    tips: tuple[wire.Line, ...]


def check_of(bundle: wire.OrderBundle) -> Sequence[Change]:
    """The check that an order is; one that nobody ordered on yet, or that was emptied, is none."""
    order = bundle.order
    if order.state not in _STATUS:
        raise Quarantine("Odoo's order is in a state that Odoo does not describe: {state}.", state=order.state)
    external_id, revision = str(order.id), _revision(bundle)
    if order.state == "draft" and not bundle.lines and not bundle.payments:
        return [Removed(external_id, revision, "check")]
    return [CheckSeen(external_id, revision, bundle.place.id, _check(bundle))]


def _revision(bundle: wire.OrderBundle) -> int:
    """Odoo shows whole seconds, which leaves room below them to tell two states of one second apart."""
    parts: tuple[wire.Order | wire.Line | wire.Payment, ...] = (bundle.order, *bundle.lines, *bundle.payments)
    shown = [instant(each.write_date) for each in parts]
    extent = min(len(bundle.lines), 99) * 100 + min(len(bundle.payments), 99)
    progress = _PROGRESS[bundle.order.state] * 10_000
    return revision_at(max(each for each in shown if each)) + progress + extent


def _check(bundle: wire.OrderBundle) -> Check:
    order, currency = bundle.order, bundle.place.currency
    parts = _sorted(bundle)
    lines, reductions = _lines(parts.sold, bundle), _discounts(parts.reductions, bundle)
    tip = _tip(parts, bundle)
    # Version 19 may give the amounts of returned lines without their sign; the quantity always has it.
    given_back = sum(abs(to_minor(each.price_subtotal_incl, currency)) for each in parts.returned)
    total = to_minor(order.amount_total, currency) - _worth(parts.tips, currency) + given_back
    added = taxes.of(parts.sold + parts.reductions, bundle)
    status = _STATUS[order.state]
    counted = sum(_sum(line) for line in lines) - sum(each.amount for each in reductions)
    rounding = total - counted - sum(tax.amount for tax in added if not tax.included)
    money = payments.paid(bundle, tip, tip_is_sold=bool(parts.tips))
    return Check(
        currency=currency,
        opened_at=_opened_at(bundle),
        status=status,
        closed_at=_closed_at(bundle) if status == "closed" else None,
        number=_number(order),
        order=Order(external_id=str(order.id), number=_number(order), service_mode=_mode(bundle)),
        split_from=str(bundle.refunded_order) if bundle.refunded_order else None,
        label=text(order.floating_order_name),
        table=bundle.table,
        covers=order.customer_count or None,
        server=named(order.employee_id) or named(order.user_id),
        lines=lines,
        discounts=reductions,
        service_charges=_rounding(rounding, bundle),
        taxes=added,
        payments=money.payments,
        refunds=_refunds(given_back, bundle),
        tip=money.tip,
        total=None if status == "void" else total,
        guest_id=linked(order.partner_id),
        note=_note(order),
    )


def _sorted(bundle: wire.OrderBundle) -> _Sorted:
    tip_product = bundle.place.tip_product
    tips = [each for each in bundle.lines if tip_product and linked(each.product_id) == tip_product]
    rest = [each for each in bundle.lines if each not in tips]
    # A quantity below zero without a line it takes back is a correction by staff, unless all of the order gives back.
    gives_back = bundle.order.amount_total < 0 or bundle.refunded_order is not None
    returned = [each for each in rest if each.qty < 0 and (gives_back or linked(each.refunded_orderline_id))]
    reductions = [each for each in rest if each.qty > 0 > each.price_unit and not linked(each.combo_parent_id)]
    apart = {each.id for each in returned + reductions}
    sold = [each for each in rest if each.id not in apart]
    return _Sorted(tuple(sold), tuple(reductions), tuple(returned), tuple(tips))


def _lines(sold: Sequence[wire.Line], bundle: wire.OrderBundle) -> tuple[Line, ...]:
    """Lines with the components of combos inside them; a component whose combo is not there stands by itself."""
    here = {str(each.id) for each in sold}
    inside: dict[str, list[wire.Line]] = {}
    for each in sold:
        parent = linked(each.combo_parent_id)
        if parent in here:
            inside.setdefault(parent or "", []).append(each)
    outer = [each for each in sold if linked(each.combo_parent_id) not in here]
    return tuple(_line(each, inside.get(str(each.id), ()), bundle) for each in outer)


def _line(line: wire.Line, components: Iterable[wire.Line], bundle: wire.OrderBundle) -> Line:
    currency = bundle.place.currency
    after = to_minor(taxes.basis(line, bundle), currency)
    before = _before_discount(line, after, currency)
    modifiers = _modifiers(line, bundle)
    own = before - sum(each.amount for each in modifiers)
    if before >= 0 > own:
        # Staff changed the price, so what the options cost is no longer in it.
        modifiers, own = tuple(_free(each) for each in modifiers), before
    return Line(
        name=_name(line),
        amount=own,
        quantity=line.qty,
        unit_price=to_minor(line.price_unit, currency),
        external_id=text(line.uuid) or str(line.id),
        product_id=linked(line.product_id),
        modifiers=modifiers,
        components=tuple(_line(each, (), bundle) for each in components),
        discounts=_line_discount(line, before - after),
        note=_joined(text(line.customer_note), *_note_texts(line.note)),
    )


def _free(modifier: Line) -> Line:
    return Line(name=modifier.name, amount=0, quantity=modifier.quantity, external_id=modifier.external_id)


def _before_discount(line: wire.Line, after: int, currency: str) -> int:
    """The price before the line's discount. The unit price tells it, unless taxes were taken out of it."""
    if not line.discount:
        return after
    left = 1 - line.discount / 100
    before = to_minor(line.price_unit * line.qty, currency)
    if left and abs(before * left - after) > 1:
        return int((after / left).quantize(Decimal(1)))
    return before


def _line_discount(line: wire.Line, amount: int) -> tuple[Discount, ...]:
    if not amount:
        return ()
    percent = f"{line.discount.normalize():f} %"
    return (Discount(percent, amount, "comp" if line.discount == 100 else "discount"),)


def _modifiers(line: wire.Line, bundle: wire.OrderBundle) -> tuple[Line, ...]:
    values = {each.id: each for each in bundle.values}
    chosen = [values[each] for each in line.attribute_value_ids if each in values]
    return tuple(
        Line(
            name=text(each.name) or str(each.id),
            amount=to_minor(each.price_extra * line.qty, bundle.place.currency),
            quantity=line.qty,
            external_id=str(each.id),
            product_id=str(each.id),
        )
        for each in chosen
    )


def _name(line: wire.Line) -> str:
    """The product's name as the till shows it, without the code in brackets that Odoo puts before it elsewhere."""
    shown = text(line.full_product_name)
    if shown:
        return shown
    name = named(line.product_id) or str(line.id)
    code, bracket, rest = name.partition("] ")
    return rest if bracket and code.startswith("[") and rest else name


def _sum(line: Line) -> int:
    nested = sum(_sum(each) for each in line.components) + sum(each.amount for each in line.modifiers)
    return line.amount + nested - sum(each.amount for each in line.discounts)


def _discounts(lines: Iterable[wire.Line], bundle: wire.OrderBundle) -> tuple[Discount, ...]:
    return tuple(
        Discount(
            _name(each),
            -to_minor(taxes.basis(each, bundle), bundle.place.currency),
            "loyalty" if each.is_reward_line else "discount",
        )
        for each in lines
    )


def _worth(lines: Iterable[wire.Line], currency: str) -> int:
    return sum(to_minor(each.price_subtotal_incl, currency) for each in lines)


def _tip(parts: _Sorted, bundle: wire.OrderBundle) -> int:
    """The line tells the tip; where a terminal added it after payment there may be none yet, and the order tells it."""
    currency = bundle.place.currency
    return _worth(parts.tips, currency) or to_minor(bundle.order.tip_amount, currency)


def _refunds(given_back: int, bundle: wire.OrderBundle) -> tuple[Refund, ...]:
    if given_back <= 0:
        return ()
    at = max((paid for each in bundle.payments if (paid := instant(each.payment_date))), default=None)
    return (Refund(given_back, at or instant(bundle.order.date_order), None, str(bundle.order.id)),)


def _rounding(amount: int, bundle: wire.OrderBundle) -> tuple[ServiceCharge, ...]:
    """What Odoo's total has more than its lines, where rounding explains it; a larger difference is left to be seen."""
    step = to_minor(bundle.place.rounding, bundle.place.currency)
    most = max(step, len(bundle.lines))
    return (ServiceCharge("Rounding", amount),) if amount and abs(amount) <= most else ()


def _opened_at(bundle: wire.OrderBundle) -> datetime:
    """The till sets an order's date anew when it is paid; its first line is older."""
    ordered = (instant(each.create_date) for each in bundle.lines)
    shown = [each for each in (instant(bundle.order.date_order), *ordered) if each]
    return min(shown, default=instant(bundle.order.write_date) or bundle.order.write_date)


def _closed_at(bundle: wire.OrderBundle) -> datetime | None:
    paid = [each for each in (instant(payment.payment_date) for payment in bundle.payments) if each]
    return max(paid, default=instant(bundle.order.date_order))


def _number(order: wire.Order) -> str | None:
    """What staff read on the receipt; an order has no name until it is paid, and then none that every receipt shows."""
    name = text(order.name)
    return text(order.pos_reference) or (name if name != _UNNAMED else None)


def _mode(bundle: wire.OrderBundle) -> ServiceMode | None:
    if bundle.order.takeaway:
        return "collection"
    return "dine_in" if linked(bundle.order.table_id) else None


def _note(order: wire.Order) -> str | None:
    told = (order.general_customer_note, order.note, order.general_note, order.internal_note)
    return _joined(*(each for note in told for each in _note_texts(note)))


def _note_texts(note: wire.Text) -> Iterable[str]:
    """A note is plain text, or since version 18 what staff picked from a list, as JSON with a colour for each."""
    written = text(note)
    if written is None:
        return ()
    if written.startswith("["):
        try:
            return [each["text"] for each in json.loads(written)]
        except (ValueError, TypeError, KeyError):
            return (written,)
    return (written,)


def _joined(*texts: str | None) -> str | None:
    return "\n".join(dict.fromkeys(each.strip() for each in texts if each and each.strip())) or None
