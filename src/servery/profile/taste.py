"""What a guest usually has: the dish, drink and wine ordered on most visits. Pure."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from servery.model.menu import ItemKind, kind_of
from servery.profile.figures import USUAL_FROM

_SIZE = re.compile(r"(.+?)\s*\(([^()]+)\)")
_BY_THE_GLASS = frozenset("glass glas glase copa vaso".split())


class OnMenu(Struct, frozen=True):
    """What was ordered: the product, the size of it where it is sold in several, and its kind."""

    product: str
    size: str | None
    kind: ItemKind


class Ordered(Struct, frozen=True, kw_only=True):
    """All lines of one guest that name the same: on which visits (ids), how many in all, and when last."""

    item: OnMenu
    visits: frozenset[int]
    quantity: Decimal
    last_at: datetime
    nested: bool = False
    """Part of a combo rather than ordered by itself."""


class Favourite(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a guest has again and again: ordered on `times` of their `visits` with a check, `quantity` in all."""

    name: str
    times: int
    visits: int
    quantity: Decimal
    size: str | None = None
    """The size they mostly have of it, where it is sold in several."""

    @property
    def by_glass(self) -> bool:
        """Whether they have it by the glass."""
        return any(word in _BY_THE_GLASS for word in (self.size or "").casefold().split())


class Favourites(Struct, frozen=True, omit_defaults=True):
    """The favourite of each kind; None while nothing was ordered on two visits."""

    dish: Favourite | None = None
    drink: Favourite | None = None
    wine: Favourite | None = None


def read_line(name: str, category: str | None) -> OnMenu:
    """What a line says by itself, for want of a menu: a size in brackets, a kind by the category's name."""
    sized = _SIZE.fullmatch(name.strip())
    product, size = sized.groups() if sized else (name.strip(), None)
    return OnMenu(product, size, kind_of(category))


def favourites(ordered: Iterable[Ordered], visits: int) -> Favourites:
    """The favourite dish, drink and wine; `visits` is on how many visits they were looked for."""
    products: dict[ItemKind, dict[str, list[Ordered]]] = {"dish": {}, "drink": {}, "wine": {}, "other": {}}
    for one in ordered:
        products[one.item.kind].setdefault(one.item.product.casefold(), []).append(one)
    return Favourites(*(_favourite(list(products[kind].values()), visits) for kind in ("dish", "drink", "wine")))


def _favourite(products: Sequence[Sequence[Ordered]], visits: int) -> Favourite | None:
    times = [len(frozenset[int]().union(*(one.visits for one in found))) for found in products]
    most = max(times, default=0)
    if most < USUAL_FROM:
        return None
    found = min((one for one, its_times in zip(products, times, strict=True) if its_times == most), key=_rank)
    return Favourite(
        name=max(found, key=lambda one: one.last_at).item.product,
        times=most,
        visits=visits,
        quantity=_quantity(found),
        size=_usual_size(found),
    )


def _rank(found: Sequence[Ordered]) -> tuple[Decimal, bool, float, str]:
    """Of what was had on as many visits: most in all first, then what was ordered by itself, then the latest."""
    latest = max(one.last_at for one in found)
    return -_quantity(found), all(one.nested for one in found), -latest.timestamp(), found[0].item.product


def _quantity(found: Iterable[Ordered]) -> Decimal:
    return sum((one.quantity for one in found), Decimal(0))


def _usual_size(found: Iterable[Ordered]) -> str | None:
    sizes: dict[str | None, int] = {}
    for one in found:
        sizes[one.item.size] = sizes.get(one.item.size, 0) + len(one.visits)
    return max(sizes, key=lambda size: (sizes[size], size or ""))
