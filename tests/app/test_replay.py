"""Looking for events, and dealing with them again."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from servery.errors import NotFound, Refuse
from servery.inbox import replay
from servery.inbox.events import Asked, event, events, kinds
from servery.storage.pool import open_pool
from servery.sync.finding import held, subjects_of_guest, subjects_of_order
from tests.app.inbox import House, check, house

pytestmark = pytest.mark.anyio

BAD = {"lane": "x", "records": [["check", {}]]}


@pytest.fixture
async def till(database: str) -> AsyncIterator[House]:
    async with open_pool(database) as pool, house(pool) as till:
        yield till


async def listed(till: House, *, limit: int = 50, before: int | None = None, **asked) -> list[tuple[int, str]]:
    async with till.pool.connection() as db:
        found = await events(db, Asked(**asked), limit=limit, before=before)
    return [(one.id, one.state) for one in found.rows]


async def test_events_are_listed_newest_first_with_what_became_of_them(till):
    one, two, three = await till.arrives(check("c1"), BAD, check("c1"))
    await till.take()
    (four,) = await till.arrives(check("c2"))
    assert await listed(till) == [(four, "waiting"), (three, "unchanged"), (two, "quarantined"), (one, "applied")]
    async with till.pool.connection() as db:
        first = await events(db, Asked(), limit=2)
        assert first.next == three
        rest = await events(db, Asked(), limit=2, before=first.next)
        assert [one.id for one in rest.rows] == [two, one]
        assert (await events(db, Asked(), limit=2, before=one)).rows == []
        since = await events(db, Asked(), limit=10, after=two)
        assert [one.id for one in since.rows] == [three, four]


async def test_each_filter_narrows(till):
    good, bad = await till.arrives(check("c1"), BAD, kind="told")
    await till.take()
    (other,) = await till.arrives(check("c9"), kind="asked")
    async with till.pool.connection() as db:
        assert await kinds(db) == ["asked", "told"]
    assert await listed(till, kind="asked") == [(other, "waiting")]
    assert await listed(till, state="quarantined") == [(bad, "quarantined")]
    assert await listed(till, state="waiting") == [(other, "waiting")]
    assert await listed(till, state="applied") == [(good, "applied")]
    assert await listed(till, stage="translate", code="quarantine") == [(bad, "quarantined")]
    assert await listed(till, connection_id=till.id + 1) == []
    assert await listed(till, since=datetime.now(UTC) + timedelta(hours=1)) == []


async def test_events_are_found_by_an_orders_number_and_by_its_guest(till):
    guest = {"lane": "g", "records": [["guest", {"id": "g1", "name": "Ida"}]]}
    about_guest, about_check, _ = await till.arrives(guest, check("c1", number="1042", guest="g1"), check("c2"))
    await till.take()
    async with till.pool.connection() as db:
        by_number = await subjects_of_order(db, "1042")
        by_id = await subjects_of_order(db, "c1")
        of_guest = await subjects_of_guest(db, 1)
    assert (
        await listed(till, subjects=(by_number,)) == await listed(till, subjects=(by_id,)) == [(about_check, "applied")]
    )
    assert await listed(till, subjects=(of_guest,)) == [(about_check, "applied"), (about_guest, "applied")]
    assert await listed(till, subjects=(of_guest, by_number)) == [(about_check, "applied")]
    assert await listed(till, subjects=([],)) == []
    assert await listed(till, subjects=(of_guest, [])) == []


async def test_one_event_has_its_bytes_and_what_it_speaks_of(till):
    (one,) = await till.arrives(check("c1", number="7", guest="g1"))
    await till.take()
    async with till.pool.connection() as db:
        stored = await event(db, one)
        records = await held(db, till.id, stored.records)
        with pytest.raises(NotFound):
            await event(db, one + 1)
    assert json.loads(stored.body) == check("c1", number="7", guest="g1")
    assert (stored.row.state, stored.lane) == ("applied", "check:c1")
    assert [(each.kind, each.external_id, each.id) for each in records] == [("check", "c1", 1), ("guest", "g1", None)]


async def test_a_replay_changes_nothing_that_is_there_already(till):
    (one,) = await till.arrives(check("c1"))
    await till.take()
    before = await till.rows("select id, revision, xmin::text from checks")
    async with till.pool.connection() as db:
        await replay.replay(db, one)
        await replay.replay(db, one)
    assert await till.take() == 1
    assert await till.rows("select id, revision, xmin::text from checks") == before
    assert await listed(till) == [(one, "unchanged")]


async def test_what_rested_goes_in_when_it_is_replayed_after_the_mend(till):
    (one,) = await till.arrives(check("c1", location="new"))
    await till.take()
    async with till.pool.connection() as db:
        await db.execute("update venue_link set location = 'new' where location = 'nord'")
        await replay.replay(db, one)
    assert await listed(till) == [(one, "waiting")]
    await till.take()
    assert await listed(till) == [(one, "applied")]
    assert await till.rows("select resolution from quarantine") == [("replayed",)]


async def test_what_fails_again_stays_in_quarantine_with_both_attempts(till):
    (one,) = await till.arrives(BAD)
    for _ in range(2):
        await till.take()
        async with till.pool.connection() as db:
            await replay.replay(db, one)
    await till.take()
    assert await till.rows("select attempts, resolved_at from quarantine") == [(3, None)]
    assert await listed(till) == [(one, "quarantined")]


async def test_an_event_whose_day_is_dropped_is_replayed_from_quarantine(till):
    (one,) = await till.arrives(check("c1", location="new"))
    await till.take()
    async with till.pool.connection() as db:
        # As it stands when it came long ago, and its day is gone.
        await db.execute("delete from inbox_event")
        await db.execute("update quarantine set day = day - 100")
        await db.execute("update venue_link set location = 'new' where location = 'nord'")
        assert (await event(db, one)).row.state == "quarantined"
        await replay.replay(db, one)
    await till.take()
    assert await till.rows("select external_id from checks") == [("c1",)]
    assert await till.rows("select resolution from quarantine") == [("replayed",)]


async def test_a_filtered_set_is_counted_first_and_then_replayed(till):
    good, *_ = await till.arrives(check("c1"), BAD, BAD)
    await till.take()
    asked = Asked(state="quarantined", connection_id=till.id)
    async with till.pool.connection() as db:
        assert await replay.count(db, asked) == 2
        assert await till.rows("select count(*) from inbox_work") == [(0,)], "counting replays nothing"
        assert await replay.replay_all(db, asked) == 2
        assert await replay.count(db, Asked(since=datetime.now(UTC) - timedelta(hours=1))) == 3
        assert await replay.left(db, [good]) == 0
    assert await till.take() == 2


async def test_whose_event_nobody_knows_cannot_be_replayed(till):
    async with till.pool.connection() as db:
        cursor = await db.execute(
            "insert into inbox_event (day, connector, via, kind, key, body) "
            "values ((now() at time zone 'UTC')::date, 'fake', 'webhook', '', 'k', '') returning id"
        )
        row = await cursor.fetchone()
        assert row is not None
        with pytest.raises(Refuse):
            await replay.replay(db, row["id"])
        assert await replay.count(db, Asked()) == 0


async def test_a_dismissal_is_undone_with_all_of_the_same_stroke(till):
    one, two, three = await till.arrives(BAD, BAD, b"{")
    await till.take()
    group = Asked(connection_id=till.id, stage="translate", code="quarantine")
    async with till.pool.connection() as db:
        assert await replay.dismiss(db, Asked(), event_id=three) == 1
    async with till.pool.connection() as db:
        assert await replay.dismiss(db, group) == 2
    assert await listed(till) == [(three, "dismissed"), (two, "dismissed"), (one, "dismissed")]
    async with till.pool.connection() as db:
        assert await replay.undo(db, two) == 2
        assert await replay.undo(db, two) == 0
    assert await listed(till) == [(three, "dismissed"), (two, "quarantined"), (one, "quarantined")]
