"""Joining systems through the API: what works, and where it says what is wrong."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from litestar import Litestar

from servery.api.plugin import Api
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
    """Sends as an integrator, or as another role."""
    house = Settings(home=tmp_path, port=1, public_url="http://127.0.0.1:1", database_url=database)

    def application(pool: Pool) -> Litestar:
        return Litestar([], plugins=[Api(pool, 10_000, RoomJoining(pool, house))], logging_config=None)

    with serving(database, application) as address, httpx.Client(base_url=f"{address}/api/v1", timeout=30) as client:

        def ask(method: str, path: str, body: object = None, role: str = "integrator") -> httpx.Response:
            header = {"authorization": f"Bearer {key(database, role)[1]}"}  # type: ignore[arg-type]
            return client.request(method, path, json=body, headers=header)

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
