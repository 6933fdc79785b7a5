"""Square's records in universal words. The only place that knows Square's quirks of meaning."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from msgspec import Raw

from servery.connectors.square import wire, wire_menu
from servery.connectors.square.note import own_words
from servery.connectors.square.translate_menu import menus_of
from servery.connectors.square.translate_order import amount, check_of
from servery.connectors.square.webhooks import ENDED
from servery.errors import Quarantine
from servery.model.changes import Change, GuestSeen, PaymentSeen, Removed, revision_at
from servery.model.guest import Birthday, Note, SourceGuest, whole_name
from servery.model.order import Payment
from servery.model.order import Tender as TenderKind

Record = TypeVar("Record")

_PAID = {"APPROVED", "COMPLETED"}
_NEVER_PAID = {"CANCELED", "FAILED"}
_SOURCES: dict[str, TenderKind] = {"CARD": "card", "CASH": "cash", "SQUARE_ACCOUNT": "house_account"}
_EXTERNAL: dict[str, TenderKind] = {"CARD": "card", "OTHER_GIFT_CARD": "gift_card", "FOOD_VOUCHER": "voucher"}


def translate(resource: str, record: Raw) -> Sequence[Change]:
    """The changes of one record: of `catalog`, `customers`, `orders` or `payments`, or of a customer's event."""
    return _TRANSLATORS[resource](record)


def _read(record: Raw, kind: type[Record]) -> Record:
    try:
        return msgspec.json.decode(record, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # The decoder names the place and the expected kind, never the value; of thousands of brackets it tires.
        raise Quarantine(
            "Square's {kind} record is not as Square describes it: {reason}.", kind=kind.__name__, reason=str(error)
        ) from error


def _orders(record: Raw) -> Sequence[Change]:
    return check_of(_read(record, wire.Order))


def _payments(record: Raw) -> Sequence[Change]:
    payment = _read(record, wire.Payment)
    revision = revision_at(payment.updated_at)
    if payment.status in _NEVER_PAID:
        return [Removed(payment.id, revision, "payment")]
    if payment.status not in _PAID or payment.order_id is None:
        return []
    return [PaymentSeen(payment.id, revision, payment.order_id, _payment(payment), payment.customer_id)]


def _payment(payment: wire.Payment) -> Payment:
    card = payment.card_details.card if payment.card_details else None
    return Payment(
        amount=amount(payment.amount_money),
        tip=amount(payment.tip_money),
        tender=_tender(payment, card),
        external_id=payment.id,
        at=payment.created_at,
        card=card.fingerprint if card else None,
    )


def _tender(payment: wire.Payment, card: wire.Card | None) -> TenderKind:
    if card and card.card_brand == "SQUARE_GIFT_CARD":
        return "gift_card"
    if payment.external_details:
        return _EXTERNAL.get(payment.external_details.type or "", "other")
    return _SOURCES.get(payment.source_type or "", "other")


def _customers(record: Raw) -> Sequence[Change]:
    customer = _read(record, wire.Customer)
    return [GuestSeen(customer.id, revision_at(customer.updated_at), _guest(customer))]


def _ended(record: Raw) -> Sequence[Change]:
    """Customers that an event says were merged into another, or deleted."""
    event = _read(record, wire.CustomerEvent)
    told = event.data.object
    merge = told.event_context.merge if told and told.event_context else None
    if merge and merge.to_customer_id:
        # Of a merge two events tell, this one's time in both of them and later than any state of the old customers.
        at = revision_at(event.created_at)
        return [Removed(old, at, "guest", merge.to_customer_id) for old in merge.from_customer_ids or ()]
    if event.type != "customer.deleted" or event.data.id is None:
        return []
    at = revision_at(told.customer.updated_at) if told and told.customer else revision_at(event.created_at)
    return [Removed(event.data.id, at, "guest")]


def _guest(customer: wire.Customer) -> SourceGuest:
    address = customer.address or wire.Address()
    unsubscribed = customer.preferences is not None and customer.preferences.email_unsubscribed
    return SourceGuest(
        name=whole_name(customer.given_name, customer.family_name) or customer.nickname or None,
        given_name=customer.given_name or None,
        family_name=customer.family_name or None,
        email=customer.email_address or None,
        phone=customer.phone_number or None,
        country=address.country or None,
        postcode=address.postal_code or None,
        city=address.locality or None,
        company=customer.company_name or None,
        birthday=_birthday(customer.birthday) if customer.birthday else None,
        # Square makes such a profile by itself from a payment; no one has asked the guest anything.
        tags=("instant profile",) if customer.creation_source == "INSTANT_PROFILE" else (),
        notes=(Note(own),) if (own := own_words(customer.note)) else (),
        # Not having unsubscribed is no consent.
        marketing="denied" if unsubscribed else "unknown",
        created_at=customer.created_at,
    )


def _birthday(text: str) -> Birthday:
    try:
        year, month, day = (int(part) for part in text[:10].split("-"))
    except ValueError as error:
        raise Quarantine("Square's customer record has a birthday that is not YYYY-MM-DD.") from error
    return Birthday(month, day, year or None)


def _catalog(record: Raw) -> Sequence[Change]:
    return menus_of(_read(record, wire_menu.Catalog))


_TRANSLATORS: dict[str, Callable[[Raw], Sequence[Change]]] = {
    "catalog": _catalog,
    "customers": _customers,
    ENDED: _ended,
    "orders": _orders,
    "payments": _payments,
}
