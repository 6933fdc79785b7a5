"""The menu as Square's catalogue, and which button of the till sells what."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from msgspec import Struct

from servery.connectors.square.simulator.answers import Json, decimal_text, identifier, money, rfc3339
from servery.model.menu import Availability, Combo, Menu, ModifierGroup, Option, Product, TaxRate, Variant
from servery.testing.stage import Stage

_SPECIAL_INGREDIENTS = {"soybeans": "SOY", "nuts": "TREE_NUTS"}
_ONLY_VARIATION = "Regular"


class Variation(Struct, frozen=True):
    """What a line of an order says of the variation it sold."""

    id: str
    name: str
    version: int


Sellable = Mapping[str, Variation]
"""Variations by their own id and by their item's."""


def modified_at(stage: Stage) -> datetime:
    """When the catalogue last changed."""
    return stage.menu_modified_at or datetime(2020, 1, 1, tzinfo=UTC)


def _version(stage: Stage) -> int:
    return int(modified_at(stage).timestamp() * 1000)


def sellable(stage: Stage) -> Sellable:
    """All variations the till can sell."""
    found: dict[str, Variation] = {}
    for product in stage.menu.products if stage.menu else ():
        for variant in product.variants:
            variation = Variation(variant.external_id, variant.name or _ONLY_VARIATION, _version(stage))
            found[variant.external_id] = variation
            found.setdefault(product.external_id, variation)
    return found


def objects_of(stage: Stage) -> list[Json]:
    """The whole catalogue."""
    if stage.menu is None:
        return []
    common = {"updated_at": rfc3339(modified_at(stage)), "version": _version(stage), "is_deleted": False}
    return [each | common | {"present_at_all_locations": True} for each in _objects(stage.menu, stage)]


def _objects(menu: Menu, stage: Stage) -> Iterator[Json]:
    for category in menu.categories:
        data: Json = {"name": category.name, "is_top_level": category.parent_id is None}
        if category.parent_id:
            data["parent_category"] = {"id": category.parent_id}
        yield {"type": "CATEGORY", "id": category.external_id, "category_data": data}
    for tax in dict.fromkeys(tax for product in menu.products for tax in product.taxes):
        yield _tax(tax)
    for group in menu.modifier_groups:
        yield _modifier_list(group, menu.currency, stage.location_id)
    for product in menu.products:
        yield _item(product, menu.currency, stage)
    for combo in menu.combos:
        yield _combo(combo, menu.currency, stage)


def _tax_id(tax: TaxRate) -> str:
    return identifier("tax", tax.name, tax.rate, tax.included, length=24)


def _tax(tax: TaxRate) -> Json:
    data = {
        "name": tax.name or f"{decimal_text(tax.rate)} %",
        "calculation_phase": "TAX_SUBTOTAL_PHASE",
        "inclusion_type": "INCLUSIVE" if tax.included else "ADDITIVE",
        "percentage": decimal_text(tax.rate),
        "enabled": True,
    }
    return {"type": "TAX", "id": _tax_id(tax), "tax_data": data}


def _modifier_list(group: ModifierGroup, currency: str, location_id: str) -> Json:
    data = {
        "name": group.name,
        "selection_type": "SINGLE" if group.maximum == 1 else "MULTIPLE",
        "modifier_type": "LIST",
        "min_selected_modifiers": group.minimum,
        "max_selected_modifiers": group.maximum or 0,
        "modifiers": [_modifier(each, group.external_id, currency, location_id) for each in group.options],
    }
    return {"type": "MODIFIER_LIST", "id": group.external_id, "modifier_list_data": data}


def _modifier(option: Option, list_id: str, currency: str, location_id: str) -> Json:
    data: Json = {
        "name": option.name,
        "price_money": money(option.price, currency),
        "on_by_default": option.default,
        "modifier_list_id": list_id,
    }
    if not option.availability.available:
        data["location_overrides"] = [{"location_id": location_id, "sold_out": True}]
    return {"type": "MODIFIER", "id": option.external_id, "modifier_data": data}


def _item(product: Product, currency: str, stage: Stage) -> Json:
    groups = dict.fromkeys(
        (*product.modifier_groups, *(each for one in product.variants for each in one.modifier_groups))
    )
    data: Json = {
        "name": product.name,
        "product_type": "FOOD_AND_BEV",
        "is_taxable": bool(product.taxes),
        "variations": [_variation(each, product.external_id, currency, stage) for each in product.variants],
        "modifier_list_info": [{"modifier_list_id": each, "enabled": True} for each in groups],
        "tax_ids": [_tax_id(each) for each in product.taxes],
    }
    if product.category_id:
        data["categories"] = [{"id": product.category_id}]
        data["reporting_category"] = {"id": product.category_id}
    if product.description:
        data["description"] = data["description_plaintext"] = product.description
    if product.allergens:
        names = (_SPECIAL_INGREDIENTS.get(each, each.upper()) for each in product.allergens)
        ingredients = [{"type": "STANDARD", "standard_name": each} for each in names]
        data["food_and_beverage_details"] = {"ingredients": ingredients}
    return {"type": "ITEM", "id": product.external_id, "item_data": data}


def _variation(variant: Variant, item_id: str, currency: str, stage: Stage) -> Json:
    data: Json = {
        "item_id": item_id,
        "name": variant.name or _ONLY_VARIATION,
        "pricing_type": "VARIABLE_PRICING" if variant.price is None else "FIXED_PRICING",
        "sellable": True,
    }
    if variant.price is not None:
        data["price_money"] = money(variant.price, currency)
    if variant.ref:
        data["sku"] = variant.ref
    if not variant.availability.available:
        data["location_overrides"] = [_sold_out(variant.availability, stage.location_id)]
    common = {"updated_at": rfc3339(modified_at(stage)), "version": _version(stage), "is_deleted": False}
    return {"type": "ITEM_VARIATION", "id": variant.external_id, "item_variation_data": data} | common


def _sold_out(availability: Availability, location_id: str) -> Json:
    override: Json = {"location_id": location_id, "sold_out": True}
    if availability.until:
        override["sold_out_valid_until"] = rfc3339(availability.until)
    return override


def _combo(combo: Combo, currency: str, stage: Stage) -> Json:
    """Square has no combos: a venue sells one as an item of its own."""
    only = Variant(external_id=identifier("combo", combo.external_id, length=24), price=combo.price)
    item = Product(external_id=combo.external_id, name=combo.name, category_id=combo.category_id, variants=(only,))
    return _item(item, currency, stage)
