"""A vendor that counts: resOS turns away who asks more often than its manifest says we do."""

import asyncio
from collections import Counter

import httpx
import pytest

from servery.connectors import registry
from servery.connectors.resos.simulator import simulator
from servery.outbox.limits import Limited, Limiter
from servery.storage.pool import Pool
from servery.testing.evening import Evening
from servery.testing.served import served

KEY = "sandbox-key"
REQUESTS = 250
"""More than two of its windows hold."""


@pytest.mark.anyio
async def test_it_turns_nobody_away_who_keeps_its_limits(pool: Pool) -> None:
    limits = registry.manifest("resos").limits
    with served(simulator(Evening(1).stage, KEY)) as url:
        async with httpx.AsyncClient(timeout=60) as heedless:
            assert (await _answers(url, heedless))[429] > 0, "the vendor must count, or this shows nothing"
        await asyncio.sleep(max(one.seconds for one in limits))
        # Several processes share the count by the database; each has a limiter of its own.
        async with (
            Limited(Limiter(pool, 1, limits), timeout=60) as one,
            Limited(Limiter(pool, 1, limits), timeout=60) as other,
        ):
            answers = sum(await asyncio.gather(_answers(url, one), _answers(url, other)), Counter())
    assert answers == {200: 2 * REQUESTS}


async def _answers(url: str, http: httpx.AsyncClient) -> Counter[int]:
    asked = (http.get(f"{url}/v1/healthcheck", auth=(KEY, "")) for _ in range(REQUESTS))
    return Counter(answer.status_code for answer in await asyncio.gather(*asked))
