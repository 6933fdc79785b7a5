"""The row of each connection, over real tables."""

from datetime import timedelta

import pytest

from servery.errors import NeedsPerson, Retry
from servery.health.hours import count, history
from servery.health.report import ConnectionHealth, report
from servery.sync import connections, state
from tests.health.conftest import NOW
from tests.health.house import arrives, fails, kept_aside, to_send

pytestmark = pytest.mark.anyio


async def row(db, now=NOW) -> ConnectionHealth:
    (found,) = await report(db, now)
    return found


async def test_a_connection_in_step(db, till):
    await arrives(db, till, NOW - timedelta(minutes=2), after=0.4)
    await arrives(db, till, NOW - timedelta(minutes=1), outcome=None)
    await count(db, NOW)
    found = await row(db)
    assert (found.state, found.trouble, found.down_since, found.next_attempt) == ("working", None, None, None)
    assert found.last_event == NOW - timedelta(minutes=1)
    assert found.lag == pytest.approx(0.4)
    assert (found.queue_in, found.oldest_in) == (1, NOW - timedelta(minutes=1))
    assert found.error_share == 0


async def test_the_share_of_errors_counts_what_came_and_what_left(db, till):
    for minute in range(3):
        await arrives(db, till, NOW - timedelta(minutes=minute))
    await kept_aside(db, till, "no-date", NOW - timedelta(minutes=4))
    for outcome in ("sent", "sent", "sent", "retry"):
        await db.execute(
            "insert into outbox_attempt (day, target_id, connection_id, at, version, outcome, milliseconds) "
            "values (%s, 1, %s, %s, 1, %s, 10)",
            [NOW.date(), till, NOW, outcome],
        )
    await count(db, NOW + timedelta(minutes=1))
    found = await row(db)
    assert (found.error_share, found.quarantine) == (2 / 8, 1)
    hour = (await history(db, till, NOW))[-1]
    assert (hour.received, hour.applied, hour.quarantined, hour.sent, hour.failed) == (4, 3, 1, 3, 1)


async def test_counting_twice_counts_once_and_old_hours_stay(db, till):
    await arrives(db, till, NOW - timedelta(hours=3))
    await count(db, NOW - timedelta(hours=3))
    await arrives(db, till, NOW)
    for _ in range(2):
        await count(db, NOW)
    assert [one.received for one in await history(db, till, NOW, hours=4)] == [1, 0, 0, 1]


async def test_what_never_spoke_is_never(db):
    await connections.add_connection(db, "New", "square", {}, None)
    assert (await row(db)).state == "never"


async def test_the_past_is_still_read(db, till):
    await state.plan_backfill(db, till, "orders", NOW - timedelta(days=9), NOW)
    assert (await row(db)).state == "fetching"
    await state.read_stretch(db, till, "orders", [], finished=True, seconds=1)
    assert (await row(db)).state == "working"


async def test_what_a_person_must_mend_is_told_before_what_mends_itself(db, till):
    await fails(db, till, Retry("Square does not answer.", retry_after=5), NOW - timedelta(minutes=9))
    found = await row(db)
    assert (found.state, found.down_since) == ("retrying", NOW - timedelta(minutes=9))
    await state.begin(db, till, "customers")
    await state.failed(db, till, "customers", NeedsPerson("The key is refused.", field="access_token"), NOW)
    found = await row(db)
    assert found.trouble is not None
    assert (found.state, found.trouble.resource, found.trouble.field) == ("needs_person", "customers", "access_token")


async def test_sending_that_fails_counts_as_well(db, till):
    await to_send(db, till, 212, NOW - timedelta(hours=1))
    await db.execute(
        "insert into outbox_gate (connection_id, failures, failing_since, open_until) values (%s, 5, %s, %s)",
        [till, NOW - timedelta(hours=1), NOW + timedelta(minutes=2)],
    )
    found = await row(db)
    assert (found.state, found.queue_out, found.down_since) == ("retrying", 212, NOW - timedelta(hours=1))
    assert found.next_attempt == NOW + timedelta(minutes=2)
    assert found.oldest_out == NOW - timedelta(hours=1)
    await db.execute("""update outbox_gate set stopped = '{"template": "The right to write is missing.", "code": "x",
        "needs_person": true}'""")
    found = await row(db)
    assert found.trouble is not None
    assert (found.state, found.trouble.resource) == ("needs_person", "sending")


async def test_a_paused_one_is_paused_whatever_failed(db, till):
    await fails(db, till, Retry("Square does not answer."), NOW)
    await connections.pause(db, till, True)
    found = await row(db)
    assert (found.state, found.down_since) == ("paused", None)
