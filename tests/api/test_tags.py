"""Rules that give tags, through the API."""

import pytest

from tests.api.conftest import sql

AT_LEAST_ONCE = {"fact": "visits", "op": "at_least", "value": 1, "months": 600}
OFTEN = {"tag": "Regular", "conditions": [AT_LEAST_ONCE]}


def test_a_rule_is_tried_out_kept_changed_removed_and_brought_back(ask_own):
    tried = ask_own("/tag-rules", body=OFTEN | {"dry_run": True}).json()
    assert (tried["id"], tried["lost"], tried["guests"]) == (None, 0, tried["gained"])
    assert tried["gained"] > 0
    assert ask_own("/tag-rules").json() == {"items": []}
    kept = ask_own("/tag-rules", body=OFTEN).json()
    [rule] = ask_own("/tag-rules").json()["items"]
    assert (rule["id"], rule["tag"], rule["match"], rule["reckoned_at"]) == (kept["id"], "Regular", "all", None)
    assert rule["conditions"][0]["months"] == 600
    assert ask_own(f"/tag-rules/{rule['id']}", body=OFTEN | {"tag": "Friend"}).status_code == 200
    assert ask_own("/tag-rules").json()["items"][0]["tag"] == "Friend"
    ask_own(f"/tag-rules/{rule['id']}/undo", body={})
    assert ask_own("/tag-rules").json()["items"][0]["tag"] == "Regular"
    ask_own(f"/tag-rules/{rule['id']}/remove", body={})
    assert ask_own("/tag-rules").json() == {"items": []}
    assert ask_own(f"/tag-rules/{rule['id']}/remove", body={}).status_code == 404
    ask_own(f"/tag-rules/{rule['id']}/undo", body={})
    assert len(ask_own("/tag-rules").json()["items"]) == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"tag": ""}, "/body/tag"), ({"conditions": []}, "/body/conditions"),
     ({"conditions": [{"fact": "spend", "op": "at_least", "value": 1}]}, "/body/conditions/0/currency"),
     ({"conditions": [AT_LEAST_ONCE, {"fact": "spend", "op": "at_least", "value": 1, "currency": "JPY"}]},
      "/body/conditions/1/currency"),
     ({"conditions": [AT_LEAST_ONCE | {"venue_id": 4711}]}, "/body/conditions/0/venue_id")],
)  # fmt: skip
def test_what_cannot_be_is_pointed_at(ask_own, change, pointer):
    for dry_run in (True, False):
        answer = ask_own("/tag-rules", body=OFTEN | change | {"dry_run": dry_run})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)
    assert ask_own("/tag-rules").json() == {"items": []}


@pytest.mark.parametrize("role", ["host", "server", "marketer", "integrator"])
def test_only_who_makes_rules_sees_them(ask_own, own, role):
    assert ask_own("/tag-rules", role).status_code == 403
    assert ask_own("/tag-rules", role, body=OFTEN).status_code == 403
    assert sql(own, "select * from tag_rule") == []
