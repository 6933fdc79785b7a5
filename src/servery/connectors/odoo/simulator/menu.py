"""The stage's menu as Odoo's products, and which of them a line of a check sells."""

from datetime import UTC, datetime
from typing import Any

from servery.connectors.odoo.simulator.database import Database
from servery.model.menu import Combo, Menu, ModifierGroup, Option, Product, TaxRate
from servery.model.money import to_decimal
from servery.model.order import Line, Tax
from servery.testing.stage import Stage

_BEGAN = datetime(2020, 1, 1, tzinfo=UTC)


class Menus:
    """The products of a stage's menu, as they are when the simulator begins, and those that only sales bring up."""

    def __init__(self, database: Database, stage: Stage) -> None:
        self._database = database
        self._at = stage.menu_modified_at or _BEGAN
        self._currency = stage.venue.currency
        self._taxes: dict[tuple[str, str, bool], int] = {}
        self._categories: dict[str, int] = {}
        self._variants: dict[str, int] = {}
        self._options: dict[str, int] = {}
        self.tip = self._hidden("Tips")
        self.discount = self._hidden("Discount")
        if stage.menu:
            self._lay(stage.menu)

    def _insert(self, model: str, **values: Any) -> int:
        return self._database.insert(model, values, self._at)

    def _hidden(self, name: str) -> int:
        template = self._template(name, available_in_pos=False)
        return self._insert("product.product", product_tmpl_id=template)

    def _template(self, name: str, **values: Any) -> int:
        every = {"type": "consu", "detailed_type": "consu", "sale_ok": True, "available_in_pos": True}
        return self._insert("product.template", name=name, **(every | values))

    def _lay(self, menu: Menu) -> None:
        for each in menu.categories:
            self._categories[each.external_id] = self._insert("pos.category", name=each.name)
        for each in menu.categories:
            if each.parent_id in self._categories:
                parent = {"parent_id": self._categories[each.parent_id]}
                self._database.update("pos.category", self._categories[each.external_id], parent, self._at)
        groups = {each.external_id: each for each in menu.modifier_groups}
        for product in menu.products:
            self._product(product, [groups[each] for each in product.modifier_groups if each in groups])
        for combo in menu.combos:
            self._combo(combo)

    def _price(self, minor: int | None) -> float:
        return float(to_decimal(minor or 0, self._currency))

    def _product(self, product: Product, groups: list[ModifierGroup]) -> None:
        cheapest = min((each.price or 0 for each in product.variants), default=0)
        template = self._template(
            product.name,
            list_price=self._price(cheapest),
            pos_categ_ids=self._category(product.category_id),
            description_sale=product.description or False,
            taxes_id=tuple(self._rate(each) for each in product.taxes),
        )
        for group in groups:
            line = self._attribute(group.name, template, "multi" if group.maximum != 1 else "radio", "no_variant")
            for option in group.options:
                self._options[option.external_id] = self._value(option, template, line)
        self._sizes(product, template, cheapest)

    def _sizes(self, product: Product, template: int, cheapest: int) -> None:
        """Several variants differ by a value of one attribute, which bears the difference in price."""
        line = self._attribute("Size", template, "radio", "always") if len(product.variants) > 1 else None
        for each in product.variants:
            size = Option(
                external_id=each.external_id, name=each.name or each.external_id, price=(each.price or 0) - cheapest
            )
            values = (self._value(size, template, line),) if line else ()
            number = self._insert(
                "product.product", product_tmpl_id=template, default_code=each.ref or False,
                lst_price=self._price(each.price), product_template_attribute_value_ids=values,
            )  # fmt: skip
            self._variants[each.external_id] = number
            self._variants.setdefault(product.external_id, number)

    def _category(self, external_id: str | None) -> tuple[int, ...]:
        number = self._categories.get(external_id or "")
        return (number,) if number else ()

    def _attribute(self, name: str, template: int, display_type: str, create_variant: str) -> int:
        attribute = self._insert(
            "product.attribute", name=name, display_type=display_type, create_variant=create_variant
        )
        return self._insert("product.template.attribute.line", product_tmpl_id=template, attribute_id=attribute)

    def _value(self, option: Option, template: int, line: int) -> int:
        row = self._database.row("product.template.attribute.line", line)
        return self._insert(
            "product.template.attribute.value", name=option.name, price_extra=self._price(option.price),
            product_tmpl_id=template, attribute_line_id=line, attribute_id=row["attribute_id"] if row else False,
            ptav_active=True,
        )  # fmt: skip

    def _combo(self, combo: Combo) -> None:
        old = self._database.version == 17
        model, item = ("pos.combo", "pos.combo.line") if old else ("product.combo", "product.combo.item")
        numbers = []
        for slot in combo.slots:
            number = self._insert(model, name=slot.label, qty_max=slot.maximum, qty_free=slot.minimum)
            numbers.append(number)
            for choice in slot.choices:
                if product := self._variants.get(choice.variant_id):
                    extra = {"combo_price" if old else "extra_price": self._price(choice.upcharge)}
                    self._insert(item, combo_id=number, product_id=product, **extra)
        template = self._template(
            combo.name, type="combo", detailed_type="combo", combo_ids=tuple(numbers),
            list_price=self._price(combo.price), pos_categ_ids=self._category(combo.category_id),
        )  # fmt: skip
        self._variants[combo.external_id] = self._insert(
            "product.product", product_tmpl_id=template, lst_price=self._price(combo.price)
        )

    def _rate(self, tax: TaxRate) -> int:
        return self._tax_of(tax.name or f"{tax.rate:f}%", float(tax.rate), tax.included)

    def tax(self, tax: Tax) -> int:
        """The tax that a check names."""
        return self._tax_of(tax.name, float(tax.rate or 0), tax.included)

    def _tax_of(self, name: str, rate: float, included: bool) -> int:
        key = (name, str(rate), included)
        if key not in self._taxes:
            self._taxes[key] = self._insert(
                "account.tax", name=name, amount=rate, amount_type="percent", price_include=included
            )
        return self._taxes[key]

    def product(self, line: Line) -> int:
        """The variant that a line sells; staff who key something of their own sell a product made for it."""
        key = line.product_id if line.product_id in self._variants else f"sold:{line.name}"
        if key not in self._variants:
            template = self._template(line.name, available_in_pos=False)
            self._variants[key] = self._insert("product.product", product_tmpl_id=template)
        return self._variants[key]

    def option(self, modifier: Line, price: float) -> int:
        """The value that a modifier picks, where the menu has it at this price; else one made for it."""
        held = self._options.get(modifier.product_id or modifier.external_id or "", 0)
        row = self._database.row("product.template.attribute.value", held)
        if row and row["price_extra"] == price:
            return held
        key = f"option:{modifier.name}:{price!r}"
        if key not in self._options:
            self._options[key] = self._insert(
                "product.template.attribute.value", name=modifier.name, price_extra=price, ptav_active=True
            )
        return self._options[key]
