"""The list of what a person should mend: made once a month for each venue, kept, and looked at again by itself.

A venue's list is of the guests who came or booked there in the twelve months before, those who come most first; one
without a venue is of guests who were nowhere. What is mended since is noticed, not ticked off.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct
from psycopg.rows import DictRow

from servery.errors import Invalid, NotFound
from servery.guests.hygiene.emails import suggestion
from servery.guests.hygiene.faults import FAULTS, Fault, Person, faults
from servery.guests.rows import Db

MOST = 1000
"""Guests listed for one fault at one venue; all are counted."""
_AT_ONCE = 5000
_MOST_OF_A_HOUSEHOLD = 12
"""Guests with one phone that are a household or slips of the pen; with more it is a company's, and nothing to mend."""


class MendList(Struct, frozen=True, kw_only=True):
    """One venue's list of a month. `counts`: guests by fault when it was made; `left`: listed and not mended yet."""

    id: int
    month: date
    venue_id: int | None
    made_at: datetime
    looked_at: datetime
    guests: int
    counts: Mapping[Fault, int]
    left: Mapping[Fault, int] = {}


class Item(Struct, frozen=True, kw_only=True):
    """One thing to mend. `meant`: the address that was probably meant; `other_id`: the guest it is shared with."""

    guest_id: int
    fault: Fault
    name: str | None
    email: str | None
    phone: str | None
    visits: int
    mended_at: datetime | None
    meant: str | None = None
    other_id: int | None = None


class Listed(Struct, frozen=True):
    """A list, the name of its venue, and some of what stands on it."""

    of: MendList
    venue: str | None
    items: tuple[Item, ...]


async def make(db: Db, month: date, today: date) -> list[MendList]:
    """Make all lists of a month, in place of those made before for it."""
    await _seen(db)
    await db.execute("create temporary table faulty (guest_id bigint, fault text) on commit drop")
    last = 0
    while batch := await _persons(db, "g.id > %s order by g.id limit %s", [last, _AT_ONCE]):
        await _note(db, batch, today)
        last = batch[-1]["id"]
    await db.execute(f"insert into faulty select guest_id, fault from ({_AMONG}) found", {"guests": None})
    await db.execute("analyze faulty")
    await db.execute("delete from mend_list where month = %s", [month])
    await db.execute(_MAKE, {"month": month})
    await db.execute(_FILL, {"month": month, "most": MOST})
    return await lists(db, month)


async def look_again(db: Db, month: date, today: date) -> None:
    """Notice what of a month's lists is mended by now, and what is wrong again."""
    cursor = await db.execute(
        "select distinct guest_id as id from mend_item i join mend_list l on l.id = i.list_id "
        "where l.month = %s order by 1",
        [month],
    )
    ids = [row["id"] for row in await cursor.fetchall()]
    for start in range(0, len(ids), _AT_ONCE):
        await _notice(db, ids[start : start + _AT_ONCE], month, today)
    await db.execute("update mend_list set looked_at = now() where month = %s", [month])


async def look_at(db: Db, guest_id: int, today: date) -> None:
    """Notice at once what of one guest is mended on the latest lists."""
    latest = await months(db)
    if latest:
        await _notice(db, [guest_id], latest[0], today)


async def meant(db: Db, guest_id: int) -> str:
    """The address that was probably meant by a guest's own. NotFound for nobody, Invalid where no slip is seen."""
    cursor = await db.execute("select golden #>> '{email,value}' as email from guest where id = %s", [guest_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no guest {id}.", id=guest_id)
    found = suggestion(row["email"]) if row["email"] else None
    if found is None:
        raise Invalid("No slip is seen in the address any more.", field="email")
    return found


async def lists(db: Db, month: date | None = None) -> list[MendList]:
    """The lists of a month, or of the latest; the one without a venue last."""
    cursor = await db.execute(
        f"{_LISTS} where l.month = coalesce(%s, (select max(month) from mend_list)) order by l.venue_id nulls last",
        [month],
    )
    return msgspec.convert(await cursor.fetchall(), list[MendList])


async def months(db: Db) -> list[date]:
    """The months of which lists are kept, the latest first."""
    cursor = await db.execute("select distinct month from mend_list order by 1 desc")
    return [row["month"] for row in await cursor.fetchall()]


async def listed(db: Db, list_id: int, fault: Fault | None = None, *, limit: int = 50, offset: int = 0) -> Listed:
    """A list with what stands on it, of one fault or of all: what is not mended first. NotFound where there is none."""
    cursor = await db.execute(f"{_LISTS} where l.id = %s", [list_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no list {id}.", id=list_id)
    cursor = await db.execute(
        _ITEMS, {"list": list_id, "fault": fault, "order": list(FAULTS), "limit": limit, "offset": offset}
    )
    return Listed(msgspec.convert(row, MendList), row["venue"], tuple(_item(one) for one in await cursor.fetchall()))


def _item(row: DictRow) -> Item:
    meant = suggestion(row["email"]) if row["fault"] == "email_slip" and row["email"] else None
    return msgspec.convert(row | {"meant": meant}, Item)


async def _seen(db: Db) -> None:
    await db.execute("drop table if exists pg_temp.seen_there, pg_temp.faulty")
    await db.execute(f"create temporary table seen_there on commit drop as {SEEN}")
    await db.execute(
        "insert into seen_there select null, g.id, 0 from guest g where g.merged_into is null "
        "and not exists (select from seen_there s where s.guest_id = g.id)"
    )
    await db.execute("analyze seen_there")


async def _persons(db: Db, which: str, asked: Sequence[Any]) -> list[DictRow]:
    """Guests who are somebody to remember, as far as they are looked at."""
    cursor = await db.execute(
        "select g.id, g.name, g.golden #>> '{email,value}' as email, g.golden #>> '{phone,value}' as phone, "
        "g.golden -> 'birthday' as birthday from guest g where g.merged_into is null "
        f"and not coalesce((g.golden -> 'one_time')::boolean, false) and {which}",
        asked,
    )
    return await cursor.fetchall()


async def _note(db: Db, batch: Sequence[DictRow], today: date) -> None:
    found = _found(batch, today)
    await db.execute(
        "insert into faulty select * from unnest(%s::bigint[], %s::text[])",
        [[guest_id for guest_id, _ in found], [fault for _, fault in found]],
    )


def _found(batch: Sequence[DictRow], today: date) -> list[tuple[int, str]]:
    people = [(row["id"], msgspec.convert(row, Person)) for row in batch]
    return [(guest_id, fault) for guest_id, person in people for fault in faults(person, today)]


async def _notice(db: Db, ids: Collection[int], month: date, today: date) -> None:
    found = _found(await _persons(db, "g.id = any(%s)", [list(ids)]), today)
    cursor = await db.execute(f"select guest_id, fault from ({_AMONG}) found", {"guests": list(ids)})
    found += [(row["guest_id"], row["fault"]) for row in await cursor.fetchall()]
    await db.execute(
        _NOTICE,
        {
            "ids": list(ids),
            "month": month,
            "guests": [guest_id for guest_id, _ in found],
            "faults": [fault for _, fault in found],
        },
    )


SEEN = """
select venue_id, guest_id, sum(visits)::integer as visits from (
    select v.venue_id, s.guest_id, count(*) as visits from visit v join source_guest s on s.id = v.source_guest_id
    where v.starts_at >= now() - interval '12 months' and v.gone_at is null and v.merged_into is null group by 1, 2
    union all
    select distinct r.venue_id, s.guest_id, 0 from reservation r join source_guest s on s.id = r.source_guest_id
    where r.starts_at >= now() - interval '12 months' and not r.removed
) u where guest_id is not null group by 1, 2"""
"""Who came (so often) to or booked at which venue in the last twelve months."""

# What is between guests: two with one phone, two that may be one person. Of all guests, or of some.
_AMONG = f"""
with theirs as materialized (
    select g.id, g.golden #>> '{{phone,value}}' as phone from guest g
    where g.merged_into is null and (%(guests)s::bigint[] is null or g.id = any(%(guests)s))
    and g.golden ? 'phone' and not coalesce((g.golden -> 'one_time')::boolean, false)
), few as materialized (
    select o.phone_key from source_guest o
    where o.phone_key in (select phone from theirs) and o.guest_id is not null
    group by 1 having count(distinct o.guest_id) <= {_MOST_OF_A_HOUSEHOLD}
)
select t.id as guest_id, 'shared_phone' as fault from theirs t join few f on f.phone_key = t.phone
where exists (select from source_guest o where o.phone_key = t.phone and o.guest_id <> t.id)
union
select p.guest_id, 'maybe_same' from suggestion q
join source_guest a on a.id = q.one_id and not a.removed join source_guest b on b.id = q.other_id and not b.removed
cross join lateral (values (a.guest_id), (b.guest_id)) as p(guest_id)
where a.guest_id <> b.guest_id and (%(guests)s::bigint[] is null or p.guest_id = any(%(guests)s))
and not exists (select from not_same n where n.one_id = q.one_id and n.other_id = q.other_id)"""

_MAKE = """
insert into mend_list (month, venue_id, guests, counts)
select %(month)s, s.venue_id, s.guests, coalesce(c.counts, '{}')
from (select venue_id, count(*) as guests from seen_there group by 1) s
left join (
    select venue_id, jsonb_object_agg(fault, n) as counts from (
        select s.venue_id, f.fault, count(*) as n from seen_there s join faulty f using (guest_id) group by 1, 2
    ) by_fault group by 1
) c on c.venue_id is not distinct from s.venue_id"""

_FILL = """
insert into mend_item (list_id, guest_id, fault, visits)
select l.id, f.guest_id, f.fault, f.visits from (
    select s.venue_id, s.guest_id, f.fault, s.visits,
           row_number() over (partition by s.venue_id, f.fault order by s.visits desc, s.guest_id desc) as place
    from seen_there s join faulty f using (guest_id)
) f join mend_list l on l.month = %(month)s and l.venue_id is not distinct from f.venue_id
where f.place <= %(most)s"""

_NOTICE = """
update mend_item i set mended_at = case when w.fault is null then coalesce(i.mended_at, now()) end
from mend_list l, (select m.list_id, m.guest_id, m.fault as was, n.fault from mend_item m
    left join unnest(%(guests)s::bigint[], %(faults)s::text[]) as n(guest_id, fault)
        on n.guest_id = m.guest_id and n.fault = m.fault
    where m.guest_id = any(%(ids)s)) w
where l.id = i.list_id and l.month = %(month)s and (i.list_id, i.guest_id, i.fault) = (w.list_id, w.guest_id, w.was)
and (i.mended_at is null) = (w.fault is null)"""

_LISTS = """
select l.*, v.name as venue, coalesce(i.left, '{}') as left from mend_list l
left join venue v on v.id = l.venue_id
left join lateral (
    select jsonb_object_agg(fault, n) as left from (
        select fault, count(*) as n from mend_item where list_id = l.id and mended_at is null group by 1) by_fault
) i on true"""

_ITEMS = """
select i.guest_id, i.fault, g.name, g.golden #>> '{email,value}' as email, g.golden #>> '{phone,value}' as phone,
       i.visits, i.mended_at, coalesce(shared.guest_id, alike.guest_id) as other_id
from mend_item i join guest g on g.id = i.guest_id
left join lateral (
    select min(o.guest_id) as guest_id from source_guest o
    where i.fault = 'shared_phone' and o.phone_key = g.golden #>> '{phone,value}' and o.guest_id <> g.id
) shared on true
left join lateral (
    select o.guest_id from source_guest s
    join suggestion q on s.id in (q.one_id, q.other_id)
    join source_guest o on o.id = case when q.one_id = s.id then q.other_id else q.one_id end
    where i.fault = 'maybe_same' and s.guest_id = g.id and o.guest_id <> g.id
      and not exists (select from not_same n where n.one_id = q.one_id and n.other_id = q.other_id)
    order by q.probability desc limit 1
) alike on true
where i.list_id = %(list)s and (%(fault)s::text is null or i.fault = %(fault)s)
order by i.mended_at is not null, array_position(%(order)s::text[], i.fault), i.visits desc, i.guest_id desc
limit %(limit)s offset %(offset)s"""
