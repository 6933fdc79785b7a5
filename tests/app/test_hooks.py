"""Webhooks over the wire: what is acknowledged is on disk, what is refused leaves nothing, no card number passes."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hmac
import json
import logging
import random
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from msgspec import structs
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from servery.app import hooks
from servery.app.addresses import Addresses
from servery.app.hooks import Hooks
from servery.connectors import registry
from servery.connectors.contract import Webhook
from servery.inbox.receive import Arrival, Intake
from servery.settings import Settings
from servery.storage.migrate import migrate
from servery.storage.pool import connect, open_pool
from servery.testing.served import free_port
from tests.storage.users import eventually

URL = "https://servery.example.com"
SECRET = "signature-key"
CARD = "4111111111111111"
BODY = json.dumps(
    {
        "event_id": "e-1",
        "type": "order.updated",
        "merchant_id": "M1",
        "data": {
            "id": CARD,
            "object": {"order_id": CARD, "note": f"card {CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]}"},
        },
    }
).encode()


def signed(body: bytes, path: str, secret: str = SECRET) -> dict[str, str]:
    made = base64.b64encode(hmac.digest(secret.encode(), f"{URL}/hooks/{path}".encode() + body, "sha256"))
    return {"x-square-hmacsha256-signature": made.decode(), "content-type": "application/json"}


def event(number: int | str, **more: object) -> bytes:
    return json.dumps({"event_id": f"e-{number}", "type": "order.updated", "merchant_id": "M1", **more}).encode()


def connected(dsn: str, name: str = "Till", account: str | None = "M1", **settings: str) -> int:
    with connect(dsn) as db:
        row = db.execute(
            "insert into connection (name, connector, settings, account) values (%s, 'square', %s, %s) returning id",
            [
                name,
                Jsonb({"webhook_signature_key": SECRET, **settings}),
                Jsonb({"name": "x", "locations": [], "external_id": account}),
            ],
        ).fetchone()
    assert row is not None
    return int(row["id"])


def rows(dsn: str, query: str, *values: object) -> list[dict[str, Any]]:
    with connect(dsn) as db:
        return db.execute(query, values).fetchall()


def events(dsn: str) -> list[dict[str, Any]]:
    return rows(dsn, "select * from inbox_event order by id")


def nothing_stored(dsn: str) -> bool:
    tables = ("inbox_event", "inbox_work", "inbox_seen", "quarantine")
    return all(rows(dsn, f"select from {table}") == [] for table in tables)


def settings(dsn: str, home: Path) -> Settings:
    return Settings(home=home, port=0, public_url=URL, database_url=dsn)


async def _pages(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"pages"})


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def receiver(dsn: str, home: Path) -> Iterator[httpx.Client]:
    """The door on a real socket, in a thread with a loop of its own."""
    port, loop, stop = free_port(), asyncio.new_event_loop(), asyncio.Event()

    async def run() -> None:
        async with open_pool(dsn) as pool, hooks.receiving(pool, settings(dsn, home), dsn) as door:
            app = hooks.before(door, _pages, lambda *_: None)
            server = Server(app, port=port, interface=Interfaces.ASGINL, log_enabled=False, websockets=False)
            serving = asyncio.create_task(server.serve())
            await stop.wait()
            server.stop()
            await serving

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    try:
        assert eventually(lambda: listens(port), 15)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield client
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def house(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, httpx.Client]]:
    """A database and a door to it, for all tests of this file: each finds it empty."""
    dsn = make_conninfo(server, dbname="hooks_of_a_house")
    change(server, "create database hooks_of_a_house template template0", autocommit=True)
    migrate(dsn)
    with receiver(dsn, tmp_path_factory.mktemp("home")) as client:
        yield dsn, client


@pytest.fixture
def database(house: tuple[str, httpx.Client]) -> str:
    dsn, _ = house
    for table in (
        "inbox_event",
        "inbox_work",
        "inbox_seen",
        "inbox_outcome",
        "quarantine",
        "application",
        "connection",
    ):
        change(dsn, f"delete from {table}")
    return dsn


@pytest.fixture
def client(house: tuple[str, httpx.Client], database: str) -> httpx.Client:
    return house[1]


@pytest.fixture
def till(database: str) -> int:
    return connected(database)


def post(client: httpx.Client, path: int | str, body: bytes, secret: str = SECRET, **headers: str) -> httpx.Response:
    given = {**signed(body, str(path), secret), **{name.replace("_", "-"): one for name, one in headers.items()}}
    return client.post(f"/hooks/{path}", content=body, headers=given)


def test_what_is_acknowledged_is_stored_without_cards_and_waits_for_its_turn(
    client: httpx.Client, database: str, till: int
):
    with psycopg.connect(database, autocommit=True) as listener:
        listener.execute("listen servery_arrived")
        answer = post(client, till, BODY, user_agent=f"till {CARD}")
        assert (answer.status_code, answer.content) == (200, b"")
        told = next(listener.notifies(timeout=10))
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


def flip(body: bytes, bit: int) -> bytearray:
    flipped = bytearray(body)
    flipped[bit // 8] ^= 1 << bit % 8
    return flipped


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


def change(dsn: str, statement: str, *values: object, autocommit: bool = False) -> None:
    with connect(dsn) as db:
        db.autocommit = autocommit
        db.execute(statement, values)


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
    assert eventually(lambda: post(client, till, event(3), "next").status_code == 200, 3)
    change(database, renew, Jsonb({"webhook_signature_key": "next"}), till)
    assert eventually(lambda: post(client, till, event(4)).status_code == 401, 2)
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


async def ask(door: Hooks, path: int | str, body: bytes, headers: dict[str, str], query: bytes = b"") -> int:
    """One request without a socket."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(_: dict[str, Any]) -> None:
        return None

    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": f"/hooks/{path}", "headers": pairs, "query_string": query}
    return await door.answer(scope, receive, send)


def in_process(dsn: str, home: Path, use: Callable[..., Awaitable[Any]], doors: int = 1) -> Any:
    """What `use` finds with one door or several, each with a pool of its own, as in processes of their own."""

    async def program() -> Any:
        async with AsyncExitStack() as stack:
            given = []
            for _ in range(doors):
                pool = await stack.enter_async_context(open_pool(dsn))
                intake = Intake(pool)
                writing = asyncio.create_task(intake.run())
                stack.push_async_callback(asyncio.wait, [writing])
                stack.callback(writing.cancel)
                given.append(Hooks(Addresses(pool, home, URL), intake, b"k" * 32))
            return await use(*given)

    return asyncio.run(program())


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


UNREADABLE = {
    "nothing": b"",
    "cut off": BODY[:-20],
    "no JSON": b"hello",
    "NaN": b'{"event_id": NaN}',
    "a lone surrogate": b'{"event_id": "\\ud800", "type": "\\udfff"}',
    "a NUL": b'{"event_id": "a\\u0000b", "type": "\\u0000"}',
    "deep": b'{"event_id":' + b"[" * 10_000,
    "very deep": b'{"a":' * 300_000,
    "a huge number": b'{"event_id": ' + b"9" * 10_000 + b"}",
    "the same name twice": b'{"event_id": "1", "event_id": "2"}',
    "of another form": b'{"event_id": {"x": 1}, "type": [1]}',
    "a long name": b'{"event_id": "' + b"x" * 5000 + b'"}',
    "no text": bytes(range(256)),
    "large": b'{"event_id": "large", "note": "' + b"x" * 1_900_000 + b'"}',
}


def test_what_is_signed_but_cannot_be_read_is_acknowledged_and_kept(client: httpx.Client, database: str, till: int):
    for name, body in UNREADABLE.items():
        began = time.monotonic()
        assert post(client, till, body).status_code == 200, name
        assert time.monotonic() - began < 5
    assert [one["body"] for one in events(database)] == list(UNREADABLE.values())
    assert len(rows(database, "select from inbox_work")) == len(UNREADABLE)


def socket_to(client: httpx.Client) -> socket.socket:
    return socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=15)


def test_what_is_too_large_is_refused_before_it_is_read(client: httpx.Client, database: str, till: int):
    with socket_to(client) as wire:
        wire.sendall(f"POST /hooks/{till} HTTP/1.1\r\nhost: x\r\ncontent-length: 2000001\r\n\r\n".encode())
        assert b" 413 " in wire.recv(1000).partition(b"\r\n")[0]
    assert post(client, till, b"x" * 2_000_001).status_code == 413
    assert nothing_stored(database)


def test_what_turns_out_to_be_too_large_is_refused_while_it_comes(client: httpx.Client, database: str, till: int):
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 200_000_000:
            sent += 64_000
            yield b"x" * 64_000

    try:
        answer = client.post(f"/hooks/{till}", content=endless(), headers=signed(b"", str(till)))
        assert answer.status_code == 413
    except httpx.WriteError:
        # The answer came while we still wrote.
        pass
    assert sent < 50_000_000
    assert nothing_stored(database)


def test_a_body_that_is_shorter_than_was_told_leaves_nothing(client: httpx.Client, database: str, till: int):
    signature = signed(BODY, str(till))["x-square-hmacsha256-signature"]
    head = f"POST /hooks/{till} HTTP/1.1\r\nhost: x\r\nx-square-hmacsha256-signature: {signature}\r\n"
    with socket_to(client) as wire:
        wire.sendall(f"{head}content-length: {len(BODY) + 1}\r\n\r\n".encode() + BODY)
        wire.shutdown(socket.SHUT_WR)
        assert b" 200 " not in wire.recv(1000)
    with socket_to(client) as wire:
        # Told too short: what is over is no request.
        wire.sendall(f"{head}content-length: {len(BODY) - 1}\r\n\r\n".encode() + BODY)
        assert b" 401 " in wire.recv(1000)
    assert post(client, till, event(1)).status_code == 200
    assert len(events(database)) == 1


def test_who_sends_slowly_is_let_go(client: httpx.Client, database: str, till: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hooks, "_READ_WITHIN", 0.3)
    with socket_to(client) as wire:
        wire.sendall(f"POST /hooks/{till} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{{".encode())
        assert b" 408 " in wire.recv(1000)
    assert nothing_stored(database)


def test_a_packed_body_is_proved_as_it_came_and_kept_unpacked(client: httpx.Client, database: str, till: int):
    packed = gzip.compress(BODY)
    assert post(client, till, packed, content_encoding="gzip").status_code == 200
    (kept,) = events(database)
    assert json.loads(kept["body"])["event_id"] == kept["key"] == "e-1"
    assert b"4111 1111" not in kept["body"]


def test_a_packed_body_that_breaks_off_hides_no_card(client: httpx.Client, database: str, till: int):
    body = b'{"event_id": "e", "note": "' + b"4111 1111 1111 1111 " * 10_000 + bytes(random.Random(1).randbytes(20_000))
    packed = gzip.compress(body)[:-9000]
    assert post(client, till, packed, content_encoding="gzip").status_code == 200
    (kept,) = events(database)
    assert kept["body"].startswith(b'{"event_id": "e", "note": "[card ')
    assert b"4111 1111" not in kept["body"]


@pytest.mark.parametrize(
    ("body", "coding", "status"),
    [(gzip.compress(b"x" * 50_000_000), "gzip", 413), (b"x", "br", 415), (b"x", "zstd", 415), (b"x", "identity", 200)],
)
def test_other_packings(client: httpx.Client, database: str, till: int, body: bytes, coding: str, status: int):
    assert post(client, till, body, content_encoding=coding).status_code == status
    assert len(events(database)) == (status == 200)


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


def vendor(monkeypatch: pytest.MonkeyPatch, webhook: Webhook) -> None:
    manifest = structs.replace(registry.manifest("square"), webhook=webhook)
    monkeypatch.setattr(registry, "manifest", lambda _: manifest)


def test_a_token_in_the_address_is_neither_stored_nor_logged(
    client: httpx.Client, database: str, till: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG, logger="servery")
    vendor(
        monkeypatch, Webhook(secret="webhook_signature_key", by="query", header="token", merchant_path="merchant_id")
    )
    change(
        database,
        "insert into application (connector, settings) values ('square', '{\"webhook_signature_key\": \"T0\"}')",
    )
    assert client.post(f"/hooks/{till}?token={SECRET}", content=BODY).status_code == 200
    assert client.post(f"/hooks/{till}?token={SECRET}x", content=BODY).status_code == 401
    assert client.post("/hooks/apps/square?token=T0", content=event(7, merchant_id="none")).status_code == 200
    told = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("httpx"))
    stored = repr(events(database)) + repr(rows(database, "select * from quarantine"))
    assert SECRET not in told + stored
    assert "T0" not in told + stored
    assert "401" in told


@pytest.mark.parametrize("by", ["header", "basic", "bearer"])
def test_a_fixed_secret_is_not_stored(
    client: httpx.Client, database: str, till: int, monkeypatch: pytest.MonkeyPatch, by: Any
):
    vendor(
        monkeypatch,
        Webhook(secret="webhook_signature_key", by=by, header="user-agent" if by == "header" else "authorization"),
    )
    proof = {
        "header": SECRET,
        "basic": "Basic " + base64.b64encode(SECRET.encode()).decode(),
        "bearer": f"Bearer {SECRET}",
    }[by]
    name = "user-agent" if by == "header" else "authorization"
    assert client.post(f"/hooks/{till}", content=BODY, headers={name: proof}).status_code == 200
    (kept,) = events(database)
    assert proof not in repr(kept["headers"])


def test_ten_thousand_payloads_with_planted_cards_leave_none_on_disk_or_in_the_log(
    database: str, tmp_path: Path, till: int, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    rng = random.Random(9)

    async def plant(door: Hooks) -> set[int]:
        found: set[int] = set()
        for start in range(0, 10_000, 250):
            bodies = [planted(rng, number) for number in range(start, start + 250)]
            found |= set(await asyncio.gather(*(ask(door, till, one, signed(one, str(till))) for one in bodies)))
        return found

    assert in_process(database, tmp_path, plant) == {200}
    with (
        connect(database) as db,
        db.cursor().copy("copy (select body, headers, key, kind from inbox_event) to stdout") as out,
    ):
        stored = b"".join(bytes(part) for part in out)
    assert stored.count(b"\n") == 10_000
    everything = bytes.fromhex("".join(line.split(b"\t")[0][3:].decode() for line in stored.splitlines()))
    assert everything.count(b"[card ") == 10_000
    for form in (CARD, " ".join((CARD[:4], CARD[4:8], CARD[8:12], CARD[12:])), "4111-1111-1111-1111"):
        assert form.encode() not in everything
        assert form not in caplog.text
    assert everything.count(b"5555555555554444") == 10_000


def planted(rng: random.Random, number: int) -> bytes:
    """An event with a card somewhere, and a declared id that looks like one."""
    card = rng.choice((CARD, "4111 1111 1111 1111", "4111-1111-1111-1111", int(CARD)))
    where = rng.choice(
        ({"note": card}, {"tender": {"pan": card}}, {"lines": ["x", card]}, {"note": f"paid with {card}!"})
    )
    return event(number, data={"order_id": "5555555555554444", "object": where})


def test_when_the_store_is_away_the_sender_is_told_to_come_again(client: httpx.Client, database: str, till: int):
    assert post(client, till, event(1)).status_code == 200
    change(database, "alter table inbox_seen rename to elsewhere")
    answer = post(client, till, event(2))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["code"] == "store-away"
    change(database, "alter table elsewhere rename to inbox_seen")
    assert post(client, till, event(2)).status_code == 200
    assert [one["key"] for one in events(database)] == ["e-1", "e-2"]


def test_connections_that_the_database_ended_are_replaced(client: httpx.Client, database: str, till: int):
    assert post(client, till, event(1)).status_code == 200
    change(
        database,
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
        "and pid <> pg_backend_pid()",
    )
    assert post(client, till, event(2)).status_code == 200


def test_when_midnight_passed_and_nobody_made_the_day_it_is_made(client: httpx.Client, database: str, till: int):
    for row in rows(
        database, "select relid::regclass::text as name from pg_partition_tree('inbox_event') where isleaf"
    ):
        change(database, f"drop table {row['name']}")
    assert post(client, till, BODY).status_code == 200
    assert len(events(database)) == 1


def test_a_key_that_was_lost_is_no_reason_to_refuse_for_ever(client: httpx.Client, database: str, till: int):
    change(database, "update connection set sealed = %s where id = %s", b"\x01" + b"x" * 60, till)
    assert post(client, till, BODY).status_code == 503


def test_many_processes_store_the_same_events_at_once_each_once(database: str, tmp_path: Path, till: int):
    bodies = [event(number) for number in range(200)]

    async def both(*doors: Hooks) -> list[int]:
        orders = [(door, random.Random(seed).sample(bodies, len(bodies))) for seed, door in enumerate(doors)]
        asked = [ask(door, till, body, signed(body, str(till))) for door, order in orders for body in order]
        return await asyncio.gather(*asked)

    assert set(in_process(database, tmp_path, both, doors=2)) == {200}
    assert len(events(database)) == len(rows(database, "select from inbox_work")) == 200


def arrival(key: str, till: int, body: bytes = b"{}") -> Arrival:
    return Arrival(connection_id=till, connector="square", kind="k", key=key, headers={}, body=body)


def stored_at_once(dsn: str, arrivals: list[Arrival]) -> list[str]:
    """How storing each of them ends, all asked for before anything is written."""

    async def program() -> list[str]:
        async with open_pool(dsn) as pool:
            intake = Intake(pool)
            waiting = [asyncio.create_task(intake.store([one])) for one in arrivals]
            await asyncio.sleep(0)
            writing = asyncio.create_task(intake.run())
            found = await asyncio.gather(*waiting, return_exceptions=True)
            writing.cancel()
            await asyncio.wait([writing])
            return ["stored" if one is None else type(one).__name__ for one in found]

    return asyncio.run(program())


def test_what_the_database_cannot_hold_does_not_keep_out_the_others(database: str, till: int):
    arrivals = [arrival(key, till) for key in ("a", "b\0", "c")]
    assert stored_at_once(database, arrivals) == ["stored", "Retry", "stored"]
    assert [one["key"] for one in events(database)] == ["a", "c"]


def test_more_than_memory_should_hold_is_sent_back(database: str, till: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("servery.inbox.receive.MOST_BYTES_WAITING", 1000)
    arrivals = [arrival(str(number), till, b"x" * 400) for number in range(4)]
    assert stored_at_once(database, arrivals) == ["stored", "stored", "Retry", "Retry"]
