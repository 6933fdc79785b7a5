"""Where the owner wants service spared, the past waits for its end; what is new is read all the same."""

from datetime import UTC, datetime, timedelta

import pytest

from servery.model.venue import OpeningHours, Venue
from servery.sync import connections, pace
from servery.sync.pace import Rhythm
from servery.sync.status import statuses
from servery.sync.step import step
from servery.venues.rows import change_venue
from tests.sync.vendors import PEOPLE, Vendor, finish, states

pytestmark = pytest.mark.anyio


@pytest.fixture
async def spared(pool, till, two_venues):
    """Sets the opening hours of both venues, in a connection that spares service."""
    async with pool.connection() as db:
        await pace.keep_rhythm(db, till, Rhythm(spare_service=True))

    async def opens(*hours: OpeningHours) -> None:
        async with pool.connection() as db:
            for venue_id in two_venues:
                venue = Venue(name=f"Venue {venue_id}", time_zone="UTC", currency="DKK", opening_hours=hours)
                await change_venue(db, venue_id, venue)

    return opens


def now_open() -> OpeningHours:
    """Hours of today that began an hour ago and last two more."""
    now = datetime.now(UTC)
    opened = now - timedelta(hours=1)
    minutes = opened.hour * 60 + opened.minute
    return OpeningHours(opened.weekday(), minutes, minutes + 180)  # type: ignore[arg-type]


def open_in_days() -> OpeningHours:
    """Hours of another day."""
    return OpeningHours((datetime.now(UTC).weekday() + 3) % 7, 600, 700)  # type: ignore[arg-type]


async def test_in_service_hours_the_past_rests_and_what_is_new_is_read(reader, spared):
    await spared(now_open())
    vendor = Vendor(people=[])
    reading = reader(vendor, PEOPLE, history_days=21)
    wait = await step(reading, [])
    assert 0 < wait <= 60, "it is looked again soon whether service is over"
    assert [span.since for span in vendor.spans("people")][1:] == [], "one poll, and nothing of the past"
    assert (await states(reading))["people"].spans_done == []


async def test_when_service_is_over_it_goes_on_where_it_was(reader, spared):
    await spared(open_in_days())
    reading = reader(Vendor(people=[]), PEOPLE, history_days=21)
    await step(reading, [])
    assert len((await states(reading))["people"].spans_done) == 1
    await spared(now_open())
    await step(reading, [])
    assert len((await states(reading))["people"].spans_done) == 1
    await spared(open_in_days())
    await finish(reading)
    assert (await states(reading))["people"].backfill_done_at is not None


async def test_who_does_not_spare_service_reads_through_it(reader, spared, pool, till):
    await spared(now_open())
    async with pool.connection() as db:
        await pace.keep_rhythm(db, till, Rhythm())
    reading = reader(Vendor(people=[]), PEOPLE, history_days=21)
    await finish(reading)
    assert (await states(reading))["people"].backfill_done_at is not None


async def test_it_is_told_when_it_goes_on_instead_of_a_time_left(reader, spared, pool, till):
    await spared(open_in_days())
    reading = reader(Vendor(people=[]), PEOPLE, history_days=140)
    for _ in range(5):
        await step(reading, [])
    async with pool.connection() as db:
        [status] = await statuses(db)
    assert (status.how_far.done, status.how_far.goes_on_at) == (5, None)
    assert status.how_far.seconds_left is not None
    hours = now_open()
    await spared(hours)
    async with pool.connection() as db:
        [status] = await statuses(db)
    assert status.how_far.seconds_left is None
    goes_on_at = status.how_far.goes_on_at
    assert goes_on_at is not None
    assert (goes_on_at.hour * 60 + goes_on_at.minute - hours.closes) % 1440 == 0
    assert timedelta() < goes_on_at - datetime.now(UTC) <= timedelta(hours=2)


async def test_of_a_paused_connection_no_time_is_told(reader, pool, till):
    reading = reader(Vendor(people=[]), PEOPLE, history_days=140)
    for _ in range(5):
        await step(reading, [])
    async with pool.connection() as db:
        await connections.pause(db, till, True)
        [status] = await statuses(db)
    assert (status.how_far.seconds_left, status.how_far.goes_on_at) == (None, None)
