"""A connection that webhooks are sent to, and the two ways to send them: over a socket, or straight to the door."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
from psycopg.types.json import Jsonb

from servery.app.addresses import Addresses
from servery.app.hooks import Hooks
from servery.inbox.receive import Intake
from servery.settings import Settings
from servery.storage.pool import connect, open_pool

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


def post(client: httpx.Client, path: int | str, body: bytes, secret: str = SECRET, **headers: str) -> httpx.Response:
    given = {**signed(body, str(path), secret), **{name.replace("_", "-"): one for name, one in headers.items()}}
    return client.post(f"/hooks/{path}", content=body, headers=given)


def flip(body: bytes, bit: int) -> bytearray:
    flipped = bytearray(body)
    flipped[bit // 8] ^= 1 << bit % 8
    return flipped


def change(dsn: str, statement: str, *values: object, autocommit: bool = False) -> None:
    with connect(dsn) as db:
        db.autocommit = autocommit
        db.execute(statement, values)


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
