"""Square's JSON, version 2025-08-20: only what is read. Every field may be missing or null; strangers are let pass."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Raw, Struct

Instant = Annotated[datetime, Meta(tz=True)]
"""A time that says its zone; without one it is no instant."""


class Money(Struct, frozen=True):
    """An amount in minor units of an ISO 4217 currency; a missing amount is nothing."""

    amount: int | None = None
    currency: str | None = None


class AppliedDiscount(Struct, frozen=True):
    """The share of one of the order's discounts that falls on one line."""

    discount_uid: str
    applied_money: Money | None = None


class AppliedTax(Struct, frozen=True):
    """The share of one of the order's taxes that falls on one line or service charge."""

    tax_uid: str
    applied_money: Money | None = None


class Modifier(Struct, frozen=True):
    """A modifier of a line; `total_price_money` is its price times its own and the line's quantity."""

    uid: str | None = None
    catalog_object_id: str | None = None
    name: str | None = None
    quantity: Decimal | None = None
    base_price_money: Money | None = None
    total_price_money: Money | None = None


class LineItem(Struct, frozen=True):
    """One line; `variation_total_price_money` is price times quantity, without modifiers, discounts and added tax."""

    quantity: Decimal
    uid: str | None = None
    name: str | None = None
    variation_name: str | None = None
    note: str | None = None
    catalog_object_id: str | None = None
    item_type: str | None = None
    modifiers: tuple[Modifier, ...] | None = None
    applied_discounts: tuple[AppliedDiscount, ...] | None = None
    applied_taxes: tuple[AppliedTax, ...] | None = None
    base_price_money: Money | None = None
    variation_total_price_money: Money | None = None


class OrderDiscount(Struct, frozen=True):
    """One discount of an order, whatever its scope; its shares stand on the lines."""

    uid: str | None = None
    name: str | None = None
    percentage: str | None = None
    applied_money: Money | None = None
    reward_ids: tuple[str, ...] | None = None


class OrderTax(Struct, frozen=True):
    """One tax of an order: `type` is ADDITIVE or INCLUSIVE."""

    uid: str | None = None
    name: str | None = None
    type: str | None = None
    percentage: str | None = None
    applied_money: Money | None = None


class OrderServiceCharge(Struct, frozen=True):
    """One service charge, AUTO_GRATUITY or CUSTOM; `applied_money` holds its included tax but no added tax."""

    uid: str | None = None
    name: str | None = None
    type: str | None = None
    applied_money: Money | None = None
    amount_money: Money | None = None
    applied_taxes: tuple[AppliedTax, ...] | None = None


class RoundingAdjustment(Struct, frozen=True):
    """What cash rounding adds to the total."""

    name: str | None = None
    amount_money: Money | None = None


class Card(Struct, frozen=True):
    """A card, known by Square's fingerprint of it, the same at every location of the account."""

    card_brand: str | None = None
    fingerprint: str | None = None


class CardDetails(Struct, frozen=True):
    """How a card paid; `status` is AUTHORIZED, CAPTURED, VOIDED or FAILED."""

    status: str | None = None
    card: Card | None = None


class Tender(Struct, frozen=True):
    """One payment of an order, its id that of the payment; `amount_money` includes the tip."""

    type: str
    id: str | None = None
    payment_id: str | None = None
    created_at: Instant | None = None
    amount_money: Money | None = None
    tip_money: Money | None = None
    customer_id: str | None = None
    card_details: CardDetails | None = None


class OrderRefund(Struct, frozen=True):
    """Money given back, on the order that Square makes for the return; PENDING, APPROVED, REJECTED or FAILED."""

    id: str | None = None
    created_at: Instant | None = None
    reason: str | None = None
    amount_money: Money | None = None
    status: str | None = None


class OrderReturn(Struct, frozen=True):
    """What is returned of one earlier order."""

    source_order_id: str | None = None


class MoneyAmounts(Struct, frozen=True):
    """Sums over returned goods."""

    total_money: Money | None = None
    tip_money: Money | None = None


class Fulfillment(Struct, frozen=True):
    """How the goods leave: PICKUP, SHIPMENT or DELIVERY. What is eaten at a table has none."""

    type: str | None = None


class OrderSource(Struct, frozen=True):
    """Where the order was made, as the application that made it calls itself."""

    name: str | None = None


class Order(Struct, frozen=True):
    """One order, which is one check; `total_money` includes tips. State is OPEN, COMPLETED, CANCELED or DRAFT."""

    id: str
    location_id: str
    created_at: Instant
    updated_at: Instant
    state: str = "OPEN"
    closed_at: Instant | None = None
    ticket_name: str | None = None
    customer_id: str | None = None
    source: OrderSource | None = None
    line_items: tuple[LineItem, ...] | None = None
    taxes: tuple[OrderTax, ...] | None = None
    discounts: tuple[OrderDiscount, ...] | None = None
    service_charges: tuple[OrderServiceCharge, ...] | None = None
    fulfillments: tuple[Fulfillment, ...] | None = None
    returns: tuple[OrderReturn, ...] | None = None
    return_amounts: MoneyAmounts | None = None
    rounding_adjustment: RoundingAdjustment | None = None
    tenders: tuple[Tender, ...] | None = None
    refunds: tuple[OrderRefund, ...] | None = None
    total_money: Money | None = None
    total_tip_money: Money | None = None


class ExternalDetails(Struct, frozen=True):
    """What kind of payment was taken outside Square."""

    type: str | None = None


class Payment(Struct, frozen=True):
    """One payment; `amount_money` is without the tip. APPROVED, PENDING, COMPLETED, CANCELED or FAILED."""

    id: str
    updated_at: Instant
    created_at: Instant | None = None
    order_id: str | None = None
    status: str | None = None
    source_type: str | None = None
    amount_money: Money | None = None
    tip_money: Money | None = None
    customer_id: str | None = None
    card_details: CardDetails | None = None
    external_details: ExternalDetails | None = None


class Address(Struct, frozen=True):
    """The parts of an address that help to tell people apart."""

    locality: str | None = None
    postal_code: str | None = None
    country: str | None = None


class CustomerPreferences(Struct, frozen=True):
    """What the customer chose."""

    email_unsubscribed: bool | None = None


class Customer(Struct, frozen=True):
    """One customer profile; `birthday` is YYYY-MM-DD, with 0000 for a year not given."""

    id: str
    updated_at: Instant
    created_at: Instant | None = None
    given_name: str | None = None
    family_name: str | None = None
    nickname: str | None = None
    company_name: str | None = None
    email_address: str | None = None
    phone_number: str | None = None
    address: Address | None = None
    birthday: str | None = None
    note: str | None = None
    preferences: CustomerPreferences | None = None
    creation_source: str | None = None
    reference_id: str | None = None
    version: int | None = None


class Merge(Struct, frozen=True):
    """Customers that became one new one."""

    from_customer_ids: tuple[str, ...] | None = None
    to_customer_id: str | None = None


class EventContext(Struct, frozen=True):
    """Why a customer was made or deleted, where it was by a merge."""

    merge: Merge | None = None


class CustomerTold(Struct, frozen=True):
    """The customer of an event."""

    customer: Customer | None = None
    event_context: EventContext | None = None


class CustomerEventData(Struct, frozen=True):
    """What a customer's event is about."""

    id: str | None = None
    object: CustomerTold | None = None


class CustomerEvent(Struct, frozen=True):
    """An event of a customer; `created_at` is the event's own time."""

    type: str
    created_at: Instant
    data: CustomerEventData


class CustomerAnswer(Struct, frozen=True):
    """One customer."""

    customer: Customer


class CustomersFound(Struct, frozen=True):
    """Customers that a search found."""

    customers: tuple[Customer, ...] | None = None


class CatalogPage(Struct, frozen=True):
    """One page of the catalogue."""

    objects: tuple[Raw, ...] | None = None
    latest_time: str | None = None
    cursor: str | None = None


class Location(Struct, frozen=True):
    """A location of the account; `status` is ACTIVE or INACTIVE."""

    id: str
    name: str | None = None
    business_name: str | None = None
    timezone: str | None = None
    currency: str | None = None
    status: str | None = None


class Locations(Struct, frozen=True):
    """All locations of the account."""

    locations: tuple[Location, ...] | None = None


class Merchant(Struct, frozen=True):
    """The account itself."""

    id: str | None = None
    business_name: str | None = None


class MerchantAnswer(Struct, frozen=True):
    """The account the token opens."""

    merchant: Merchant


class RecordsPage(Struct, frozen=True):
    """One page of orders, payments or customers, each record left as it came."""

    orders: tuple[Raw, ...] | None = None
    payments: tuple[Raw, ...] | None = None
    customers: tuple[Raw, ...] | None = None
    cursor: str | None = None


class CustomerRecord(Struct, frozen=True):
    """One customer of an answer, left as it came; empty where Square has none by that id."""

    customer: Raw = Raw()


class CustomersById(Struct, frozen=True):
    """Customers asked for by their ids."""

    responses: dict[str, CustomerRecord] | None = None


class PaymentAnswer(Struct, frozen=True):
    """One payment, left as it came."""

    payment: Raw


class Problem(Struct, frozen=True):
    """One error of an answer."""

    category: str | None = None
    code: str | None = None
    field: str | None = None


class Problems(Struct, frozen=True):
    """The errors of an answer."""

    errors: tuple[Problem, ...] | None = None


class AttributeAnswer(Struct, frozen=True):
    """What became of one custom attribute."""

    errors: tuple[Problem, ...] | None = None


class AttributesAnswer(Struct, frozen=True):
    """What became of several custom attributes, by the ids that the question gave them."""

    values: dict[str, AttributeAnswer] | None = None


class Nothing(Struct, frozen=True):
    """An answer of which nothing is read."""
