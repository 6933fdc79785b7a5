"""What a search asks the database: guests by their keys, those who came lately, and what else is known of a few."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from servery.guests.rows import Db
from servery.model.guest import Golden

MOST = 300
"""Guests looked at in one step. More would cost time and change little: they fit equally well."""
_FEW = 2
"""Keys of which one is enough, so few that whoever has none is seen at a glance: of many each guest takes its time."""
_LATE_VISITS = 600
"""The latest visits, whose guests are looked at besides where more fit than are looked at."""


class Wanted(Struct, frozen=True):
    """The keys by which one typed word is looked for: all of the first, or any of the others."""

    all_of: Sequence[str] = ()
    any_of: Sequence[str] = ()


class Candidate(Struct, frozen=True):
    """A guest who may be meant."""

    id: int
    name: str | None


_ALL_LIKELY = "select id, name from guest where merged_into is null and {where} limit %(most)s"
"""Of one word the planner knows how many have it: where it is frequent, the first guests that it meets will do."""
# Materialized, though read only as far as it is needed: from how many have each key the planner would conclude how many
# have all, and where it is wrong read the whole table. Each way is gone only if those before it gave too little.
_EACH_WAY = "with {ways} select * from ({all}) having_it limit %(most)s"
_WAY = "way{number} as materialized (select id, name from guest where merged_into is null and {where})"
# By the guests' primary key alone: else the planner may look up all who have the keys first.
_LATE = """
select g.id, g.name from (
    select distinct s.guest_id from (
        select source_guest_id from visit where source_guest_id is not null
        order by updated_at desc, id desc limit %(late)s
    ) v join source_guest s on s.id = v.source_guest_id
) late cross join lateral (
    select id, name, search, merged_into from guest where id = late.guest_id offset 0
) g where g.merged_into is null and ({where})"""


async def having(db: Db, ways: Sequence[Sequence[Wanted]]) -> list[Candidate]:
    """Guests found by each of the words of one of these ways, the first way first.

    Where they are too many, those who came lately are before all others.
    """
    values: dict[str, Any] = {"most": MOST, "late": _LATE_VISITS}
    conditions = [_where(wanted, values) for wanted in ways]
    if len(ways) == len(ways[0]) == 1 and len(ways[0][0].any_of) <= _FEW:
        query = _ALL_LIKELY.format(where=conditions[0])
    else:
        ways_ = ", ".join(_WAY.format(number=number, where=where) for number, where in enumerate(conditions))
        all_ = " union all ".join(f"select * from way{number}" for number in range(len(conditions)))
        query = _EACH_WAY.format(ways=ways_, all=all_)
    # Unprepared, so that each is planned for the very keys it has.
    cursor = await db.execute(query, values, prepare=False)
    found = await cursor.fetchall()
    if len(found) == MOST:
        cursor = await db.execute(_LATE.format(where=" or ".join(conditions)), values, prepare=False)
        found = await cursor.fetchall() + found
    return [Candidate(*each) for each in dict.fromkeys((row["id"], row["name"]) for row in found)]


def _where(wanted: Sequence[Wanted], values: dict[str, Any]) -> str:
    """The condition of one way; its values are added to the others."""
    conditions = []
    common = sorted({key for one in wanted if not one.any_of for key in one.all_of})
    if common:
        conditions.append(f"search @> {_named(common, values)}")
    for one in wanted:
        if one.any_of:
            either = f"search && {_named(one.any_of, values)}"
            conditions.append(f"({either} or search @> {_named(one.all_of, values)})" if one.all_of else either)
    return "(" + " and ".join(conditions) + ")"


def _named(keys: Sequence[str], values: dict[str, Any]) -> str:
    name = f"keys{len(values)}"
    values[name] = list(keys)
    return f"%({name})s::text[]"


async def last_visits(db: Db, guest_ids: Collection[int]) -> dict[int, datetime]:
    """When each of these guests came last; without those who never did."""
    cursor = await db.execute(
        "select s.guest_id, max(v.at) as at from source_guest s cross join lateral ("
        "select starts_at as at from visit where source_guest_id = s.id and gone_at is null and merged_into is null "
        "order by starts_at desc limit 1) v where s.guest_id = any(%s) group by 1",
        [list(guest_ids)],
    )
    return {row["guest_id"]: row["at"] for row in await cursor.fetchall()}


async def goldens(db: Db, guest_ids: Collection[int]) -> dict[int, Golden]:
    """The golden fields of these guests."""
    cursor = await db.execute("select id, golden from guest where id = any(%s)", [list(guest_ids)])
    return {row["id"]: msgspec.convert(row["golden"], Golden) for row in await cursor.fetchall()}


async def other_names(db: Db, guest_ids: Collection[int]) -> dict[int, list[str]]:
    """What the records of these guests call them."""
    cursor = await db.execute(
        "select guest_id, array_agg(distinct body ->> 'name') as names from source_guest "
        "where guest_id = any(%s) and not removed and body ->> 'name' is not null group by 1",
        [list(guest_ids)],
    )
    return {row["guest_id"]: row["names"] for row in await cursor.fetchall()}
