"""The universal menu: products as sold, and how they may be configured, priced, taxed and taken off.

Shaped so that a POS catalogue, an ordering channel's catalogue and a file all fit without loss.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from servery.model.order import ServiceMode

Allergen = Literal[
    "gluten", "crustaceans", "eggs", "fish", "peanuts", "soybeans", "milk", "nuts", "celery", "mustard",
    "sesame", "sulphites", "lupin", "molluscs",
]  # fmt: skip
"""The fourteen allergens of Regulation (EU) 1169/2011, annex II."""

ItemKind = Literal["dish", "drink", "wine", "other"]


class PriceRule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A price, in minor units, that holds only under its conditions; of several that hold the last wins.

    Times are local minutes after midnight; weekdays count from Monday 0; empty means always.
    """

    price: int
    channels: tuple[str, ...] = ()
    service_modes: tuple[ServiceMode, ...] = ()
    weekdays: tuple[int, ...] = ()
    starts: int | None = None
    ends: int | None = None


class TaxRate(Struct, frozen=True, omit_defaults=True):
    """The tax on a product, per cent, for the service modes named (none named: all)."""

    rate: Decimal
    included: bool
    service_modes: tuple[ServiceMode, ...] = ()
    name: str | None = None


class Availability(Struct, frozen=True, omit_defaults=True):
    """Whether an item can be sold now: 86 when not, until `until` where the source says so. Stock may be counted."""

    available: bool = True
    stock: Decimal | None = None
    until: datetime | None = None


class Variant(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One sellable size or kind of a product; `ref` is the code by which systems agree on it (PLU, SKU)."""

    external_id: str
    name: str | None = None
    ref: str | None = None
    price: int | None = None
    """Minor units; None when staff key the price (an open item)."""
    prices: tuple[PriceRule, ...] = ()
    modifier_groups: tuple[str, ...] = ()
    availability: Availability = Availability()


class Product(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of the menu, with one or more variants."""

    external_id: str
    name: str
    category_id: str | None = None
    description: str | None = None
    variants: tuple[Variant, ...] = ()
    modifier_groups: tuple[str, ...] = ()
    taxes: tuple[TaxRate, ...] = ()
    allergens: tuple[Allergen, ...] = ()
    tags: tuple[str, ...] = ()
    image: str | None = None
    kind: ItemKind | None = None


class Category(Struct, frozen=True, omit_defaults=True):
    """A heading of the menu; `parent_id` makes a tree."""

    external_id: str
    name: str
    parent_id: str | None = None


class Option(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One choice in a modifier group, with what it adds to the price in minor units."""

    external_id: str
    name: str
    price: int = 0
    ref: str | None = None
    default: bool = False
    prices: tuple[PriceRule, ...] = ()
    availability: Availability = Availability()


class ModifierGroup(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A list of options of which at least `minimum` and at most `maximum` are chosen (None: no limit)."""

    external_id: str
    name: str
    options: tuple[Option, ...] = ()
    minimum: int = 0
    maximum: int | None = None


class SlotChoice(Struct, frozen=True, omit_defaults=True):
    """One variant that may fill a combo's slot, with its upcharge in minor units."""

    variant_id: str
    upcharge: int = 0


class ComboSlot(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One place in a combo to be filled from its choices."""

    label: str
    choices: tuple[SlotChoice, ...]
    minimum: int = 1
    maximum: int = 1


class Combo(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Several components sold at one price (minor units), each slot configurable."""

    external_id: str
    name: str
    price: int | None
    slots: tuple[ComboSlot, ...]
    category_id: str | None = None
    availability: Availability = Availability()


class Menu(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A venue's whole catalogue as one source gives it. All prices in minor units of `currency`."""

    currency: str
    categories: tuple[Category, ...] = ()
    products: tuple[Product, ...] = ()
    modifier_groups: tuple[ModifierGroup, ...] = ()
    combos: tuple[Combo, ...] = ()


# A wine is also a drink, so wine is asked first. Words end in these (rødvin, Weißwein, softdrinks), as menus print
# them in our four languages; matching their beginnings would take a vindaloo for a wine.
_KIND_ENDINGS: tuple[tuple[ItemKind, tuple[str, ...]], ...] = (
    ("wine", ("wine", "wines", "vin", "vine", "wein", "weine", "vino", "vinos", "champagne", "cava", "sekt", "rosé")),
    ("drink", ("drink", "drinks", "beverages", "beer", "beers", "bier", "biere", "cerveza", "cervezas", "cocktail",
               "cocktails", "coffee", "kaffe", "kaffee", "cafés", "water", "vand", "wasser", "juice", "juices", "saft",
               "zumos", "spirits", "getränke", "bebidas", "drikke", "drikkevarer", "refrescos", "softdrinks")),
)  # fmt: skip
_KIND_WORDS: dict[str, ItemKind] = dict.fromkeys(("øl", "tea", "te", "tee", "café", "agua", "gin", "bar"), "drink")


def kind_of(category: str | None) -> ItemKind:
    """Dish, drink or wine, from the words of a category's name; a category that names no drink is a dish."""
    words = (category or "").casefold().replace("&", " ").replace("/", " ").replace(",", " ").split()
    for kind, endings in _KIND_ENDINGS:
        if any(word.endswith(endings) for word in words):
            return kind
    return next((_KIND_WORDS[word] for word in words if word in _KIND_WORDS), "dish")
