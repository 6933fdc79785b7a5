"""The other side is given a rest when it fails, and all goes on when it is back: by a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from servery.connectors.contract import Limit
from servery.outbox import breaker, status
from servery.outbox.clock import Clock
from servery.outbox.deliver import Delivery, Sender
from servery.storage.pool import Pool
from tests.outbox.fake import sender, want
from tests.outbox.receiver import Asked, Fault, Receiver, serving
from tests.outbox.test_limits import busiest

pytestmark = pytest.mark.anyio


class Moved:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def running(self) -> float:
        return self.at.timestamp()

    def clock(self) -> Clock:
        return Clock(self.now, self.sleep, self.running)


@pytest.fixture
async def time(pool: Pool) -> Moved:
    async with pool.connection() as db:
        await db.execute("select make_day(current_date + n) from generate_series(1, 4) as n")
    return Moved()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def url(receiver: Receiver) -> AsyncIterator[str]:
    async with serving(receiver) as url:
        yield url


async def deliver(one: Sender) -> float:
    return await asyncio.wait_for(Delivery(one).run(asyncio.Event()), 120)


async def test_after_five_failures_nothing_is_sent_but_a_probe(
    pool: Pool, receiver: Receiver, url: str, time: Moved
) -> None:
    receiver.always = lambda _: Fault(status=503)
    await want(pool, {number: f"guest {number}" for number in range(50)}, at=time.at)
    async with sender(pool, url, clock=time.clock()) as one:
        wait = await deliver(one)
        first = len(receiver.asked)
        assert breaker.THRESHOLD <= first <= breaker.THRESHOLD + 8
        assert wait == pytest.approx(breaker.RESTS[0], abs=0.1)
        rests = []
        for _ in range(7):
            await time.sleep(wait)
            wait = await deliver(one)
            rests.append(round(wait))
        assert len(receiver.asked) == first + 7
        assert rests == [10, 30, 60, 120, 300, 300, 300]
        receiver.always = lambda _: None
        await time.sleep(wait)
        await deliver(one)
    # What had failed was due only later; now that the other side is back, it waits no longer.
    assert len(receiver.records) == 50
    async with pool.connection() as db:
        (told,) = await status(db)
    assert (told.waiting, told.open_until, told.failing_since) == (0, None, None)


async def test_of_several_senders_one_probes(pool: Pool, receiver: Receiver, url: str, time: Moved) -> None:
    receiver.always = lambda _: Fault(status=503)
    await want(pool, {number: f"guest {number}" for number in range(50)}, at=time.at)
    async with sender(pool, url, clock=time.clock()) as one:
        wait = await deliver(one)
        before = len(receiver.asked)
        receiver.always = lambda _: Fault(status=503, after=0.3)
        await time.sleep(wait)
        await asyncio.gather(*(deliver(one) for _ in range(4)))
    assert len(receiver.asked) == before + 1


async def test_one_object_that_fails_stops_no_other(pool: Pool, receiver: Receiver, url: str, time: Moved) -> None:
    receiver.always = lambda asked: Fault(status=500) if asked.body.get("name") == "Bad" else None
    await want(pool, {1: "Bad"}, at=time.at)
    tries = []
    async with sender(pool, url, clock=time.clock(), spread=lambda: 1.0) as one:
        for turn in range(2, 200):
            await want(pool, {turn: f"guest {turn}"}, at=time.at)
            before = time.at
            wait = await deliver(one)
            tries += [before for each in receiver.asked if each.body["name"] == "Bad"]
            receiver.asked.clear()
            async with pool.connection() as db:
                (told,) = await status(db)
            if told.refused:
                break
            await time.sleep(wait)
    hours = [0, 5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(tries)]
    assert gaps == pytest.approx(hours[1:], abs=1)
    assert told.refused == 1
    assert len(receiver.records) == turn - 1


async def test_a_pause_that_is_asked_for_holds_for_all_and_counts_for_none(
    pool: Pool, receiver: Receiver, url: str, time: Moved
) -> None:
    await want(pool, {number: f"guest {number}" for number in range(30)}, at=time.at)
    receiver.faults.extend([None] * 10)
    receiver.faults.append(Fault(status=429, headers={"retry-after": "17"}))
    async with sender(pool, url, clock=time.clock()) as one:
        wait = await deliver(one)
        assert wait == pytest.approx(17, abs=0.1)
        assert len(receiver.asked) < 30
        async with pool.connection() as db:
            cursor = await db.execute("select max(attempts) as most from outbox_target")
            assert await cursor.fetchone() == {"most": 0}
        await time.sleep(wait)
        await deliver(one)
    assert len(receiver.records) == 30


async def test_a_till_that_was_away_for_eight_hours_gets_the_newest_of_2400_updates_within_its_limits(
    pool: Pool, receiver: Receiver, url: str, time: Moved
) -> None:
    limits = [Limit(20, 1.0), Limit(600, 60.0)]
    seen: list[float] = []

    def arrives(asked: Asked) -> Fault | None:
        seen.append(time.at.timestamp())
        return Fault(status=None) if away else None

    away, began, updates = True, time.at, 0
    receiver.always = arrives
    async with sender(pool, url, "look_up", limits, clock=time.clock()) as one:
        while time.at < began + timedelta(hours=8):
            due = int((time.at - began) / timedelta(hours=8) * 2400) + 1
            if updates < due:
                await want(pool, {number % 800: f"state {number}" for number in range(updates, due)}, at=time.at)
                updates = due
            await time.sleep(min(max(1.0, await deliver(one)), 300.0))
        await want(pool, {number % 800: f"state {number}" for number in range(updates, 2400)}, at=time.at)
        during = len(seen)
        away = False
        while (wait := await deliver(one)) < 60:
            await time.sleep(wait)
        async with pool.connection() as db:
            (told,) = await status(db)
    # It was asked now and then whether it is back, and not 2,400 times.
    assert during < 300
    assert told.waiting == 0
    latest = {f"state {number}" for number in range(1600, 2400)}
    assert {record["name"] for record in receiver.records.values()} == latest
    assert len(receiver.records) == 800
    for record in receiver.records.values():
        assert record["versions"] == sorted(record["versions"])
    assert busiest(seen, 1.0) <= 20
    assert busiest(seen, 60.0) <= 600
