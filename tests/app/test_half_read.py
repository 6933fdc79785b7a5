"""While a past is being read its growing totals are not told over and over; one that is not read holds up nobody."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from servery.app import catching_up
from servery.app.marking import PATIENCE, STANDSTILL
from servery.model.changes import ReservationSeen
from servery.model.reservation import Reservation
from servery.storage.pool import open_pool
from servery.sync import connections
from tests.app.both import House, house, known

pytestmark = pytest.mark.anyio


@pytest.fixture
async def nord(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A venue whose till's past is being read at this moment."""
    known(monkeypatch)
    async with open_pool(database) as pool:
        made = await house(pool)
        async with pool.connection() as db:
            await db.execute(
                "insert into sync_state (connection_id, resource, backfill_since, backfill_started_at, "
                "backfill_moved_at) values (%s, 'orders', now() - interval '1 year', now(), now())",
                [made.till.id],
            )
        yield made


async def changes(nord: House, statement: str) -> None:
    async with nord.pool.connection() as db:
        await db.execute(statement, {"till": nord.till.id})


async def marked(nord: House) -> list[tuple[int, int]]:
    """The guests that are to be written, with the connection to which."""
    rows = await nord.rows("select connection_id, subject_id from outbox_target where kind = 'guest' order by 1, 2")
    return [(connection, guest) for connection, guest in rows]


async def bo_comes(nord: House) -> None:
    """A guest of the till, whom nobody expects tonight."""
    nord.till.says("t1", name="Bo Berg", email="b@x.dk")
    await nord.till.tells()


async def test_only_who_is_expected_is_written(nord):
    nord.till.says("t1", name="Bo Berg", email="b@x.dk")
    nord.till.says("t2", name="Åse Ødegård", email="a@x.dk")
    nord.book.says("b1", name="Åse Ødegård", email="a@x.dk", allergies=("nuts",))
    soon = datetime.now(UTC) + timedelta(hours=2)
    booked = Reservation(status="booked", starts_at=soon, party_size=4, guest_id="b1")
    await nord.book.tells(ReservationSeen("r1", 1, "book-nord", booked))
    await nord.rounds()
    assert await nord.rows("select external_id from outbox_target where kind = 'guest'") == [("t2",)]


async def test_when_it_is_read_everybody_is_written_once(nord):
    for city in ("Aarhus", "Odense", "Ribe"):
        nord.till.says("t1", name="Bo Berg", email="b@x.dk", city=city)
        await nord.till.tells()
    assert await catching_up.tell_waiting(nord.pool) == 0
    assert await marked(nord) == []
    await changes(nord, "update sync_state set backfill_done_at = now()")
    assert await catching_up.tell_waiting(nord.pool) == 1
    assert len(await marked(nord)) == 1
    assert await nord.rows("select version from outbox_target where kind = 'guest'") == [(1,)]
    assert await catching_up.tell_waiting(nord.pool) == 0


async def test_who_was_written_before_and_changed_meanwhile_is_written_again(nord):
    await changes(nord, "update sync_state set backfill_done_at = now()")
    await nord.rounds()
    await bo_comes(nord)
    await nord.rounds()
    await changes(nord, "update sync_state set backfill_done_at = null, backfill_moved_at = now()")
    nord.book.says("b9", name="Bo Berg", email="b@x.dk", allergies=("nuts",))
    await nord.book.tells()
    assert await nord.rows("select state from outbox_target where kind = 'guest'") == [("rests",)]
    await changes(nord, "update sync_state set backfill_moved_at = now() - interval '1 hour'")
    assert await catching_up.tell_waiting(nord.pool) > 0
    assert ("due",) in await nord.rows("select state from outbox_target where kind = 'guest'")


_STOPPED = {
    "paused": "update connection set paused = true where id = %(till)s",
    "waits for a person": "update sync_state set error = '{\"needs_person\": true}'",
    # Its system fails, a scheduled service spares the evening, or no process reads it: it looks the same.
    "stands still": f"update sync_state set backfill_moved_at = now() - interval '{STANDSTILL}'",
    "takes for ever": f"update sync_state set backfill_started_at = now() - interval '{PATIENCE}'",
    "never began under these rules": "update sync_state set backfill_moved_at = null",
}


@pytest.mark.parametrize("how", _STOPPED)
async def test_a_past_that_is_not_read_on_holds_up_nobody(nord, how):
    await bo_comes(nord)
    assert await marked(nord) == []
    await changes(nord, _STOPPED[how])
    assert await catching_up.tell_waiting(nord.pool) == 1
    [bo] = await marked(nord)
    await nord.rounds()
    # And from then on changes are told as they come.
    nord.till.says("t2", name="Eva Holm", email="e@x.dk")
    await nord.till.tells()
    assert len(await marked(nord)) == 2
    assert bo in await marked(nord)
    assert await nord.rows("select guest_id from guest_waiting") == []


async def test_a_short_failure_of_a_past_that_goes_on_is_waited_for(nord):
    await changes(nord, "update sync_state set error = '{\"needs_person\": false}'")
    await bo_comes(nord)
    assert await catching_up.tell_waiting(nord.pool) == 0
    assert await marked(nord) == []


async def test_a_removed_connections_unread_past_counts_no_more(nord):
    async with nord.pool.connection() as db:
        await connections.remove(db, nord.till.id)
    nord.book.says("b1", name="Bo Berg", email="b@x.dk")
    await nord.book.tells()
    assert [connection for connection, _ in await marked(nord)] == [nord.book.id]
