"""What Odoo sells as one menu per point of sale, each the whole of what is sold there."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from servery.connectors.odoo import wire
from servery.connectors.odoo import wire_menu as menu
from servery.connectors.odoo.wire import linked, named, text
from servery.model.changes import MenuSeen, revision_at
from servery.model.menu import (
    Category,
    Combo,
    ComboSlot,
    Menu,
    ModifierGroup,
    Option,
    Product,
    SlotChoice,
    TaxRate,
    Variant,
    kind_of,
)
from servery.model.money import to_minor

_T = TypeVar("_T")


class _Shelves(Struct, frozen=True):
    """The catalogue by id, as one point of sale has it."""

    currency: str
    templates: tuple[menu.Template, ...]
    variants: Mapping[str, tuple[menu.Variant, ...]]
    """By the id of their product."""
    categories: Mapping[int, menu.Category]
    values: Mapping[int, wire.AttributeValue]
    taxes: Mapping[int, wire.Tax]
    choices: Mapping[str, tuple[menu.AttributeLine, ...]]
    """What is chosen when ordering, by the id of the product."""
    attributes: Mapping[str, menu.Attribute]
    combos: Mapping[int, menu.Combo]
    combo_items: tuple[menu.ComboItem, ...]


def menus_of(bundle: menu.MenuBundle) -> list[MenuSeen]:
    """One menu for each point of sale; one without a currency has no prices to show."""
    revision = revision_at(wire.instant(bundle.modified) or bundle.modified)
    return [
        MenuSeen(f"products@{each.id}", revision, each.id, _menu(_shelves(bundle, each, each.currency)))
        for each in bundle.outlets
        if each.currency
    ]


def _shelves(bundle: menu.MenuBundle, outlet: menu.Outlet, currency: str) -> _Shelves:
    attributes = {str(each.id): each for each in bundle.attributes}
    chosen = [each for each in bundle.attribute_lines if _is_choice(attributes.get(linked(each.attribute_id) or ""))]
    variants = [each for each in bundle.variants if each.id not in outlet.hidden]
    sold = {linked(each.product_tmpl_id) for each in variants}
    return _Shelves(
        currency=currency,
        templates=tuple(each for each in bundle.templates if _sold(each, outlet) and str(each.id) in sold),
        variants=_grouped((linked(each.product_tmpl_id), each) for each in variants),
        categories={each.id: each for each in bundle.categories if _listed(each.id, outlet)},
        values={each.id: each for each in bundle.values},
        taxes={each.id: each for each in bundle.taxes},
        choices=_grouped((linked(each.product_tmpl_id), each) for each in chosen),
        attributes=attributes,
        combos={each.id: each for each in bundle.combos},
        combo_items=bundle.combo_items,
    )


def _grouped(pairs: Iterable[tuple[str | None, _T]]) -> dict[str, tuple[_T, ...]]:
    found: dict[str, list[_T]] = {}
    for key, each in pairs:
        found.setdefault(key or "", []).append(each)
    return {key: tuple(those) for key, those in found.items()}


def _is_choice(attribute: menu.Attribute | None) -> bool:
    return attribute is not None and attribute.create_variant == "no_variant"


def _sold(template: menu.Template, outlet: menu.Outlet) -> bool:
    return outlet.categories is None or any(_listed(each, outlet) for each in template.pos_categ_ids)


def _listed(category: int, outlet: menu.Outlet) -> bool:
    return outlet.categories is None or category in outlet.categories


def _menu(shelves: _Shelves) -> Menu:
    return Menu(
        currency=shelves.currency,
        categories=tuple(
            Category(str(each.id), text(each.name) or str(each.id), linked(each.parent_id))
            for each in shelves.categories.values()
        ),
        products=tuple(_product(each, shelves) for each in shelves.templates if not _is_combo(each)),
        modifier_groups=tuple(
            _group(line, shelves) for each in shelves.templates for line in shelves.choices.get(str(each.id), ())
        ),
        combos=tuple(_combo(each, shelves) for each in shelves.templates if _is_combo(each)),
    )


def _is_combo(template: menu.Template) -> bool:
    return "combo" in (template.type, template.detailed_type)


def _product(template: menu.Template, shelves: _Shelves) -> Product:
    category = next((shelves.categories[each] for each in template.pos_categ_ids if each in shelves.categories), None)
    return Product(
        external_id=str(template.id),
        name=text(template.name) or str(template.id),
        category_id=str(category.id) if category else None,
        description=text(template.description_sale),
        variants=tuple(_variant(each, template, shelves) for each in shelves.variants[str(template.id)]),
        modifier_groups=tuple(_group_id(each) for each in shelves.choices.get(str(template.id), ())),
        taxes=_taxes(template.taxes_id, shelves),
        kind=kind_of(text(category.name) if category else None),
    )


def _variant(variant: menu.Variant, template: menu.Template, shelves: _Shelves) -> Variant:
    values = (shelves.values.get(each) for each in variant.product_template_attribute_value_ids)
    code = text(variant.default_code) or text(template.default_code)
    return Variant(
        external_id=str(variant.id),
        name=", ".join(name for each in values if each and (name := text(each.name))) or None,
        ref=code or text(variant.barcode) or text(template.barcode),
        price=to_minor(variant.lst_price, shelves.currency),
    )


def _taxes(ids: Sequence[int], shelves: _Shelves) -> tuple[TaxRate, ...]:
    """Taxes in per cent; of a group its members. A fixed amount for each piece has no place in a rate."""
    found: list[TaxRate] = []
    for tax in (shelves.taxes[each] for each in ids if each in shelves.taxes):
        if tax.amount_type == "group":
            found += _taxes(tax.children_tax_ids, shelves)
        elif tax.amount_type in ("percent", "division"):
            found.append(TaxRate(tax.amount, tax.price_include, name=text(tax.name)))
    return tuple(found)


def _group_id(line: menu.AttributeLine) -> str:
    return f"attribute-line-{line.id}"


def _group(line: menu.AttributeLine, shelves: _Shelves) -> ModifierGroup:
    """One attribute as one product has it: one value is picked, or with check boxes any number."""
    attribute = shelves.attributes[linked(line.attribute_id) or ""]
    options = (each for each in shelves.values.values() if each.ptav_active and _belongs(each, line))
    several = attribute.display_type == "multi"
    return ModifierGroup(
        external_id=_group_id(line),
        name=named(line.attribute_id) or text(attribute.name) or "",
        options=tuple(
            Option(external_id=str(each.id), name=text(each.name) or str(each.id),
                   price=to_minor(each.price_extra, shelves.currency))
            for each in options
        ),
        minimum=0 if several else 1,
        maximum=None if several else 1,
    )  # fmt: skip


def _belongs(value: wire.AttributeValue, line: menu.AttributeLine) -> bool:
    if linked(value.attribute_line_id):
        return linked(value.attribute_line_id) == str(line.id)
    product, attribute = linked(value.product_tmpl_id), linked(value.attribute_id)
    return (product, attribute) == (linked(line.product_tmpl_id), linked(line.attribute_id))


def _combo(template: menu.Template, shelves: _Shelves) -> Combo:
    """A combo goes by the id of its only variant, because that is what a line of an order names."""
    variant = shelves.variants[str(template.id)][0]
    category = next((each for each in template.pos_categ_ids if each in shelves.categories), None)
    slots = (_slot(shelves.combos[each], shelves) for each in template.combo_ids if each in shelves.combos)
    return Combo(
        external_id=str(variant.id),
        name=text(template.name) or str(template.id),
        price=to_minor(template.list_price, shelves.currency),
        slots=tuple(slots),
        category_id=str(category) if category else None,
    )


def _slot(combo: menu.Combo, shelves: _Shelves) -> ComboSlot:
    items = [each for each in shelves.combo_items if linked(each.combo_id) == str(combo.id)]
    return ComboSlot(
        label=text(combo.name) or str(combo.id),
        choices=tuple(
            SlotChoice(linked(each.product_id) or "", to_minor(each.extra_price or each.combo_price, shelves.currency))
            for each in items
        ),
        minimum=max(combo.qty_free, 1),
        maximum=max(combo.qty_max, combo.qty_free, 1),
    )
