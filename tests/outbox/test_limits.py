"""No window that a vendor names ever sees more than it allows: by thought, over real sockets, and after a kill."""

import asyncio
import random
import sys
from collections.abc import Sequence
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servery.connectors.contract import Limit
from servery.outbox.limits import HOLD_SECONDS, Limited, Limiter, Returned, Windows, grant, settle
from servery.storage.pool import Pool
from tests.outbox.receiver import Receiver, serving

WINDOWS = st.lists(
    st.builds(Limit, requests=st.integers(1, 12), seconds=st.sampled_from([0.5, 1.0, 10.0])),
    min_size=1,
    max_size=3,
    unique_by=lambda one: one.seconds,
)


def busiest(at: Sequence[float], seconds: float) -> int:
    """The most requests that any window of this length saw."""
    ordered, most, start = sorted(at), 0, 0
    for end, last in enumerate(ordered):
        while last - ordered[start] >= seconds:
            start += 1
        most = max(most, end - start + 1)
    return most


def seen(limits: Sequence[Limit], rng: random.Random, *, from_the_answer: bool = True) -> list[float]:
    """When a vendor saw requests that several senders made as fast as they were let, over a network of any slowness."""
    windows, now = Windows(), 0.0
    arrived: list[float] = []
    under_way: list[tuple[int, float, int]] = []
    while len(arrived) < 60:
        back = [one for one in under_way if one[1] <= now]
        under_way = [one for one in under_way if one[1] > now]
        settle(windows, limits, [Returned(number, used, now - ended) for number, ended, used in back], now)
        given, wait = grant(windows, limits, rng.randint(1, 6), now)
        if given is None:
            now += wait
        elif rng.random() < 0.05:
            # Its sender is killed when all its requests are on their way.
            arrived += [now + rng.uniform(0, HOLD_SECONDS) for _ in range(given.permits)]
        else:
            took = [rng.choice((0.0, 0.01, 0.4, 3.0)) for _ in range(rng.randint(1, given.permits))]
            arrived += [now + rng.uniform(0, one) for one in took]
            under_way.append((given.number, now + max(took) if from_the_answer else now, len(took)))
    return arrived


@settings(max_examples=150, deadline=None)
@given(WINDOWS, st.integers(0, 2**32))
def test_no_window_is_ever_exceeded(limits: list[Limit], seed: int):
    arrived = seen(limits, random.Random(seed))
    assert [one for one in limits if busiest(arrived, one.seconds) > one.requests] == []


def test_counting_from_the_beginning_of_a_request_would_exceed_them():
    limits = [Limit(5, 1.0)]
    exceeded = [
        seed for seed in range(30) if busiest(seen(limits, random.Random(seed), from_the_answer=False), 1.0) > 5
    ]
    assert exceeded


def test_what_a_window_keeps_is_bounded():
    limits, windows, now = [Limit(10_000, 900.0), Limit(20, 1.0)], Windows(), 0.0
    for _ in range(20_000):
        given, wait = grant(windows, limits, 5, now)
        now += 0.25 if given else wait
        if given:
            settle(windows, limits, [Returned(given.number, given.permits, 0.0)], now)
    assert max(map(len, windows.spent.values())) <= 60


@pytest.mark.anyio
async def test_a_strict_server_sees_no_breach_by_several_senders(pool: Pool):
    receiver, limits = Receiver(), [Limit(20, 0.5), Limit(50, 2.0)]
    receiver.slow = 0.02
    async with serving(receiver) as url:
        clients = [Limited(Limiter(pool, 1, limits)) for _ in range(2)]
        began = monotonic()
        await asyncio.gather(*(client.get(f"{url}/guests/x") for client in clients for _ in range(60)))
        took = monotonic() - began
        for client in clients:
            await client.aclose()
    arrived = [one.at for one in receiver.asked]
    assert len(arrived) == 120
    assert busiest(arrived, 0.5) <= 20
    assert busiest(arrived, 2.0) <= 50
    # Nor is the vendor's patience left unused: three windows' worth in little more than two windows.
    assert took < 30


_SENDER = """
import asyncio, sys
from servery.connectors.contract import Limit
from servery.outbox.limits import Limited, Limiter
from servery.storage.pool import open_pool

async def main(dsn, url):
    async with open_pool(dsn) as pool:
        async with Limited(Limiter(pool, 1, [Limit(20, 2.0)])) as http:
            async def ask():
                while True:
                    await http.get(url + "/guests/x")
            await asyncio.gather(*(ask() for _ in range(4)))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.anyio
async def test_a_sender_that_is_killed_and_started_again_exceeds_nothing(pool: Pool, database: str):
    receiver = Receiver()
    async with serving(receiver) as url:
        for turn in range(1, 4):
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", _SENDER, database, url)
            async with asyncio.timeout(60):
                while len(receiver.asked) < turn * 13:
                    await asyncio.sleep(0.005)
            process.kill()
            await process.wait()
    assert busiest([one.at for one in receiver.asked], 2.0) <= 20
