"""Pairs of records that may well be one person's, for a person to decide."""

from collections.abc import Collection, Mapping, Sequence

import msgspec
from msgspec import Struct

from servery.errors import NotFound
from servery.guests.likeness import Like
from servery.guests.matching.score import Reason
from servery.guests.rows import Db, as_json


class Suggestion(Struct, frozen=True, kw_only=True):
    """Two guests that may be one person: their records `record_id` and `other_record_id` are that much alike."""

    id: int
    guest_id: int
    other_id: int
    record_id: int
    other_record_id: int
    probability: float
    reasons: tuple[Reason, ...]


async def suggest(db: Db, asks: Mapping[int, Sequence[Like]], again: Collection[int]) -> None:
    """Keep whom a person is to be asked about, by record; what was asked of the records `again` before is forgotten.

    What was decided is remembered elsewhere: the two are one guest now, or said to be apart.
    """
    if again:
        await db.execute(
            "delete from suggestion where one_id = any(%(again)s) or other_id = any(%(again)s)", {"again": list(again)}
        )
    pairs = {
        (min(record, like.id), max(record, like.id)): like.scored for record, likes in asks.items() for like in likes
    }
    if not pairs:
        return
    told = [
        {"one": one, "other": other, "probability": scored.probability, "reasons": scored.reasons}
        for (one, other), scored in pairs.items()
    ]
    await db.execute(
        "insert into suggestion (one_id, other_id, probability, reasons) select one, other, probability, reasons "
        "from json_to_recordset(%s::json) as p(one bigint, other bigint, probability float8, reasons jsonb) "
        "on conflict do nothing",
        [as_json(told)],
    )


# Each two guests once, by the likeliest pair of their records.
_OPEN = """
select distinct on (guest_id, other_id) * from (
    select q.id, least(a.guest_id, b.guest_id) as guest_id, greatest(a.guest_id, b.guest_id) as other_id,
           case when a.guest_id < b.guest_id then a.id else b.id end as record_id,
           case when a.guest_id < b.guest_id then b.id else a.id end as other_record_id, q.probability, q.reasons
    from suggestion q
    join source_guest a on a.id = q.one_id and not a.removed
    join source_guest b on b.id = q.other_id and not b.removed
    where a.guest_id <> b.guest_id
      and not exists (select from not_same n where n.one_id = q.one_id and n.other_id = q.other_id)
) as pairs order by guest_id, other_id, probability desc, id"""


async def suggestions(db: Db, limit: int, offset: int = 0) -> list[Suggestion]:
    """Who may be one person, the likeliest first; each pair of guests once."""
    cursor = await db.execute(
        f"select * from ({_OPEN}) as open order by probability desc, id limit %s offset %s", [limit, offset]
    )
    return msgspec.convert(await cursor.fetchall(), list[Suggestion])


async def suggestion(db: Db, suggestion_id: int) -> Suggestion:
    """One that is open; NotFound where there is none, or it is decided."""
    cursor = await db.execute(f"select * from ({_OPEN}) as open where id = %s", [suggestion_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no open suggestion {id}.", id=suggestion_id)
    return msgspec.convert(row, Suggestion)


async def suggestion_count(db: Db) -> int:
    """How many are open."""
    cursor = await db.execute(f"select count(*) as found from ({_OPEN}) as open")
    row = await cursor.fetchone()
    return int(row["found"]) if row else 0
