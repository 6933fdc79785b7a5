"""What Square's customers and catalogue mean, one quirk at a time."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from servery.connectors.square.translate import translate
from servery.errors import Quarantine
from servery.model.changes import GuestSeen, MenuSeen
from servery.model.guest import Birthday
from servery.model.menu import Menu

from .test_translate import UPDATED, money, seen


def guest(**parts: Any) -> GuestSeen:
    change = seen("customers", {"id": "C1", "updated_at": UPDATED} | parts)
    assert isinstance(change, GuestSeen)
    return change


def test_a_customer_is_a_guest_with_the_name_whole():
    found = guest(
        given_name="Anne Marie",
        family_name="von Ahn",
        phone_number="20 12 34 56",
        email_address="am@example.com",
        address={"locality": "Aarhus", "postal_code": "8000", "country": "DK"},
        birthday="1998-09-21",
        note="Vindue",
        preferences={"email_unsubscribed": True},
    ).guest
    assert (found.name, found.given_name, found.family_name) == ("Anne Marie von Ahn", "Anne Marie", "von Ahn")
    assert (found.phone, found.city, found.postcode, found.country) == ("20 12 34 56", "Aarhus", "8000", "DK")
    assert (found.birthday, found.notes[0].text, found.marketing) == (Birthday(9, 21, 1998), "Vindue", "denied")


def test_a_birthday_may_lack_its_year_and_consent_is_never_assumed():
    found = guest(nickname="Musse", birthday="0000-02-29", preferences={"email_unsubscribed": False}).guest
    assert (found.name, found.birthday, found.marketing) == ("Musse", Birthday(2, 29), "unknown")


def test_a_profile_made_by_square_itself_says_so():
    assert guest(creation_source="INSTANT_PROFILE").guest.tags == ("instant profile",)


def test_a_birthday_that_is_none_is_kept_aside_without_being_told():
    with pytest.raises(Quarantine) as told:
        guest(birthday="sometime")
    assert "sometime" not in str(told.value)


def menus(*objects: Any) -> list[Menu]:
    locations = [{"id": "L1", "currency": "DKK"}, {"id": "L2", "currency": "EUR"}]
    record = {"latest_time": UPDATED, "locations": locations, "objects": objects}
    changes = translate("catalog", Raw(msgspec.json.encode(record)))
    assert all(isinstance(each, MenuSeen) and each.revision == 1772829000123000 for each in changes)
    return [each.menu for each in changes if isinstance(each, MenuSeen)]


def variation(**parts: Any) -> dict[str, Any]:
    data = {"name": "Regular", "pricing_type": "FIXED_PRICING", "price_money": money(1000)} | parts
    return {"type": "ITEM_VARIATION", "id": "V1", "item_variation_data": data}


def product(**parts: Any) -> dict[str, Any]:
    return {"type": "ITEM", "id": "I1", "item_data": {"name": "Te", "variations": [variation()]} | parts}


def test_the_catalogue_is_one_whole_menu_for_each_location_at_its_prices():
    override = {
        "location_id": "L2",
        "price_money": money(150, "EUR"),
        "sold_out": True,
        "sold_out_valid_until": UPDATED,
    }
    first, second = menus(product(variations=[variation(location_overrides=[override])]))
    assert (first.currency, first.products[0].variants[0].price) == ("DKK", 1000)
    assert (second.currency, second.products[0].variants[0].price) == ("EUR", 150)
    assert first.products[0].variants[0].availability.available
    assert not second.products[0].variants[0].availability.available


def test_what_a_location_does_not_sell_is_not_on_its_menu():
    here = product() | {"present_at_all_locations": False, "present_at_location_ids": ["L2"]}
    gone = product() | {"id": "I2", "is_deleted": True}
    assert [[each.external_id for each in menu.products] for menu in menus(here, gone)] == [[], ["I1"]]


def test_an_open_price_is_none_and_an_archived_item_cannot_be_sold():
    [menu, _] = menus(product(is_archived=True, variations=[variation(pricing_type="VARIABLE_PRICING")]))
    [variant] = menu.products[0].variants
    assert (variant.price, variant.availability.available) == (None, False)


def test_modifier_lists_keep_the_limits_of_the_item_that_uses_them():
    modifiers = [{"type": "MODIFIER", "id": "M1", "modifier_data": {"name": "Ost", "price_money": money(500)}}]
    data = {"name": "Ekstra", "selection_type": "SINGLE", "min_selected_modifiers": -1, "modifiers": modifiers}
    shared = {"type": "MODIFIER_LIST", "id": "ML", "modifier_list_data": data}
    info = {"modifier_list_id": "ML", "min_selected_modifiers": 1, "max_selected_modifiers": 3}
    [menu, _] = menus(shared, product(modifier_list_info=[info]), product() | {"id": "I2"})
    plain, own = menu.modifier_groups
    assert (plain.external_id, plain.minimum, plain.maximum) == ("ML", 0, 1)
    assert (own.external_id, own.minimum, own.maximum) == ("ML@I1", 1, 3)
    assert menu.products[0].modifier_groups == ("ML@I1",)
    assert own.options[0].price == 500


def test_allergens_taxes_and_what_is_drunk():
    details = {"ingredients": [{"standard_name": "SOY"}, {"standard_name": "TREE_NUTS"}, {"custom_name": "x"}]}
    tax = {"type": "TAX", "id": "T", "tax_data": {"name": "Moms", "percentage": "25", "inclusion_type": "INCLUSIVE"}}
    [menu, _] = menus(tax, product(food_and_beverage_details=details, tax_ids=["T"], is_alcoholic=True))
    assert menu.products[0].allergens == ("soybeans", "nuts")
    assert (menu.products[0].taxes[0].rate, menu.products[0].taxes[0].included) == (Decimal(25), True)
    assert menu.products[0].kind == "drink"
