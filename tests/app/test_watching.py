"""Alerts on their way: real SMTP and HTTP on sockets of this machine."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_string
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from servery.app import guarded, watching
from servery.errors import NeedsPerson, Retry
from servery.health import alerts, repairs, watch
from servery.settings import Settings, read_settings
from servery.storage.pool import Pool
from servery.sync import connections, state
from servery.testing.served import free_port, served

pytestmark = pytest.mark.anyio


class Mailbox:
    """A mail server of one page: it takes what it is given, unless it is told to be busy."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.busy = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                self.messages.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            told = {b"QUIT": b"221 bye\r\n", b"MAIL": b"451 busy\r\n" if self.busy else b"250 ok\r\n"}
            writer.write(told.get(word, b"250 ok\r\n"))
            await writer.drain()
            if word == b"QUIT":
                break
        writer.close()


@pytest.fixture
async def mailbox() -> AsyncIterator[tuple[Mailbox, str]]:
    box = Mailbox()
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield box, f"smtp://127.0.0.1:{port}"
    server.close()


def settings(home: Path, **environ: str) -> Settings:
    return read_settings({"SERVERY_HOME": str(home), "SERVERY_PUBLIC_URL": "https://servery.example.com", **environ})


async def broken(pool: Pool) -> None:
    """A till whose key was refused an hour ago."""
    async with pool.connection() as db:
        till = await connections.add_connection(db, "Till", "square", {}, None)
        await state.begin(db, till, "orders")
        await state.failed(
            db, till, "orders", NeedsPerson("Square does not accept the access token."), await watch.clock(db)
        )
        now = await watch.clock(db)
        await db.execute("update sync_state set failing_since = %s", [now - timedelta(hours=1)])
        await watch.look(db, now - timedelta(minutes=30))
        await alerts.owe(db, now)


async def test_an_e_mail_says_what_and_how_to_mend_it_and_arrives_once(pool, mailbox, tmp_path):
    box, url = mailbox
    chosen = settings(tmp_path, SERVERY_SMTP_URL=url, SERVERY_MAIL_FROM="house@example.com")
    async with pool.connection() as db:
        await watching.add_receiver(db, tmp_path, "rosa@example.com", language="da")
    await broken(pool)
    box.busy = True
    (wrong,) = await watching.send_due(pool, chosen)
    assert isinstance(wrong, Retry)
    assert box.messages == []
    box.busy = False
    async with pool.connection() as db:
        await db.execute("update alert set due_at = now()")
    for _ in range(2):
        assert await watching.send_due(pool, chosen) == []
    (sent,) = box.messages
    message = message_from_string(sent, policy=default)
    assert (message["To"], message["From"]) == ("rosa@example.com", "house@example.com")
    assert "Till" in message["Subject"]
    body = message.get_content()
    assert "https://servery.example.com/connections" in body
    async with pool.connection() as db:
        cursor = await db.execute("select id from alert")
        row = await cursor.fetchone()
    assert message["Message-ID"] == f"<{row['id']}@servery.example.com>"


async def test_without_a_mail_server_the_page_says_so(pool, tmp_path):
    async with pool.connection() as db:
        await watching.add_receiver(db, tmp_path, "rosa@example.com")
    await broken(pool)
    (wrong,) = await watching.send_due(pool, settings(tmp_path))
    assert isinstance(wrong, NeedsPerson)
    async with pool.connection() as db:
        (rosa,) = await alerts.receivers(db)
        await watch.look(db, await watch.clock(db))
        found = await repairs.repairs(db)
    assert rosa.error
    assert "SERVERY_SMTP_URL" in rosa.error["message"]
    assert "rosa" not in json.dumps([(one.params, one.trouble) for one in found])


async def test_a_webhook_is_signed_and_its_id_stays(pool, tmp_path):
    heard: list[tuple[dict[str, str], bytes]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        heard.append(({name.decode(): value.decode() for name, value in scope["headers"]}, body))
        status = 500 if len(heard) == 1 else 204
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with served(app) as url:
        chosen = settings(tmp_path, SERVERY_INSIDE_ADDRESSES="1")
        async with pool.connection() as db:
            _id, secret = await watching.add_receiver(db, tmp_path, f"{url}/alerts")
        await broken(pool)
        assert len(await watching.send_due(pool, chosen)) == 1
        async with pool.connection() as db:
            await db.execute("update alert set due_at = now()")
        assert await watching.send_due(pool, chosen) == []
    assert secret is not None
    assert heard[0][0]["webhook-id"] == heard[1][0]["webhook-id"]
    headers, body = heard[1]
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    proof = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), said, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(proof).decode()}"
    event = json.loads(body)
    assert event["type"] == "repair.opened"
    assert event["data"]["repairs"][0]["kind"] == "needs_person"


INSIDE = (
    "127.0.0.1 localhost [::1] 10.0.0.7 169.254.169.254 [::ffff:127.0.0.1] 0.0.0.0 2130706433 "
    "[64:ff9b::7f00:1] [2002:7f00:1::] 224.0.0.1"
).split()


@pytest.mark.parametrize("host", INSIDE)
async def test_addresses_inside_are_refused(host):
    with pytest.raises(NeedsPerson):
        await guarded.post(f"http://{host}/x", b"", {}, inside=False)


async def test_nobody_there_is_tried_again():
    with pytest.raises(Retry):
        await guarded.post(f"http://127.0.0.1:{free_port()}", b"", {}, inside=True)


async def test_the_service_opens_tells_and_stops(pool, mailbox, tmp_path, monkeypatch):
    box, url = mailbox
    monkeypatch.setattr(watch, "EVERY", timedelta(seconds=0.05))
    stop = asyncio.Event()
    running = asyncio.create_task(watching.run(pool, settings(tmp_path, SERVERY_SMTP_URL=url), stop))
    async with pool.connection() as db:
        await watching.add_receiver(db, tmp_path, "rosa@example.com")
    await broken(pool)
    async with asyncio.timeout(60):
        while not box.messages:
            await asyncio.sleep(0.05)
    async with pool.connection() as db:
        assert await watch.living(db) == {"worker": 1}
    stop.set()
    await running
    async with pool.connection() as db:
        assert await watch.living(db) == {}
