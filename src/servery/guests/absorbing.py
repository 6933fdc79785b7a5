"""Many merges at once, each with its own line in the log: as `log.absorb` does one, in statements for all."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from servery.guests.rows import Db, as_json


class _Merge(Struct, frozen=True):
    """One guest absorbed by another: whose records went where."""

    guest_id: int
    other_id: int
    moved: list[int]
    kept: list[int]
    detail: object


_MOVE = """
update source_guest s set guest_id = m.guest_id
from json_to_recordset(%s::json) as m(guest_id bigint, moved json) cross join json_array_elements_text(m.moved) as r(id)
where s.id = r.id::bigint"""
_ABSORB = """
with absorbed as (select guest_id, other_id from json_to_recordset(%s::json) as m(guest_id bigint, other_id bigint)),
going as (select g.id, a.guest_id from absorbed a join guest g on g.id = a.other_id
          union select g.id, a.guest_id from absorbed a join guest g on g.merged_into = a.other_id)
update guest g set merged_into = going.guest_id, search = '{}', updated_at = now() from going where g.id = going.id"""
_TOUCH = "update guest set updated_at = now() where id = any(%s)"
_NOTE = """
insert into guest_log (action, guest_id, other_id, source_guest_ids, kept, author, reason, detail)
select 'merged', guest_id, other_id, array(select json_array_elements_text(moved)::bigint order by 1),
       array(select json_array_elements_text(kept)::bigint order by 1), %s, %s, detail
from json_array_elements(%s::json) with ordinality as told(merge, place),
     json_to_record(merge) as m(guest_id bigint, other_id bigint, moved json, kept json, detail jsonb)
order by place returning id, source_guest_ids as moved"""


async def absorb_all(
    db: Db, joins: Sequence[tuple[int, ...]], reason: str, author: str, detail: Mapping[int, object]
) -> tuple[list[int], list[int]]:
    """Make one guest of each join, its first surviving; the lines of the log in order, and the records that moved.

    `detail` is what else the log is to know of a guest that is absorbed.
    """
    merges = _merges(joins, await _records_of(db, joins), detail)
    if not merges:
        return [], []
    told = as_json(merges)
    await db.execute(_MOVE, [told])
    await db.execute(_ABSORB, [told])
    await db.execute(_TOUCH, [[join[0] for join in joins]])
    cursor = await db.execute(_NOTE, [author, reason, told])
    noted = await cursor.fetchall()
    return [row["id"] for row in noted], sorted({record for row in noted for record in row["moved"]})


async def _records_of(db: Db, joins: Sequence[tuple[int, ...]]) -> dict[int, list[int]]:
    cursor = await db.execute(
        "select guest_id, array_agg(id order by id) as records from source_guest "
        "where guest_id = any(%s) group by guest_id",
        [[guest for join in joins for guest in join]],
    )
    return {row["guest_id"]: row["records"] for row in await cursor.fetchall()}


def _merges(
    joins: Sequence[tuple[int, ...]], records: dict[int, list[int]], detail: Mapping[int, object]
) -> list[_Merge]:
    made = []
    for oldest, *others in joins:
        kept = list(records.get(oldest, ()))
        for other in others:
            moved = records.get(other, [])
            made.append(_Merge(oldest, other, moved, sorted(kept), detail.get(other, {})))
            kept += moved
    return made
