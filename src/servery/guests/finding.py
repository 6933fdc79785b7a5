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
_LATE_VISITS = 1_500
"""The latest visits, whose guests are looked at besides where more fit than are looked at."""


class Wanted(Struct, frozen=True):
    """The keys by which one typed word is looked for: all of the first, or any of the others."""

    all_of: Sequence[str]
    any_of: Sequence[str] = ()


class Candidate(Struct, frozen=True):
    """A guest who may be meant."""

    id: int
    name: str | None


# Materialized, though read only as far as it is needed: for a few rows of very many the planner would else read the
# table until it has met enough of them.
_HAVING = """
with having_it as materialized (select id, name from guest where merged_into is null and {where})
select * from having_it limit %(most)s"""
_LATE = """
select g.id, g.name from (
    select distinct s.guest_id from (
        select source_guest_id from visit where source_guest_id is not null
        order by updated_at desc, id desc limit %(late)s
    ) v join source_guest s on s.id = v.source_guest_id
) late join guest g on g.id = late.guest_id where g.merged_into is null and {where}"""


async def having(db: Db, wanted: Sequence[Wanted], some: Collection[str] = ()) -> list[Candidate]:
    """Guests found by each of these, and by one of the keys in `some`, where there are any.

    Where they are too many, those who came lately are among them.
    """
    where, values = _where(wanted, some)
    cursor = await db.execute(_HAVING.format(where=where), values | {"most": MOST})
    found = {row["id"]: Candidate(row["id"], row["name"]) for row in await cursor.fetchall()}
    if len(found) == MOST:
        cursor = await db.execute(_LATE.format(where=where), values | {"late": _LATE_VISITS})
        found |= {row["id"]: Candidate(row["id"], row["name"]) for row in await cursor.fetchall()}
    return list(found.values())


def _where(wanted: Sequence[Wanted], some: Collection[str]) -> tuple[str, dict[str, Any]]:
    """The condition, and the values in it; what all have in common is asked once."""
    common = sorted({key for one in wanted if not one.any_of for key in one.all_of})
    conditions, values = [], dict[str, Any]()
    for number, one in enumerate(one for one in wanted if one.any_of):
        conditions.append(f"(search @> %(all{number})s or search && %(any{number})s)")
        values |= {f"all{number}": list(one.all_of), f"any{number}": list(one.any_of)}
    if common:
        conditions.append("search @> %(common)s")
        values["common"] = common
    if some:
        conditions.append("search && %(some)s")
        values["some"] = sorted(some)
    return " and ".join(conditions), values


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
