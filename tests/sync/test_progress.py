"""How far the past has been read, and the honest time left."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from servery.connectors.contract import Resource
from servery.errors import Retry
from servery.sync import state
from servery.sync.reading import Reader
from servery.sync.step import step
from tests.sync.vendors import PEOPLE, Vendor, finish, pass_time, states

pytestmark = pytest.mark.anyio


async def test_progress_is_told_as_it_is(reader):
    vendor = Vendor(people=[{"id": "1"}])
    reading = reader(vendor, PEOPLE, history_days=140)
    async with reading.pool.connection() as db:
        assert await state.how_far(db) == state.HowFar(0, 0, 0, 0)
    await step(reading, [])
    async with reading.pool.connection() as db:
        begun = await state.how_far(db, reading.connection_id)
    assert (begun.done, begun.of, begun.seconds_left, begun.records) == (1, 20, None, 2)
    for _ in range(4):
        await step(reading, [])
    assert await state_of(reading, "people", "stretches_timed") == 5
    await takes(reading, "people", seconds=50)
    async with reading.pool.connection() as db:
        assert await state.how_far(db) == state.HowFar(5, 20, 150, 6)
    await finish(reading)
    async with reading.pool.connection() as db:
        assert (await state.how_far(db)).seconds_left == 0


async def state_of(reader: Reader, resource: str, field: str) -> Any:
    return getattr((await states(reader))[resource], field)


async def takes(reader: Reader, resource: str, *, seconds: float) -> None:
    """Let the stretches read so far have taken so long."""
    async with reader.pool.connection() as db:
        await db.execute("update sync_state set backfill_seconds = %s where resource = %s", [seconds, resource])


ORDERS = Resource(name="orders", poll_seconds=60, poll_by="modified", backfill_by="modified", lateness=3600)


async def test_what_is_read_second_is_not_charged_for_what_was_read_first(reader):
    reading = reader(Vendor(orders=[], people=[]), ORDERS, PEOPLE, history_days=140)
    for _ in range(12):
        await step(reading, [])
    done = {name: len(at.spans_done) for name, at in (await states(reading)).items()}
    assert done == {"orders": 11, "people": 1}, "something of each, then one after another"
    await takes(reading, "orders", seconds=5500)
    await takes(reading, "people", seconds=1)
    async with reading.pool.connection() as db:
        assert (await state.how_far(db)).seconds_left == 9 * 500 + 19
    for _ in range(9):
        await step(reading, [])
    async with reading.pool.connection() as db:
        assert (await state.how_far(db)).seconds_left == 19


@pytest.mark.parametrize("away", [timedelta(hours=8), timedelta(days=2)], ids=["a pause", "down time"])
async def test_time_in_which_nothing_was_read_is_no_work(reader, away):
    reading = reader(Vendor(people=[]), PEOPLE, history_days=140)
    for _ in range(5):
        await step(reading, [])
    await takes(reading, "people", seconds=50)
    await pass_time(reading, away)
    async with reading.pool.connection() as db:
        assert (await state.how_far(db)).seconds_left == 150
    await step(reading, [])
    async with reading.pool.connection() as db:
        left = (await state.how_far(db)).seconds_left
    assert left is not None
    assert 100 <= left <= 150


async def test_the_seconds_kept_are_those_of_reading(reader, monkeypatch):
    vendor = Vendor(people=[])
    clock = itertools.count()
    monkeypatch.setattr("servery.sync.step.monotonic", lambda: 7 * next(clock))
    reading = reader(vendor, PEOPLE, history_days=140)
    for _ in range(3):
        await step(reading, [])
    assert await state_of(reading, "people", "backfill_seconds") == 21


async def test_what_fails_goes_on_nobody_knows_when(reader):
    vendor = Vendor(people=[])
    reading = reader(vendor, PEOPLE, history_days=140)
    for _ in range(4):
        await step(reading, [])
    vendor.fails = [Retry("Busy.", code="busy")]
    await step(reading, [])
    assert await state_of(reading, "people", "stretches_timed") == 4
    async with reading.pool.connection() as db:
        assert (await state.how_far(db)).seconds_left is None
