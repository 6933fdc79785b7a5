"""Numbers that are given once, also where a restore has put back the clock."""

from __future__ import annotations

from servery.storage.pool import Connection as Db

_NARROW = ["connection_id_seq", "venue_id_seq"]
"""Sequences whose numbers also name advisory locks, which have 32 bits: they count in seconds since 2020."""

_NOW = "select (extract(epoch from clock_timestamp()) * 1000000)::bigint as number"

_LEAP = """
select setval(format('%%I.%%I', schemaname, sequencename)::regclass, greatest(coalesce(last_value, 0),
    case when sequencename = any(%(narrow)s)
         then extract(epoch from clock_timestamp() - timestamptz '2020-01-01 00:00Z')::bigint
         else %(number)s end))
from pg_sequences where schemaname = current_schema()"""


async def leap(db: Db) -> int:
    """Let every sequence go on from where it can never have been before, and return that number.

    A restored sequence would give numbers once more that were given since the backup, and under which other systems
    keep other people. So each goes on from the microseconds since 1970: no installation gives a million numbers a
    second, and so none that was restored from the same backup earlier has come so far. Scripts still read it exactly:
    it stays below 2^53 until the year 2255.
    """
    cursor = await db.execute(_NOW)
    row = await cursor.fetchone()
    assert row is not None
    number: int = row["number"]
    await db.execute(_LEAP, {"number": number, "narrow": _NARROW})
    return number
