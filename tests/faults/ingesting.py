"""A receiver of webhooks that is killed again and again while a sender goes on: what was acknowledged is there, once.

Three processes: the sender, as a vendor sends, with a log of its own of what was acknowledged; `servery web`, killed
with SIGKILL at random moments; and this one, which kills, starts again, and holds the log against the database.
"""

import asyncio
import base64
import hmac
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from uuid import uuid4

import psycopg
from msgspec import Struct, structs
from psycopg.types.json import Jsonb

from servery.testing.served import free_port

SECRET = "signature-key"
LINES = 24
"""Connections that the sender holds open."""
AGAIN = 0.05
"""Share of the acknowledged events that the sender sends again all the same, as vendors do."""
_START_WITHIN = 60.0

Careless = Literal["acknowledges first", "forgets what came"]
"""A receiver without one of its guards."""


class Verdict(Struct, frozen=True):
    """What came of it. `lost` were acknowledged and are not there, `doubled` are there more than once."""

    kills: int
    acknowledged: int
    lost: int
    doubled: int

    @property
    def shows(self) -> bool:
        """Whether anything is wrong."""
        return self.lost > 0 or self.doubled > 0

    def __str__(self) -> str:
        return f"{self.kills} kills, {self.acknowledged} acknowledged, {self.lost} lost, {self.doubled} duplicated"


def rounds(dsn: str, folder: Path, kills: int, acknowledged: int = 0, careless: Careless | None = None) -> Verdict:
    """Kill that many times and at least until so many are acknowledged; a careless one only until it shows."""
    port, log, rng, done = free_port(), folder / "acknowledged.log", random.Random(), 0
    url = f"http://127.0.0.1:{port}"
    path = f"/hooks/{_connection(dsn)}"
    with _sender(port, path, url + path, log) as sender:
        while done < kills or _lines(log) < acknowledged:
            with _receiver(dsn, folder, port, careless) as receiver:
                _wait_for_more(log)
                time.sleep(rng.uniform(0.0, 1.0))
                receiver.kill()
            done += 1
            assert sender.poll() is None, "the sender ended"
            if careless and (verdict := _verdict(dsn, log, done)).shows:
                return verdict
        with _receiver(dsn, folder, port, careless):
            # What was being retried comes in now; a sender does not stop in the middle.
            _wait_for_more(log)
            _end(sender)
    return _verdict(dsn, log, done)


def _connection(dsn: str) -> int:
    with psycopg.connect(dsn) as db:
        row = db.execute(
            "insert into connection (name, connector, settings) values ('till', 'square', %s) returning id",
            [Jsonb({"webhook_signature_key": SECRET})],
        ).fetchone()
    assert row is not None
    return int(row[0])


def _verdict(dsn: str, log: Path, kills: int) -> Verdict:
    acknowledged = set(log.read_text().split())
    with psycopg.connect(dsn) as db:
        # In one look: what a killed receiver had under way may be committed only now.
        rows = db.execute(
            "select convert_from(body, 'utf8')::jsonb ->> 'event_id', count(*), count(w.event_id) "
            "from inbox_event e left join inbox_work w on w.event_id = e.id group by 1"
        ).fetchall()
    stored = {event: count for event, count, _ in rows}
    idle = sum(count - waiting for _, count, waiting in rows)
    return Verdict(
        kills, len(acknowledged), len(acknowledged - stored.keys()) + idle, sum(count - 1 for count in stored.values())
    )


def _lines(log: Path) -> int:
    return log.stat().st_size // 37 if log.exists() else 0


def _wait_for_more(log: Path) -> None:
    before, until = _lines(log), time.monotonic() + _START_WITHIN
    while _lines(log) == before:
        assert time.monotonic() < until, "nothing is acknowledged any more"
        time.sleep(0.01)


@contextmanager
def _receiver(dsn: str, folder: Path, port: int, careless: Careless | None) -> Iterator[subprocess.Popen[bytes]]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("SERVERY_")}
    environment = others | {
        "SERVERY_HOME": str(folder / "home"),
        "SERVERY_DATABASE_URL": dsn,
        "SERVERY_PORT": str(port),
        "SERVERY_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    program = ["-m", "tests.faults.ingesting", careless, "web"] if careless else ["-m", "servery", "web"]
    with (folder / "web.log").open("ab") as told:
        process = subprocess.Popen([sys.executable, *program], env=environment, stdout=told, stderr=told)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def _sender(port: int, path: str, url: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-m", "tests.faults.ingesting", "send", str(port), path, url, str(log)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


def _end(sender: subprocess.Popen[bytes]) -> None:
    assert sender.stdin is not None
    sender.stdin.close()
    sender.wait(_START_WITHIN)


async def _send(port: int, path: str, url: str, log: Path) -> None:
    """Send over many lines until standard input ends; write down each event that is acknowledged."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    with log.open("a", buffering=1) as book:
        lines = [asyncio.create_task(_line(port, path, url, book.write, ended)) for _ in range(LINES)]
        await asyncio.gather(*lines)


async def _line(port: int, path: str, url: str, write_down, ended: asyncio.Event) -> None:
    """One event after another, each until it is acknowledged."""
    line = None
    while not ended.is_set():
        event = str(uuid4())
        request = _request(event, path, url)
        told = False
        while not told and not ended.is_set():
            try:
                line = line or await asyncio.open_connection("127.0.0.1", port)
                told = await _acknowledged(*line, request)
                if told and random.random() < AGAIN:
                    await _acknowledged(*line, request)
            except (OSError, asyncio.IncompleteReadError):
                # Killed under our hands: a vendor sends it again, to whoever answers then.
                line = None
            if not told:
                await asyncio.sleep(0.02)
        if told:
            write_down(f"{event}\n")


async def _acknowledged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bool:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
    await reader.readexactly(length)
    return head.startswith(b"HTTP/1.1 200")


def _request(event: str, path: str, url: str) -> bytes:
    lines = [{"uid": event[:8], "name": "Ribeye", "quantity": "1"}] * 8
    body = json.dumps({"event_id": event, "type": "order.updated", "merchant_id": "M", "lines": lines}).encode()
    proof = base64.b64encode(hmac.digest(SECRET.encode(), url.encode() + body, "sha256")).decode()
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nx-square-hmacsha256-signature: {proof}\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def _be_careless(how: Careless) -> None:
    """Run the command line with a receiver that lacks a guard."""
    from servery.cli import main
    from servery.inbox.receive import Intake

    store = Intake.store

    async def acknowledges_first(self, arrivals) -> None:
        task = asyncio.ensure_future(store(self, arrivals))
        task.add_done_callback(lambda done: done.exception())

    async def forgets_what_came(self, arrivals) -> None:
        await store(self, [structs.replace(one, key=str(uuid4())) for one in arrivals])

    Intake.store = acknowledges_first if how == "acknowledges first" else forgets_what_came  # type: ignore[method-assign]
    main()


if __name__ == "__main__":
    if sys.argv[1] == "send":
        asyncio.run(_send(int(sys.argv[2]), sys.argv[3], sys.argv[4], Path(sys.argv[5])))
    else:
        chosen = sys.argv.pop(1)
        _be_careless(chosen)  # type: ignore[arg-type]
