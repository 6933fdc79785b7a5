"""Senders that are killed at every point of sending: what is wanted on the other side is there, and there once.

Three processes: this one says what is wanted, and keeps a log of it; a sender works as the worker does, until it kills
itself with SIGKILL where it was told to; a receiver holds what it was sent. The verdict compares the log with what the
receiver holds, and asks the database nothing.
"""

import asyncio
import multiprocessing
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Literal
from uuid import UUID, uuid4

import httpx
import msgspec
from msgspec import Struct

from servery.connectors.contract import Account, Connector, LookUp, Send, Sent, Session, Target
from servery.errors import Retry
from servery.model.commands import Command
from servery.outbox import status
from servery.outbox.deliver import Delivery
from servery.outbox.mark import installation_id, our_id
from servery.storage.pool import Pool, open_pool
from servery.testing.served import free_port
from tests.outbox import fake
from tests.outbox.fake import Safe, want

Point = Literal["before send", "before reply", "before commit", "in retry", "in recovery"]
POINTS: tuple[Point, ...] = ("before send", "before reply", "before commit", "in retry", "in recovery")
SUBJECTS = 60
LEASE = 0.6
"""Seconds: short, so that what a killed sender left is soon taken up."""
_CHANCE = 0.15
"""That a sender that may be killed at a point is, each time it gets there."""
_LONGEST = 20.0
"""Seconds after which a sender that never got to its point is killed wherever it is, and does not count."""


class Verdict(Struct):
    """What came of it. `wanted` counts the states that were asked for; `lost` objects are not there or not up to date,
    `doubled` are there more than once."""

    kills: dict[str, int]
    wanted: int
    lost: int
    doubled: int

    def __str__(self) -> str:
        points = ", ".join(f"{number} {point}" for point, number in self.kills.items())
        return (
            f"{sum(self.kills.values())} kills, {self.wanted} acknowledged, {self.lost} lost, "
            f"{self.doubled} duplicated ({points})"
        )


def rounds(dsn: str, safe: Safe, kills: int, *, blind: bool = False, seed: int = 1) -> Verdict:
    """Kill so many senders, at each point in turn, let a last one finish, and judge.

    `blind` takes the guard off: what has an unknown end is taken for not done, without asking.
    """
    return asyncio.run(_rounds(dsn, safe, kills, blind, random.Random(seed)))


async def _rounds(dsn: str, safe: Safe, kills: int, blind: bool, rng: random.Random) -> Verdict:
    log: dict[int, str] = {}
    verdict = Verdict(dict.fromkeys(POINTS, 0), 0, 0, 0)
    with _receiving() as url:
        async with open_pool(dsn) as pool:
            async with pool.connection() as db:
                await db.execute(
                    "insert into connection (id, name, connector) overriding system value values (1, 'till', 'fake')"
                )
            for number in range(kills):
                point = POINTS[number % len(POINTS)]
                seeds = iter(range(number * 1000, (number + 1) * 1000))
                while not await _until_killed(
                    pool, log, rng, verdict, _sending(dsn, url, safe, point, blind, next(seeds))
                ):
                    continue
                verdict.kills[point] += 1
            last = _sending(dsn, url, safe, None, blind, kills)
            await _drained(pool)
            last.kill()
            last.join()
            installation = await _installation(pool)
        await _judge(verdict, log, installation, url)
    return verdict


@contextmanager
def _receiving() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "tests.outbox.receiver", str(port), "--slow", "0.003", "--faults", "0.1"]
    with subprocess.Popen(command) as process:
        url = f"http://127.0.0.1:{port}"
        until = monotonic() + 60
        while True:
            try:
                httpx.get(f"{url}/state")
                break
            except httpx.TransportError:
                if monotonic() > until:
                    raise
        try:
            yield url
        finally:
            process.kill()


def _sending(dsn: str, url: str, safe: Safe, point: Point | None, blind: bool, seed: int) -> Any:
    # Forked by a server that has imported everything: a new interpreter each time would take most of the time.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.sending"])
    process = context.Process(target=_sender, args=(dsn, url, safe, point, blind, seed))
    process.start()
    return process


async def _until_killed(pool: Pool, log: dict[int, str], rng: random.Random, verdict: Verdict, process: Any) -> bool:
    """Want ever other things until the sender is dead; whether it died at its point, and not of old age."""
    until, aged = monotonic() + _LONGEST, False
    while process.is_alive():
        changed = {rng.randrange(SUBJECTS): f"state {verdict.wanted + n}" for n in range(rng.randint(1, 4))}
        await want(pool, dict(sorted(changed.items())))
        log |= changed
        verdict.wanted += len(changed)
        await asyncio.sleep(0.01)
        if monotonic() > until:
            aged = True
            process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL, f"a sender ended by itself: {process.exitcode}"
    return not aged


async def _drained(pool: Pool) -> None:
    async with asyncio.timeout(60):
        while True:
            async with pool.connection() as db:
                if not any(one.waiting for one in await status(db)):
                    return
            await asyncio.sleep(0.1)


async def _installation(pool: Pool) -> UUID:
    async with pool.connection() as db:
        return await installation_id(db)


async def _judge(verdict: Verdict, log: dict[int, str], installation: UUID, url: str) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{url}/state")
    held = msgspec.json.decode(answer.content, type=dict[str, list[dict[str, Any]]])
    for subject, name in log.items():
        records = held.pop(str(our_id(installation, 1, "guest", subject)), [])
        verdict.lost += not any(one["name"] == name for one in records)
        verdict.doubled += len(records) > 1
    # What nobody can tell whose it is, is one too many.
    verdict.doubled += len(held)


def _sender(dsn: str, url: str, safe: Safe, point: Point | None, blind: bool, seed: int) -> None:
    asyncio.run(_send(dsn, url, safe, point, blind, random.Random(seed)))


async def _send(dsn: str, url: str, safe: Safe, point: Point | None, blind: bool, rng: random.Random) -> None:
    """What the worker does for one connection, until it is dead."""
    async with open_pool(dsn) as pool, fake.sender(pool, url, safe, lease=LEASE, spread=lambda: 0.01) as one:
        connector = _deadly(one.connector, point, blind, rng)
        delivery = Delivery(msgspec.structs.replace(one, connector=connector))
        while True:
            await delivery.run(asyncio.Event())
            await asyncio.sleep(0.02)


def _deadly(connector: Connector, point: Point | None, blind: bool, rng: random.Random) -> Connector:
    """The connector, deadly at one point."""
    send = connector.send
    assert send is not None
    look_up: LookUp | None = _blind if blind and connector.look_up else connector.look_up
    if point == "in recovery" and look_up is not None:
        look_up = _dying_recovery(look_up, rng)
    elif point == "in recovery":
        send = _dying("before commit", send, rng)
    elif point is not None:
        send = _dying(point, send, rng)
    return msgspec.structs.replace(
        connector, send=_doubling(send) if blind and look_up is None else send, look_up=look_up
    )


async def _blind(session: Session, account: Account, command: Command, target: Target) -> Sent | None:
    return None


def _doubling(send: Send) -> Send:
    async def sent(session: Session, account: Account, command: Command, target: Target) -> Sent:
        return await send(session, account, command, msgspec.structs.replace(target, our_id=str(uuid4())))

    return sent


def _dying(point: Point, send: Send, rng: random.Random) -> Send:
    failed: set[str] = set()

    async def sent(session: Session, account: Account, command: Command, target: Target) -> Sent:
        deadly = rng.random() < _CHANCE and (point != "in retry" or target.our_id in failed)
        if deadly and point in ("before send", "in retry"):
            _die()
        sending = asyncio.ensure_future(send(session, account, command, target))
        if deadly and point == "before reply":
            # The request is out, the answer is not in: the receiver takes longer than this.
            await asyncio.sleep(0.002)
            _die()
        try:
            result = await sending
        except Retry:
            failed.add(target.our_id)
            raise
        if deadly:
            _die()
        return result

    return sent


def _dying_recovery(look_up: LookUp, rng: random.Random) -> LookUp:
    async def looked_up(session: Session, account: Account, command: Command, target: Target) -> Sent | None:
        if rng.random() < _CHANCE:
            _die()
        found = await look_up(session, account, command, target)
        if rng.random() < _CHANCE:
            _die()
        return found

    return looked_up


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
