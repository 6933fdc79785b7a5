"""The money side of a check: tenders, payments, refunds, and the order Square makes for each refund."""

from datetime import datetime

from servery.connectors.square.simulator.answers import Json, identifier, money, rfc3339
from servery.model.order import Check, Payment, Refund
from servery.model.order import Tender as TenderKind
from servery.testing.stage import Staged

_TENDERS: dict[TenderKind, str] = {
    "card": "CARD",
    "cash": "CASH",
    "gift_card": "SQUARE_GIFT_CARD",
    "house_account": "SQUARE_ACCOUNT",
}
_SOURCES = {"CARD": "CARD", "CASH": "CASH", "SQUARE_GIFT_CARD": "CARD", "SQUARE_ACCOUNT": "SQUARE_ACCOUNT"}
_PAYMENT_STATES = {
    "open": ("APPROVED", "AUTHORIZED"),
    "closed": ("COMPLETED", "CAPTURED"),
    "void": ("CANCELED", "VOIDED"),
}
_BRANDS = ("VISA", "MASTERCARD", "AMERICAN_EXPRESS")


def payment_id(staged: Staged[Check], place: int) -> str:
    """The id of a check's payment and tender."""
    return staged.record.payments[place].external_id or identifier("payment", staged.external_id, place)


def paid_at(staged: Staged[Check], place: int) -> datetime:
    """When a payment was made."""
    check = staged.record
    return check.payments[place].at or check.closed_at or staged.created_at


def refund_id(staged: Staged[Check], place: int) -> str:
    """The id of a check's refund: that of the payment it gives back, and its own."""
    own = staged.record.refunds[place].external_id or identifier("refund", staged.external_id, place, length=43)
    payment = _refunded_payment(staged.record, place)
    return own if payment is None else f"{payment_id(staged, payment)}_{own}"


def return_order_id(staged: Staged[Check], place: int) -> str:
    """The id of the order that Square makes for a refund."""
    return identifier("return", staged.external_id, place, length=27)


def refunded_at(staged: Staged[Check], place: int) -> datetime:
    """When money was given back."""
    return staged.record.refunds[place].at or staged.modified_at


def _refunded_payment(check: Check, place: int) -> int | None:
    """The payment a refund is taken from: the first with enough left of it, else the largest."""
    left = [payment.amount + payment.tip for payment in check.payments]
    if not left:
        return None
    chosen = 0
    for refund in check.refunds[: place + 1]:
        enough = [at for at, rest in enumerate(left) if rest >= refund.amount]
        chosen = enough[0] if enough else left.index(max(left))
        left[chosen] -= refund.amount
    return chosen


def tender_of(staged: Staged[Check], place: int, location_id: str) -> Json:
    """One payment as its order shows it; the amount includes the tip."""
    check = staged.record
    payment = check.payments[place]
    kind = _TENDERS.get(payment.tender, "OTHER")
    whole = money(payment.amount + payment.tip, check.currency)
    tender: Json = {
        "id": payment_id(staged, place),
        "payment_id": payment_id(staged, place),
        "location_id": location_id,
        "transaction_id": staged.external_id,
        "created_at": rfc3339(paid_at(staged, place)),
        "amount_money": whole,
        "type": kind,
    }
    if payment.tip:
        tender["tip_money"] = money(payment.tip, check.currency)
    if check.guest_id:
        tender["customer_id"] = check.guest_id
    if kind == "CARD":
        tender["card_details"] = {
            "status": _PAYMENT_STATES[check.status][1],
            "card": _card(payment),
            "entry_method": "EMV",
        }
    if kind == "CASH":
        tender["cash_details"] = {"buyer_tendered_money": whole, "change_back_money": money(0, check.currency)}
    return tender


def _card(payment: Payment) -> Json:
    token = payment.card or identifier("card", payment.external_id, payment.at, payment.amount)
    number = int(identifier(token, length=8), 36) if token.isascii() else len(token)
    card = {"card_brand": _BRANDS[number % len(_BRANDS)], "last_4": f"{number % 10_000:04}"}
    return card | ({"fingerprint": payment.card} if payment.card else {})


def payment_of(staged: Staged[Check], place: int, location_id: str) -> Json:
    """One payment by itself; the amount is without the tip."""
    check = staged.record
    payment = check.payments[place]
    kind = _TENDERS.get(payment.tender, "OTHER")
    state, card_state = _PAYMENT_STATES[check.status]
    whole = money(payment.amount + payment.tip, check.currency)
    shown: Json = {
        "id": payment_id(staged, place),
        "created_at": rfc3339(paid_at(staged, place)),
        "updated_at": rfc3339(staged.modified_at),
        "amount_money": money(payment.amount, check.currency),
        "total_money": whole,
        "approved_money": whole,
        "status": state,
        "source_type": _SOURCES.get(kind, "EXTERNAL"),
        "location_id": location_id,
        "order_id": staged.external_id,
        "receipt_number": payment_id(staged, place)[:4],
    }
    if payment.tip:
        shown["tip_money"] = money(payment.tip, check.currency)
    if check.guest_id:
        shown["customer_id"] = check.guest_id
    return shown | _source_details(payment, kind, card_state, whole) | _given_back(staged, place)


def _source_details(payment: Payment, kind: str, card_state: str, whole: Json) -> Json:
    if kind == "CARD":
        return {"card_details": {"status": card_state, "card": _card(payment), "entry_method": "EMV"}}
    if kind == "SQUARE_GIFT_CARD":
        card = {"card_brand": "SQUARE_GIFT_CARD", "last_4": _card(payment)["last_4"]}
        return {"card_details": {"status": card_state, "card": card, "entry_method": "KEYED"}}
    if kind == "CASH":
        return {"cash_details": {"buyer_supplied_money": whole, "change_back_money": money(0, whole["currency"])}}
    if kind == "OTHER":
        external = "FOOD_VOUCHER" if payment.tender == "voucher" else "OTHER"
        return {"external_details": {"type": external, "source": payment.tender}}
    return {}


def _given_back(staged: Staged[Check], place: int) -> Json:
    check = staged.record
    mine = [at for at in range(len(check.refunds)) if _refunded_payment(check, at) == place]
    if not mine:
        return {}
    amount = sum(check.refunds[at].amount for at in mine)
    return {"refunded_money": money(amount, check.currency), "refund_ids": [refund_id(staged, at) for at in mine]}


def refund_of(staged: Staged[Check], place: int, location_id: str) -> Json:
    """One refund by itself; its order is the one made for the return."""
    check = staged.record
    refund = check.refunds[place]
    payment = _refunded_payment(check, place)
    shown: Json = {
        "id": refund_id(staged, place),
        "status": "COMPLETED",
        "location_id": location_id,
        "amount_money": money(refund.amount, check.currency),
        "order_id": return_order_id(staged, place),
        "created_at": rfc3339(refunded_at(staged, place)),
        "updated_at": rfc3339(staged.modified_at),
    }
    if payment is not None:
        shown["payment_id"] = payment_id(staged, payment)
        shown["destination_type"] = _SOURCES.get(_TENDERS.get(check.payments[payment].tender, "OTHER"), "EXTERNAL")
    return shown | ({"reason": refund.reason} if refund.reason else {})


def return_order_of(staged: Staged[Check], place: int, location_id: str) -> Json:
    """The order that Square makes for a refund of an amount: it sells nothing and returns a custom amount."""
    check = staged.record
    refund = check.refunds[place]
    order_id = return_order_id(staged, place)
    nothing = money(0, check.currency)
    returned = _amounts(refund.amount, check.currency)
    order: Json = {
        "id": order_id,
        "location_id": location_id,
        "created_at": rfc3339(refunded_at(staged, place)),
        "updated_at": rfc3339(staged.modified_at),
        "closed_at": rfc3339(refunded_at(staged, place)),
        "state": "COMPLETED",
        "returns": [_return(order_id, staged.external_id, refund, check.currency)],
        "return_amounts": returned,
        "net_amounts": _amounts(-refund.amount, check.currency),
        "refunds": [_order_refund(staged, place, location_id)],
        "total_money": nothing,
        "total_tax_money": nothing,
        "total_discount_money": nothing,
        "total_tip_money": nothing,
        "total_service_charge_money": nothing,
    }
    return order | ({"customer_id": check.guest_id} if check.guest_id else {})


def _amounts(total: int, currency: str) -> Json:
    nothing = money(0, currency)
    others = dict.fromkeys(("tax_money", "discount_money", "tip_money", "service_charge_money"), nothing)
    return {"total_money": money(total, currency)} | others


def _return(order_id: str, source_order_id: str, refund: Refund, currency: str) -> Json:
    amount = money(refund.amount, currency)
    nothing = money(0, currency)
    line = {
        "uid": identifier("returned", order_id),
        "name": "Custom Amount",
        "quantity": "1",
        "item_type": "CUSTOM_AMOUNT",
        "base_price_money": amount,
        "variation_total_price_money": amount,
        "gross_return_money": amount,
        "total_tax_money": nothing,
        "total_discount_money": nothing,
        "total_money": amount,
    }
    return {
        "uid": identifier("returns", order_id),
        "source_order_id": source_order_id,
        "return_line_items": [line],
        "return_amounts": _amounts(refund.amount, currency),
    }


def _order_refund(staged: Staged[Check], place: int, location_id: str) -> Json:
    check = staged.record
    refund = check.refunds[place]
    payment = _refunded_payment(check, place)
    shown: Json = {
        "id": refund_id(staged, place),
        "location_id": location_id,
        "transaction_id": return_order_id(staged, place),
        "created_at": rfc3339(refunded_at(staged, place)),
        "reason": refund.reason or "",
        "amount_money": money(refund.amount, check.currency),
        "status": "APPROVED",
    }
    return shown if payment is None else shown | {"tender_id": payment_id(staged, payment)}
