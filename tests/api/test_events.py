"""Events over the API: listed, looked at and replayed by those who may."""

import pytest

from servery.model.viewer import RIGHTS, ROLES
from servery.storage.pool import connect


def test_events_are_listed_in_the_order_in_which_they_came_and_filtered(ask):
    found = ask("/events", "owner").json()["items"]
    assert [(one["id"], one["kind"], one["state"]) for one in found] == [
        (one, "customer", "waiting") for one in (1, 2, 3)
    ]
    first = ask("/events", "owner", limit=2).json()
    rest = ask("/events", "owner", limit=2, cursor=first["next"]).json()
    assert [one["id"] for one in (*first["items"], *rest["items"])] == [1, 2, 3]
    assert rest["next"] is None
    for connection in {one["connection_id"] for one in found}:
        of_it = [one["id"] for one in found if one["connection_id"] == connection]
        assert [one["id"] for one in ask("/events", "owner", connection_id=connection).json()["items"]] == of_it
    assert ask("/events", "owner", state="quarantined").json()["items"] == []
    assert ask("/events", "owner", order="T-1000").json()["items"] == []
    assert ask("/events", "owner", since="2026-01-01").status_code == 400


@pytest.mark.parametrize("role", ROLES)
def test_events_are_for_roles_that_see_them(ask, role):
    wanted = 200 if "see_events" in RIGHTS[role] else 403
    assert [ask(path, role).status_code for path in ("/events", "/events/1")] == [wanted, wanted]
    may = 200 if "change_connections" in RIGHTS[role] else 403
    assert ask("/events/replay", role, body={"dry_run": True}).status_code == may


def test_one_event_tells_what_came_and_the_look_is_written_down(ask_own, own):
    with connect(own) as db:
        db.execute(
            "insert into inbox_record (day, event_id, connection_id, kind, external_id) "
            "select day, inbox_event.id, connection_id, 'guest', external_id from inbox_event "
            "join source_guest s using (connection_id) where inbox_event.id = 1 and s.external_id like '%anna'"
        )
    told = ask_own("/events/1", "integrator").json()
    assert "anna@example.com" in told["body"]
    assert [(one["kind"], one["external_id"], one["guest_id"]) for one in told["records"]] == [
        ("guest", told["records"][0]["external_id"], 1)
    ]
    with connect(own) as db:
        assert db.execute("select count(*) as n from guest_look where guest_id = 1").fetchone() == {"n": 1}
        assert db.execute("select count(*) as n from action where subject = 'event:1'").fetchone() == {"n": 1}
    assert ask_own("/events/99", "owner").status_code == 404


def test_a_replay_is_counted_before_it_is_done(ask_own, own):
    with connect(own) as db:
        db.execute("delete from inbox_work")
    assert ask_own("/events/replay", "manager", body={"dry_run": True}).json() == {"events": 3, "dry_run": True}
    assert ask_own("/events/1/replay", "manager", body={}).json() == {"events": 1, "dry_run": False}
    assert [one["id"] for one in ask_own("/events", "owner", state="waiting").json()["items"]] == [1]
    assert ask_own("/events/replay", "manager", body={"kind": "customer"}).json()["events"] == 3
    assert ask_own("/events/99/replay", "manager", body={}).status_code == 404
