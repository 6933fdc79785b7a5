"""Which value is a guest's own, through the API."""

import pytest

from tests.api.conftest import sql


def rule(ask, field):
    return next(one for one in ask("/survivorship").json()["items"] if one["field"] == field)


def test_a_rule_is_tried_out_chosen_and_taken_back(ask_own):
    assert rule(ask_own, "name")["now"] == {"rule": "complete", "connection_id": None}
    wanted = {"fields": {"name": {"rule": "owner", "connection_id": 1}}}
    tried = ask_own("/survivorship", body=wanted | {"dry_run": True}).json()
    assert [(one["field"], one["before"]["rule"], one["after"]["rule"]) for one in tried["items"]] == [
        ("name", "complete", "owner")
    ]
    assert rule(ask_own, "name")["now"]["rule"] == "complete"
    assert ask_own("/survivorship", body=wanted).status_code == 200
    assert rule(ask_own, "name")["now"] == {"rule": "owner", "connection_id": 1}
    assert ask_own("/survivorship/undo", body={}).json() == {"undone": True}
    assert rule(ask_own, "name")["now"]["rule"] == "complete"


def test_what_cannot_be_is_pointed_at(ask_own):
    answer = ask_own("/survivorship", body={"fields": {"email": {"rule": "complete"}}})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/body/fields/email")


@pytest.mark.parametrize("role", ["host", "server", "marketer"])
def test_who_does_not_choose(ask_own, own, role):
    assert ask_own("/survivorship", role, body={"fields": {"name": {"rule": "recent"}}}).status_code == 403
    assert sql(own, "select * from survivorship_rule") == []
