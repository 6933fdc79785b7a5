"""Phones are E.164 wherever they can be read, in the country of the venue where they have no code."""

import pytest

from servery.errors import Invalid
from servery.guests import say
from servery.guests.join import refresh
from servery.model.venue import Venue
from servery.model.viewer import SYSTEM
from servery.sync import connections
from servery.venues.rows import add_venue
from tests.guests.told import golden_of, guest_of, seen, tell


async def phone_of(db, external_id):
    phone = (await golden_of(db, external_id)).phone
    return phone and phone.value


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("20 12 34 56", "+4520123456"),
        ("0049 30 901820", "+4930901820"),
        ("call the hotel", "call the hotel"),
        ("00000000", "00000000"),
    ],
)
async def test_a_phone_is_e164_where_it_can_be_read_and_else_as_written(db, systems, written, phone):
    await tell(db, systems[0], seen("a", "Ida Holm", phone=written))
    assert await phone_of(db, "a") == phone


@pytest.mark.anyio
async def test_a_system_without_a_venue_reads_phones_as_all_venues_do(db, systems):
    members = await connections.add_connection(db, "members", "fake", {}, None)
    await tell(db, members, seen("a", "Ida Holm", phone="20 12 34 56"))
    assert await phone_of(db, "a") == "+4520123456"
    await add_venue(db, Venue(name="Süd", time_zone="Europe/Berlin", currency="EUR"))
    await tell(db, members, seen("b", "Bo Holm", phone="20 12 34 57"))
    assert await phone_of(db, "b") == "20 12 34 57"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("typed", "kept"),
    [("20 12 34 56", "+4520123456"), ("0046 70 123 45 67", "+46701234567"), ("+45 12 34 56 78", "+4512345678")],
)
async def test_what_staff_type_is_read_the_same_way(db, systems, typed, kept):
    await tell(db, systems[0], seen("a", "Ida Holm"))
    guest = await guest_of(db, "a")
    await say.edit(db, SYSTEM, guest, {"phone": typed})
    await refresh(db, [guest], "da")
    assert await phone_of(db, "a") == kept


@pytest.mark.anyio
@pytest.mark.parametrize("typed", ["+4599", "1234 ask Bo", "20 12", "+999 20 12 34 56", "call the hotel", "²²²²²²²²"])
async def test_what_nobody_can_call_is_refused_when_staff_type_it(db, systems, typed):
    await tell(db, systems[0], seen("a", "Ida Holm"))
    with pytest.raises(Invalid) as refused:
        await say.edit(db, SYSTEM, await guest_of(db, "a"), {"phone": typed})
    assert refused.value.field == "phone"


@pytest.mark.anyio
async def test_a_number_that_is_one_in_several_countries_needs_its_code(db, systems):
    await tell(db, systems[0], seen("a", "Ida Holm"))
    guest = await guest_of(db, "a")
    await add_venue(db, Venue(name="Oslo", time_zone="Europe/Oslo", currency="NOK"))
    with pytest.raises(Invalid):
        await say.edit(db, SYSTEM, guest, {"phone": "23 10 20 30"})
    await say.edit(db, SYSTEM, guest, {"phone": "+47 23 10 20 30"})
    await refresh(db, [guest], "da")
    assert await phone_of(db, "a") == "+4723102030"


@pytest.mark.anyio
async def test_the_source_keeps_its_own_spelling_of_a_name(db, systems):
    await tell(db, systems[0], seen("a", "HANSEN, JENS", email="jens@example.com"))
    assert (await golden_of(db, "a")).name.value == "Jens Hansen"
    cursor = await db.execute("select body ->> 'name' as name from source_guest")
    assert (await cursor.fetchone())["name"] == "HANSEN, JENS"
