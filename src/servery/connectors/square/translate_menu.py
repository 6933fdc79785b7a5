"""Square's catalogue as one menu per location, each the whole of what is sold there at its prices."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from servery.connectors.square import wire_menu as wire
from servery.model.changes import MenuSeen, revision_at
from servery.model.menu import (
    Allergen,
    Availability,
    Category,
    ItemKind,
    Menu,
    ModifierGroup,
    Option,
    Product,
    TaxRate,
    Variant,
    kind_of,
)

_ALLERGENS: dict[str | None, Allergen] = {
    "CELERY": "celery",
    "CRUSTACEANS": "crustaceans",
    "EGGS": "eggs",
    "FISH": "fish",
    "GLUTEN": "gluten",
    "LUPIN": "lupin",
    "MILK": "milk",
    "MOLLUSCS": "molluscs",
    "MUSTARD": "mustard",
    "PEANUTS": "peanuts",
    "SESAME": "sesame",
    "SOY": "soybeans",
    "SULPHITES": "sulphites",
    "TREE_NUTS": "nuts",
}
_NO_LIMIT = 0
_NOT_SET = -1


class _Shelves(Struct, frozen=True):
    """The catalogue by type and id, as one location has it."""

    location: str
    categories: Mapping[str, wire.CategoryData]
    lists: Mapping[str, wire.ModifierListData]
    taxes: Mapping[str, wire.TaxData]
    images: Mapping[str, wire.ImageData]


def menus_of(catalog: wire.Catalog) -> list[MenuSeen]:
    """One menu for each location the catalogue was read for; a location without a currency has no prices to show."""
    revision = revision_at(catalog.latest_time)
    return [
        MenuSeen(f"catalog@{place.id}", revision, place.id, _menu(catalog, place.id, place.currency))
        for place in catalog.locations
        if place.currency
    ]


def _menu(catalog: wire.Catalog, location: str, currency: str) -> Menu:
    here = [each for each in catalog.objects if not each.is_deleted and _present(each, location)]
    shelves = _Shelves(
        location,
        {each.id: each.category_data for each in here if each.category_data},
        {each.id: each.modifier_list_data for each in here if each.modifier_list_data},
        {each.id: each.tax_data for each in here if each.tax_data},
        {each.id: each.image_data for each in here if each.image_data},
    )
    return Menu(
        currency=currency,
        categories=tuple(
            Category(id_, data.name or "", data.parent_category.id if data.parent_category else None)
            for id_, data in shelves.categories.items()
        ),
        products=tuple(_product(each.id, each.item_data, shelves) for each in here if each.item_data),
        modifier_groups=_groups(here, shelves),
    )


def _present(item: wire.CatalogObject, location: str) -> bool:
    if location in (item.absent_at_location_ids or ()):
        return False
    # Square leaves the mark out where nobody ever limited the object.
    return item.present_at_all_locations is not False or location in (item.present_at_location_ids or ())


def _product(item_id: str, item: wire.ItemData, shelves: _Shelves) -> Product:
    category_id = _category_id(item)
    category = shelves.categories.get(category_id or "")
    images = (shelves.images[each].url for each in item.image_ids or () if each in shelves.images)
    infos = [each for each in item.modifier_list_info or () if each.enabled is not False]
    return Product(
        external_id=item_id,
        name=item.name or "",
        category_id=category_id,
        description=item.description_plaintext or item.description or None,
        variants=tuple(
            _variant(each.id, each.item_variation_data, bool(item.is_archived), shelves.location)
            for each in item.variations or ()
            if each.item_variation_data and not each.is_deleted and _present(each, shelves.location)
        ),
        modifier_groups=tuple(_group_id(item_id, each) for each in infos if each.modifier_list_id in shelves.lists),
        taxes=tuple(_tax(shelves.taxes[each]) for each in item.tax_ids or () if each in shelves.taxes),
        allergens=_allergens(item.food_and_beverage_details),
        image=next(images, None),
        kind=_kind(item, category),
    )


def _category_id(item: wire.ItemData) -> str | None:
    refs = (item.reporting_category, *(item.categories or ()))
    return next((ref.id for ref in refs if ref and ref.id), item.category_id)


def _kind(item: wire.ItemData, category: wire.CategoryData | None) -> ItemKind:
    kind = kind_of(category.name if category else None)
    return "drink" if item.is_alcoholic and kind == "dish" else kind


def _allergens(details: wire.FoodDetails | None) -> tuple[Allergen, ...]:
    ingredients = (details.ingredients if details else None) or ()
    return tuple(_ALLERGENS[each.standard_name] for each in ingredients if each.standard_name in _ALLERGENS)


def _tax(tax: wire.TaxData) -> TaxRate:
    return TaxRate(Decimal(tax.percentage or 0), tax.inclusion_type == "INCLUSIVE", name=tax.name)


def _variant(variation_id: str, variation: wire.VariationData, archived: bool, location: str) -> Variant:
    overrides = variation.location_overrides or ()
    here = next((each for each in overrides if each.location_id == location), wire.VariationAtLocation())
    pricing = here.pricing_type or variation.pricing_type
    price = here.price_money or variation.price_money
    return Variant(
        external_id=variation_id,
        name=variation.name,
        ref=variation.sku or None,
        price=price.amount if price and pricing != "VARIABLE_PRICING" else None,
        availability=Availability(not (archived or here.sold_out), until=here.sold_out_valid_until),
    )


def _group_id(item_id: str, info: wire.ModifierListInfo) -> str:
    """The list's own id, or where the item has its own limits an id of the two together."""
    return f"{info.modifier_list_id}@{item_id}" if _own_limits(info) else info.modifier_list_id


def _own_limits(info: wire.ModifierListInfo) -> bool:
    limits = (info.min_selected_modifiers, info.max_selected_modifiers)
    return any(limit not in (None, _NOT_SET) for limit in limits)


def _groups(here: list[wire.CatalogObject], shelves: _Shelves) -> tuple[ModifierGroup, ...]:
    plain = [_group(id_, data, wire.ModifierListInfo(id_), shelves.location) for id_, data in shelves.lists.items()]
    own = [
        _group(_group_id(each.id, info), shelves.lists[info.modifier_list_id], info, shelves.location)
        for each in here
        if each.item_data
        for info in each.item_data.modifier_list_info or ()
        if info.enabled is not False and _own_limits(info) and info.modifier_list_id in shelves.lists
    ]
    return tuple(plain + own)


def _group(group_id: str, data: wire.ModifierListData, info: wire.ModifierListInfo, location: str) -> ModifierGroup:
    single = 1 if data.selection_type == "SINGLE" else None
    maximum = _limit(info.max_selected_modifiers, data.max_selected_modifiers)
    return ModifierGroup(
        external_id=group_id,
        name=data.name or "",
        options=tuple(
            _option(each.id, each.modifier_data, location)
            for each in data.modifiers or ()
            if each.modifier_data and not each.is_deleted
        ),
        minimum=_limit(info.min_selected_modifiers, data.min_selected_modifiers) or 0,
        maximum=single if maximum is None else (None if maximum == _NO_LIMIT else maximum),
    )


def _limit(of_item: int | None, of_list: int | None) -> int | None:
    return next((limit for limit in (of_item, of_list) if limit not in (None, _NOT_SET)), None)


def _option(modifier_id: str, modifier: wire.ModifierData, location: str) -> Option:
    overrides = modifier.location_overrides or ()
    here = next((each for each in overrides if each.location_id == location), None)
    # An override without a price overrides something else; one of zero makes the modifier free.
    price = (here and here.price_money) or modifier.price_money
    return Option(
        external_id=modifier_id,
        name=modifier.name or "",
        price=(price.amount or 0) if price else 0,
        default=bool(modifier.on_by_default),
        availability=Availability(not (here and here.sold_out)),
    )
