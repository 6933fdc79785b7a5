"""Runs over all guests over the API: asked for, done by the worker, and taken back."""

import asyncio

import pytest

from servery.app import over_all
from servery.model.viewer import RIGHTS, ROLES
from servery.storage.pool import open_pool
from tests.api.conftest import sql


def work_off(dsn):
    """Have the worker do what was asked for."""

    async def work():
        async with open_pool(dsn, largest=4) as pool:
            return await over_all.do_next(pool)

    assert asyncio.run(work()) is True


@pytest.fixture
def twice(own):
    """Somebody who is two guests; their numbers, the older first."""
    [one] = sql(own, "select s.* from source_guest s where s.body ->> 'email' is not null order by id limit 1")
    [made] = sql(own, "insert into guest (name) values (null) returning id")
    sql(
        own,
        "insert into source_guest (connection_id, external_id, revision, body, guest_id, link, seen_at) "
        "select connection_id, 'again', 1, body || %s::jsonb, %s, '{\"by\": null, \"author\": \"rules\"}', "
        "now() - interval '1 day' from source_guest where id = %s",
        '{"birthday": {"month": 4, "day": 7, "year": 1981}, "phone": "+4520123456"}', made["id"], one["id"],
    )  # fmt: skip
    sql(
        own,
        "update source_guest set body = body || %s::jsonb, seen_at = now() - interval '1 day' where id = %s",
        '{"birthday": {"month": 4, "day": 7, "year": 1981}, "phone": "+4520123456"}', one["id"],
    )  # fmt: skip
    sql(own, "delete from match_features")
    return one["guest_id"], made["id"]


def test_a_look_is_asked_for_read_joined_and_taken_back(ask_own, own, twice):
    begun = ask_own("/guest-work/look", body={})
    assert begun.status_code == 200
    look = begun.json()
    assert (look["kind"], look["state"], look["found"]["guests"]) == ("look", "waits", None)
    again = ask_own("/guest-work/look", body={})
    assert (again.status_code, again.json()["code"]) == (409, "at-work")
    work_off(own)
    found = ask_own(f"/guest-work/{look['id']}").json()
    assert (found["state"], found["weights"], found["found"]["guests"]) == ("done", 0, 1)
    [join] = ask_own(f"/guest-work/{look['id']}/joins").json()["items"]
    assert join["guest_ids"] == list(twice)
    assert join["because"][0]["guest_id"] == twice[1]
    assert "same e-mail" in {reason["text"] for reason in join["because"][0]["reasons"]}
    assert ask_own(f"/guest-work/{look['id']}/joins", after=1).json() == {"items": []}
    assert ask_own(f"/guest-work/{look['id']}/asks").json()["items"] == []
    assert ask_own(f"/guest-work/{look['id']}/parts").json()["items"] == []
    join = ask_own(f"/guest-work/{look['id']}/join", body={}, headers={"idempotency-key": "j"})
    assert join.status_code == 200
    repeat = ask_own(f"/guest-work/{look['id']}/join", body={}, headers={"idempotency-key": "j"})
    assert (repeat.status_code, repeat.json()) == (200, join.json())
    work_off(own)
    assert ask_own(f"/guests/{twice[1]}").json()["merged_into"] == twice[0]
    [run] = ask_own("/guest-runs").json()["items"]
    assert (run["guests"], run["undone_at"]) == (1, None)
    step = ask_own(f"/guests/{twice[0]}/log").json()["items"][0]
    assert (step["run_id"], step["probability"]) == (run["id"], 0.99)
    assert "same e-mail" in {reason["text"] for reason in step["reasons"]}
    assert ask_own(f"/guest-work/{look['id']}/join", body={}).status_code == 400
    assert ask_own(f"/guest-runs/{run['id']}/undo", body={}).status_code == 200
    work_off(own)
    assert "merged_into" not in ask_own(f"/guests/{twice[1]}").json()
    [run] = ask_own("/guest-runs").json()["items"]
    assert run["undone_at"] and run["undone_by"].startswith("key:")
    assert [one["kind"] for one in ask_own("/guest-work").json()["items"]] == ["undo", "join", "look", "look"]
    [before] = ask_own("/guest-work", before=look["id"]).json()["items"]
    assert (before["kind"], before["state"]) == ("look", "left")


def test_a_look_is_left(ask_own, own):
    look = ask_own("/guest-work/look", body={"weights": 0}).json()
    assert ask_own(f"/guest-work/{look['id']}/leave", body={}).json()["state"] == "left"
    assert ask_own(f"/guest-work/{look['id']}/leave", body={}).status_code == 400


def test_weights_are_told_and_what_cannot_be_learnt_says_why(ask_own, own):
    [shipped] = ask_own("/guest-weights").json()["items"]
    assert (shipped["version"], shipped["counts"]) == (0, True)
    asked = ask_own("/guest-work/learn", body={}).json()
    work_off(own)
    done = ask_own(f"/guest-work/{asked['id']}").json()
    assert done["state"] == "done" or done["fault"]


@pytest.mark.parametrize(
    "path", ["/guest-work/99", "/guest-work/99/joins", "/guest-work/99/asks", "/guest-work/99/parts"]
)
def test_what_is_not_there_is_not_found(ask, path):
    assert ask(path).status_code == 404


def test_what_cannot_be_asked_for_is_refused(ask_own):
    assert ask_own("/guest-work/look", body={"weights": 9}).status_code == 404
    assert ask_own("/guest-work/look", body={"weights": -1}).status_code == 400
    assert ask_own("/guest-work/99/join", body={}).status_code == 404
    assert ask_own("/guest-work/99/leave", body={}).status_code == 404
    assert ask_own("/guest-runs/99/undo", body={}).status_code == 404


@pytest.mark.parametrize("role", ROLES)
def test_only_who_merges(ask, role):
    wanted = 200 if "merge_guests" in RIGHTS[role] else 403
    assert [ask(path, role).status_code for path in ("/guest-work", "/guest-runs", "/guest-weights")] == [wanted] * 3
    if wanted == 403:
        for path in ("/guest-work/learn", "/guest-work/1/join", "/guest-work/1/leave", "/guest-runs/1/undo"):
            assert ask(path, role, body={}).status_code == 403
