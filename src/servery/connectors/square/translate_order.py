"""A Square order as a check whose parts add up.

Square counts the tip into an order's total and into a tender's amount; here tips stand apart. A refund is an order of
its own there, and so a check of its own here, tied by `split_from` to the check it gives money back for.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation

from servery.connectors.square import wire
from servery.errors import Quarantine
from servery.model.changes import Change, CheckSeen, revision_at
from servery.model.money import times
from servery.model.order import (
    Check,
    CheckStatus,
    Discount,
    DiscountKind,
    Line,
    Order,
    Payment,
    Refund,
    ServiceCharge,
    ServiceMode,
    Tax,
)
from servery.model.order import Tender as TenderKind

_STATUS: dict[str, CheckStatus] = {"OPEN": "open", "COMPLETED": "closed", "CANCELED": "void"}
_TENDERS: dict[str, TenderKind] = {
    "CARD": "card",
    "THIRD_PARTY_CARD": "card",
    "CASH": "cash",
    "SQUARE_GIFT_CARD": "gift_card",
    "SQUARE_ACCOUNT": "house_account",
}
_MODES: dict[str, ServiceMode] = {"PICKUP": "collection", "DELIVERY": "delivery", "SHIPMENT": "delivery"}
# What Square calls the only variation of an item until someone names it.
_UNNAMED_VARIATIONS = {"", "regular"}
_FAILED = {"REJECTED", "FAILED"}


def amount(money: wire.Money | None) -> int:
    """Minor units; what is missing is nothing."""
    return (money.amount or 0) if money else 0


def check_of(order: wire.Order) -> Sequence[Change]:
    """The check that an order is; a draft is nothing yet."""
    if order.state == "DRAFT":
        return []
    # Orders rung up at a till have no version, so the modified time is the revision of all of them.
    return [CheckSeen(order.id, revision_at(order.updated_at), order.location_id, _check(order))]


def _check(order: wire.Order) -> Check:
    status = _STATUS.get(order.state)
    if status is None:
        raise Quarantine("Square's order is in a state that Square does not describe: {state}.", state=order.state)
    sold, cards = _sold_and_gift_cards(order)
    payments = tuple(_payment(tender) for tender in _paying(order))
    returned_tip = amount(order.return_amounts.tip_money) if order.return_amounts else 0
    return Check(
        currency=_currency(order),
        opened_at=order.created_at,
        status=status,
        closed_at=order.closed_at,
        order=_order(order),
        split_from=_returned_from(order),
        label=order.ticket_name or None,
        lines=sold,
        discounts=_uncarried_discounts(order),
        service_charges=_service_charges(order),
        taxes=_taxes(order),
        payments=payments,
        refunds=_refunds(order, returned_tip),
        tip=amount(order.total_tip_money) - sum(payment.tip for payment in payments) - returned_tip,
        total=None if status == "void" else _total(order, cards),
        guest_id=order.customer_id or next((each.customer_id for each in _paying(order) if each.customer_id), None),
    )


def _currency(order: wire.Order) -> str:
    lines = order.line_items or ()
    for money in (order.total_money, *(line.base_price_money for line in lines)):
        if money and money.currency:
            return money.currency
    raise Quarantine("Square's order {id} names no currency.", id=order.id)


def _order(order: wire.Order) -> Order | None:
    types = (each.type for each in order.fulfillments or () if each.type)
    mode = _MODES.get(next(types, ""))
    channel = order.source.name if order.source else None
    return Order(external_id=order.id, service_mode=mode, channel=channel) if mode or channel else None


def _returned_from(order: wire.Order) -> str | None:
    return next((each.source_order_id for each in order.returns or () if each.source_order_id), None)


def _total(order: wire.Order, gift_cards: int) -> int | None:
    if order.total_money is None:
        return None
    return amount(order.total_money) - amount(order.total_tip_money) - gift_cards


def _sold_and_gift_cards(order: wire.Order) -> tuple[tuple[Line, ...], int]:
    """The lines that are sales, and the worth of the gift cards sold, which are a debt until they are spent."""
    lines = []
    gift_cards = 0
    discounts = {each.uid: each for each in order.discounts or ()}
    for item in order.line_items or ():
        line = _line(item, discounts)
        if item.item_type == "GIFT_CARD":
            gift_cards += _worth(line)
        else:
            lines.append(line)
    return tuple(lines), gift_cards


def _worth(line: Line) -> int:
    gross = line.amount + sum(modifier.amount for modifier in line.modifiers)
    return gross - sum(discount.amount for discount in line.discounts)


def _line(item: wire.LineItem, discounts: dict[str | None, wire.OrderDiscount]) -> Line:
    applied = ((discounts.get(each.discount_uid), each) for each in item.applied_discounts or ())
    return Line(
        name=_name(item),
        amount=_price(item.variation_total_price_money, item.base_price_money, item.quantity),
        quantity=item.quantity,
        unit_price=amount(item.base_price_money) if item.base_price_money else None,
        external_id=item.uid,
        product_id=item.catalog_object_id,
        modifiers=tuple(_modifier(each, item.quantity) for each in item.modifiers or ()),
        discounts=tuple(_discount(whole, amount(each.applied_money)) for whole, each in applied),
        note=item.note or None,
    )


def _name(item: wire.LineItem) -> str:
    variation = (item.variation_name or "").strip()
    name = (item.name or "").strip()
    if not name:
        # An amount that staff keyed without choosing an item.
        return variation or "Custom amount"
    plain = variation.casefold() in _UNNAMED_VARIATIONS or variation == name
    return name if plain else f"{name} ({variation})"


def _modifier(modifier: wire.Modifier, line_quantity: Decimal) -> Line:
    quantity = (Decimal(1) if modifier.quantity is None else modifier.quantity) * line_quantity
    return Line(
        name=modifier.name or "Modifier",
        amount=_price(modifier.total_price_money, modifier.base_price_money, quantity),
        quantity=quantity,
        unit_price=amount(modifier.base_price_money) if modifier.base_price_money else None,
        external_id=modifier.uid,
        product_id=modifier.catalog_object_id,
    )


def _price(total: wire.Money | None, base: wire.Money | None, quantity: Decimal) -> int:
    if total is not None and total.amount is not None:
        return total.amount
    return times(amount(base), quantity)


def _discount(discount: wire.OrderDiscount | None, applied: int) -> Discount:
    if discount is None:
        return Discount("Discount", applied)
    return Discount(discount.name or "Discount", applied, _discount_kind(discount))


def _discount_kind(discount: wire.OrderDiscount) -> DiscountKind:
    if discount.reward_ids:
        return "loyalty"
    return "comp" if _percent(discount.percentage) == 100 else "discount"


def _uncarried_discounts(order: wire.Order) -> tuple[Discount, ...]:
    """What of the order's discounts no line carries: Square apportions all of them, so as a rule nothing."""
    carried = _shares(
        (each.discount_uid, each.applied_money)
        for item in order.line_items or ()
        for each in item.applied_discounts or ()
    )
    left = ((each, amount(each.applied_money) - carried.get(each.uid, 0)) for each in order.discounts or ())
    return tuple(_discount(each, rest) for each, rest in left if each.applied_money and rest)


def _shares(parts: Iterable[tuple[str, wire.Money | None]]) -> dict[str | None, int]:
    sums: dict[str | None, int] = {}
    for uid, money in parts:
        sums[uid] = sums.get(uid, 0) + amount(money)
    return sums


def _taxes(order: wire.Order) -> tuple[Tax, ...]:
    on_lines = [each for item in order.line_items or () for each in item.applied_taxes or ()]
    on_charges = [each for charge in order.service_charges or () for each in charge.applied_taxes or ()]
    carried = _shares((each.tax_uid, each.applied_money) for each in on_lines + on_charges)
    return tuple(
        Tax(
            name=tax.name or "Tax",
            amount=amount(tax.applied_money) if tax.applied_money else carried.get(tax.uid, 0),
            included=tax.type == "INCLUSIVE",
            rate=_percent(tax.percentage),
        )
        for tax in order.taxes or ()
    )


def _percent(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Quarantine("Square's order has a percentage that is not a number: {text}.", text=text) from error


def _service_charges(order: wire.Order) -> tuple[ServiceCharge, ...]:
    charges = [
        ServiceCharge(
            name=charge.name or "Service charge",
            amount=amount(charge.applied_money or charge.amount_money),
            gratuity=charge.type == "AUTO_GRATUITY",
        )
        for charge in order.service_charges or ()
    ]
    rounding = order.rounding_adjustment
    if rounding and amount(rounding.amount_money):
        charges.append(ServiceCharge(rounding.name or "Cash rounding", amount(rounding.amount_money)))
    return tuple(charges)


def _paying(order: wire.Order) -> list[wire.Tender]:
    """The tenders that paid: not those the bank refused, nor the opening of a drawer without a sale."""
    return [each for each in order.tenders or () if each.type != "NO_SALE" and not _refused(each)]


def _refused(tender: wire.Tender) -> bool:
    return tender.card_details is not None and tender.card_details.status in {"VOIDED", "FAILED"}


def _payment(tender: wire.Tender) -> Payment:
    tip = amount(tender.tip_money)
    card = tender.card_details.card if tender.card_details else None
    return Payment(
        amount=amount(tender.amount_money) - tip,
        tip=tip,
        tender=_TENDERS.get(tender.type, "other"),
        external_id=tender.payment_id or tender.id,
        at=tender.created_at,
        card=card.fingerprint if card else None,
    )


def _refunds(order: wire.Order, returned_tip: int) -> tuple[Refund, ...]:
    """What went back to the guest without the tip in it; in an exchange goods pay for goods and no money moves."""
    moved = [
        Refund(amount(each.amount_money), each.created_at, each.reason or None, each.id)
        for each in order.refunds or ()
        if each.status not in _FAILED
    ]
    returned = amount(order.return_amounts.total_money) if order.return_amounts else 0
    exchanged = returned - sum(amount(each.amount_money) for each in order.refunds or ())
    if exchanged > 0:
        moved.append(Refund(exchanged, order.created_at, "exchange"))
    return _without_tip(moved, returned_tip)


def _without_tip(refunds: list[Refund], tip: int) -> tuple[Refund, ...]:
    bare = []
    for refund in refunds:
        share = min(tip, refund.amount)
        tip -= share
        bare.append(Refund(refund.amount - share, refund.at, refund.reason, refund.external_id))
    return tuple(bare)
