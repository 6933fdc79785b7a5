"""Guests and parties in Odoo: once, in its own terms, and never over what staff wrote."""

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import Raw
from msgspec.structs import replace

from servery.connectors.contract import Sent, Session, Target
from servery.connectors.odoo import comment
from servery.connectors.odoo.client import fetch
from servery.connectors.odoo.send import clear, look_up, receipt_number, send
from servery.connectors.odoo.tests.conftest import TONIGHT, VERSIONS, Kro, inn
from servery.connectors.odoo.translate import translate
from servery.connectors.registry import connector
from servery.errors import NeedsPerson, Retry
from servery.model.changes import Removed
from servery.model.commands import Command, Figures, GuestCard, PartyCard, Usual
from servery.model.guest import Note
from servery.testing.stage import Stage

ODOO = connector("odoo")
RESOURCE = {each.name: each for each in ODOO.manifest.resources}
GUEST = GuestCard(
    guest_id=7,
    name="Mette Jensen",
    phone="+4520304051",
    vip=True,
    tags=("Stamgæst",),
    allergies=("nuts",),
    figures=Figures(visits=4, last_visit=date(2026, 2, 14)),
    usual=Usual(dish="Ribeye", drink="Rødvin"),
    notes=(Note("Sits by the window & <likes> it"),),
)
PARTY = PartyCard(
    reservation_id=3,
    location="1",
    status="booked",
    starts_at=TONIGHT,
    party_size=4,
    tables=("2",),
    requests="A quiet\ntable",
    guest=GUEST,
)
TARGET = Target(our_id="7d0c1c5e-3f1a-4f0c-9d0e-0a1b2c3d4e5f", version=1)


def sent(kro: Kro, command: Command, target: Target = TARGET, **changed: str) -> Sent:
    account = kro.account()
    told: Sent = kro.run(lambda session: send(session, account, command, target), **changed)
    return told


def found(kro: Kro, command: Command, target: Target = TARGET) -> Sent | None:
    account = kro.account()
    told: Sent | None = kro.run(lambda session: look_up(session, account, command, target))
    return told


def after(first: Sent, version: int = 2) -> Target:
    return replace(TARGET, version=version, external_id=first.external_id, before=first.written)


def ours(kro: Kro) -> dict[str, Any]:
    """The order that is not the check on the stage."""
    [order] = [row for row in kro.rows("pos.order") if row["id"] != 1]
    return order


def seat_somebody(kro: Kro, table: int, **values: Any) -> int:
    """Staff open a table and order."""
    database = kro.play.database
    common = {"config_id": 1, "session_id": kro.play.world.session, "state": "draft", "date_order": TONIGHT}
    order = database.insert("pos.order", {**common, "table_id": table, "uuid": f"till-{table}", **values})
    database.insert("pos.order.line", {"order_id": order, "product_id": 3, "qty": 1.0, "uuid": f"line-{order}"})
    return order


@pytest.mark.parametrize("version", VERSIONS)
def test_a_party_becomes_one_open_order_on_its_table(stage: Stage, version: str):
    with inn(stage, version=version) as kro:
        first = sent(kro, PARTY)
        assert sent(kro, PARTY).external_id == first.external_id == str(ours(kro)["id"])
        order = ours(kro)
        assert (order["state"], order["customer_count"], order["table_id"]) == ("draft", 4, 2)
        assert order["date_order"] == TONIGHT
        key = order["pos_reference"] if version == "17.0" else order["uuid"]
        assert key == (receipt_number(TARGET.our_id) if version == "17.0" else TARGET.our_id)
        assert kro.play.methods.told == ([] if version == "17.0" else [1])


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_host_would_tell_stands_on_the_order_allergies_first(stage: Stage, version: str):
    with inn(stage, version=version) as kro:
        sent(kro, PARTY, language="da")
        order = ours(kro)
    note = order[{"17.0": "note", "18.0": "general_note", "19.0": "internal_note"}[version]]
    lines = [each["text"] for each in json.loads(note)] if version == "19.0" else note.split("\n")
    assert lines == [
        "ALLERGIER: nuts",
        "19:30 · Mette Jensen · 4 gæster",
        "VIP",
        "Besøg 5, sidst 2026-02-14",
        "Plejer: Ribeye, Rødvin",
        "A quiet table",
    ]
    assert "general_customer_note" not in order or not order["general_customer_note"], "it is printed on the receipt"


def test_an_order_nobody_ordered_on_is_no_check_yet(stage: Stage):
    with inn(stage) as kro:
        first = sent(kro, PARTY)
        account = kro.account()
        page = kro.run(lambda session: fetch(session, RESOURCE["orders"], account, [str(first.external_id)]))
    (told,) = [change for record in page.records for change in translate("orders", Raw(bytes(record)))]
    assert isinstance(told, Removed)


def test_before_its_time_and_while_the_till_is_closed_it_waits(stage: Stage):
    with inn(stage) as kro:
        with pytest.raises(Retry) as told:
            sent(kro, replace(PARTY, starts_at=TONIGHT + timedelta(hours=4)))
        assert told.value.retry_after == 3 * 3600
        kro.play.close_till()
        with pytest.raises(Retry, match="closed"):
            sent(kro, PARTY)
        assert sent(kro, replace(PARTY, starts_at=TONIGHT - timedelta(days=3))).external_id is None
        assert len(kro.rows("pos.order")) == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_a_taken_table_is_left_to_those_who_sit_there(stage: Stage, version: str):
    with inn(stage, version=version) as kro:
        theirs = seat_somebody(kro, 2, customer_count=2)
        before = dict(kro.play.database.row("pos.order", theirs) or {})
        first = sent(kro, PARTY)
        assert first.skipped == ("table",)
        assert kro.play.database.row("pos.order", theirs) == before
        if version == "17.0":
            assert first.external_id is None
            return
        listed = kro.play.database.row("pos.order", int(first.external_id or 0)) or {}
        assert (listed["table_id"], listed["floating_order_name"]) == (False, "Mette Jensen")
        kro.play.database.update("pos.order", theirs, {"state": "paid"})
        seated = sent(kro, replace(PARTY, status="seated"), after(first))
        now_there = kro.play.database.row("pos.order", int(seated.external_id or 0)) or {}
        assert (now_there["table_id"], now_there["floating_order_name"], seated.skipped) == (2, False, ())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_booking_that_changes_changes_its_order(stage: Stage, version: str):
    with inn(stage, version=version) as kro:
        first = sent(kro, PARTY)
        second = sent(kro, replace(PARTY, party_size=6, tables=("3",)), after(first))
        order = ours(kro)
        assert (second.external_id, second.skipped) == (first.external_id, ())
        assert (order["customer_count"], order["table_id"]) == (6, 3)


def test_once_staff_have_ordered_only_what_they_left_is_changed(stage: Stage):
    with inn(stage) as kro:
        first = sent(kro, PARTY)
        order = int(first.external_id or 0)
        database = kro.play.database
        database.insert("pos.order.line", {"order_id": order, "product_id": 3, "qty": 1.0})
        database.update("pos.order", order, {"customer_count": 5, "table_id": 1, "internal_note": json.dumps(
            [*json.loads(ours(kro)["internal_note"]), {"text": "water on the house", "colorIndex": 2}])})  # fmt: skip
        changed = replace(PARTY, party_size=6, tables=("3",), requests="Cake at nine", guest_external_id="3")
        second = sent(kro, changed, after(first))
        there = ours(kro)
        assert second.skipped == ("party_size", "table")
        assert (there["customer_count"], there["table_id"], there["partner_id"]) == (5, 1, 3)
        notes = [each["text"] for each in json.loads(there["internal_note"])]
        assert "Cake at nine" in notes
        assert "A quiet table" not in notes
        assert notes[-1] == "water on the house"


def test_a_paid_order_is_never_touched_and_that_is_said(stage: Stage):
    with inn(stage) as kro:
        first = sent(kro, PARTY)
        kro.play.database.update("pos.order", int(first.external_id or 0), {"state": "paid"})
        before = dict(ours(kro))
        target = replace(after(first), fields=frozenset({"party_size", "table"}))
        assert sent(kro, replace(PARTY, party_size=9), target).skipped == ("party_size", "table")
        assert ours(kro) == before


@pytest.mark.parametrize("version", VERSIONS)
def test_a_cancelled_booking_takes_its_empty_order_away_and_may_come_back(stage: Stage, version: str):
    with inn(stage, version=version) as kro:
        first = sent(kro, PARTY)
        gone = sent(kro, replace(PARTY, status="cancelled"), after(first))
        assert ours(kro)["state"] == "cancel"
        back = sent(kro, PARTY, after(gone, 3))
        assert (ours(kro)["state"], back.external_id) == ("draft", first.external_id)


def test_a_party_that_is_gone_leaves_no_empty_order_behind(stage: Stage):
    with inn(stage) as kro:
        first = sent(kro, PARTY)
        sent(kro, replace(PARTY, status="finished"), after(first))
        assert ours(kro)["state"] == "cancel", "an open order keeps the till from closing"


def test_a_cancelled_booking_leaves_an_order_that_staff_use(stage: Stage):
    with inn(stage) as kro:
        first = sent(kro, PARTY)
        kro.play.database.insert("pos.order.line", {"order_id": int(first.external_id or 0), "product_id": 3})
        sent(kro, replace(PARTY, status="no_show"), after(first))
        assert ours(kro)["state"] == "draft"


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_test_made_is_taken_away_and_nothing_else(stage: Stage, version: str):
    def there() -> list[list[int]]:
        return [[row["id"] for row in kro.rows(model)] for model in ("pos.order", "res.partner")]

    def cleared(command: Command, target: Target) -> None:
        async def work(session: Session) -> None:
            await clear(session, account, command, target)

        kro.run(work)

    with inn(stage, version=version) as kro:
        account, before = kro.account(), there()
        for command in (PARTY, GUEST):
            made = sent(kro, command)
            assert there() != before
            cleared(command, after(made))
            assert there() == before
        cleared(PARTY, replace(TARGET, external_id="1"))
        cleared(GUEST, replace(TARGET, external_id="3"))
        assert there() == before


def test_what_an_attempt_left_behind_is_looked_up(stage: Stage):
    with inn(stage) as kro:
        assert found(kro, PARTY) is None
        assert found(kro, GUEST) is None
        first, guest = sent(kro, PARTY), sent(kro, GUEST)
        assert found(kro, PARTY) == first
        assert found(kro, GUEST) == guest
        assert found(kro, replace(PARTY, party_size=9)) is None, "another state is not there yet"
        assert found(kro, replace(GUEST, allergies=("milk",))) is None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_guest_becomes_one_contact_with_tags_and_a_part_of_the_notes(stage: Stage, version: str):
    with inn(stage, version=version) as kro:
        first = sent(kro, GUEST)
        assert sent(kro, GUEST).external_id == first.external_id
        partner = kro.play.database.row("res.partner", int(first.external_id or 0)) or {}
        tags = {row["id"]: row["name"] for row in kro.rows("res.partner.category")}
        assert {tags[each] for each in partner["category_id"]} == {"VIP", "Stamgæst"}
        assert partner["ref"] == f"servery:{TARGET.our_id}"
        assert comment.ours(partner["comment"])[:2] == ("ALLERGIER: nuts", "VIP"), "the venue is in Denmark"
        assert comment.ours(partner["comment"])[-1] == "Sits by the window & <likes> it"
        assert first.written == {"name": "Mette Jensen", "phone": "+4520304051", "tags": ["Stamgæst"], "vip": True}


def test_what_staff_wrote_of_a_guest_stays(stage: Stage):
    with inn(stage) as kro:
        kro.account()
        [ase] = [row for row in kro.rows("res.partner") if row["name"] == "Åse Ødegård"]
        known = replace(TARGET, external_id=str(ase["id"]))
        card = replace(GUEST, name="Åse Ødegård", phone="+4520304050")
        first = sent(kro, card, known)
        assert ase["phone"] == "20 30 40 50", "the same number, as staff write it"
        assert comment.theirs(ase["comment"]) == "Godt bord"
        assert not ase["ref"]
        assert "phone" not in first.written
        tags = {row["name"]: row["id"] for row in kro.rows("res.partner.category")}
        kro.play.database.update("res.partner", ase["id"], {"category_id": (*ase["category_id"], 99)})
        plain = replace(card, vip=False, tags=(), allergies=(), figures=None, usual=None, notes=())
        sent(kro, plain, replace(known, version=2, before=first.written))
        assert ase["comment"] == "<p>Godt bord</p>"
        assert ase["category_id"] == (99,)
        assert set(tags) == {"VIP", "Stamgæst"}


def test_a_contact_that_was_archived_or_deleted_is_left_alone(stage: Stage):
    with inn(stage) as kro:
        first = sent(kro, GUEST)
        number = int(first.external_id or 0)
        kro.play.database.update("res.partner", number, {"active": False})
        target = replace(after(first), fields=frozenset({"name"}))
        assert sent(kro, replace(GUEST, name="Another"), target).skipped == ("name",)
        kro.play.database.delete("res.partner", number)
        assert sent(kro, GUEST, target).external_id is None
        assert not [row for row in kro.rows("res.partner") if row["name"] in ("Another", "Mette Jensen")]


def test_a_language_or_a_lead_that_is_none_is_told_beside_its_setting(stage: Stage):
    with inn(stage) as kro:
        for setting, wrong in (("language", "klingon"), ("order_ahead", "soon")):
            with pytest.raises(NeedsPerson) as told:
                sent(kro, PARTY, TARGET, **{setting: wrong})
            assert told.value.field == setting


def test_receipt_numbers_of_version_17_are_such_as_its_tills_read():
    made = {receipt_number(str(UUID(int=n * 7_919_000_123))) for n in range(500)}
    assert len(made) == 500
    assert all(len(each.removeprefix("Order ")) == 14 for each in made)
