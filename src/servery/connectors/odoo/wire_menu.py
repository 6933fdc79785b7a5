"""What Odoo sells, as its API gives it."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from servery.connectors.odoo.wire import AttributeValue, Link, Tax, Text


class Category(Struct, frozen=True):
    """A `pos.category`: a heading on the till."""

    id: int
    name: Text
    parent_id: Link = False


class Template(Struct, frozen=True):
    """A `product.template`: a product with its variants. `type` is consu, service or combo."""

    id: int
    name: Text
    type: str = "consu"
    detailed_type: Text = False
    """The same in version 17."""
    pos_categ_ids: tuple[int, ...] = ()
    attribute_line_ids: tuple[int, ...] = ()
    combo_ids: tuple[int, ...] = ()
    taxes_id: tuple[int, ...] = ()
    default_code: Text = False
    barcode: Text = False
    description_sale: Text = False
    list_price: Decimal = Decimal(0)


class Variant(Struct, frozen=True):
    """A `product.product`: what a line of an order sells."""

    id: int
    product_tmpl_id: Link
    lst_price: Decimal = Decimal(0)
    product_template_attribute_value_ids: tuple[int, ...] = ()
    default_code: Text = False
    barcode: Text = False


class AttributeLine(Struct, frozen=True):
    """A `product.template.attribute.line`: that a product has an attribute."""

    id: int
    product_tmpl_id: Link
    attribute_id: Link


class Attribute(Struct, frozen=True):
    """A `product.attribute`. `create_variant` no_variant: chosen when ordering; else each value is a variant."""

    id: int
    name: Text
    display_type: str = "radio"
    create_variant: str = "always"


class Combo(Struct, frozen=True):
    """A `product.combo` (17: `pos.combo`): one choice of a combo. `qty_free` of it are in the price."""

    id: int
    name: Text
    base_price: Decimal = Decimal(0)
    qty_max: int = 1
    qty_free: int = 1


class ComboItem(Struct, frozen=True):
    """A `product.combo.item` (17: `pos.combo.line`): one variant that may be chosen."""

    id: int
    combo_id: Link
    product_id: Link
    extra_price: Decimal = Decimal(0)
    combo_price: Decimal = Decimal(0)
    """The same in version 17."""


class Outlet(Struct, frozen=True):
    """A point of sale the menu is for; `categories` None: all are sold there."""

    id: str
    currency: str | None
    categories: tuple[int, ...] | None = None
    hidden: tuple[int, ...] = ()
    """Variants that are no food: the one that stands for a tip, and such."""


class MenuBundle(Struct, frozen=True):
    """All that the points of sale sell, as the resource `products` hands it over."""

    modified: datetime
    """When any of it last changed."""
    outlets: tuple[Outlet, ...]
    categories: tuple[Category, ...] = ()
    templates: tuple[Template, ...] = ()
    variants: tuple[Variant, ...] = ()
    attribute_lines: tuple[AttributeLine, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    values: tuple[AttributeValue, ...] = ()
    combos: tuple[Combo, ...] = ()
    combo_items: tuple[ComboItem, ...] = ()
    taxes: tuple[Tax, ...] = ()
