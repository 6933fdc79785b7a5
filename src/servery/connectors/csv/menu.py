"""Rows of a menu file → one menu for each venue."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from servery.connectors.csv.cells import BadCell, Cells, flag
from servery.connectors.csv.mapping import Plan
from servery.connectors.csv.outcome import Accepted, Item, Notices
from servery.connectors.csv.places import Venues
from servery.connectors.csv.records import JOINT, Row
from servery.connectors.csv.rowids import REPEATED
from servery.connectors.csv.words import VALUES, folded, meanings
from servery.errors import Invalid
from servery.model.changes import MenuSeen
from servery.model.menu import Allergen, Availability, Category, Menu, Product, TaxRate, Variant, kind_of

_ALLERGENS = meanings(VALUES.allergens)
_LISTS = re.compile(r"[,;|/\n]")


class Products:
    """Reads a menu file for one import. The rows of one venue are its whole menu and are held in memory together."""

    def __init__(self, plan: Plan, venues: Venues, notices: Notices) -> None:
        self._plan = plan
        self._venues = venues
        self._notices = notices
        self._cells = Cells(plan)

    def key(self, cells: list[str]) -> str:
        """The venue whose menu a row belongs to."""
        return self._venues.name(cells) or ""

    def items(self, key: str, group: list[Row]) -> Iterator[Item]:
        """The menu of a venue, and the rows that cannot go in."""
        products: dict[str, Product] = {}
        first: dict[str, Row] = {}
        categories: dict[str, Category] = {}
        rejected = 0
        currency = ""
        for row in group:
            cells = row[1].split(JOINT)
            try:
                currency = self._venues.of(cells).currency
                self._add(products, first, self._product(cells, currency), row)
            except BadCell as bad:
                rejected += 1
                yield bad.rejected(self._plan, row[0])
                continue
            category = self._cells.text(cells, "category")
            if category:
                categories.setdefault(folded(category), Category(folded(category), category))
        if products:
            menu = Menu(currency=currency, categories=tuple(categories.values()), products=tuple(products.values()))
            yield Accepted(MenuSeen("menu", self._plan.revision, key, menu), len(group) - rejected, group[0][0])

    def _add(self, products: dict[str, Product], first: dict[str, Row], product: Product, row: Row) -> None:
        """Put a row's product on the menu, or its variant under the product that is there already."""
        variant = product.variants[0]
        before = first.setdefault(variant.external_id, row)
        if before is row:
            known = products.get(product.external_id, product)
            added = () if known is product else product.variants
            products[product.external_id] = replace(known, variants=known.variants + added)
        elif before[1] == row[1]:
            self._notices.add("row-repeated", REPEATED, row[0])
        else:
            reason = Invalid(
                "Line {first} has the same id with other content; the first is kept.", first=before[0],
                code="duplicate-id",
            )  # fmt: skip
            raise BadCell("product_id" if "product_id" in self._plan.columns else "item", variant.external_id, reason)

    def _product(self, cells: list[str], currency: str) -> Product:
        name = self._cells.text(cells, "item")
        if name is None:
            raise BadCell("item", "", Invalid("The row names no item."))
        stated = self._cells.text(cells, "currency")
        if stated:
            self._cells.currency("currency", stated, currency)
        category = self._cells.text(cells, "category")
        # Without an id the name is the product: a new price must find the old product, so content cannot be its id.
        own = self._cells.text(cells, "product_id") or folded(name) or name
        return Product(
            external_id=own,
            name=name,
            category_id=folded(category) if category else None,
            description=self._cells.text(cells, "description"),
            variants=(self._variant(cells, own, currency),),
            taxes=self._taxes(cells),
            allergens=self._allergens(cells),
            tags=tuple(part.strip() for part in _LISTS.split(self._cells.text(cells, "tags") or "") if part.strip()),
            image=self._cells.text(cells, "image"),
            kind=kind_of(category) if category else None,
        )

    def _variant(self, cells: list[str], product: str, currency: str) -> Variant:
        name = self._cells.text(cells, "variant")
        price = self._cells.text(cells, "price")
        available = flag(self._cells.text(cells, "available") or "")
        return Variant(
            external_id=f"{product}/{folded(name)}" if name else product,
            name=name,
            ref=self._cells.text(cells, "ref"),
            price=self._cells.money("price", price, currency).amount if price else None,
            availability=Availability(available is not False),
        )

    def _taxes(self, cells: list[str]) -> tuple[TaxRate, ...]:
        text = self._cells.text(cells, "tax_rate")
        return (TaxRate(self._cells.number("tax_rate", text), self._plan.tax == "included"),) if text else ()

    def _allergens(self, cells: list[str]) -> tuple[Allergen, ...]:
        """Those of the fourteen that the cell names; other words there are no allergens by law."""
        parts = _LISTS.split(self._cells.text(cells, "allergens") or "")
        found = [_ALLERGENS[folded(part)] for part in parts if folded(part) in _ALLERGENS]
        return tuple(dict.fromkeys(found))  # type: ignore[arg-type]
