"""What pages are told of how the house is, from real tables."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from servery.app.overview import RoomHealth
from servery.errors import NeedsPerson, NotFound, Retry
from servery.health import watch
from servery.health.review import review
from servery.model.changes import GuestSeen
from servery.model.guest import SourceGuest
from servery.model.viewer import SYSTEM, Viewer
from servery.settings import Settings, read_settings
from servery.sync import connections, state
from tests.visits.evening import booking, check, evening

pytestmark = pytest.mark.anyio

HOST = Viewer("person", 1, "Rosa", "host")
MARKETER = Viewer("person", 2, "Max", "marketer")


def settings(home: Path) -> Settings:
    return read_settings({"SERVERY_HOME": str(home)})


async def test_a_host_is_told_what_stops_service_and_nothing_else(pool, tmp_path):
    house = RoomHealth(pool, settings(tmp_path))
    async with pool.connection() as db:
        till = await connections.add_connection(db, "Till", "square", {}, None)
        await state.begin(db, till, "orders")
        await state.failed(db, till, "orders", Retry("Square does not answer."), await watch.clock(db))
        now = await watch.clock(db) + timedelta(seconds=11)
        await db.execute("update connection set created_at = now() - interval '8 days'")
        await watch.look(db, now)
    assert [one.repair.kind for one in await house.repairs(HOST)] == ["unreachable", "backup_never"]
    (alarm,) = await house.alarms(HOST)
    assert (alarm.name, alarm.kind, alarm.needs_person) == ("Till", "pos", False)
    await house.put_off(SYSTEM, alarm.id, 4)
    assert list(await house.alarms(HOST)) == []
    await house.heed(SYSTEM, alarm.id)
    assert len(await house.alarms(HOST)) == 1


async def test_whoever_may_change_a_connection_has_looked_at_it(pool, tmp_path):
    house = RoomHealth(pool, settings(tmp_path))
    async with pool.connection() as db:
        till = await connections.add_connection(db, "Till", "square", {}, None)
        await db.execute("update connection set created_at = now() - interval '40 days'")

    async def looked_after() -> bool:
        return (await house.review(SYSTEM, None)).syncing[0].looked_after

    await house.connection(HOST, till)
    assert not await looked_after()
    page = await house.connection(SYSTEM, till)
    assert (page.row.state, len(page.hours)) == ("never", 24)
    assert await looked_after()
    with pytest.raises(NotFound):
        await house.connection(SYSTEM, 99)


async def test_a_test_that_cannot_be_sent_says_why(pool, tmp_path):
    house = RoomHealth(pool, settings(tmp_path))
    await house.add_receiver(SYSTEM, "rosa@example.com", "critical", False, "en")
    with pytest.raises(NeedsPerson, match="SERVERY_SMTP_URL"):
        await house.test_receiver(SYSTEM, 1)
    assert (await house.receivers(SYSTEM))[0].error


async def test_the_review_counts_guests_with_a_booking_and_their_checks(pool):
    async with pool.connection() as db:
        tonight = await evening(db)
        known = [
            GuestSeen("Ida", 1, SourceGuest(name="Ida Jensen", email="ida@example.com")),
            GuestSeen("Bo", 1, SourceGuest(name="Bo Holm")),
        ]
        await tonight.tell_from(tonight.book, known)
        await tonight.tell(
            booking("r1", guest_id="Ida"), booking("r2", 60, guest_id="Bo", tables=("9",)), check("c1", 3)
        )
        cursor = await db.execute("select min(business_date) as day from reservation")
        row = await cursor.fetchone()
        assert row is not None
        day: date = row["day"]
        found = await review(db, day.replace(day=1), datetime.now(UTC) + timedelta(days=9999))
        other = await review(db, day.replace(day=1) - timedelta(days=40), datetime.now(UTC))
    assert (found.completeness.guests, found.completeness.contact) == (2, 1)
    assert found.completeness.spend >= 1
    assert found.completeness.complete <= 1
    assert (found.checks.checks, found.checks.matched) == (1, 1)
    assert (other.completeness.guests, other.completeness.share, other.checks.checks) == (0, None, 0)
