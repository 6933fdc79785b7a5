"""What goes to an address that somebody entered goes there by itself: no proxy looks up the name for us."""

import asyncio
from pathlib import Path

import pytest

from servery.app.tokens import using
from servery.connectors.contract import Account, Target
from servery.connectors.registry import connector
from servery.connectors.webhook.simulator import SECRET, Receiver
from servery.model.commands import GuestCard
from servery.storage.pool import open_pool
from servery.sync import connections
from servery.testing.served import free_port, served

CARD = GuestCard(guest_id=7, name="Åse Ødegård")
TARGET = Target(our_id="7f1f5d64-93c0-4f0e-9a4e-3d6f4f0f8f6d", version=1)


def test_deliveries_take_no_proxy(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    receiver = Receiver()
    with served(receiver) as url:
        asyncio.run(_send(database, tmp_path, url))
    assert receiver.states[TARGET.our_id]["name"] == "Åse Ødegård"


async def _send(dsn: str, home: Path, url: str) -> None:
    settings = {"url": url, "sending_secret": SECRET, "inside": "127.0.0.1"}
    send = connector("webhook").send
    assert send is not None
    async with open_pool(dsn) as pool:
        async with pool.connection() as db:
            number = await connections.add_connection(db, "Their app", "webhook", settings, None)
            one = await connections.connection(db, number)
        async with using(pool, home, one) as session:
            await send(session, Account("Their app", ()), CARD, TARGET)
