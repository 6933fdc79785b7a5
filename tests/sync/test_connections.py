from datetime import UTC, datetime

import pytest

from servery.errors import Invalid, NotFound, Retry
from servery.model.changes import RecordKind
from servery.sync import connections, state
from servery.sync.status import shown, statuses

pytestmark = pytest.mark.anyio


async def test_a_connection_is_found_by_any_writing_of_its_name(db, till):
    found = await connections.connection_named(db, "TILL")
    assert (found.id, found.connector, found.paused, found.sealed) == (till, "fake", False, None)
    await connections.keep_settings(db, till, {}, b"sealed")
    await connections.pause(db, till, True)
    changed = await connections.connection_named(db, "till")
    assert (changed.paused, changed.sealed) == (True, b"sealed")


async def test_a_name_that_is_not_there_is_answered_with_those_that_are(db, till, book):
    with pytest.raises(NotFound, match="There are: till, book"):
        await connections.connection_named(db, "pos")


async def test_a_name_that_is_taken_is_refused_and_free_again_after_removal(db, till):
    with pytest.raises(Invalid) as refused:
        await connections.add_connection(db, "till", "fake", {}, None)
    assert refused.value.field == "name"
    await connections.keep_settings(db, till, {}, b"sealed")
    await connections.remove(db, till)
    assert [one.name for one in await connections.connections(db)] == []
    left = await (await db.execute("select sealed, paused from connection where id = %s", [till])).fetchone()
    assert left == {"sealed": None, "paused": True}
    assert await connections.add_connection(db, "till", "fake", {}, None) != till


async def test_a_location_can_be_linked_to_another_venue(db, till, two_venues):
    nord, syd = two_venues
    assert {name: place.venue_id for name, place in (await connections.places(db, till)).items()} == {
        "nord": nord, "syd": syd
    }  # fmt: skip
    await connections.link_location(db, till, "nord", syd)
    assert (await connections.places(db, till))["nord"].venue_id == syd


async def test_a_removed_connection_of_the_same_locations_is_found_and_taken_up_with_its_id(db, till, book):
    assert await connections.former(db, "fake", ["nord"]) is None
    await connections.remove(db, till)
    assert await connections.former(db, "fake", ["elsewhere"]) is None
    assert await connections.former(db, "another", ["nord"]) is None
    assert await connections.former(db, "fake", ["nord", "elsewhere"]) == till
    assert await connections.former(db, "fake", None) == till
    with pytest.raises(Invalid, match="There is a connection book already"):
        await connections.bring_back(db, till, "book", {}, None)
    assert await connections.bring_back(db, till, "till", {"a": "b"}, None) == till
    back = await connections.connection_named(db, "till")
    assert (back.id, back.paused, back.settings) == (till, False, {"a": "b"})
    assert await connections.former(db, "fake", None) is None


async def test_a_location_is_read_by_one_connection_of_a_system_only(db, till, book):
    with pytest.raises(Invalid) as refused:
        await connections.refuse_twice(db, till, ["nord"])
    assert str(refused.value) == (
        "Nord is read already, by the connection book. "
        "Other credentials can be given to that connection itself."
    )  # fmt: skip
    await connections.refuse_twice(db, till, ["elsewhere"])
    await connections.remove(db, book)
    await connections.refuse_twice(db, till, ["nord"])


async def test_records_are_counted_as_they_come_and_go(db, till, book):
    async def here() -> dict[int, dict[RecordKind, int]]:
        return {one.connection.id: dict(one.records) for one in await statuses(db)}

    assert await here() == {till: {}, book: {}}
    numbers = "select %s, n, 1 from generate_series(1, 5) as n"
    guests = f"insert into source_guest (connection_id, external_id, revision) {numbers}"
    await db.execute(guests, [till])
    await db.execute(guests + " on conflict (connection_id, external_id) do update set revision = 2", [till])
    await db.execute(guests + " on conflict do nothing", [book])
    assert await here() == {till: {"guest": 5}, book: {"guest": 5}}
    await db.execute("delete from source_guest where external_id in ('1', '2') or connection_id = %s", [book])
    assert await here() == {till: {"guest": 3}, book: {}}


async def test_what_pages_show_of_a_reading_changes_only_with_what_is_shown(db, till):
    await state.begin(db, till, "orders")
    await state.polled(db, till, "orders", datetime.now(UTC))
    before = await shown(db, till)
    await state.read_records(db, till, "orders", 7)
    await state.polled(db, till, "orders", datetime.now(UTC))
    assert await shown(db, till) == before, "read again with nothing new"
    await db.execute("insert into source_guest (connection_id, external_id, revision) values (%s, '1', 1)", [till])
    arrived = await shown(db, till)
    assert arrived != before
    await state.failed(db, till, "orders", Retry("Busy."), datetime.now(UTC))
    assert await shown(db, till) != arrived
