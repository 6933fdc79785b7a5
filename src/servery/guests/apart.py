"""Records that are not the same person's, because a person said so: nobody but a person joins them again.

What was said of two records holds for all records of both guests, also for those that join later. A person's merge
lifts it; as soon as that merge is taken back it holds again.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, LiteralString

from servery.guests.names import agreement
from servery.guests.rows import Db, as_json

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


_LIFT = """
with gone as (
    delete from not_same where (one_id = any(%(a)s) and other_id = any(%(b)s))
    or (one_id = any(%(b)s) and other_id = any(%(a)s)) returning *
), kept as (
    insert into not_same_lifted (one_id, other_id, log_id, one_by, other_by, lifted_by)
    select one_id, other_id, log_id, one_by, other_by, %(by)s from gone
    on conflict (one_id, other_id, log_id) do update set lifted_by = excluded.lifted_by
)
update guest_log l set undone_by = %(by)s where l.undone_by is null and l.id in (select log_id from gone)
and not exists (select from not_same n where n.log_id = l.id and not exists (
    select from gone g where (g.one_id, g.other_id, g.log_id) = (n.one_id, n.other_id, n.log_id)))"""


async def lift(db: Db, ones: Collection[int], others: Collection[int], by: int) -> None:
    """Let it hold no more between these records: a person says in the step `by` that they are one.

    Steps of which nothing holds any more are taken back by that one.
    """
    await db.execute(_LIFT, {"a": list(ones), "b": list(others), "by": by})


_HOLD_AGAIN = """
with back as (
    delete from not_same_lifted l using source_guest a, source_guest b
    where a.id = l.one_id and b.id = l.other_id and a.guest_id <> b.guest_id
    and (l.one_id = any(%(ids)s) or l.other_id = any(%(ids)s)) returning l.*
), kept as (
    insert into not_same (one_id, other_id, log_id, one_by, other_by)
    select one_id, other_id, log_id, one_by, other_by from back on conflict do nothing
)
update guest_log set undone_by = null where id in (select log_id from back)"""


async def hold_again(db: Db, record_ids: Collection[int]) -> None:
    """These records were parted from others: what people had said of them before they were made one holds again."""
    await db.execute(_HOLD_AGAIN, {"ids": list(record_ids)})


_EXTEND = """
with told as (
    select distinct on (a.guest_id, b.guest_id, n.log_id) a.guest_id as ours, b.guest_id as theirs, n.log_id,
           coalesce(n.our_by, a.id) as our_by, coalesce(n.their_by, b.id) as their_by
    from source_guest a cross join lateral (
        select other_id as id, log_id, one_by as our_by, other_by as their_by from not_same where one_id = a.id
        union all select one_id, log_id, other_by, one_by from not_same where other_id = a.id) n
    join source_guest b on b.id = n.id
    where a.guest_id = any(%(ids)s) and a.guest_id <> b.guest_id
    order by 1, 2, 3, (n.our_by is not null)::int + (n.their_by is not null)::int, 4, 5
)
insert into not_same (one_id, other_id, log_id, one_by, other_by)
select least(x.id, y.id), greatest(x.id, y.id), log_id,
       case when x.id < y.id then nullif(our_by, x.id) else nullif(their_by, y.id) end,
       case when x.id < y.id then nullif(their_by, y.id) else nullif(our_by, x.id) end
from told join source_guest x on x.guest_id = told.ours join source_guest y on y.guest_id = told.theirs
on conflict do nothing"""


async def extend(db: Db, guest_ids: Iterable[int]) -> None:
    """Let what was said of some records of these guests hold for all of them, and no more for those that left."""
    ids = sorted(set(guest_ids))
    for side in ("one", "other"):
        await db.execute(
            f"delete from not_same n using source_guest s, source_guest w where s.guest_id = any(%s) "
            f"and n.{side}_id = s.id and w.id = n.{side}_by and w.guest_id <> s.guest_id",
            [ids],
        )
    await db.execute(_EXTEND, {"ids": ids})


async def take_back(db: Db, log_id: int) -> None:
    """Forget what one line of the log said."""
    await db.execute("delete from not_same where log_id = %s", [log_id])
    await db.execute("delete from not_same_lifted where log_id = %s", [log_id])


_SHARING = """
select distinct i.absorbed, r.body ->> 'name' as one, b.body ->> 'name' as other
from json_to_recordset(%s::json) as i(absorbed bigint, ours bigint, theirs bigint)
join source_guest r on r.guest_id = i.theirs
cross join lateral (select id, guest_id, body from source_guest where email_key = r.email_key
                    union all select id, guest_id, body from source_guest where phone_key = r.phone_key) b
join source_guest a on a.guest_id = i.ours
join not_same n on n.one_id = least(a.id, b.id) and n.other_id = greatest(a.id, b.id)
where b.guest_id not in (i.ours, i.theirs)"""


async def back_doors(db: Db, absorbed: Mapping[int, int]) -> set[int]:
    """The guests, of those to be absorbed (each by its survivor), that share a contact with whom the survivor is not.

    To join them would bring together what a person said is not the same: by way of a third.
    """
    told = [
        {"absorbed": one, "ours": ours, "theirs": theirs}
        for one, into in absorbed.items()
        for ours, theirs in ((into, one), (one, into))
    ]
    cursor = await db.execute(_SHARING, [as_json(told)])
    return {row["absorbed"] for row in await cursor.fetchall() if agreement(row["one"], row["other"]) != "apart"}


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
