"""Menus: what can be sold where, for how much, and what is off, as each system gives it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import QueryParameter
from msgspec import Meta, Struct

from servery.api import rows
from servery.api.asked import Id, ThePaging, ThePool, listed, shown
from servery.api.paging import Listing, Page, answered
from servery.api.problem import Asked
from servery.api.single import single
from servery.errors import NotFound
from servery.model import menu as model
from servery.model.menu import Allergen, ItemKind
from servery.model.money import Money
from servery.model.order import ServiceMode
from servery.storage.pool import Connection


class Category(Struct, frozen=True):
    """A heading of the menu; `parent_id` makes a tree."""

    external_id: str
    name: str
    parent_id: str | None


class TaxRate(Struct, frozen=True):
    """The tax on a product, per cent, for the service modes named (none named: all)."""

    rate: Decimal
    included: bool
    service_modes: tuple[ServiceMode, ...]
    name: str | None


class Availability(Struct, frozen=True):
    """Whether it can be sold now: 86 when not, until `until` where the source says so. Stock may be counted."""

    available: bool
    stock: Decimal | None
    until: datetime | None


class PriceRule(Struct, frozen=True):
    """A price that holds only under its conditions; of several that hold the last wins. Empty means always.

    Times are local minutes after midnight; weekdays count from Monday 0.
    """

    price: Money
    channels: tuple[str, ...]
    service_modes: tuple[ServiceMode, ...]
    weekdays: tuple[int, ...]
    starts: int | None
    ends: int | None


class Variant(Struct, frozen=True):
    """One sellable size or kind of a product. `price` null: staff key it."""

    external_id: str
    name: str | None
    ref: str | None
    price: Money | None
    prices: tuple[PriceRule, ...]
    modifier_groups: tuple[str, ...]
    availability: Availability


class Product(Struct, frozen=True):
    """One entry of the menu."""

    external_id: str
    name: str
    category_id: str | None
    description: str | None
    variants: tuple[Variant, ...]
    modifier_groups: tuple[str, ...]
    taxes: tuple[TaxRate, ...]
    allergens: tuple[Allergen, ...]
    tags: tuple[str, ...]
    image: str | None
    kind: ItemKind | None


class Option(Struct, frozen=True):
    """One choice in a modifier group, with what it adds to the price."""

    external_id: str
    name: str
    price: Money
    ref: str | None
    default: bool
    prices: tuple[PriceRule, ...]
    availability: Availability


class ModifierGroup(Struct, frozen=True):
    """A list of options of which at least `minimum` and at most `maximum` are chosen (null: no limit)."""

    external_id: str
    name: str
    options: tuple[Option, ...]
    minimum: int
    maximum: int | None


class SlotChoice(Struct, frozen=True):
    """One variant that may fill a combo's slot, with its upcharge."""

    variant_id: str
    upcharge: Money


class ComboSlot(Struct, frozen=True):
    """One place in a combo, to be filled from its choices."""

    label: str
    choices: tuple[SlotChoice, ...]
    minimum: int
    maximum: int


class Combo(Struct, frozen=True):
    """Several components sold at one price, each slot configurable."""

    external_id: str
    name: str
    price: Money | None
    slots: tuple[ComboSlot, ...]
    category_id: str | None
    availability: Availability


class MenuHead(Struct, frozen=True, kw_only=True):
    """A menu, without what is on it."""

    id: int
    venue_id: Annotated[int | None, Meta(description="Null: it holds at all venues of its connection.")]
    connection: str
    external_id: str
    currency: str
    product_count: int


class Menu(MenuHead, frozen=True, kw_only=True):
    """A menu with all that is on it."""

    categories: tuple[Category, ...]
    products: tuple[Product, ...]
    modifier_groups: tuple[ModifierGroup, ...]
    combos: tuple[Combo, ...]


class Menus(Page[MenuHead], frozen=True):
    """A page of menus."""

    items: tuple[MenuHead, ...]


_LISTING = Listing("menus", MenuHead, MenuHead.__struct_fields__)
VenueId = Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1, description="That holds at this venue.")]


@listed("/menus", tags=["Menus"])
async def menus(request: Asked, pool: ThePool, paging: ThePaging, venue_id: VenueId = None) -> Response[Menus]:
    """The menus there are, without what is on them."""
    asked = {"venue_id": venue_id}
    return await answered(request, pool, _LISTING, partial(_read, asked), paging, asked)


async def _read(asked: dict[str, Any], db: Connection, after: int | None, limit: int) -> list[MenuHead]:
    return [MenuHead(**row) for row in await rows.some(db, rows.MENU_HEADS, asked, after, limit)]


@shown("/menus/{menu_id:int}", tags=["Menus"])
async def menu(request: Asked, pool: ThePool, menu_id: Id) -> Response[Menu]:
    """One menu with its categories, products, modifier groups and combos."""
    async with pool.connection() as db:
        row = await rows.one(db, rows.MENUS, menu_id)
    if row is None:
        raise NotFound("There is no menu {id}.", id=menu_id)
    kept = msgspec.convert(row.pop("body"), model.Menu)
    parts = ("categories", "products", "modifier_groups", "combos")
    return single(request, Menu(**row, **{name: _priced(getattr(kept, name), kept.currency) for name in parts}))


_SHOWN: dict[type[Struct], type[Struct]] = {
    model.Category: Category,
    model.TaxRate: TaxRate,
    model.Availability: Availability,
    model.PriceRule: PriceRule,
    model.Variant: Variant,
    model.Product: Product,
    model.Option: Option,
    model.ModifierGroup: ModifierGroup,
    model.SlotChoice: SlotChoice,
    model.ComboSlot: ComboSlot,
    model.Combo: Combo,
}


def _priced(value: Any, currency: str) -> Any:
    """Part of a menu, with the currency on each price."""
    if isinstance(value, tuple):
        return tuple(_priced(one, currency) for one in value)
    kind = _SHOWN.get(type(value))
    if kind is None:
        return value
    facts = {name: _priced(getattr(value, name), currency) for name in kind.__struct_fields__}
    amounts = {name: Money(facts[name], currency) for name in ("price", "upcharge") if facts.get(name) is not None}
    return kind(**facts | amounts)
