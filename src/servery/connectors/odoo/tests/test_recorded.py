"""What a running Odoo 19 answered is understood to the last cent."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from servery.connectors.odoo.translate import translate
from servery.model.changes import CheckSeen, GuestSeen, MenuSeen, TablesSeen
from servery.model.order import add_up

RECORDED = Path(__file__).parents[6] / "shared/data/recorded"
PLACE = {"id": "4", "currency": "USD", "tip_product": None}
Row = dict[str, Any]


def recorded(model: str) -> list[Row]:
    path = RECORDED / f"odoo19_{model.replace('.', '_')}.json"
    if not path.exists():
        pytest.skip(f"the recorded answers are not at {RECORDED}")
    rows: list[Row] = json.loads(path.read_text())
    return rows


def bundle_of(order: Row) -> Row:
    lines = [each for each in recorded("pos.order.line") if each["id"] in order["lines"]]
    return {
        "order": order,
        "place": PLACE,
        "lines": lines,
        "payments": [each for each in recorded("pos.payment") if each["id"] in order["payment_ids"]],
        "taxes": recorded("account.tax"),
    }


def told(resource: str, bundle: Row) -> Any:
    return translate(resource, Raw(msgspec.json.encode(bundle)))


def test_every_recorded_order_adds_up():
    orders = recorded("pos.order")
    assert len(orders) == 13
    for order in orders:
        (seen,) = told("orders", bundle_of(order))
        assert isinstance(seen, CheckSeen)
        sums = add_up(seen.check)
        assert sums.difference == 0
        assert not seen.check.service_charges, "nothing is explained away as rounding"
        assert sums.total == round(order["amount_total"] * 100)
        assert sums.paid == round(order["amount_paid"] * 100)
        assert sums.tax_added + sums.tax_included == round(order["amount_tax"] * 100)


def test_an_order_says_who_sat_where():
    (seen,) = told("orders", bundle_of(recorded("pos.order")[0]))
    check = seen.check
    assert (check.guest_id, check.covers, check.number) == ("46", 2, "260-4-000009")
    assert [line.name for line in check.lines] == ["Whiteboard Pen", "Corner Desk Right Sit"]
    assert [(tax.name, tax.amount) for tax in check.taxes] == [("15%", 36), ("5.75%", 14)]
    assert check.lines[0].note == "no onions"


def test_open_and_settled_orders_are_told_apart():
    status = {each["id"]: told("orders", bundle_of(each))[0].check.status for each in recorded("pos.order")}
    assert [number for number, state in status.items() if state == "open"] == [12, 11, 10, 9]


def test_the_recorded_menu_has_its_variants_options_and_combos():
    templates = recorded("product.template")
    bundle = {
        "modified": max(each["write_date"] for each in templates),
        "outlets": [{"id": "4", "currency": "USD"}],
        "categories": recorded("pos.category"),
        "templates": templates,
        "variants": recorded("product.product"),
        "attribute_lines": recorded("product.template.attribute.line"),
        "attributes": recorded("product.attribute"),
        "values": recorded("product.template.attribute.value"),
        "combos": recorded("product.combo"),
        "combo_items": recorded("product.combo.item"),
        "taxes": recorded("account.tax"),
    }
    (seen,) = told("products", bundle)
    assert isinstance(seen, MenuSeen)
    menu = seen.menu
    assert len(menu.products) + len(menu.combos) == len(templates)
    burger = next(each for each in menu.combos if each.name == "Burger Menu Combo")
    assert [(slot.label, len(slot.choices)) for slot in burger.slots] == [("Burgers", 2), ("Drinks", 4)]
    chair = next(each for each in menu.products if each.name == "Conference Chair")
    assert [variant.name for variant in chair.variants] == ["Steel", "Aluminium"]
    groups = {each.external_id: each for each in menu.modifier_groups}
    assert all(groups[each].options for product in menu.products for each in product.modifier_groups)
    aperol = next(each for each in menu.products if each.name == "Aperol Spritz")
    assert [str(tax.rate) for tax in aperol.taxes] == ["15.0", "5.75"]


def test_recorded_tables_are_told_apart_by_their_floor_only_where_they_must():
    rows = recorded("restaurant.table")
    (one,) = told("tables", {"location": "4", "tables": [each for each in rows if each["floor_id"][0] in (2, 3)]})
    assert isinstance(one, TablesSeen)
    assert {each.name for each in one.tables} == {str(number) for number in [*range(1, 13), *range(101, 113)]}
    (all_,) = told("tables", {"location": "4", "tables": rows})
    assert "Main Floor 1" in {each.name for each in all_.tables}


def test_recorded_partners_are_persons_and_companies():
    guests = {}
    for row in recorded("res.partner"):
        (seen,) = told("partners", {"partner": row, "country": "US", "tags": ["VIP"]})
        assert isinstance(seen, GuestSeen)
        guests[seen.external_id] = seen.guest
    assert guests["36"].name == "Addison Olson"
    assert guests["36"].company == guests["9"].company == guests["9"].name == "Acme Corporation"
    assert guests["45"].email is None
    assert guests["45"].vip
