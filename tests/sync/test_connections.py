import pytest

from servery.errors import Invalid, NotFound
from servery.sync import connections

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
