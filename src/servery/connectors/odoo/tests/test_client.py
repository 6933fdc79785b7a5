"""Whatever Odoo answers is understood, or said beside the setting that is at fault."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec import Raw
from msgspec.structs import replace

from servery.connectors.contract import Page, Span, pages
from servery.connectors.odoo.simulator.methods import Rights
from servery.connectors.odoo.tests.conftest import TONIGHT, VERSIONS, Kro, a_check, inn
from servery.connectors.registry import connector
from servery.errors import NeedsPerson, Retry
from servery.model.changes import Change, CheckSeen, GuestSeen, MenuSeen, Removed, TablesSeen
from servery.model.order import Discount, Line, Payment, Refund, add_up
from servery.testing.faults import Front, too_many
from servery.testing.served import served
from servery.testing.stage import Stage

ODOO = connector("odoo")
RESOURCE = {each.name: each for each in ODOO.manifest.resources}
LONG_AGO = TONIGHT - timedelta(days=3000)


def read(kro: Kro, name: str, span: Span | None = None) -> list[Change]:
    account = kro.account()

    async def work(session: Any) -> list[Change]:
        found: list[Page] = [page async for page in pages(ODOO, session, RESOURCE[name], account, span)]
        records = [record for page in found for record in page.records]
        return [change for record in records for change in ODOO.translate(name, Raw(bytes(record)))]

    told: list[Change] = kro.run(work)
    return told


def changed(since: Any) -> Span:
    return Span("modified", since, TONIGHT + timedelta(days=1))


@pytest.mark.parametrize("version", VERSIONS)
def test_an_evening_is_read_in_every_version(stage: Stage, version: str):
    with inn(stage, version=version) as kro:
        account = kro.account()
        assert [(each.external_id, each.name, each.time_zone, each.currency) for each in account.locations] == [
            ("1", "Kroen", "Europe/Copenhagen", "DKK")
        ]
        (tables,) = read(kro, "tables")
        (menu,) = read(kro, "products")
        (guest,) = read(kro, "partners", changed(LONG_AGO))
        (check,) = read(kro, "orders", changed(LONG_AGO))
    assert isinstance(tables, TablesSeen)
    assert [(each.name, each.area) for each in tables.tables] == [("1", "Stuen"), ("2", "Stuen"), ("3", "Haven")]
    assert isinstance(menu, MenuSeen)
    assert [each.name for each in menu.menu.products] == ["Ribeye", "Rødvin"]
    assert [(each.name, each.price) for each in menu.menu.products[1].variants] == [("Glas", 7500), ("Flaske", 32500)]
    assert [(each.name, each.price) for each in menu.menu.modifier_groups[0].options] == [
        ("Bearnaise", 0), ("Peber", 1500),
    ]  # fmt: skip
    (combo,) = menu.menu.combos
    assert (combo.price, combo.slots[0].choices[0].upcharge) == (30000, 500)
    assert isinstance(guest, GuestSeen)
    assert (guest.guest.name, guest.guest.notes[0].text, guest.guest.country) == ("Åse Ødegård", "Godt bord", "DK")
    assert isinstance(check, CheckSeen)
    seen, sums = check.check, add_up(check.check)
    assert (seen.table, seen.covers, seen.guest_id) == ("2", 3, guest.external_id)
    assert (sums.total, sums.tips, sums.tax_included, sums.difference) == (49000, 1000, 9800, 0)
    assert seen.lines[0].product_id == menu.menu.products[0].variants[0].external_id
    assert (seen.opened_at, seen.closed_at) == (TONIGHT - timedelta(days=7), TONIGHT - timedelta(days=7, hours=-2))


def test_a_change_of_a_line_or_a_payment_alone_is_polled(stage: Stage):
    with inn(stage) as kro:
        read(kro, "orders", changed(LONG_AGO))
        database = kro.play.database
        for model in ("pos.order.line", "pos.payment"):
            later = TONIGHT + timedelta(minutes=1)
            number = next(iter(database.rows(model)))["id"]
            database.update(model, number, {"customer_note": "x", "is_change": False, "payment_date": later}, later)
            assert len(read(kro, "orders", changed(TONIGHT))) == 1, model
            database.update(model, number, {"customer_note": "y", "payment_date": LONG_AGO}, LONG_AGO)
            assert read(kro, "orders", changed(TONIGHT)) == []


def test_many_orders_of_one_second_are_each_read_once(stage: Stage):
    for number in range(450):
        stage.checks.put(f"C{number}", a_check(TONIGHT), TONIGHT + timedelta(microseconds=number))
    with inn(stage) as kro:
        told = read(kro, "orders", changed(TONIGHT))
    assert len(told) == 450
    assert len({each.external_id for each in told}) == 450


def test_a_refund_is_a_check_of_its_own_tied_to_the_first(stage: Stage):
    paid = a_check(TONIGHT)
    stage.checks.put("CHK2", replace(paid, refunds=(Refund(24500, TONIGHT + timedelta(hours=3)),)), TONIGHT)
    with inn(stage) as kro:
        sale, back = read(kro, "orders", changed(TONIGHT))
    assert isinstance(sale, CheckSeen)
    assert isinstance(back, CheckSeen)
    assert back.check.split_from == sale.external_id
    sums = add_up(back.check)
    assert (sums.total, sums.refunded, sums.spend, sums.difference, back.check.lines) == (0, 24500, -24500, 0, ())


def test_discounts_combos_and_options_keep_their_place(stage: Stage):
    lines = (
        Line(name="Ribeye", amount=24500, product_id="V1", discounts=(Discount("25 %", 6500),),
             modifiers=(Line(name="Peber", amount=1500, product_id="PEPPER"),)),
        Line(name="Aftenmenu", amount=0, product_id="SET",
             components=(Line(name="Ribeye", amount=30000, product_id="V1"),)),
        Line(name="Rødvin", amount=7500, product_id="GLASS", discounts=(Discount("100 %", 7500, "comp"),)),
    )  # fmt: skip
    check = replace(a_check(TONIGHT), lines=lines, taxes=(), discounts=(Discount("Rabat", 2000),), payments=(
        Payment(amount=47500, tender="cash"),))  # fmt: skip
    stage.checks.put("CHK2", check, TONIGHT)
    with inn(stage) as kro:
        (told,) = read(kro, "orders", changed(TONIGHT))
    assert isinstance(told, CheckSeen)
    steak, menu, wine = told.check.lines
    assert (steak.amount, steak.modifiers[0].name, steak.modifiers[0].amount) == (24500, "Peber", 1500)
    assert [each.amount for each in steak.discounts] == [6500]
    assert [(each.name, each.amount) for each in menu.components] == [("Ribeye", 30000)]
    assert [(each.amount, each.kind) for each in wine.discounts] == [(7500, "comp")]
    assert [each.amount for each in told.check.discounts] == [2000]
    assert (add_up(told.check).total, add_up(told.check).difference) == (47500, 0)


def test_an_archived_contact_is_removed(stage: Stage):
    with inn(stage) as kro:
        read(kro, "partners", changed(LONG_AGO))
        stage.guests.delete("ASE", TONIGHT)
        (told,) = read(kro, "partners", changed(TONIGHT))
    assert isinstance(told, Removed)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("setting", "value"),
    [("api_key", "wrong-key"), ("database", "another"), ("points_of_sale", "9"), ("base_url", "ftp://odoo")],
)
def test_what_is_wrong_is_told_beside_its_setting(stage: Stage, version: str, setting: str, value: str):
    with inn(stage, version=version) as kro, pytest.raises(NeedsPerson) as told:
        kro.account(**{setting: value})
    assert told.value.field == setting


def test_a_wrong_login_is_told(stage: Stage):
    with inn(stage, version="17.0") as kro, pytest.raises(NeedsPerson, match="login"):
        kro.account(login="nobody@example.com")


def test_a_version_that_is_too_old_is_told(stage: Stage):
    with inn(stage, version="17.0") as kro:
        kro.play._door._version = "16.0"
        with pytest.raises(NeedsPerson, match=r"Odoo 16\.0"):
            kro.account()


@pytest.mark.parametrize("version", ["17.0", "19.0"])
def test_a_hidden_field_is_named_with_its_model(stage: Stage, version: str):
    hidden = [("pos.order", "amount_total"), ("pos.order.line", "price_subtotal"), ("account.tax", "amount")]
    for model, field in hidden:
        with inn(stage, version=version, rights=Rights([(model, field)])) as kro, pytest.raises(NeedsPerson) as told:
            read(kro, "orders", changed(LONG_AGO))
        assert told.value.params == {"model": model, "field_name": field}
        assert told.value.code == "odoo-hidden-field"


def test_a_field_of_which_only_the_asking_fails_is_named(stage: Stage):
    with inn(stage, rights=Rights([("res.partner.category", "name")])) as kro:
        stage.guests.put("VIP", replace(stage.guests.get("ASE").record, vip=True), TONIGHT)  # type: ignore[union-attr]
        with pytest.raises(NeedsPerson) as told:
            read(kro, "partners", changed(LONG_AGO))
    assert told.value.params == {"model": "res.partner.category", "field_name": "name"}


def test_an_optional_field_that_is_hidden_is_done_without(stage: Stage):
    with inn(stage, rights=Rights([("res.partner", "comment"), ("pos.order", "user_id")])) as kro:
        (guest,) = read(kro, "partners", changed(LONG_AGO))
        assert len(read(kro, "orders", changed(LONG_AGO))) == 1
    assert isinstance(guest, GuestSeen)
    assert guest.guest.notes == ()


@pytest.mark.parametrize("version", ["17.0", "19.0"])
def test_a_hidden_model_is_named(stage: Stage, version: str):
    with inn(stage, version=version, rights=Rights(models=["pos.payment"])) as kro, pytest.raises(NeedsPerson) as told:
        read(kro, "orders", changed(LONG_AGO))
    assert told.value.params == {"model": "pos.payment"}


def test_a_record_rule_that_hides_lines_is_told(stage: Stage):
    for number in range(9):
        stage.checks.put(f"C{number}", a_check(TONIGHT), TONIGHT)
    rule = {"pos.order.line": lambda row: False}
    with inn(stage, rights=Rights(rules=rule)) as kro, pytest.raises(NeedsPerson) as told:
        read(kro, "orders", changed(LONG_AGO))
    assert told.value.params == {"model": "pos.order", "field_name": "lines"}


def test_an_odoo_without_the_app_restaurant_has_no_tables(stage: Stage):
    with inn(stage) as kro:
        for model in ("restaurant.table", "restaurant.floor"):
            del kro.play.database.models[model]
        del kro.play.database.models["pos.order"]["table_id"], kro.play.database.models["pos.config"]["floor_ids"]
        (tables,) = read(kro, "tables")
        (check,) = read(kro, "orders", changed(LONG_AGO))
    assert isinstance(tables, TablesSeen)
    assert tables.tables == ()
    assert isinstance(check, CheckSeen)
    assert check.check.table is None


@pytest.mark.parametrize("version", ["17.0", "19.0"])
def test_a_pause_that_is_asked_for_is_kept(stage: Stage, version: str):
    with inn(stage, version=version) as kro:
        front = Front(kro.play)
        with served(front) as url:
            front.spoil_all(too_many("7"))
            with pytest.raises(Retry) as told:
                kro.account(base_url=url)
    assert told.value.retry_after == 7


def test_computed_fields_cannot_be_searched(stage: Stage):
    async def ask(session: Any) -> Any:
        domain = [["refunded_order_id", "!=", False]]
        asked = {"domain": domain, "fields": ["name"]}
        headers = {"Authorization": "Bearer sandbox-key", "Content-Type": "application/json"}
        url = f"{session.settings['base_url']}/json/2/pos.order/search_read"
        return await session.http.post(url, content=msgspec.json.encode(asked), headers=headers)

    with inn(stage) as kro:
        answer = kro.run(ask)
    assert answer.status_code == 500
    assert "not stored" in answer.json()["message"]
