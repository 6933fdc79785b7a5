"""The SQL behind a guest's story. Every question is asked for a set of guests at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct
from psycopg.rows import DictRow

from servery.errors import NotFound
from servery.model.consent import Line
from servery.model.guest import Golden
from servery.model.reservation import ReservationStatus
from servery.model.survivorship import Choices, Chosen
from servery.model.venue import table_key
from servery.profile.figures import Visited
from servery.profile.taste import OnMenu, Ordered, read_line
from servery.storage.pool import Connection

Db = Connection


class Kept(Struct, frozen=True):
    """A guest under the id that it has now."""

    id: int
    name: str | None
    golden: Golden


class Booked(Struct, frozen=True, kw_only=True):
    """A reservation of a guest, as far as a story tells of it."""

    id: int
    guest_id: int
    venue_id: int
    venue: str
    time_zone: str
    business_date: date
    starts_at: datetime
    status: ReservationStatus
    party_size: int
    tables: tuple[str, ...] = ()
    requests: str | None = None
    occasion: str | None = None
    allergies: tuple[str, ...] = ()


async def survivors(db: Db, guest_ids: Collection[int]) -> dict[int, int]:
    """For each of these ids the one the guest has now; ids that nobody ever had are left out."""
    cursor = await db.execute(
        "with recursive chain(asked, id, merged_into) as ("
        "select id, id, merged_into from guest where id = any(%s) "
        "union all select chain.asked, g.id, g.merged_into from chain join guest g on g.id = chain.merged_into"
        ") select asked, id from chain where merged_into is null",
        [list(guest_ids)],
    )
    return {row["asked"]: row["id"] for row in await cursor.fetchall()}


async def survivor(db: Db, guest_id: int) -> int:
    """The id that this guest has now; NotFound when there never was such a guest."""
    found = await survivors(db, [guest_id])
    if guest_id not in found:
        raise NotFound("There is no guest {id}.", id=guest_id)
    return found[guest_id]


async def kept(db: Db, guest_ids: Collection[int]) -> dict[int, Kept]:
    """The golden fields of guests."""
    cursor = await db.execute("select id, name, golden from guest where id = any(%s)", [list(guest_ids)])
    return {row["id"]: msgspec.convert(row, Kept) for row in await cursor.fetchall()}


async def consents(db: Db, guest_ids: Collection[int]) -> dict[int, list[Line]]:
    """The ledger of consent of guests."""
    cursor = await db.execute("select * from guest_consent where of_guest = any(%s) order by id", [list(guest_ids)])
    found: dict[int, list[Line]] = defaultdict(list)
    for row in await cursor.fetchall():
        found[row["of_guest"]].append(msgspec.convert(row, Line))
    return found


async def records(db: Db, guest_ids: Collection[int]) -> dict[int, list[DictRow]]:
    """The source records of guests, oldest first, those that their source removed last."""
    cursor = await db.execute(
        "select s.guest_id, s.id, s.connection_id, s.external_id, s.removed, s.merged_into, s.seen_at, s.link, "
        "c.name as connection, "
        # A system that does not speak for consent here says nothing of it.
        "case when f.field is null then s.body else s.body - 'marketing' end as body "
        "from source_guest s join connection c on c.id = s.connection_id "
        "left join field_rule f on f.connection_id = c.id and f.field = 'consent' and f.direction in ('out', 'none') "
        "where s.guest_id = any(%s) order by s.removed, s.id",
        [list(guest_ids)],
    )
    found: dict[int, list[DictRow]] = defaultdict(list)
    for row in await cursor.fetchall():
        found[row["guest_id"]].append(row)
    return found


_VISITS = """
select s.guest_id, v.id, v.venue_id, p.name as venue, v.business_date, v.starts_at, v.walk_in, v.covers,
       v.table_name as "table",
       (select jsonb_object_agg(m.currency, m.spent) from (
            select c.currency, sum(c.total - c.refunded) as spent from checks c
            where c.visit_id = v.id and not c.removed and c.status <> 'void' group by c.currency) m) as spent
from source_guest s join visit v on v.source_guest_id = s.id join venue p on p.id = v.venue_id
where s.guest_id = any(%s) and v.gone_at is null and v.merged_into is null
  and v.business_date < coalesce(%s::date, 'infinity')"""


async def visits(db: Db, guest_ids: Collection[int], before: date | None) -> dict[int, list[Visited]]:
    """The visits of guests, on business dates before the one given."""
    cursor = await db.execute(_VISITS, [list(guest_ids), before])
    found: dict[int, list[Visited]] = defaultdict(list)
    for row in await cursor.fetchall():
        found[row["guest_id"]].append(msgspec.convert(row | {"spent": row["spent"] or {}}, Visited))
    return found


_RESERVATIONS = """
select s.guest_id, r.id, r.venue_id, p.name as venue, p.body ->> 'time_zone' as time_zone, r.business_date,
       r.starts_at, r.status, r.party_size, coalesce(r.body -> 'tables', '[]') as tables,
       r.body ->> 'requests' as requests, r.body ->> 'occasion' as occasion,
       coalesce(r.body -> 'guest' -> 'allergies', '[]') as allergies
from source_guest s join reservation r on r.source_guest_id = s.id join venue p on p.id = r.venue_id
where s.guest_id = any(%s) and not r.removed order by r.starts_at, r.id"""


async def reservations(db: Db, guest_ids: Collection[int]) -> dict[int, list[Booked]]:
    """The reservations of guests, past and to come, in order of time."""
    cursor = await db.execute(_RESERVATIONS, [list(guest_ids)])
    found: dict[int, list[Booked]] = defaultdict(list)
    for row in await cursor.fetchall():
        found[row["guest_id"]].append(msgspec.convert(row, Booked))
    return found


class _Line(NamedTuple):
    """What lines say of what was ordered: by this the menu is asked."""

    connection_id: int
    venue_id: int
    product_id: str | None
    name: str
    category: str | None


# Components of a combo are things ordered too; modifiers are not. With `offset 0` each visit's checks are looked up by
# index: the planner cannot know how few visits are asked for, and would read all checks.
_ORDERED = """
select i.guest_id, c.connection_id, c.venue_id, coalesce(n.product_id, l.product_id) as product_id,
       coalesce(n.name, l.name) as name, coalesce(n.category, l.category) as category,
       n.name is not null as nested, array_agg(c.visit_id) as visits,
       sum(coalesce(l.quantity, 1) * case when n.name is null then 1 else coalesce(n.quantity, 1) end) as quantity,
       max(c.opened_at) as last_at
from unnest(%s::bigint[], %s::bigint[]) as i(visit_id, guest_id)
cross join lateral (select * from checks where visit_id = i.visit_id and not removed and status <> 'void' offset 0) c
cross join lateral jsonb_to_recordset(c.body -> 'lines') as l(
    name text, product_id text, category text, quantity numeric, void boolean, components jsonb)
cross join lateral (
    select null::text as name, null::text as product_id, null::text as category, null::numeric as quantity
    union all
    select part.name, part.product_id, part.category, part.quantity
    from jsonb_to_recordset(l.components) as part(
        name text, product_id text, category text, quantity numeric, void boolean)
    where part.void is not true) n
where l.void is not true and coalesce(l.quantity, 1) > 0
group by 1, 2, 3, 4, 5, 6, 7"""


async def ordered(db: Db, visits: Mapping[int, Iterable[Visited]]) -> dict[int, list[Ordered]]:
    """What was ordered on these visits of guests, with what the menu says of it."""
    pairs = [(one.id, guest_id) for guest_id, of_guest in visits.items() for one in of_guest if one.spent]
    if not pairs:
        return {}
    cursor = await db.execute(_ORDERED, [[visit for visit, _ in pairs], [guest for _, guest in pairs]])
    rows = [(_line(row), row) for row in await cursor.fetchall()]
    menu = await _on_menu(db, {line for line, _ in rows})
    found: dict[int, list[Ordered]] = defaultdict(list)
    for line, row in rows:
        item = menu.get(line) or read_line(line.name, line.category)
        found[row["guest_id"]].append(
            Ordered(
                item=item,
                visits=frozenset(row["visits"]),
                quantity=row["quantity"],
                last_at=row["last_at"],
                nested=row["nested"],
            )
        )
    return found


def _line(row: DictRow) -> _Line:
    return _Line(row["connection_id"], row["venue_id"], row["product_id"], row["name"], row["category"])


# By the id on the line, in the till's own menu; else by name, in any menu that holds at the venue. A menu is laid flat
# with each product just before its sizes, whose names begin with the product's.
_ON_MENU = """
select k.place, i.name, i.kind, p.name as product
from unnest(%s::integer[], %s::bigint[], %s::bigint[], %s::text[], %s::text[])
    as k(place, connection_id, venue_id, product_id, name_key)
cross join lateral (
    (select i.menu_id, i.position, i.name, i.kind, 0 as step from menu_item i join menu m on m.id = i.menu_id
     where i.external_id = k.product_id and m.connection_id = k.connection_id
       and (m.venue_id is null or m.venue_id = k.venue_id)
     order by m.venue_id nulls last, i.menu_id, i.position limit 1)
    union all
    (select i.menu_id, i.position, i.name, i.kind, 1 from menu_item i join menu m on m.id = i.menu_id
     where i.name_key = k.name_key and (m.venue_id = k.venue_id or m.venue_id is null)
     order by m.connection_id = k.connection_id desc, m.venue_id nulls last, i.menu_id, i.position limit 1)
    order by step limit 1) i
left join lateral (
    select p.name from menu_item p where p.menu_id = i.menu_id and p.position < i.position
      and starts_with(i.name, p.name || ' ') order by p.position desc limit 1) p on true"""


async def _on_menu(db: Db, lines: Collection[_Line]) -> dict[_Line, OnMenu]:
    asked = list(lines)
    cursor = await db.execute(
        _ON_MENU,
        [
            list(range(len(asked))),
            [one.connection_id for one in asked],
            [one.venue_id for one in asked],
            [one.product_id for one in asked],
            [one.name.casefold() for one in asked],
        ],
    )
    return {asked[row["place"]]: _as_sold(row) for row in await cursor.fetchall()}


def _as_sold(row: DictRow) -> OnMenu:
    product, name = row["product"], row["name"]
    size = name[len(product) :].strip() if product else None
    return OnMenu(product or name, size, row["kind"])


async def tables(db: Db, venue_ids: Collection[int]) -> dict[tuple[int, str], tuple[str, str | None]]:
    """Name and area of the tables of venues, by venue and table key."""
    cursor = await db.execute(
        "select distinct on (venue_id, table_key) venue_id, table_key, name, area from venue_table "
        "where venue_id = any(%s) order by venue_id, table_key, area is null, connection_id",
        [list(venue_ids)],
    )
    known: dict[tuple[int, str], tuple[str, str | None]] = {
        (row["venue_id"], row["table_key"]): (row["name"], row["area"]) for row in await cursor.fetchall()
    }
    cursor = await db.execute("select id, body -> 'tables' as tables from venue where id = any(%s)", [list(venue_ids)])
    for row in await cursor.fetchall():
        for one in row["tables"] or ():
            known.setdefault((row["id"], table_key(one["name"])), (one["name"], one.get("area")))
    return known


async def choices(db: Db) -> Choices:
    """The rules of survivorship that were chosen, by field."""
    cursor = await db.execute("select field, rule, connection_id from survivorship_rule")
    return {row["field"]: Chosen(row["rule"], row["connection_id"]) for row in await cursor.fetchall()}


async def authors(db: Db, named: Collection[str]) -> dict[str, str]:
    """The names of whoever wrote something, by kind and id: people, keys, and rules, which have their tag's name."""
    if not named:
        return {}
    cursor = await db.execute(
        "select 'person:' || id as author, name from person where 'person:' || id = any(%(of)s) "
        "union all select 'key:' || id, name from api_key where 'key:' || id = any(%(of)s)",
        {"of": list(named)},
    )
    return {row["author"]: row["name"] for row in await cursor.fetchall()}
