"""Telling of people the way systems do, and what came of it."""

import msgspec

from servery.app.arrive import arrive
from servery.model.changes import GuestSeen
from servery.model.guest import Golden, SourceGuest
from servery.model.venue import Venue
from servery.sync import connections
from servery.venues.rows import add_venue


async def two_systems(db):
    """Two connections of one venue."""
    venue_id = await add_venue(db, Venue(name="Nord", time_zone="Europe/Copenhagen", currency="DKK"))
    found = []
    for name in ("till", "book"):
        found.append(await connections.add_connection(db, name, "fake", {}, None))
        await connections.link_location(db, found[-1], "nord", venue_id)
    return found


async def tell(db, system, *changes):
    return await arrive(db, system, await connections.places(db, system), changes)


def seen(external_id, name=None, email=None, phone=None, revision=1, **facts):
    return GuestSeen(external_id, revision, SourceGuest(name=name, email=email, phone=phone, **facts))


async def people(db):
    """Guests as sorted lists of their records' external ids."""
    cursor = await db.execute(
        "select array_agg(s.external_id order by s.external_id) as records from guest g "
        "left join source_guest s on s.guest_id = g.id where g.merged_into is null group by g.id"
    )
    return sorted(row["records"] for row in await cursor.fetchall())


async def guest_of(db, external_id):
    cursor = await db.execute("select guest_id from source_guest where external_id = %s", [external_id])
    row = await cursor.fetchone()
    assert row is not None
    return row["guest_id"]


async def golden_of(db, external_id):
    cursor = await db.execute("select golden from guest where id = %s", [await guest_of(db, external_id)])
    row = await cursor.fetchone()
    assert row is not None
    return msgspec.convert(row["golden"], Golden)


async def living_ids(db):
    cursor = await db.execute("select id from guest where merged_into is null order by id")
    return [row["id"] for row in await cursor.fetchall()]


async def told_of_all(db):
    """All that is held of guests and of who is not who, but for times and the log."""
    # Of an absorbed guest nothing is shown but whose it is now.
    guests = await db.execute(
        "select id, merged_into, case when merged_into is null then array[to_jsonb(name), golden, to_jsonb(search)] "
        "end as told from guest order by id"
    )
    records = await db.execute("select id, guest_id, link, joined_with from source_guest order by id")
    pairs = await db.execute("select one_id, other_id from not_same order by 1, 2")
    return [await one.fetchall() for one in (guests, records, pairs)]
