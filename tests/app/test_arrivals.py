"""What the pages of events get from the rooms."""

from collections.abc import AsyncIterator

import pytest

from servery.api.events import Again
from servery.api.events import _asked as _api
from servery.app.arrivals import RoomArrivals
from servery.cli.events import _asked as _command
from servery.connectors import registry
from servery.connectors.contract import Connector
from servery.inbox.events import events
from servery.model.viewer import SYSTEM
from servery.storage.pool import open_pool
from servery.web.events.page import Wanted
from tests.app.inbox import House, check, house

pytestmark = pytest.mark.anyio


@pytest.fixture
async def till(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    async with open_pool(database) as pool, house(pool) as till:

        def fake(name: str) -> Connector:
            return till.connector

        monkeypatch.setattr(registry, "connector", fake)
        yield till


async def test_one_event_is_told_with_what_it_means_and_what_came_of_it(till):
    guest = {"lane": "g", "records": [["guest", {"id": "g1", "name": "Ida Holm"}]]}
    _, one = await till.arrives(guest, check("c1", number="1042", guest="g1", table="7"))
    await till.take()
    async with till.pool.connection() as db:
        await db.execute(
            "insert into outbox_target (connection_id, kind, subject_id, our_id, state) "
            "values (%s, 'guest', 1, gen_random_uuid(), 'due')", [till.id]
        )  # fmt: skip
    whole = await RoomArrivals(till.pool).event(SYSTEM, one)
    assert [change.external_id for change in whole.understood.changes] == ["c1"]
    assert {record.kind: record.guest_id for record in whole.records} == {"check": 1, "guest": 1}
    assert whole.names == {1: "Ida Holm"}
    assert [(each.kind, each.state) for each in whole.caused] == [("guest", "due")]
    assert await till.rows("select purpose from guest_look") == [("page",)]
    assert await till.rows("select action, subject from action") == [("event-shown", f"event:{one}")]


async def test_what_cannot_be_understood_says_so_anew(till):
    (one,) = await till.arrives(check("c1", location="elsewhere"))
    await till.take()
    rooms = RoomArrivals(till.pool)
    error = (await rooms.event(SYSTEM, one)).understood.error
    assert error is not None
    assert error.code == "unplaced"
    async with till.pool.connection() as db:
        await db.execute("update venue_link set location = 'elsewhere' where location = 'syd'")
    assert (await rooms.event(SYSTEM, one)).understood.error is None, "by today's rules"


async def test_a_group_is_replayed_dismissed_and_brought_back_and_each_deed_is_written_down(till):
    rooms = RoomArrivals(till.pool)
    one, *_ = await till.arrives(
        {"lane": "x", "records": [["check", {}]]}, {"lane": "y", "records": [["check", {}]]}, b"{"
    )
    await till.take()
    found = await rooms.arrived(SYSTEM, Wanted())
    group = found.groups[0]
    assert (group.events, group.stage, found.connections) == (2, "translate", {till.id: "till"})
    wanted = Wanted(connection=till.id, stage=group.stage, code=group.code)
    assert [row.state for row in (await rooms.arrived(SYSTEM, wanted)).rows] == ["quarantined"] * 2
    assert await rooms.dismiss(SYSTEM, wanted, None) == 2
    await rooms.restore(SYSTEM, one)
    assert await rooms.replay_group(SYSTEM, wanted) == 2
    assert await till.take() == 2
    await rooms.replay(SYSTEM, one)
    assert await till.rows("select action from action order by id") == [
        ("events-dismissed",), ("events-restored",), ("events-replayed",), ("events-replayed",),
    ]  # fmt: skip


async def test_events_are_found_by_a_guests_name(till):
    guest = {"lane": "g", "records": [["guest", {"id": "g1", "name": "Ida Holm"}]]}
    about, _ = await till.arrives(guest, check("c9"))
    await till.take()
    rooms = RoomArrivals(till.pool)
    for asked in ("ida", "1"):
        assert [row.id for row in (await rooms.arrived(SYSTEM, Wanted(guest=asked))).rows] == [about]
    assert (await rooms.arrived(SYSTEM, Wanted(guest="nobody at all"))).rows == []


async def test_order_and_guest_together_are_both_heeded_by_page_command_and_api_and_each_look_is_written_down(till):
    people = [["guest", {"id": "g1", "name": "Ida Holm"}], ["guest", {"id": "g2", "name": "Bo Berg"}]]
    ida, _, _ = await till.arrives(
        check("c1", number="1042", guest="g1"),
        check("c2", number="1042", guest="g2"),
        {"lane": "g", "records": people},
    )
    await till.take()
    ((guest_id,),) = await till.rows("select id from guest where name = 'Ida Holm'")
    asked = await _asked_by_page(till, Wanted(order="1042", guest=str(guest_id)))
    assert asked == [ida]
    async with till.pool.connection() as db:
        by_command = await _command(db, None, None, None, "1042", str(guest_id), None)
        by_api = await _api(db, SYSTEM, Again(order="1042", guest_id=guest_id))
        for one in (by_command, by_api):
            assert [row.id for row in (await events(db, one, limit=10)).rows] == [ida]
    looks = await till.rows("select purpose, guest_id from guest_look order by id")
    assert looks == [(purpose, guest_id) for purpose in ("search", "command", "api")]


async def _asked_by_page(till: House, wanted: Wanted) -> list[int]:
    return [row.id for row in (await RoomArrivals(till.pool).arrived(SYSTEM, wanted)).rows]


async def test_a_guest_who_is_not_there_has_no_events_and_no_look(till):
    await till.arrives(check("c1", number="1042"))
    await till.take()
    assert await _asked_by_page(till, Wanted(order="1042", guest="999")) == []
    assert await till.rows("select purpose from guest_look") == []
