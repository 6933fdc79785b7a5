"""Another system's JSON, from its signed request to the guest, by the mapping that the owner wrote."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from servery.accounts.vault import open_vault
from servery.app.connect import connect
from servery.app.incoming import take_all
from servery.connectors.standard_webhooks import signed
from servery.connectors.webhook.client import key_of
from servery.connectors.webhook.simulator import MAPPING, SECRET
from servery.inbox.partitions import ensure_ahead
from servery.storage.pool import open_pool
from tests.app.webhooks.conftest import receiver

ENTERED = {
    "restaurant": "The Pass", "time_zone": "Europe/Copenhagen", "currency": "DKK", "secret": SECRET, "mapping": MAPPING,
}  # fmt: skip


def joined(dsn: str, home: Path) -> int:
    async def work() -> int:
        async with open_pool(dsn) as pool, pool.connection() as db:
            await ensure_ahead(db)
            return (await connect(db, home, "webhook", ENTERED, name="Their app", venue_name=None)).id

    return asyncio.run(work())


def taken(dsn: str, home: Path, connection_id: int) -> int:
    async def work() -> int:
        async with open_pool(dsn) as pool:
            return await take_all(pool, home, connection_id)

    return asyncio.run(work())


def rows(dsn: str, query: str) -> list[Any]:
    with psycopg.connect(dsn) as db:
        return db.execute(query).fetchall()


def posted(door: httpx.Client, connection_id: int, message: str, body: dict[str, Any], secret: str = SECRET) -> int:
    raw = json.dumps(body).encode()
    headers = signed(message, raw, [key_of(secret, "secret")])
    return door.post(f"/hooks/{connection_id}", content=raw, headers=headers).status_code


@pytest.fixture
def home(tmp_path: Path) -> Path:
    open_vault(tmp_path, in_use=False)
    return tmp_path


def test_what_another_system_says_of_a_guest_is_known(database: str, home: Path):
    connection_id = joined(database, home)
    contact = {
        "id": "g1", "changed": "2026-03-06T10:00:00Z", "name": {"full": "Åse Ødegård"}, "email": "aase@example.dk",
    }  # fmt: skip
    with receiver(database, home) as door:
        assert posted(door, connection_id, "msg_1", {"type": "contact.changed", "contact": contact}) == 204
        assert posted(door, connection_id, "msg_1", {"type": "contact.changed", "contact": contact}) == 204
        other = "whsec_" + "A" * 43 + "="
        assert posted(door, connection_id, "msg_2", {"type": "contact.changed", "contact": contact}, other) == 401
        assert posted(door, connection_id, "msg_3", {"type": "contact.changed", "contact": {"id": "g2"}}) == 204
    assert taken(database, home, connection_id) == 2
    assert rows(database, "select external_id, body ->> 'email' from source_guest") == [("g1", "aase@example.dk")]
    assert rows(database, "select outcome from inbox_outcome order by event_id") == [("applied",), ("quarantined",)]
