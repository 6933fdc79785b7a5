"""Who is who, and what staff say of a guest, through the API."""

import pytest
from psycopg.types.json import Jsonb

from tests.api.conftest import sql


def spend(ask):
    """Spend and visits of all guests that are listed."""
    items = ask("/guests").json()["items"]
    return sum(one["visits"] for one in items), sum(each["amount"] for one in items for each in one["spend"])


def test_two_guests_are_merged_and_parted_and_nothing_is_lost(ask_own):
    before, guests = spend(ask_own), ask_own("/guests").json()["items"]
    assert len(guests) == 2
    step = ask_own("/guests/2/merge", body={"guest_id": 1, "reason": "told me so"}).json()
    assert (step["action"], step["guest_id"], step["other_id"], step["reason"]) == ("merged", 1, 2, "told me so")
    assert ask_own("/guests/2").json()["merged_into"] == 1
    assert spend(ask_own) == before
    back = ask_own("/guests/2/unmerge", body={"reason": "was wrong"}).json()
    assert (back["action"], back["moved"]) == ("unmerged", step["moved"])
    assert "merged_into" not in ask_own("/guests/2").json()
    now = ask_own("/guests").json()["items"]
    assert [{**one, "updated_at": None} for one in now] == [{**one, "updated_at": None} for one in guests]
    told = ask_own("/guests/1/log").json()["items"]
    assert [(one["action"], one["undone_by"]) for one in told] == [("unmerged", None), ("merged", back["id"])]
    assert told[0]["author"].startswith("key:")
    again = ask_own("/guests/2/unmerge", body={})
    assert (again.status_code, again.json()["code"]) == (404, "not-found")


def test_values_chosen_in_a_merge_go_with_it(ask_own):
    for fields in ({"email": "neither@example.com"}, {"email": "none"}, {"email": None}):
        refused = ask_own("/guests/1/merge", body={"guest_id": 2, "fields": fields})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/body/fields/email")
    name = ask_own("/guests/2").json()["name"]
    before = ask_own("/guests/1").json()["name"]
    assert name not in (None, before)
    step = ask_own("/guests/1/merge", body={"guest_id": 2, "fields": {"name": name}}).json()
    assert ask_own("/guests/1").json()["name"] == name
    assert ask_own(f"/guest-steps/{step['id']}/undo", body={}).status_code == 200
    assert ask_own("/guests/1").json()["name"] == before


def test_a_suggestion_is_told_with_its_reasons_and_decided(own, ask_own):
    reasons = [{"comparison": "phone", "level": "same", "weight": 14.7}]
    sql(
        own,
        "insert into suggestion (one_id, other_id, probability, reasons) select min(a.id), min(b.id), 0.97, %s "
        "from source_guest a, source_guest b where a.guest_id = 1 and b.guest_id = 2 and a.id < b.id",
        Jsonb(reasons),
    )
    told = ask_own("/suggestions").json()
    [one] = told["items"]
    assert (told["total"], one["guest_ids"], one["probability"]) == (1, [1, 2], 0.97)
    assert one["reasons"] == [{**reasons[0], "text": "same phone"}]
    step = ask_own(f"/suggestions/{one['id']}/decide", body={"same": False}).json()
    assert step["action"] == "apart"
    assert ask_own("/suggestions").json() == {"items": [], "total": 0, "more": False}
    gone = ask_own(f"/suggestions/{one['id']}/decide", body={"same": True})
    assert (gone.status_code, gone.json()["code"]) == (404, "not-found")
    ask_own(f"/guest-steps/{step['id']}/undo", body={})
    assert ask_own("/suggestions").json()["total"] == 1


def test_how_many_suggestions_are_open_is_said_up_to_99(own, ask_own):
    sql(
        own,
        "with people as (insert into guest (name) select 'Guest ' || n from generate_series(1, 202) n returning id), "
        "kept as (insert into source_guest (connection_id, external_id, revision, body, guest_id) "
        "select 1, 'p' || id, 1, '{}', id from people returning id) "
        "insert into suggestion (one_id, other_id, probability, reasons) "
        "select id, id + 1, 0.95, '[]' from (select id, row_number() over (order by id) as at from kept) k "
        "where mod(at, 2) = 1",
    )
    told = ask_own("/suggestions", most=200).json()
    assert (len(told["items"]), told["total"], told["more"]) == (101, 99, True)


def test_a_guest_is_changed_by_who_has_read_it(ask_own):
    read = ask_own("/guests/1")
    change = {"name": "Anna Ø. Østergård", "pronunciation": "AN-na", "birthday": {"month": 5, "day": 17, "year": None}}
    assert ask_own("/guests/1", body=change, method="PATCH").status_code == 428
    stale = ask_own("/guests/1", headers={"if-match": '"other"'}, body=change, method="PATCH")
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    done = ask_own("/guests/1", headers={"if-match": read.headers["etag"]}, body=change, method="PATCH")
    assert done.status_code == 200
    assert {name: done.json()[name] for name in change} == change
    assert done.headers["etag"] != read.headers["etag"]
    wrong = ask_own("/guests/1", headers={"if-match": done.headers["etag"]}, body={"email": "none"}, method="PATCH")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/body/email")


def test_entries_are_made_and_struck_out(ask_own):
    made = ask_own("/guests/1/entries", body={"kind": "note", "text": "Proposed here in May"}).json()
    [note] = ask_own("/guests/1").json()["notes"]
    assert (note["text"], note["author"]) == ("Proposed here in May", "a owner")
    ask_own(f"/guest-entries/{made['id']}/strike", body={})
    assert ask_own("/guests/1").json()["notes"] == []
    wrong = ask_own("/guests/1/entries", body={"kind": "tonight", "text": "Cake at nine"})
    assert wrong.json()["errors"][0]["pointer"] == "/body/business_date"


@pytest.mark.parametrize("role", ["server", "marketer", "integrator"])
def test_who_may_not_is_refused(ask_own, role):
    for path, body in (("/guests/1/merge", {"guest_id": 2}), ("/guests/1/entries", {"kind": "tag", "text": "x"})):
        assert ask_own(path, role=role, body=body).status_code == 403
