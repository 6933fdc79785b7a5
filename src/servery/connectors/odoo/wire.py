"""Odoo's records as its API gives them, and the bundles of them that the client hands to `translate`.

Odoo has no null: what is not there is `false`, for text, times and links alike. A link to one record is its id with
its name, or false. Times are UTC and do not say so. Amounts are floats, and are read by their digits.
"""

from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

Text = str | bool
Moment = datetime | bool
Link = tuple[int, str | bool | None] | bool


def text(value: Text | None) -> str | None:
    """What is written, without the space around it; None where nothing is."""
    return (value.strip() or None) if isinstance(value, str) else None


def instant(value: Moment | None) -> datetime | None:
    """A time of Odoo's as an instant."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else None


def linked(value: Link | None) -> str | None:
    """The id of the record that a link leads to, as text."""
    return str(value[0]) if isinstance(value, tuple) else None


def named(value: Link | None) -> str | None:
    """The name that a link shows."""
    return text(value[1]) if isinstance(value, tuple) else None


class Order(Struct, frozen=True):
    """A `pos.order`. Each version has its own field for notes: 17 `note`, 18 `general_note`, 19 the last two."""

    id: int
    state: str
    date_order: Moment
    amount_total: Decimal
    config_id: Link
    write_date: datetime
    name: Text = False
    pos_reference: Text = False
    tracking_number: Text = False
    amount_paid: Decimal = Decimal(0)
    partner_id: Link = False
    table_id: Link = False
    customer_count: int = 0
    currency_id: Link = False
    user_id: Link = False
    employee_id: Link = False
    takeaway: bool = False
    is_tipped: bool = False
    tip_amount: Decimal = Decimal(0)
    floating_order_name: Text = False
    note: Text = False
    general_note: Text = False
    general_customer_note: Text = False
    internal_note: Text = False
    source: Text = False


class Line(Struct, frozen=True):
    """A `pos.order.line`. Prices are of the whole line, after its discount, without taxes and with them."""

    id: int
    product_id: Link
    qty: Decimal
    price_unit: Decimal
    price_subtotal: Decimal
    price_subtotal_incl: Decimal
    full_product_name: Text = False
    discount: Decimal = Decimal(0)
    tax_ids: tuple[int, ...] = ()
    customer_note: Text = False
    note: Text = False
    combo_parent_id: Link = False
    attribute_value_ids: tuple[int, ...] = ()
    refunded_orderline_id: Link = False
    is_reward_line: bool = False
    uuid: Text = False
    create_date: Moment = False
    write_date: Moment = False


class Payment(Struct, frozen=True):
    """A `pos.payment`; change given back is one of its own, below zero."""

    id: int
    amount: Decimal
    payment_method_id: Link
    payment_date: Moment = False
    is_change: bool = False
    write_date: Moment = False


class Method(Struct, frozen=True):
    """A `pos.payment.method`: `type` is cash, bank or pay_later."""

    id: int
    name: Text = False
    type: Text = False
    is_cash_count: bool = False


class Tax(Struct, frozen=True):
    """An `account.tax`; `amount` is per cent where `amount_type` says so."""

    id: int
    name: Text = False
    amount: Decimal = Decimal(0)
    amount_type: str = "percent"
    price_include: bool = False
    children_tax_ids: tuple[int, ...] = ()


class AttributeValue(Struct, frozen=True):
    """A `product.template.attribute.value`: one value of an attribute as one product has it."""

    id: int
    name: Text = False
    price_extra: Decimal = Decimal(0)
    attribute_id: Link = False
    product_tmpl_id: Link = False
    attribute_line_id: Link = False
    ptav_active: bool = True


class Place(Struct, frozen=True):
    """What the client knows of the `pos.config` that an order was rung up on."""

    id: str
    currency: str
    tip_product: str | None = None
    rounding: Decimal = Decimal(0)
    """The step that cash is rounded to; 0 where it is not."""


class OrderBundle(Struct, frozen=True):
    """One order with all that hangs on it, as the resource `orders` hands it over."""

    order: Order
    place: Place
    lines: tuple[Line, ...] = ()
    payments: tuple[Payment, ...] = ()
    methods: tuple[Method, ...] = ()
    taxes: tuple[Tax, ...] = ()
    values: tuple[AttributeValue, ...] = ()
    table: str | None = None
    """The table's name as `tables` gives it."""
    refunded_order: int | None = None
    """The order whose lines this one gives money back for."""


class Partner(Struct, frozen=True):
    """A `res.partner`: a person, a company, or a person of a company (`parent_id`). `mobile` ended with version 18."""

    id: int
    write_date: datetime
    name: Text = False
    email: Text = False
    phone: Text = False
    mobile: Text = False
    zip: Text = False
    city: Text = False
    is_company: bool = False
    parent_id: Link = False
    company_name: Text = False
    lang: Text = False
    comment: Text = False
    active: bool = True
    is_blacklisted: bool = False
    create_date: Moment = False


class PartnerBundle(Struct, frozen=True):
    """One partner with its country's code and the names of its tags, as the resource `partners` hands it over."""

    partner: Partner
    country: str | None = None
    tags: tuple[str, ...] = ()


class Table(Struct, frozen=True):
    """A `restaurant.table`: version 17 names it, later ones give it a number."""

    id: int
    floor_id: Link = False
    table_number: int | None = None
    name: Text = False
    seats: int = 0
    active: bool = True


class TablesBundle(Struct, frozen=True):
    """All tables on the floors of one point of sale, as the resource `tables` hands them over."""

    location: str
    tables: tuple[Table, ...]
