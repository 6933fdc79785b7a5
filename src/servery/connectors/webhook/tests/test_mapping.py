import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from servery.connectors.webhook.mapping import read
from servery.connectors.webhook.paths import found
from servery.connectors.webhook.webhooks import hear_by, preview
from servery.errors import Invalid, Quarantine
from servery.model.changes import CheckSeen, GuestSeen, PaymentSeen, Removed, ReservationSeen
from servery.model.guest import Birthday, Note, SourceGuest

HERE = {"time_zone": "Europe/Copenhagen", "currency": "DKK"}
GUEST = '[[record]]\nkind = "guest"\n[record.fields]\nexternal_id = "id"\nrevision = "rev"\n'


def said(mapping: str, body: object) -> Any:
    tried = preview(HERE, mapping, json.dumps(body).encode())
    assert tried.wrong == ()
    return tried.changes


def one(mapping: str, **body: object) -> Any:
    (change,) = said(mapping, {"id": "g1", "rev": 3} | body)
    return change


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("", [{"a": {"b": [1, {"c": 2}, {"c": None}]}, "d": 0}]),
        ("a.b[]", [1, {"c": 2}, {"c": None}]),
        ("a.b[].c", [2]),
        ("a.b[1].c", [2]),
        ("a.b[9].c", []),
        ("a.x.y", []),
        ("d", [0]),
        ("d.e", []),
        ("d[]", []),
    ],
)
def test_a_path_finds_what_stands_there(path: str, values: list[object]):
    assert found({"a": {"b": [1, {"c": 2}, {"c": None}]}, "d": 0}, path) == values


@pytest.mark.parametrize("path", ["a..b", "a[", "a]b", "a[x]", ".a", "a."])
def test_what_is_no_path_is_refused(path: str):
    with pytest.raises(Invalid, match="is no path"):
        found({}, path)


def test_a_guest_in_the_other_systems_words():
    mapping = (
        GUEST + 'name = "n"\ntags = "t[]"\nnotes = "r[]"\nbirthday = "b"\nvip = "v"\nphone = "p"\n'
        'marketing = { path = "ok", values = { True = "granted", False = "denied" } }\n'
        'city = { path = "where[]", joined = ", " }\n'
    )
    guest = one(
        mapping, n="Åse", t=["a", "b"], r=["Prefers the corner"], b="1980-02-29", v=True, p=4520304050, ok=False,
        where=["Vejle", "DK"],
    )  # fmt: skip
    assert guest == GuestSeen(
        "g1",
        3,
        SourceGuest(
            name="Åse", tags=("a", "b"), notes=(Note("Prefers the corner"),), birthday=Birthday(2, 29, 1980), vip=True,
            phone="4520304050", marketing="denied", city="Vejle, DK",
        ),
    )  # fmt: skip


def test_a_booking_brings_its_guest():
    mapping = (
        '[[record]]\nkind = "reservation"\neach = "bookings[]"\n[record.fields]\nexternal_id = "id"\nrevision = "rev"\n'
        'starts_at = { path = "at", time = "%d.%m.%Y %H:%M" }\nparty_size = "n"\nstatus = { value = "booked" }\n'
        'guest_id = "who.id"\n[record.fields.guest]\neach = "who"\n[record.fields.guest.fields]\nname = "name"\n'
    )
    who = {"id": "g1", "name": "Bo"}
    guest, booking = said(mapping, {"bookings": [{"id": 7, "rev": 1, "at": "14.03.2026 19:30", "n": "4", "who": who}]})
    assert guest == GuestSeen("g1", 1, SourceGuest(name="Bo"), complete=False)
    assert isinstance(booking, ReservationSeen)
    assert (booking.external_id, booking.location) == ("7", "restaurant")
    assert booking.reservation.starts_at == datetime(2026, 3, 14, 18, 30, tzinfo=UTC)
    assert booking.reservation.party_size == 4


@pytest.mark.parametrize(
    ("how", "written", "minor"),
    [
        ("", "12.5", 1250),
        ("", 12.25, 1225),
        ("", "1e2", 10_000),
        (', unit = "minor"', 1250, 1250),
        (', unit = "minor"', "-1250", -1250),
    ],
)
def test_amounts_in_both_units(how: str, written: object, minor: int):
    mapping = (
        '[[record]]\nkind = "payment"\n[record.fields]\nexternal_id = "id"\nrevision = "rev"\ncheck_id = "check"\n'
        f'amount = {{ path = "sum"{how} }}\n'
    )
    paid = one(mapping, check="c1", sum=written)
    assert isinstance(paid, PaymentSeen)
    assert (paid.check_id, paid.payment.amount, paid.payment.external_id) == ("c1", minor, "g1")


@pytest.mark.parametrize(
    ("how", "written"),
    [
        ("", "2026-03-14T18:30:00Z"),
        ("", "2026-03-14T19:30:00"),
        (', time = "unix"', 1773513000),
        (', time = "unix_ms"', "1773513000000"),
    ],
)
def test_times_in_each_form(how: str, written: object):
    mapping = f"""[[record]]\nkind = "check"\n[record.fields]\nexternal_id = "id"\nrevision = "rev"
opened_at = {{ path = "at"{how} }}\n[record.fields.lines]\neach = "l[]"\n[record.fields.lines.fields]
name = "n"\namount = "a"\nquantity = "q"\n"""
    check = one(mapping, at=written, l=[{"n": "Øl", "a": "45", "q": "0.5"}])
    assert isinstance(check, CheckSeen)
    assert check.check.opened_at == datetime(2026, 3, 14, 18, 30, tzinfo=UTC)
    assert (check.check.currency, check.check.lines[0].amount, check.check.lines[0].quantity) == (
        "DKK", 4500, Decimal("0.5"),
    )  # fmt: skip


def test_a_record_that_is_gone_is_removed_and_others_are_left_alone():
    mapping = GUEST.replace('"guest"\n', '"guest"\nwhen = { type = "person" }\ngone = { state = ["deleted", "x"] }\n')
    assert one(mapping, type="person", state="deleted") == Removed("g1", 3, "guest")
    assert said(mapping, {"id": "g1", "rev": 3, "type": "table"}) == ()


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (GUEST + 'nmae = "n"\n', 6, "There is no field nmae"),
        (GUEST.replace('revision = "rev"\n', ""), 2, "A guest needs revision"),
        (GUEST + 'name = { pth = "n" }\n', 6, "pth"),
        (GUEST + 'name = { each = "n", fields = {} }\n', 6, "name has no members"),
        (GUEST.replace('"guest"', '"waiter"'), 2, "Invalid enum value 'waiter'"),
    ],
)
def test_a_mapping_at_fault_names_the_line(text: str, line: int, why: str):
    with pytest.raises(Invalid, match=why) as told:
        read(text)
    assert (told.value.field, told.value.where) == ("mapping", f"mapping, line {line}")


@pytest.mark.parametrize("text", ["[[record]", "{", '{"record": 5}', "record = []\nother = 1"])
def test_what_is_no_mapping_is_told(text: str):
    with pytest.raises(Invalid) as told:
        read(text)
    assert told.value.field == "mapping"


def test_json_is_a_mapping_too():
    fields = {"external_id": "id", "revision": "rev", "name": {"path": "n"}}
    assert one(json.dumps({"record": [{"kind": "guest", "fields": fields}]}), n="Bo").guest.name == "Bo"


def test_what_cannot_be_read_is_told_by_field_and_line_and_quotes_nobody():
    mapping = GUEST + 'birthday = "b"\ncreated_at = "c"\n'
    tried = preview(HERE, mapping, b'{"id": "g1", "rev": 3, "b": "Bo Hansen", "c": "yesterday"}')
    assert [(each.field, each.line) for each in tried.wrong] == [("birthday", 6), ("created_at", 7)]
    with pytest.raises(Quarantine) as told:
        hear_by({**HERE, "mapping": mapping}, "x", Raw(b'{"id": "g1", "rev": 3, "b": "Bo Hansen"}'))
    assert "birthday cannot be read (line 6 of the mapping)" in str(told.value)
    assert "Hansen" not in str(told.value)


def test_without_a_mapping_it_waits():
    with pytest.raises(Quarantine, match="There is no mapping"):
        hear_by(HERE, "x", Raw(b"{}"))


def test_the_mapping_in_the_readme_is_one():
    text = (Path(__file__).parents[1] / "README.md").read_text()
    (shown,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    customer = {"id": "g1", "name": "Bo", "contact": {"email": "bo@example.dk"}}
    booking = {
        "id": "b1", "changed": "2026-03-01T10:00:00Z", "start": "14.03.2026 19:30", "people": 2, "state": "out",
        "tables": [{"label": "7"}], "customer": customer,
    }  # fmt: skip
    guest, seen = said(shown, {"type": "booking.made", "bookings": [booking]})
    assert guest.guest.email == "bo@example.dk"
    assert (seen.reservation.status, seen.reservation.tables) == ("cancelled", ("7",))
    assert said(shown, {"type": "weather", "bookings": [booking]}) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("id rev n at l a".split()), inner),
    max_leaves=8,
)


@given(JSON)
def test_whatever_comes_is_understood_or_kept_aside(body: object):
    mapping = """[[record]]\nkind = "check"\neach = "l[]"\n[record.fields]\nexternal_id = "id"\nrevision = "rev"
opened_at = { path = "at", time = "unix" }\n[record.fields.lines]\neach = "l[]"\n[record.fields.lines.fields]
name = "n"\namount = "a"\n"""
    try:
        hear_by({**HERE, "mapping": mapping}, "x", Raw(json.dumps({"l": [body]}).encode()))
    except Quarantine as error:
        assert error.told()
