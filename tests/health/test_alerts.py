"""Who is owed which word, and when."""

from datetime import datetime, timedelta

import pytest

from servery.errors import Invalid, NeedsPerson, NotFound, Retry
from servery.health import alerts, repairs, watch
from tests.health.conftest import NOW
from tests.health.house import fails, kept_aside, recovers

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rosa(db) -> int:
    return await alerts.add(db, "rosa@example.com", least="critical", digest=False, language="da")


async def owed_at(db, now: datetime) -> list[tuple[str, int]]:
    """What is owed after a look, and sent at once."""
    await watch.look(db, now)
    await alerts.owe(db, now)
    due = await alerts.claim(db, now)
    for one in due:
        await alerts.sent(db, one, now)
    return sorted((one.what, one.turn) for one in due)


async def test_an_outage_is_told_once_reminded_daily_and_its_end_once(db, till, rosa):
    await fails(db, till, Retry("Square does not answer."), NOW)
    said = {
        minutes: await owed_at(db, NOW + timedelta(minutes=minutes))
        for minutes in (1, 3, 7, 8, 60, 24 * 60, 25 * 60, 26 * 60, 49 * 60)
    }
    assert {minutes: what for minutes, what in said.items() if what} == {
        7: [("opened", 0)],
        25 * 60: [("reminder", 1)],
        49 * 60: [("reminder", 2)],
    }
    await recovers(db, till, NOW)
    end = NOW + timedelta(minutes=50 * 60)
    assert await owed_at(db, end) == []
    assert await owed_at(db, end + timedelta(minutes=3)) == [("closed", 0)]
    assert await owed_at(db, end + timedelta(days=3)) == []


async def test_what_ends_by_itself_soon_is_told_to_nobody(db, till, rosa):
    await fails(db, till, Retry("Square does not answer."), NOW)
    assert await owed_at(db, NOW + timedelta(minutes=1)) == []
    await recovers(db, till, NOW)
    assert await owed_at(db, NOW + timedelta(minutes=4)) == []
    assert await owed_at(db, NOW + timedelta(minutes=30)) == []


async def test_what_somebody_put_off_is_not_told(db, till, rosa):
    await fails(db, till, NeedsPerson("The key is refused."), NOW)
    await owed_at(db, NOW + timedelta(minutes=1))
    (one,) = await repairs.repairs(db)
    await repairs.ignore(db, one.id, NOW)
    assert await owed_at(db, NOW + timedelta(hours=30)) == []


async def test_each_is_told_what_they_chose(db, till, rosa):
    careful = await alerts.add(db, "https://example.com/hook", least="warning", digest=True, language="en")
    await kept_aside(db, till, "no-date", NOW)
    await watch.look(db, NOW)
    morning = (NOW + timedelta(days=1)).replace(hour=7)
    await alerts.owe(db, morning)
    due = await alerts.claim(db, morning)
    assert sorted((one.receiver_id, one.what) for one in due) == [(careful, "digest"), (careful, "opened")]
    await alerts.change(db, careful, least="critical", digest=False)
    assert [one.least for one in await alerts.receivers(db)] == ["critical", "critical"]


async def test_what_cannot_be_sent_is_tried_again_under_the_same_id(db, till, rosa):
    number = await alerts.owe_test(db, rosa, NOW)
    (first,) = await alerts.claim(db, NOW)
    assert await alerts.claim(db, NOW) == [], "it is somebody's"
    await alerts.failed(db, first, Retry("The mail server does not take it (TimeoutError)."), NOW)
    assert await alerts.claim(db, NOW + timedelta(seconds=29)) == []
    (second,) = await alerts.claim(db, NOW + timedelta(seconds=31))
    assert (second.id, second.attempts) == (number, 2)
    assert "alert_failed" in {one.kind for one in await look(db, NOW)}
    # Whoever claimed it died: somebody else sends it when the lease is over.
    (third,) = await alerts.claim(db, NOW + timedelta(seconds=31) + alerts.LEASE)
    await alerts.sent(db, third, NOW)
    assert await look(db, NOW) == []


async def look(db, now: datetime) -> list[repairs.Repair]:
    await watch.look(db, now)
    return await repairs.repairs(db)


async def test_addresses(db, rosa):
    assert alerts.receiver_kind("you@example.com") == "email"
    assert alerts.receiver_kind("https://example.com/hook?x=1") == "webhook"
    for wrong in (
        "",
        "you",
        "you@example",
        "a@b@c.d",
        "ftp://example.com",
        "https://a:b@example.com",
        "x y@z.com",
    ):
        with pytest.raises(Invalid):
            alerts.receiver_kind(wrong)
    with pytest.raises(Invalid):
        await alerts.add(db, "rosa@example.com", least="critical", digest=False, language="en")
    await alerts.remove(db, rosa)
    for gone in (alerts.remove(db, rosa), alerts.owe_test(db, rosa, NOW)):
        with pytest.raises(NotFound):
            await gone
