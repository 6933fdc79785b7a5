"""Square's catalogue in JSON, version 2025-08-20: only what is read."""

from msgspec import Struct

from servery.connectors.square.wire import Instant, Money


class CatalogRef(Struct, frozen=True):
    """A category named by its id."""

    id: str | None = None


class VariationAtLocation(Struct, frozen=True):
    """What differs for one variation at one location."""

    location_id: str | None = None
    price_money: Money | None = None
    pricing_type: str | None = None
    sold_out: bool | None = None
    sold_out_valid_until: Instant | None = None


class VariationData(Struct, frozen=True):
    """One sellable variation of an item; `pricing_type` VARIABLE_PRICING means that staff key the price."""

    name: str | None = None
    sku: str | None = None
    pricing_type: str | None = None
    price_money: Money | None = None
    location_overrides: tuple[VariationAtLocation, ...] | None = None


class ModifierAtLocation(Struct, frozen=True):
    """What differs for one modifier at one location."""

    location_id: str | None = None
    price_money: Money | None = None
    sold_out: bool | None = None


class ModifierData(Struct, frozen=True):
    """One choice of a modifier list."""

    name: str | None = None
    price_money: Money | None = None
    on_by_default: bool | None = None
    location_overrides: tuple[ModifierAtLocation, ...] | None = None


class ModifierListData(Struct, frozen=True):
    """A list of modifiers; of the numbers 0 means no limit, and -1 or none that only `selection_type` counts."""

    name: str | None = None
    selection_type: str | None = None
    modifier_type: str | None = None
    modifiers: tuple["CatalogObject", ...] | None = None
    min_selected_modifiers: int | None = None
    max_selected_modifiers: int | None = None


class ModifierListInfo(Struct, frozen=True):
    """A modifier list as one item uses it."""

    modifier_list_id: str
    enabled: bool | None = None
    min_selected_modifiers: int | None = None
    max_selected_modifiers: int | None = None


class Ingredient(Struct, frozen=True):
    """What an item holds; the standard names are the fourteen allergens that European law wants named."""

    standard_name: str | None = None


class FoodDetails(Struct, frozen=True):
    """What Square knows of food and drink."""

    ingredients: tuple[Ingredient, ...] | None = None


class ItemData(Struct, frozen=True):
    """One item of the catalogue."""

    name: str | None = None
    description: str | None = None
    description_plaintext: str | None = None
    category_id: str | None = None
    categories: tuple[CatalogRef, ...] | None = None
    reporting_category: CatalogRef | None = None
    tax_ids: tuple[str, ...] | None = None
    modifier_list_info: tuple[ModifierListInfo, ...] | None = None
    variations: tuple["CatalogObject", ...] | None = None
    image_ids: tuple[str, ...] | None = None
    is_archived: bool | None = None
    is_alcoholic: bool | None = None
    food_and_beverage_details: FoodDetails | None = None


class CategoryData(Struct, frozen=True):
    """A category; `parent_category` makes a tree."""

    name: str | None = None
    parent_category: CatalogRef | None = None


class TaxData(Struct, frozen=True):
    """A tax: `inclusion_type` is ADDITIVE or INCLUSIVE."""

    name: str | None = None
    inclusion_type: str | None = None
    percentage: str | None = None
    enabled: bool | None = None


class ImageData(Struct, frozen=True):
    """A picture."""

    url: str | None = None


class CatalogObject(Struct, frozen=True):
    """One object of the catalogue; the data stands in the field of its type."""

    type: str
    id: str
    updated_at: Instant | None = None
    is_deleted: bool | None = None
    present_at_all_locations: bool | None = None
    present_at_location_ids: tuple[str, ...] | None = None
    absent_at_location_ids: tuple[str, ...] | None = None
    item_data: ItemData | None = None
    item_variation_data: VariationData | None = None
    category_data: CategoryData | None = None
    tax_data: TaxData | None = None
    modifier_list_data: ModifierListData | None = None
    modifier_data: ModifierData | None = None
    image_data: ImageData | None = None


class SoldAt(Struct, frozen=True):
    """A location for which the catalogue was read."""

    id: str
    currency: str | None = None


class Catalog(Struct, frozen=True):
    """The one record `client.read` makes of all pages of the catalogue and the locations it is read for."""

    latest_time: Instant
    locations: tuple[SoldAt, ...]
    objects: tuple[CatalogObject, ...]
