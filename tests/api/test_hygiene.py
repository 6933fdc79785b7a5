"""Guest data over the API: what to mend, how complete it is, what grew old."""

import pytest

from servery.model.viewer import RIGHTS, ROLES
from tests.api.conftest import sql


def test_lists_are_made_by_a_look_and_name_each_guest(ask_own, own):
    sql(
        own, "update guest set golden = jsonb_set(golden, '{email,value}', '\"anna@gmial.com\"') where golden ? 'email'"
    )
    sql(own, "delete from mend_list")
    assert ask_own("/hygiene/mend-lists", "marketer").json() == {"items": []}
    made = ask_own("/hygiene/look", "marketer", body={}).json()["items"]
    assert made and ask_own("/hygiene/mend-lists", "marketer").json()["items"] == made
    named = {
        item["fault"]
        for one in made
        for item in ask_own(f"/hygiene/mend-lists/{one['id']}", "marketer", limit=1000).json()["items"]
    }
    assert named == {fault for one in made for fault in one["left"]} and named
    fault = min(named)
    found = [
        ask_own(f"/hygiene/mend-lists/{one['id']}", "owner", fault=fault).json()["items"]
        for one in made
        if fault in one["left"]
    ]
    assert {item["fault"] for items in found for item in items} == {fault}
    assert ask_own("/hygiene/mend-lists/999", "owner").status_code == 404
    assert ask_own("/hygiene/mend-lists", "owner", month="2001-01-01").json() == {"items": []}


def test_completeness_counts_every_field(ask_own):
    ask_own("/hygiene/look", "owner", body={})
    house, *venues = ask_own("/hygiene/completeness", "owner").json()["items"]
    assert house["venue_id"] is None and venues and house["guests"] >= max(one["guests"] for one in venues)
    assert all(0 <= count <= house["guests"] for count in house["known"].values()) and "consent" in house["known"]


def test_ageing_is_chosen_done_and_taken_back(ask_own, own):
    sql(own, "update source_guest set seen_at = now() - interval '2 years', body = body - 'phone'")
    sql(own, "update reservation set starts_at = '2020-01-01', source_guest_id = null")
    sql(own, "update visit set starts_at = '2020-01-01', source_guest_id = null")
    [one] = sql(own, "update source_guest set body = body || '{\"phone\": \"1\"}' where id = (select min(id) from "
                "source_guest where guest_id is not null) returning guest_id")  # fmt: skip
    sql(own, "update guest set golden = golden || '{\"phone\": {\"value\": \"1\", \"source\": 1}}' where id = %s",
        one["guest_id"])  # fmt: skip
    assert all(one["months"] is None for one in ask_own("/hygiene/ageing", "owner").json()["rules"])
    assert ask_own("/hygiene/ageing/run", "owner", body={}).json() == {"run": None}
    chosen = ask_own("/hygiene/ageing", "owner", body={"kind": "phone", "months": 6}).json()["rules"]
    assert next(one for one in chosen if one["kind"] == "phone")["months"] == 6
    assert next(one for one in chosen if one["kind"] == "phone")["now"] == 1
    run = ask_own("/hygiene/ageing/run", "owner", body={}).json()["run"]
    assert run["counts"] == {"phone": 1}
    undone = ask_own(f"/hygiene/ageing/runs/{run['id']}/undo", "owner", body={})
    assert undone.json()["undone_at"]
    assert ask_own(f"/hygiene/ageing/runs/{run['id']}/undo", "owner", body={}).status_code == 400
    assert ask_own("/hygiene/ageing/runs/999/undo", "owner", body={}).status_code == 404
    assert ask_own("/hygiene/ageing", "owner", body={"kind": "phone", "months": 2}).status_code == 400
    assert ask_own("/hygiene/ageing", "owner", body={"kind": "gossip", "months": 12}).status_code == 400


@pytest.mark.parametrize("role", ROLES)
def test_only_who_mends_and_who_makes_rules(ask, role):
    mends = 200 if "mend_guests" in RIGHTS[role] else 403
    rules = 200 if "make_rules" in RIGHTS[role] else 403
    assert ask("/hygiene/mend-lists", role).status_code == ask("/hygiene/completeness", role).status_code == mends
    assert ask("/hygiene/ageing", role).status_code == rules
