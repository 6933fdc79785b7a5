"""PostgreSQL is stopped, killed and started again under a running installation: nothing exits and nothing is lost."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import psycopg
import pytest

from servery.app import connect as joining
from servery.connectors.square.simulator import signed, simulator
from servery.model.venue import Venue
from servery.storage.migrate import migrate
from servery.storage.pool import open_pool
from servery.testing.served import free_port, served
from servery.testing.stage import Stage
from tests.calm import Calm
from tests.faults.restartable import Restartable, restartable

KEY = "the-key-of-a-subscription"
A_SECOND = 60
"""Events sent in each second: far less than can be taken in, so that a fault shows and not the machine's speed."""
BACK_WITHIN = 10.0


class Running(NamedTuple):
    """An installation at work, and where Square's events are sent."""

    hook: str
    processes: list[subprocess.Popen[bytes]]


@contextmanager
def running(server: Restartable, home: Path) -> Iterator[Running]:
    migrate(server.dsn)
    stage = Stage(Venue(name="Torvet 4", time_zone="Europe/Copenhagen", currency="DKK"), "LTORVET", "DK")
    with served(simulator(stage, access_token="simulated")) as url:
        number = asyncio.run(_joined(server.dsn, home, url))
        port = free_port()
        environ = {name: value for name, value in os.environ.items() if not name.startswith("SERVERY_")}
        environ |= {"SERVERY_HOME": str(home), "SERVERY_PORT": str(port), "SERVERY_DATABASE_URL": server.dsn}
        processes = [
            subprocess.Popen([sys.executable, "-m", "servery", command], env=environ) for command in ("web", "worker")
        ]
        try:
            _until_served(f"http://127.0.0.1:{port}")
            yield Running(f"http://127.0.0.1:{port}/hooks/{number}", processes)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(60)


async def _joined(dsn: str, home: Path, url: str) -> int:
    given = {"access_token": "simulated", "base_url": url, "webhook_signature_key": KEY, joining.HISTORY_DAYS: "1"}
    async with open_pool(dsn) as pool, pool.connection() as db:
        return (await joining.connect(db, home, "square", given, name=None, venue_name=None)).id


def _until_served(url: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/healthz", trust_env=False).is_success:
                return
        time.sleep(0.05)
    raise AssertionError("the pages were not served")


def event(number: int) -> bytes:
    customer = {
        "id": f"GUEST{number}", "given_name": f"Guest {number}", "created_at": "2026-11-20T18:30:00Z",
        "updated_at": "2026-11-20T18:30:00Z", "version": 1,
    }  # fmt: skip
    return msgspec.json.encode(
        {
            "merchant_id": "M", "type": "customer.created", "event_id": f"event-{number}",
            "created_at": "2026-11-20T18:30:00Z",
            "data": {"type": "customer", "id": customer["id"], "object": {"customer": customer}},
        }
    )  # fmt: skip


class Sender:
    """Square: it sends each event until it is acknowledged, so many new ones in a second, and keeps its own log."""

    def __init__(self, hook: str) -> None:
        self._hook = hook
        self.acknowledged: dict[int, float] = {}
        self._open: set[asyncio.Task[None]] = set()
        # More at once, and this process would be busy with its own waiting when the database is back.
        self._lines = asyncio.Semaphore(40)

    async def send_until(self, stop: asyncio.Event) -> None:
        number = 0
        async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
            began = time.monotonic()
            while not stop.is_set():
                task = asyncio.create_task(self._deliver(http, number))
                self._open.add(task)
                task.add_done_callback(self._open.discard)
                number += 1
                await asyncio.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
            await asyncio.gather(*self._open)

    async def _deliver(self, http: httpx.AsyncClient, number: int) -> None:
        body = event(number)
        headers = signed(body, KEY, self._hook)
        while True:
            async with self._lines:
                if await self._told(http, number, body, headers):
                    return
            await asyncio.sleep(0.3)

    async def _told(self, http: httpx.AsyncClient, number: int, body: bytes, headers: dict[str, str]) -> bool:
        with suppress(httpx.TransportError):
            answer = await http.post(self._hook, content=body, headers=headers)
            if answer.is_success:
                self.acknowledged[number] = time.monotonic()
                return True
            assert answer.status_code >= 500, answer.text
        return False

    def within(self, since: float, seconds: float = 1.0) -> int:
        """How many were acknowledged in a stretch of time."""
        return sum(since <= at < since + seconds for at in self.acknowledged.values())


async def back_after(sender: Sender) -> float:
    """Seconds until events are acknowledged as fast as they are sent again."""
    started, since = time.monotonic(), Calm()
    while True:
        now = time.monotonic()
        if now - started > 120:
            raise AssertionError("events are not acknowledged as before")
        if now - started > 1 and sender.within(now - 1) >= 0.95 * A_SECOND:
            return max(0.0, since.seconds - 1)
        await asyncio.sleep(0.1)


async def storm(server: Restartable, sender: Sender, restarts: int, pause: tuple[float, float]) -> list[float]:
    """Restart the server again and again while events come; how long each took to be forgotten."""
    stop = asyncio.Event()
    sending = asyncio.create_task(sender.send_until(stop))
    draw = random.Random(1)
    took = []
    await back_after(sender)
    for number in range(restarts):
        await asyncio.sleep(draw.uniform(*pause))
        await asyncio.to_thread(server.kill if number % 2 else server.stop)
        await asyncio.to_thread(server.start)
        took.append(await back_after(sender))
    stop.set()
    await sending
    return took


def held(dsn: str) -> tuple[int, int, int]:
    """How many events are held, how many guests were made of them, and how many are still to be taken in."""
    with psycopg.connect(dsn) as db:
        row = db.execute(
            "select (select count(*) from inbox_event where via = 'webhook'), "
            "(select count(*) from source_guest where external_id like 'GUEST%' and revision >= 0), "
            "(select count(*) from inbox_work)"
        ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_nothing_exits_and_nothing_is_lost(tmp_path: Path) -> None:
    with restartable() as server, running(server, tmp_path) as installation:
        sender = Sender(installation.hook)
        took = asyncio.run(storm(server, sender, restarts=3, pause=(0.5, 1.5)))
        assert max(took) < BACK_WITHIN, took
        assert [process.poll() for process in installation.processes] == [None, None]
        until = time.monotonic() + 60
        while held(server.dsn)[2] and time.monotonic() < until:
            time.sleep(0.1)
        sent = len(sender.acknowledged)
        assert held(server.dsn) == (sent, sent, 0)


def test_a_long_absence_is_forgotten_as_soon_as_a_short_one(tmp_path: Path) -> None:
    with restartable() as server, running(server, tmp_path) as installation:
        took = asyncio.run(_absence(server, Sender(installation.hook), seconds=20))
        assert [process.poll() for process in installation.processes] == [None, None]
    assert took < BACK_WITHIN / 2


async def _absence(server: Restartable, sender: Sender, seconds: float) -> float:
    stop = asyncio.Event()
    sending = asyncio.create_task(sender.send_until(stop))
    await back_after(sender)
    await asyncio.to_thread(server.stop)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(server.start)
    took = await back_after(sender)
    stop.set()
    await sending
    return took


def test_a_worker_stops_also_while_the_database_is_away(tmp_path: Path) -> None:
    with restartable() as server:
        with running(server, tmp_path) as installation:
            server.stop()
            time.sleep(1.5)
            since = Calm()
            for process in installation.processes:
                process.terminate()
            assert [process.wait(60) for process in installation.processes] == [0, 0]
            assert since.seconds < 6
        server.start()
