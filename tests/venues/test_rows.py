from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from msgspec import structs

from servery.errors import Invalid, NotFound
from servery.model.changes import ReservationSeen, TablesSeen
from servery.model.reservation import Reservation
from servery.model.venue import Daypart, OpeningHours, Table, Venue
from servery.storage.pool import Connection, open_pool
from servery.sync import connections
from servery.sync.apply import apply
from servery.venues.rows import add_venue, change_venue, tables, venue, venue_named, venues

pytestmark = pytest.mark.anyio

NORD = Venue(
    name="Nord", time_zone="Europe/Copenhagen", currency="DKK", cutoff=300, areas=("Garden",),
    tables=(Table("7", 4, "Garden"),), opening_hours=(OpeningHours(4, 1020, 1500),),
    dayparts=(Daypart("Dinner", 1020, 1500),),
)  # fmt: skip


@pytest.fixture
async def db(database: str) -> AsyncIterator[Connection]:
    async with open_pool(database) as pool, pool.connection() as connection:
        yield connection


async def test_a_venue_comes_back_as_it_was_added_by_id_and_by_any_writing_of_its_name(db):
    venue_id = await add_venue(db, NORD)
    assert (await venue(db, venue_id)).venue == NORD
    assert (await venue_named(db, "  nORD ")).id == venue_id
    await add_venue(db, structs.replace(NORD, name="Aamanns"))
    assert [one.venue.name for one in await venues(db)] == ["Aamanns", "Nord"]


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"name": "  "}, "name", "A venue needs a name."),
        ({"time_zone": "Europe/Kopenhagen"}, "time_zone", "There is no time zone Europe/Kopenhagen."),
        ({"time_zone": "../etc/passwd"}, "time_zone", "There is no time zone ../etc/passwd."),
        ({"time_zone": ""}, "time_zone", "There is no time zone ."),
        ({"currency": "KRONER"}, "currency", "There is no currency KRONER."),
        ({"currency": "dkk"}, "currency", "There is no currency dkk."),
        ({"cutoff": 1440}, "cutoff", "A business day begins between 00:00 and 23:59."),
        ({"cutoff": -1}, "cutoff", "A business day begins between 00:00 and 23:59."),
        ({"match_after": -5}, "match_after", "The minutes of a window cannot be negative."),
    ],
)
async def test_what_a_venue_cannot_be_names_its_field(db, wrong, field, words):
    venue_id = await add_venue(db, structs.replace(NORD, name="Syd"))
    for attempt in (
        add_venue(db, structs.replace(NORD, **wrong)),
        change_venue(db, venue_id, structs.replace(NORD, **wrong)),
    ):
        with pytest.raises(Invalid) as refused:
            await attempt
        assert (refused.value.field, refused.value.message) == (field, words)
    assert [one.venue.name for one in await venues(db)] == ["Syd"]


async def test_a_name_is_taken_in_any_writing_for_a_new_venue_and_a_changed_one(db):
    await add_venue(db, NORD)
    syd = await add_venue(db, structs.replace(NORD, name="Syd"))
    with pytest.raises(Invalid, match="There is a venue NORD already"):
        await add_venue(db, structs.replace(NORD, name="NORD"))
    with pytest.raises(Invalid, match="There is a venue nord already"):
        await change_venue(db, syd, structs.replace(NORD, name="nord"))
    await change_venue(db, syd, structs.replace(NORD, name="Vest", cutoff=0))
    assert (await venue(db, syd)).venue == structs.replace(NORD, name="Vest", cutoff=0)


async def test_a_business_day_begins_at_another_time_only_while_nothing_is_counted(db):
    venue_id = await add_venue(db, NORD)
    till = await connections.add_connection(db, "till", "fake", {}, None)
    await connections.link_location(db, till, "here", venue_id)
    await change_venue(db, venue_id, structs.replace(NORD, cutoff=360))
    booked = Reservation(starts_at=datetime(2026, 11, 21, 18, tzinfo=UTC), status="booked", party_size=2)
    places = await connections.places(db, till)
    await apply(db, till, places, [ReservationSeen("r1", 1, "here", booked)])
    with pytest.raises(Invalid, match="days that are already counted would change") as refused:
        await change_venue(db, venue_id, NORD)
    assert refused.value.field == "cutoff"
    await change_venue(db, venue_id, structs.replace(NORD, cutoff=360, match_after=30))
    assert (await venue(db, venue_id)).venue.match_after == 30


async def test_a_venue_that_is_not_there_is_said_to_be_not_there(db):
    with pytest.raises(NotFound, match="There is no venue 99"):
        await venue(db, 99)
    with pytest.raises(NotFound, match="There is no venue 99"):
        await change_venue(db, 99, NORD)
    with pytest.raises(NotFound, match="servery venues add"):
        await venue_named(db, "Nowhere")


async def test_a_table_that_two_systems_name_is_one_table(db):
    venue_id = await add_venue(db, NORD)
    for name, plan in (("book", (Table("Table 07", 4), Table("8", 2))), ("till", (Table("T7"), Table("Bar 1")))):
        system = await connections.add_connection(db, name, "fake", {}, None)
        await connections.link_location(db, system, "here", venue_id)
        await apply(db, system, await connections.places(db, system), [TablesSeen("plan", 1, "here", plan)])
    assert [(one.name, one.seats) for one in await tables(db, venue_id)] == [("Table 07", 4), ("8", 2), ("Bar 1", None)]
