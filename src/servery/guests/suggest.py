"""Pairs of records that may well be one person's, for a person to decide."""

from collections.abc import Collection, Mapping, Sequence

import msgspec
from msgspec import Struct

from servery.errors import NotFound
from servery.guests.likeness import Like
from servery.guests.matching.score import Reason, Scored
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

    @property
    def told(self) -> float:
        """The probability as people are told."""
        return min(self.probability, CERTAIN)


CERTAIN = 0.99
"""More is never told: nothing that a score finds is certain."""
LIKELY = 0.9
"""From here on a person is asked: of a list without end nobody would look at what matters."""
_NAME = {"given", "family", "name"}
_PER_GUEST = 3
"""Pairs that are open at a time for one guest, the likeliest: a frequent name would fill the list alone."""
_COUNTED = 99
"""So many open pairs are counted, and no more."""


class Open(Struct, frozen=True):
    """How many pairs are open: `counted`, and with `more` beyond that many nobody counts any more."""

    counted: int
    more: bool


def is_worth_asking(scored: Scored) -> bool:
    """Whether a pair is likely enough, and agrees in something besides the name, for a person to be asked of it.

    Addresses that are merely alike are so because the names are.
    """
    besides = any(one.weight > 0 and not _says_the_name(one) for one in scored.reasons)
    return besides and scored.probability >= LIKELY


def _says_the_name(reason: Reason) -> bool:
    return reason.comparison in _NAME or (reason.comparison, reason.level) == ("email", "alike")


_ASK = """
insert into suggestion (one_id, other_id, probability, reasons) select one, other, probability, reasons
from json_to_recordset(%s::json) as p(one bigint, other bigint, probability float8, reasons jsonb)
on conflict (one_id, other_id) do update set probability = excluded.probability, reasons = excluded.reasons
where (suggestion.probability, suggestion.reasons) is distinct from (excluded.probability, excluded.reasons)"""


async def suggest(db: Db, asks: Mapping[int, Sequence[Like]], again: Collection[int]) -> None:
    """Keep whom a person is to be asked about, by record; what was asked of the records `again` before is forgotten.

    What was decided is remembered elsewhere: the two are one guest now, or said to be apart.
    """
    pairs = {
        (min(record, like.id), max(record, like.id)): like.scored
        for record, likes in asks.items()
        for like in likes
        if is_worth_asking(like.scored)
    }
    told = [
        {"one": one, "other": other, "probability": scored.probability, "reasons": scored.reasons}
        for (one, other), scored in pairs.items()
    ]
    if again:
        await db.execute(
            "delete from suggestion where (one_id = any(%(again)s) or other_id = any(%(again)s)) and not exists ("
            "select from json_to_recordset(%(told)s::json) as p(one bigint, other bigint) "
            "where p.one = one_id and p.other = other_id)",
            {"again": list(again), "told": as_json(told)},
        )
    if told:
        await db.execute(_ASK, [as_json(told)])


# Between which guests suggestion `o` is, if it is open.
_IS_OPEN = """oa.guest_id <> ob.guest_id and not oa.removed and not ob.removed and (o.later is null or o.later < now())
    and not exists (select from not_same n where n.one_id = o.one_id and n.other_id = o.other_id)"""
_OF_GUEST = """source_guest x cross join lateral (
    select id, one_id, other_id, probability, later from suggestion where one_id = x.id
    union all select id, one_id, other_id, probability, later from suggestion where other_id = x.id) o
    join source_guest oa on oa.id = o.one_id join source_guest ob on ob.id = o.other_id"""
_LIKELIER = "(o.probability > q.probability or (o.probability = q.probability and o.id < q.id))"

# Each two guests once, by the likeliest pair of their records; of each guest only so many.
_OPEN = f"""
select q.id, least(a.guest_id, b.guest_id) as guest_id, greatest(a.guest_id, b.guest_id) as other_id,
       case when a.guest_id < b.guest_id then a.id else b.id end as record_id,
       case when a.guest_id < b.guest_id then b.id else a.id end as other_record_id, q.probability, q.reasons
from suggestion q
join source_guest a on a.id = q.one_id and not a.removed
join source_guest b on b.id = q.other_id and not b.removed
where a.guest_id <> b.guest_id and (q.later is null or q.later < now())
  and not exists (select from not_same n where n.one_id = q.one_id and n.other_id = q.other_id)
  and not exists (select from {_OF_GUEST} where x.guest_id = a.guest_id and {_LIKELIER} and {_IS_OPEN}
                  and (oa.guest_id, ob.guest_id) in ((a.guest_id, b.guest_id), (b.guest_id, a.guest_id)))"""
_FEW = " and ".join(
    f"""(select count(*) from (select from {_OF_GUEST} where x.guest_id = {side}.guest_id and {_LIKELIER}
        and {_IS_OPEN} limit {_PER_GUEST}) likelier) < {_PER_GUEST}"""
    for side in ("a", "b")
)


async def suggestions(db: Db, limit: int, after: int | None = None) -> list[Suggestion]:
    """Who may be one person, the likeliest first; each pair of guests once. `after`: those behind that one."""
    cursor = await db.execute(
        f"{_OPEN} and {_FEW} and (%(after)s::bigint is null or exists (select from suggestion l where l.id = %(after)s "
        "and q.probability <= l.probability and (q.probability < l.probability or q.id > l.id))) "
        "order by q.probability desc, q.id limit %(limit)s",
        {"limit": limit, "after": after},
    )
    return msgspec.convert(await cursor.fetchall(), list[Suggestion])


async def suggestion(db: Db, suggestion_id: int) -> Suggestion:
    """One that is open; NotFound where there is none, or it is decided."""
    cursor = await db.execute(f"{_OPEN} and q.id = %s", [suggestion_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no open suggestion {id}.", id=suggestion_id)
    return msgspec.convert(row, Suggestion)


async def suggestion_count(db: Db) -> Open:
    """How many are open, as everybody is told: more than 99 are not counted."""
    cursor = await db.execute(f"select count(*) as found from ({_OPEN} and {_FEW} limit {_COUNTED + 1}) as open")
    row = await cursor.fetchone()
    found = int(row["found"]) if row else 0
    return Open(min(found, _COUNTED), found > _COUNTED)


async def put_off(db: Db, suggestion_id: int, days: int) -> None:
    """Ask of the two guests of a suggestion again in so many days, or with 0 at once. NotFound where there is none."""
    cursor = await db.execute(
        "update suggestion o set later = case when %(days)s > 0 then now() + make_interval(days => %(days)s) end "
        "from suggestion q join source_guest a on a.id = q.one_id join source_guest b on b.id = q.other_id, "
        "source_guest oa, source_guest ob where q.id = %(id)s and oa.id = o.one_id and ob.id = o.other_id "
        "and (oa.guest_id, ob.guest_id) in ((a.guest_id, b.guest_id), (b.guest_id, a.guest_id))",
        {"id": suggestion_id, "days": days},
    )
    if not cursor.rowcount:
        raise NotFound("There is no suggestion {id}.", id=suggestion_id)
