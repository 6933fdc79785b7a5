"""Guests to be made anew because their system speaks for other fields now: how far that has come."""

from collections.abc import Sequence

from msgspec import Struct

from servery.sync.rows import Db


class Work(Struct, frozen=True):
    """Some of the guests that a connection knows."""

    connection_id: int
    guests: Sequence[int]


class Progress(Struct, frozen=True):
    """How many guests are done, of how many."""

    done: int
    total: int


async def begin(db: Db, connection_id: int) -> int:
    """Have all guests that a connection knows made anew, from the first on; how many there are."""
    cursor = await db.execute(
        "insert into recomputing (connection_id, total) "
        "select %(id)s, count(distinct guest_id) from source_guest where connection_id = %(id)s "
        "on conflict (connection_id) do update "
        "set total = excluded.total, done = 0, after_guest = 0, started_at = now() "
        "returning total",
        {"id": connection_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row["total"])


async def take(db: Db, most: int) -> Work | None:
    """The next guests to be made anew, for this transaction alone; None when nothing is left to do."""
    cursor = await db.execute("select connection_id, after_guest from recomputing limit 1 for update skip locked")
    row = await cursor.fetchone()
    if row is None:
        return None
    cursor = await db.execute(
        "select distinct guest_id from source_guest where connection_id = %s and guest_id > %s order by 1 limit %s",
        [row["connection_id"], row["after_guest"], most],
    )
    guests = [one["guest_id"] for one in await cursor.fetchall()]
    if guests:
        await db.execute(
            "update recomputing set done = done + %s, after_guest = %s where connection_id = %s",
            [len(guests), guests[-1], row["connection_id"]],
        )
    else:
        await db.execute("delete from recomputing where connection_id = %s", [row["connection_id"]])
    return Work(row["connection_id"], guests)


async def progress(db: Db, connection_id: int) -> Progress | None:
    """How far it has come; None when all is done."""
    cursor = await db.execute("select done, total from recomputing where connection_id = %s", [connection_id])
    row = await cursor.fetchone()
    return Progress(row["done"], row["total"]) if row else None
