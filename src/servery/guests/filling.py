"""Guests of before there was more to be found by than names: made findable some at a time, in order of their ids."""

from servery.guests.rows import Db


async def take(db: Db, most: int) -> list[int]:
    """The next guests to be made findable, for this transaction alone; none when all are, or another is at it."""
    cursor = await db.execute("select after_guest from search_filling for update skip locked")
    row = await cursor.fetchone()
    if row is None:
        return []
    cursor = await db.execute(
        "select id from guest where id > %s and merged_into is null order by id limit %s", [row["after_guest"], most]
    )
    guests = [one["id"] for one in await cursor.fetchall()]
    if guests:
        await db.execute("update search_filling set after_guest = %s", [guests[-1]])
    else:
        await db.execute("delete from search_filling")
    return guests
