"""Joining systems through the API: what works, and where it says what is wrong."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from litestar import Litestar

from servery.api.plugin import Api
from servery.app.fields import RoomChoosing
from servery.app.set_up.programs import RoomJoining
from servery.connectors.square.simulator import simulator
from servery.model.venue import Venue
from servery.settings import Settings
from servery.storage.pool import Pool
from servery.testing.served import free_port, served
from servery.testing.stage import Stage
from tests.api.conftest import key, serving, sql

Send = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def till() -> Iterator[str]:
    stage = Stage(Venue(name="Nord", time_zone="Europe/Copenhagen", currency="DKK"), "L1", "DK")
    stage.menu_modified_at = datetime(2026, 1, 1, tzinfo=UTC)
    with served(simulator(stage, "right-token")) as url:
        yield url


@pytest.fixture
def send(database: str, tmp_path: Path) -> Iterator[Send]:
    """Sends as an integrator, or as another role; a change is one of whatever state there is."""
    house = Settings(home=tmp_path, port=1, public_url="http://127.0.0.1:1", database_url=database)

    def application(pool: Pool) -> Litestar:
        return Litestar(
            [],
            plugins=[Api(pool, 10_000, joining=RoomJoining(pool, house), choosing=RoomChoosing(pool))],
            logging_config=None,
        )

    with serving(database, application) as address, httpx.Client(base_url=f"{address}/api/v1", timeout=30) as client:
        keys: dict[str, str] = {}

        def ask(
            method: str, path: str, body: object = None, role: str = "integrator", headers: dict[str, str] | None = None
        ) -> httpx.Response:
            if role not in keys:
                keys[role] = key(database, role)[1]  # type: ignore[arg-type]
            sent = {"authorization": f"Bearer {keys[role]}", "if-match": "*", **(headers or {})}
            return client.request(method, path, json=body, headers=sent)

        yield ask


def _settings(till: str, token: str = "right-token") -> dict[str, object]:
    return {"connector": "square", "settings": {"access_token": token, "base_url": till}}


def test_settings_are_tried_and_nothing_is_kept(send: Send, till: str, database: str) -> None:
    answer = send("POST", "/connections/test", _settings(till))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "account": "Nord",
        "locations": [
            {"external_id": "L1", "name": "Nord", "time_zone": "Europe/Copenhagen", "currency": "DKK", "venue_id": None}
        ],
    }
    assert sql(database, "select from connection union all select from venue") == []


def test_what_is_wrong_is_told_at_the_setting_that_caused_it(send: Send, till: str) -> None:
    answer = send("POST", "/connections/test", _settings(till, "wrong-token"))
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/body/settings/access_token"]
    assert "wrong-token" not in answer.text
    unknown = send("POST", "/connections", {"connector": "square", "settings": {"colour": "red"}})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (400, "/body/settings/colour")
    assert send("POST", "/connections/test", {"connector": "abacus", "settings": {}}).status_code == 404
    away = send("POST", "/connections/test", _settings(f"http://127.0.0.1:{free_port()}"))
    assert away.status_code == 503
    assert int(away.headers["retry-after"]) > 0


def test_a_connection_is_made_once_and_changed(send: Send, till: str, database: str) -> None:
    made = send("POST", "/connections", _settings(till) | {"name": "Till"})
    assert made.status_code == 200, made.text
    number = made.json()["id"]
    again = send("POST", "/connections", _settings(till) | {"name": "Till too"})
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (400, "/body/name")
    wrong = send("PATCH", f"/connections/{number}", {"settings": {"access_token": "wrong-token"}, "paused": True})
    assert wrong.status_code == 422
    assert sql(database, "select paused from connection")[0]["paused"] is False, "all of a change or none"
    changed = send("PATCH", f"/connections/{number}", {"name": "Bar till", "paused": True})
    assert changed.json() == {"id": number, "name": "Bar till", "venue_ids": made.json()["venue_ids"]}
    assert sql(database, "select paused from connection")[0]["paused"] is True
    assert send("PATCH", "/connections/999999", {"paused": True}).status_code == 404


def test_nothing_is_written_to_a_new_connection_until_a_change_says_so(send: Send, till: str, database: str) -> None:
    number = send("POST", "/connections", _settings(till)).json()["id"]
    held = "select live_from > now() + interval '1000 years' as held, pace, batch_at, spare_service from connection"
    (row,) = sql(database, held)
    assert (row["held"], row["pace"]) == (True, "live")
    lacking = send("PATCH", f"/connections/{number}", {"pace": "batch", "live_from": None})
    assert (lacking.status_code, lacking.json()["errors"][0]["pointer"]) == (400, "/body/batch_at")
    assert sql(database, held)[0]["held"] is True, "all of a change or none"
    times = {"pace": "batch", "batch_at": ["23:30", "15:00"], "spare_service": True}
    assert send("PATCH", f"/connections/{number}", times).status_code == 200
    (row,) = sql(database, held)
    assert (row["held"], row["batch_at"], row["spare_service"]) == (True, [900, 1410], True), "what is not given stays"
    assert send("PATCH", f"/connections/{number}", {"live_from": None}).status_code == 200
    assert sql(database, held)[0]["held"] is None
    assert send("PATCH", f"/connections/{number}", {"live_from": "2026-03-01T06:00:00Z"}).status_code == 200
    assert sql(database, held)[0]["held"] is False


def test_when_things_cross_is_told_and_once_chosen_the_step_is_done(send: Send, till: str, database: str) -> None:
    number = send("POST", "/connections", _settings(till)).json()["id"]
    steps = "select steps_done from connection"

    def told(one: dict[str, object]) -> dict[str, object]:
        return {name: one[name] for name in ("pace", "batch_at", "live_from", "held_back", "spare_service")}

    held = {"pace": "live", "batch_at": [], "live_from": "9999-01-01T00:00:00Z", "held_back": True,
            "spare_service": False}  # fmt: skip
    assert told(send("GET", f"/connections/{number}").json()) == held
    assert send("PATCH", f"/connections/{number}", {"name": "Bar"}).status_code == 200
    assert sql(database, steps)[0]["steps_done"] == [], "another name says nothing of when"
    chosen = {"pace": "hybrid", "batch_at": ["23:30", "15:00"], "live_from": None, "spare_service": True}
    assert send("PATCH", f"/connections/{number}", chosen).status_code == 200
    assert sql(database, steps)[0]["steps_done"] == ["pace"]
    (listed,) = send("GET", "/connections").json()["items"]
    assert told(listed) == chosen | {"batch_at": ["15:00", "23:30"], "held_back": False}


def test_only_what_was_seen_is_changed(send: Send, till: str, database: str) -> None:
    path = f"/connections/{send('POST', '/connections', _settings(till)).json()['id']}"
    seen = send("GET", path).headers["etag"]
    sql(database, "update connection set looked_at = now()")
    assert send("PATCH", path, {"paused": True}, headers={"if-match": seen}).status_code == 200
    stale = send("PATCH", path, {"name": "Bar"}, headers={"if-match": seen})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert sql(database, "select name from connection")[0]["name"] != "Bar"
    now = send("GET", path).headers["etag"]
    assert now != seen
    assert send("PATCH", path, {"name": "Bar"}, headers={"if-match": f'"other", {now}'}).status_code == 200


def test_a_change_says_of_what_state_it_is_one(send: Send, till: str) -> None:
    path = f"/connections/{send('POST', '/connections', _settings(till)).json()['id']}"
    answer = send("PATCH", path, {"paused": True}, headers={"if-match": ""})
    assert answer.status_code == 412, "what names no state is no state there is"
    with httpx.Client(base_url=answer.request.url.copy_with(path="/api/v1")) as plain:
        key_ = {"authorization": answer.request.headers["authorization"]}
        missing = plain.patch(path, json={"paused": True}, headers=key_)
    assert (missing.status_code, missing.json()["code"]) == (428, "if-match-missing")


def test_a_repeat_is_answered_as_the_first_and_does_nothing(send: Send, till: str, database: str) -> None:
    once = {"idempotency-key": "0f8c"}
    first = send("POST", "/connections", _settings(till) | {"name": "Till"}, headers=once)
    assert first.status_code == 200, first.text
    again = send("POST", "/connections", _settings(till) | {"name": "Till"}, headers=once)
    assert (again.status_code, again.json()) == (200, first.json())
    other = send("POST", "/connections", _settings(till) | {"name": "Bar"}, headers=once)
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    own = send("POST", "/connections", _settings(till) | {"name": "Till"}, role="owner", headers=once)
    assert own.status_code == 400, "another's key says nothing of ours: the system is joined already"
    assert sql(database, "select count(*) as n from connection")[0]["n"] == 1
    (kept,) = sql(database, "select key_hash, fingerprint, answer from asked_once where status is not null")
    assert all(b"right-token" not in each and b"0f8c" not in each for each in kept.values())


def test_what_was_refused_is_tried_anew_and_what_is_at_work_is_waited_for(send: Send, till: str, database: str) -> None:
    once = {"idempotency-key": "1a2b"}
    assert send("POST", "/connections", _settings(till, "wrong-token"), headers=once).status_code == 422
    assert send("POST", "/connections", _settings(till), headers=once).status_code == 200
    sql(database, "update asked_once set status = null, answer = null")
    busy = send("POST", "/connections", _settings(till), headers=once)
    assert (busy.status_code, busy.json()["code"]) == (409, "in-progress")
    sql(database, "update asked_once set asked_at = asked_at - interval '6 minutes'")
    assert send("POST", "/connections", _settings(till), headers=once).status_code == 400, "done, by who died of it"


@pytest.mark.parametrize(("path", "body"), [
    ("tables", {"venue_id": 1, "pairs": []}),
    ("fields", {"fields": {}}),
])  # fmt: skip
def test_every_deed_on_a_connection_takes_a_key(
    send: Send, till: str, database: str, path: str, body: dict[str, object]
) -> None:
    number = send("POST", "/connections", _settings(till)).json()["id"]
    for _ in range(2):
        answer = send("POST", f"/connections/{number}/{path}", body, headers={"idempotency-key": "k"})
        assert answer.status_code == 200, answer.text
    assert sql(database, "select count(*) as n from asked_once where status = 200")[0]["n"] == 1
    if path == "tables":
        assert sql(database, "select count(*) as n from action where detail ->> 'outcome' = 'tables'")[0]["n"] == 1


def test_tables_are_told_and_paired(send: Send, till: str, database: str) -> None:
    number = send("POST", "/connections", _settings(till)).json()["id"]
    other = sql(database, "insert into connection (name, connector) values ('Book', 'csv') returning id")[0]["id"]
    sql(database, "insert into venue_link select %s, 'x', venue_id from venue_link", other)
    for whose, name, table in ((number, "P3", "p3"), (other, "Patio 3", "patio3")):
        sql(
            database,
            "insert into venue_table (venue_id, connection_id, revision, position, name, table_key) "
            "select id, %s, 0, 0, %s, %s from venue", whose, name, table,
        )  # fmt: skip
    (place,) = send("GET", f"/connections/{number}/tables").json()["items"]
    assert place["theirs"] == [{"name": "P3", "key": "p3", "how": "open", "ours": None, "suggested": "patio3"}]
    assert place["missing"] == ["patio3"]
    pairs = {"venue_id": place["venue_id"], "pairs": [{"theirs": "P3", "ours": "Patio 3"}]}
    assert send("POST", f"/connections/{number}/tables", pairs).json() == {"days": 0}
    (place,) = send("GET", f"/connections/{number}/tables").json()["items"]
    assert (place["theirs"][0]["how"], place["missing"]) == ("chosen", [])
    wrong = send("POST", f"/connections/{number}/tables", pairs | {"pairs": [{"theirs": "P9", "ours": None}]})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/body/pairs/theirs")


@pytest.mark.parametrize("role", ["host", "marketer", "server"])
def test_only_who_may_change_connections_does(send: Send, till: str, role: str) -> None:
    for path in ("/connections/test", "/connections", "/connections/1/tables"):
        body: dict[str, object] = {"venue_id": 1, "pairs": []} if path.endswith("tables") else _settings(till)
        assert send("POST", path, body, role=role).status_code == 403
