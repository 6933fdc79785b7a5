"""Secrets and card numbers: none in what is stored, none in the log."""

from __future__ import annotations

import asyncio
import base64
import logging
import random
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import structs

from servery.app.hooks import Hooks
from servery.connectors import registry
from servery.connectors.contract import Webhook
from servery.storage.pool import connect
from tests.app.webhooks.door import (
    BODY,
    CARD,
    SECRET,
    ask,
    change,
    event,
    events,
    in_process,
    rows,
    signed,
)


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
