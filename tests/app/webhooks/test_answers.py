"""Webhooks over the wire: what is acknowledged is on disk, what is refused leaves nothing."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb

from servery.app.hooks import Hooks
from servery.app.strayed import bring_home
from servery.connectors import registry
from servery.storage.pool import open_pool
from tests.app.webhooks.door import (
    BODY,
    CARD,
    SECRET,
    ask,
    change,
    connected,
    event,
    events,
    flip,
    in_process,
    nothing_stored,
    post,
    rows,
    signed,
)
from tests.storage.users import eventually


def test_what_is_acknowledged_is_stored_without_cards_and_waits_for_its_turn(
    client: httpx.Client, database: str, till: int
):
    with psycopg.connect(database, autocommit=True) as listener:
        listener.execute("listen servery_arrived")
        answer = post(client, till, BODY, user_agent=f"till {CARD}")
        assert (answer.status_code, answer.content) == (200, b"")
        told = next(listener.notifies(timeout=60))
    assert told.payload == str(till)
    (kept,) = events(database)
    assert (kept["connection_id"], kept["connector"], kept["via"]) == (till, "square", "webhook")
    assert (kept["kind"], kept["key"], kept["packed"]) == ("order.updated", "e-1", False)
    data = json.loads(kept["body"])["data"]
    assert (data["id"], data["object"]["order_id"]) == (CARD, CARD)
    assert data["object"]["note"].startswith("card [card ")
    assert kept["headers"]["content-type"] == "application/json"
    assert kept["headers"]["user-agent"].startswith("till [card ")
    assert set(kept["headers"]) == {"content-type", "user-agent"}
    assert [row["event_id"] for row in rows(database, "select * from inbox_work")] == [kept["id"]]


def test_what_comes_again_is_acknowledged_and_stored_once(client: httpx.Client, database: str, till: int):
    assert [post(client, till, BODY).status_code for _ in range(3)] == [200] * 3
    assert len(events(database)) == 1
    assert len(rows(database, "select from inbox_work")) == 1


def test_equal_bodies_without_an_id_are_one_event(client: httpx.Client, database: str, till: int):
    assert [post(client, till, body).status_code for body in (b"[1]", b"[1]", b"[2]")] == [200] * 3
    assert [one["body"] for one in events(database)] == [b"[1]", b"[2]"]


def test_equal_bodies_a_minute_apart_are_two_events(client: httpx.Client, database: str, till: int):
    """A hint that names only what changed is the same each time: it must not be lost for weeks."""
    post(client, till, b"[1]")
    with psycopg.connect(database) as db:
        db.execute("update inbox_seen set seen_at = seen_at - interval '61 seconds'")
    assert post(client, till, b"[1]").status_code == 200
    assert len(events(database)) == 2


def test_an_id_is_known_again_after_weeks(client: httpx.Client, database: str, till: int):
    post(client, till, BODY)
    with psycopg.connect(database) as db:
        db.execute("update inbox_seen set seen_at = seen_at - interval '30 days'")
    assert post(client, till, BODY).status_code == 200
    assert len(events(database)) == 1


def test_one_id_of_two_connections_is_two_events(client: httpx.Client, database: str, till: int):
    other = connected(database, "Other")
    assert [post(client, one, BODY).status_code for one in (till, other)] == [200, 200]
    assert [one["connection_id"] for one in events(database)] == [till, other]


UNSIGNED: dict[str, Callable[[int], dict[str, str]]] = {
    "nothing": lambda _: {},
    "empty": lambda _: {"x-square-hmacsha256-signature": ""},
    "of another body": lambda till: signed(b"{}", str(till)),
    "with another secret": lambda till: signed(BODY, str(till), "other"),
    "of another address": lambda till: signed(BODY, str(till + 1)),
}


@pytest.mark.parametrize("headers", UNSIGNED.values(), ids=UNSIGNED)
def test_what_is_not_proved_leaves_nothing(
    headers: Callable[[int], dict[str, str]], client: httpx.Client, database: str, till: int
):
    answer = client.post(f"/hooks/{till}", content=BODY, headers=headers(till))
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] in ("not-signed", "wrong-signature")
    assert nothing_stored(database)


def test_json_written_anew_and_flipped_bits_leave_nothing(client: httpx.Client, database: str, till: int):
    headers = signed(BODY, str(till))
    again = json.dumps(json.loads(BODY), separators=(",", ":")).encode()
    rng = random.Random(3)
    flipped = [bytes(flip(BODY, rng.randrange(8 * len(BODY)))) for _ in range(30)]
    for body in [again, BODY + b"\n", *flipped]:
        assert client.post(f"/hooks/{till}", content=body, headers=headers).status_code == 401
    assert nothing_stored(database)


@pytest.mark.parametrize(
    "path", ["99", "0", "-1", "x", "", "1/2", "9" * 30, "apps/square", "apps/nobody", "apps/", "%00"]
)
def test_an_unknown_address_is_not_found(path: str, client: httpx.Client, database: str, till: int):
    assert post(client, path, BODY).status_code == 404
    assert nothing_stored(database)


def test_a_connection_without_a_secret_expects_no_webhooks(client: httpx.Client, database: str):
    bare = connected(database, webhook_signature_key="")
    assert post(client, bare, BODY, secret="").status_code == 404


def test_a_removed_connection_is_gone_at_once_and_a_paused_one_still_receives(
    client: httpx.Client, database: str, till: int
):
    change(database, "update connection set paused = true where id = %s", till)
    assert post(client, till, BODY).status_code == 200
    change(database, "update connection set removed_at = now(), sealed = null where id = %s", till)
    assert eventually(lambda: post(client, till, BODY).status_code == 410, 3)
    assert post(client, till, event(2)).json()["code"] == "gone"
    assert len(events(database)) == 1


def test_other_methods_are_refused_and_other_paths_are_the_pages(client: httpx.Client, till: int):
    answer = client.get(f"/hooks/{till}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert client.get("/hooksville").content == b"pages"


def test_the_host_header_decides_nothing(client: httpx.Client, till: int):
    assert post(client, till, BODY, host="evil.example.com", x_forwarded_host="evil.example.com").status_code == 200


def test_a_changed_secret_counts_at_once_and_the_old_one_no_longer(client: httpx.Client, database: str, till: int):
    assert post(client, till, event(1)).status_code == 200
    renew = "update connection set settings = settings || %s where id = %s"
    change(database, renew, Jsonb({"webhook_signature_key": f"{SECRET} next"}), till)
    assert post(client, till, event(2)).status_code == 200
    assert eventually(lambda: post(client, till, event(3), "next").status_code == 200, 30)
    change(database, renew, Jsonb({"webhook_signature_key": "next"}), till)
    assert eventually(lambda: post(client, till, event(4)).status_code == 401, 30)
    assert [post(client, till, event(5)).status_code, post(client, till, event(6), "next").status_code] == [401, 200]


def test_a_secret_that_was_just_entered_is_known_though_no_notification_came(database: str, tmp_path: Path, till: int):
    enter = "update connection set settings = %s"

    async def deaf(door: Hooks) -> list[int]:
        change(database, enter, Jsonb({"webhook_signature_key": "a"}))
        first = await ask(door, till, event(1), signed(event(1), str(till), "a"))
        change(database, enter, Jsonb({"webhook_signature_key": "b"}))
        await asyncio.sleep(1.1)
        return [first, await ask(door, till, event(2), signed(event(2), str(till), "b"))]

    assert in_process(database, tmp_path, deaf) == [200, 200]


def test_ten_thousand_unsigned_requests_leave_no_row_and_hardly_a_line_in_the_log(
    database: str, tmp_path: Path, till: int, caplog: pytest.LogCaptureFixture
):
    async def storm(door: Hooks) -> set[int]:
        rng, found = random.Random(5), set()
        for number in range(10_000):
            body = event(number, junk=rng.random())
            headers = signed(body, str(till), f"guess {rng.random()}") if number % 2 else {}
            found.add(await ask(door, till, body, headers))
        return found

    assert in_process(database, tmp_path, storm) == {401}
    assert nothing_stored(database)
    assert len(caplog.records) <= 2


@pytest.fixture
def app_secret(database: str) -> None:
    change(
        database,
        "insert into application (connector, settings) values ('square', %s)",
        Jsonb({"webhook_signature_key": SECRET}),
    )


@pytest.mark.usefixtures("app_secret")
def test_an_application_s_events_find_their_connections(client: httpx.Client, database: str, till: int):
    other, twin = connected(database, "Other", "M2"), connected(database, "Twin", "M1")
    removed = connected(database, "Removed", "M1")
    change(database, "update connection set removed_at = now() where id = %s", removed)
    for number, merchant in enumerate(("M1", "M2")):
        body = event(number, merchant_id=merchant)
        assert post(client, "apps/square", body).status_code == 200
    found = [(one["key"], one["connection_id"]) for one in events(database)]
    assert sorted(found) == [("e-0", till), ("e-0", twin), ("e-1", other)]
    assert post(client, "apps/square", BODY, secret="other").status_code == 401


@pytest.mark.usefixtures("app_secret", "till")
def test_an_event_of_nobody_finds_home_when_its_account_is_connected(client: httpx.Client, database: str):
    for number, merchant in enumerate(("M9", "M8", "M9")):
        assert post(client, "apps/square", event(number, merchant_id=merchant)).status_code == 200
    late = connected(database, "Late", "M9")

    async def connecting() -> list[int]:
        async with open_pool(database) as pool, pool.connection() as db:
            return [await bring_home(db, registry.manifest("square")) for _ in range(2)]

    assert asyncio.run(connecting()) == [2, 0]
    assert [one["connection_id"] for one in events(database)] == [late, None, late]
    assert [one["connection_id"] for one in rows(database, "select connection_id from inbox_work")] == [late, late]


@pytest.mark.usefixtures("app_secret", "till")
@pytest.mark.parametrize(
    ("body", "code"), [(event(1, merchant_id="M9"), "merchant-unknown"), (b'{"event_id": "e-1"', "merchant-missing")]
)
def test_an_event_of_nobody_is_acknowledged_and_put_aside(client: httpx.Client, database: str, body: bytes, code: str):
    assert [post(client, "apps/square", body).status_code for _ in range(2)] == [200, 200]
    (aside,) = rows(database, "select * from quarantine")
    assert (aside["stage"], aside["reason"]["code"], aside["connection_id"]) == ("route", code, None)
    assert (aside["connector"], bytes(aside["body"])) == ("square", body)
    assert len(events(database)) == 1
    assert rows(database, "select from inbox_work") == []
    assert [one["outcome"] for one in rows(database, "select outcome from inbox_outcome")] == ["quarantined"]
