"""The restaurant itself: its rooms, hours and menu, read from `data/restaurant.toml`."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from itertools import accumulate
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from servery.model.menu import Allergen, Category, Menu, ModifierGroup, Option, Product, TaxRate, Variant, kind_of
from servery.model.venue import Daypart, OpeningHours, Table, Venue

Course = Literal["starter", "main", "side", "dessert", "drink", "coffee"]


class _Area(Struct):
    name: str
    tables: list[tuple[str, int]]


class _Group(Struct):
    name: str
    options: list[tuple[str, int]]
    minimum: int = 0
    maximum: int | None = None


class _Product(Struct):
    name: str
    popular: int
    price: int = 0
    variants: list[tuple[str, int]] = []
    modifiers: list[str] | None = None
    allergens: tuple[Allergen, ...] = ()
    lunch: bool = False


class _Category(Struct):
    name: str
    course: Course
    products: list[_Product]
    modifiers: list[str] = []


class _Data(Struct):
    name: str
    time_zone: str
    currency: str
    country: str
    tax_percent: int
    opens: tuple[int, ...]
    closes: tuple[int, ...]
    weekday_rhythm: tuple[float, ...]
    month_rhythm: tuple[float, ...]
    dayparts: list[Daypart]
    areas: list[_Area]
    modifiers: dict[str, _Group]
    categories: list[_Category]


class Item(Struct, frozen=True):
    """One thing on the price list: a product in one size. `price` in minor units, tax included."""

    variant_id: str
    name: str
    category: str
    course: Course
    price: int
    popular: float
    groups: tuple[ModifierGroup, ...]
    lunch: bool


class Choice(Struct, frozen=True):
    """Items to choose from, with running sums of their popularity as `random.choices` takes them."""

    items: tuple[int, ...]
    cum_weights: tuple[float, ...]


class Restaurant(Struct, frozen=True):
    """The restaurant as both systems know it, and what its days are like."""

    venue: Venue
    country: str
    menu: Menu
    tax_percent: int
    items: tuple[Item, ...]
    choices: dict[tuple[Course, bool], Choice]
    """By course, and whether it is lunch."""
    weekday_rhythm: tuple[float, ...]
    month_rhythm: tuple[float, ...]


def data(name: str) -> bytes:
    """A data file of this room."""
    return files("servery.sandbox").joinpath("data", name).read_bytes()


@cache
def restaurant() -> Restaurant:
    """The one demo restaurant."""
    given = msgspec.toml.decode(data("restaurant.toml"), type=_Data)
    groups = {key: _group(key, group) for key, group in given.modifiers.items()}
    menu = _menu(given, groups)
    items = tuple(_items(given, menu))
    return Restaurant(
        venue=_venue(given),
        country=given.country,
        menu=menu,
        tax_percent=given.tax_percent,
        items=items,
        choices={(course, lunch): _choice(items, course, lunch)
                 for course in get_args(Course) for lunch in (False, True)},
        weekday_rhythm=given.weekday_rhythm,
        month_rhythm=given.month_rhythm,
    )  # fmt: skip


def _venue(given: _Data) -> Venue:
    hours = zip(given.opens, given.closes, strict=True)
    return Venue(
        name=given.name,
        time_zone=given.time_zone,
        currency=given.currency,
        areas=tuple(area.name for area in given.areas),
        tables=tuple(
            Table(name, seats, area.name, _id("table", name)) for area in given.areas for name, seats in area.tables
        ),
        opening_hours=msgspec.convert(
            [{"weekday": day, "opens": opens, "closes": closes} for day, (opens, closes) in enumerate(hours)],
            tuple[OpeningHours, ...],
        ),
        dayparts=tuple(given.dayparts),
    )


def _id(kind: str, name: str) -> str:
    """An id as vendors give them: capitals and digits that say nothing."""
    return blake2b(f"{kind}/{name}".encode(), digest_size=12).hexdigest().upper()


def _group(key: str, group: _Group) -> ModifierGroup:
    options = tuple(Option(external_id=_id(key, name), name=name, price=price) for name, price in group.options)
    return ModifierGroup(external_id=_id("group", key), name=group.name, options=options,
                         minimum=group.minimum, maximum=group.maximum)  # fmt: skip


def _menu(given: _Data, groups: dict[str, ModifierGroup]) -> Menu:
    tax = TaxRate(Decimal(given.tax_percent), included=True, name="Moms")
    return Menu(
        currency=given.currency,
        categories=tuple(Category(_id("category", each.name), each.name) for each in given.categories),
        modifier_groups=tuple(groups.values()),
        products=tuple(
            Product(
                external_id=_id("product", product.name),
                name=product.name,
                category_id=_id("category", category.name),
                variants=tuple(_variants(product)),
                modifier_groups=tuple(groups[key].external_id for key in _modifiers(category, product)),
                taxes=(tax,),
                allergens=product.allergens,
                kind=kind_of(category.name),
            )
            for category in given.categories
            for product in category.products
        ),
    )


def _modifiers(category: _Category, product: _Product) -> Sequence[str]:
    return category.modifiers if product.modifiers is None else product.modifiers


def _sizes(product: _Product) -> list[tuple[str, int]]:
    return product.variants or [("Regular", product.price)]


def _variants(product: _Product) -> list[Variant]:
    return [
        Variant(external_id=_id(product.name, size), name=size, price=price, ref=_id("ref", product.name + size)[:6])
        for size, price in _sizes(product)
    ]


def _items(given: _Data, menu: Menu) -> list[Item]:
    groups = {group.external_id: group for group in menu.modifier_groups}
    said: list[tuple[_Category, _Product]] = [(c, product) for c in given.categories for product in c.products]
    return [
        Item(variant.external_id, product.name, category.name, category.course, variant.price or 0,
             # A bottle is for a table, a glass for a guest.
             own.popular / (1 if index == 0 else 5),
             tuple(groups[group] for group in product.modifier_groups), own.lunch)
        for (category, own), product in zip(said, menu.products, strict=True)
        for index, variant in enumerate(product.variants)
    ]  # fmt: skip


def _choice(items: tuple[Item, ...], course: Course, lunch: bool) -> Choice:
    found = [index for index, item in enumerate(items) if item.course == course and (lunch or not item.lunch)]
    return Choice(tuple(found), tuple(accumulate(items[index].popular for index in found)))


@cache
def items_in(*categories: str) -> tuple[int, ...]:
    """Places in `Restaurant.items` of what these categories hold, by the glass where there are sizes."""
    found = enumerate(restaurant().items)
    return tuple(index for index, item in found if item.category in categories and item.popular >= 4)
