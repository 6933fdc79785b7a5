"""Records that are not the same person's, because a person said so: nobody but a person joins them again."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, LiteralString

from servery.guests.rows import Db

Pair = tuple[int, int]
"""Two source records, the older first."""


async def keep_apart(db: Db, ones: Collection[int], others: Collection[int], log_id: int) -> None:
    """Remember for ever that none of these records is the same person's as one of the others; `log_id` says who."""
    await db.execute(
        "insert into not_same (one_id, other_id, log_id) select least(a.id, b.id), greatest(a.id, b.id), %s "
        "from unnest(%s::bigint[]) as a(id) cross join unnest(%s::bigint[]) as b(id) where a.id <> b.id "
        "on conflict do nothing",
        [log_id, list(ones), list(others)],
    )


async def lift(db: Db, ones: Collection[int], others: Collection[int]) -> None:
    """Forget it between these records: a person says now that they are one."""
    await db.execute(
        "delete from not_same where (one_id = any(%(a)s) and other_id = any(%(b)s)) "
        "or (one_id = any(%(b)s) and other_id = any(%(a)s))",
        {"a": list(ones), "b": list(others)},
    )


async def take_back(db: Db, log_id: int) -> None:
    """Forget what one line of the log said."""
    await db.execute("delete from not_same where log_id = %s", [log_id])


APART: LiteralString = """array(select n.other_id from not_same n where n.one_id = s.id
    union all select n.one_id from not_same n where n.other_id = s.id)"""
"""The records that are not the same person's as a record `s`."""


def pairs_in(rows: Iterable[Mapping[str, Any]]) -> frozenset[Pair]:
    """The pairs that rows with `id` and `APART` tell of."""
    return frozenset((min(row["id"], one), max(row["id"], one)) for row in rows for one in row["apart"])


async def are_apart(db: Db, guest_id: int, other_id: int) -> bool:
    """Whether somebody said that these guests are not the same person."""
    cursor = await db.execute(
        "select exists (select from source_guest a join source_guest b on b.guest_id = %s "
        "join not_same n on n.one_id = least(a.id, b.id) and n.other_id = greatest(a.id, b.id) "
        "where a.guest_id = %s) as apart",
        [other_id, guest_id],
    )
    row = await cursor.fetchone()
    return bool(row and row["apart"])
