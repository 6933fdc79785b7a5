"""What programs write of a guest's fields, told with who and when, and taken back."""

from datetime import UTC, datetime, timedelta

import pytest


def change(ask, guest_id, **fields):
    tag = ask(f"/guests/{guest_id}").headers["etag"]
    answer = ask(f"/guests/{guest_id}", headers={"if-match": tag}, body=fields, method="PATCH")
    assert answer.status_code == 200, answer.text
    return answer.json()


def edits(ask, guest_id):
    return ask(f"/guests/{guest_id}/edits").json()["items"]


def test_an_edit_is_told_and_taken_back_with_what_was_changed_beside_it(ask_own):
    before = ask_own("/guests/1").json()
    assert edits(ask_own, 1) == []
    born = {"month": 5, "day": 17, "year": 1980}
    assert change(ask_own, 1, city="Ribe", birthday=born)["city"] == "Ribe"
    change(ask_own, 1, city="Odense", company=None)
    told = edits(ask_own, 1)
    assert [(one["field"], one["value"]) for one in told] == [("city", "Odense"), ("company", None), ("birthday", born)]
    assert all(one["author"].startswith("key:") for one in told)
    back = ask_own(f"/guest-edits/{told[0]['id']}/undo", body={})
    assert (back.status_code, back.json()["city"], back.json()["birthday"]) == (200, "Ribe", born)
    assert back.headers["etag"] == ask_own("/guests/1").headers["etag"]
    [city] = [one for one in edits(ask_own, 1) if one["field"] == "city"]
    after = ask_own(f"/guest-edits/{city['id']}/undo", body={}).json()
    assert {**after, "updated_at": None} == {**before, "updated_at": None}
    assert edits(ask_own, 1) == []


def test_what_is_taken_back_or_never_was_cannot_be_taken_back(ask_own):
    change(ask_own, 1, city="Ribe")
    [edit] = edits(ask_own, 1)
    assert ask_own(f"/guest-edits/{edit['id']}/undo", body={}).status_code == 200
    for edit_id in (edit["id"], 999_999):
        answer = ask_own(f"/guest-edits/{edit_id}/undo", body={})
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert ask_own("/guests/999999/edits").status_code == 404


@pytest.mark.parametrize(
    "nonsense",
    [{"language": "klingon"}, {"language": "xx-YY"}, {"language": "da-KLINGON"}, {"language": "und"},
     {"phone": "+4599"}, {"phone": "ask at the desk 1234"}, {"email": "anna@"}, {"email": "+45 20 12 34 56@"},
     {"birthday": {"month": 13, "day": 1, "year": None}}, {"birthday": {"month": 1, "day": 1, "year": 1850}}],
)  # fmt: skip
def test_nonsense_is_no_fact(ask_own, nonsense):
    before = ask_own("/guests/1")
    answer = ask_own("/guests/1", headers={"if-match": before.headers["etag"]}, body=nonsense, method="PATCH")
    assert answer.status_code == 400
    [fault] = answer.json()["errors"]
    assert fault["pointer"] == f"/body/{next(iter(nonsense))}"
    assert ask_own("/guests/1").json() == before.json()


@pytest.mark.parametrize(
    ("field", "written", "kept"),
    [("language", "EN_gb", "en-GB"), ("language", "da", "da"), ("language", "zh-hant-tw", "zh-Hant-TW"),
     ("phone", "20 12 34 56", "+4520123456"), ("phone", "0046 70 123 45 67", "+46701234567")],
)  # fmt: skip
def test_a_fact_is_kept_as_it_is_written_everywhere(ask_own, field, written, kept):
    assert change(ask_own, 1, **{field: written})[field] == kept


def test_a_note_for_tonight_is_of_today_or_later(ask_own):
    note = {"kind": "tonight", "text": "Cake at nine"}
    past = ask_own("/guests/1/entries", body=note | {"business_date": "1990-01-01"})
    assert (past.status_code, past.json()["errors"][0]["pointer"]) == (400, "/body/business_date")
    coming = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    assert ask_own("/guests/1/entries", body=note | {"business_date": coming}).status_code == 200


@pytest.mark.parametrize("role", ["server", "marketer", "integrator"])
def test_only_who_may_edit_sees_and_takes_back(ask_own, role):
    change(ask_own, 1, city="Ribe")
    [edit] = edits(ask_own, 1)
    assert ask_own("/guests/1/edits", role).status_code == 403
    assert ask_own(f"/guest-edits/{edit['id']}/undo", role, body={}).status_code == 403
    assert ask_own("/guests/1").json()["city"] == "Ribe"
