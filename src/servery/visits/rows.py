"""Reading what matching needs of a day, and writing the visits it finds."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from servery.model.venue import Venue, table_key
from servery.visits.assemble import BillRow, BookingRow, Draft
from servery.visits.labels import read_label, words_of
from servery.visits.match import Bill, Booking, Party
from servery.visits.pairs import Pairs, pairs

Db = AsyncConnection[DictRow]
Day = tuple[int, date]


class DayRecords(NamedTuple):
    """One venue's business day: what matching weighs, and what visits are made of."""

    bookings: dict[int, BookingRow]
    bills: dict[int, BillRow]
    weighed_bookings: list[Booking]
    weighed_bills: list[Bill]


async def lock_venues(db: Db, venue_ids: Iterable[int]) -> None:
    """Wait for, and hold until the transaction ends, the right to form these venues' visits."""
    for venue_id in sorted(set(venue_ids)):
        await db.execute("select pg_advisory_xact_lock(%s, %s)", [0x715, venue_id])


async def days_of_guests(db: Db, source_guest_ids: Sequence[int]) -> set[Day]:
    """The days on which these source guests have a reservation or a check."""
    if not source_guest_ids:
        return set()
    cursor = await db.execute(
        "select venue_id, business_date from reservation where source_guest_id = any(%s) "
        "union select venue_id, business_date from checks where source_guest_id = any(%s)",
        [source_guest_ids, source_guest_ids],
    )
    return {(row["venue_id"], row["business_date"]) for row in await cursor.fetchall()}


async def venues_of(db: Db, days: Iterable[Day]) -> dict[int, Venue]:
    """The venues of these days."""
    cursor = await db.execute("select id, body from venue where id = any(%s)", [sorted({one for one, _ in days})])
    return {row["id"]: msgspec.convert(row["body"], Venue) for row in await cursor.fetchall()}


async def load(db: Db, days: Sequence[Day]) -> dict[Day, DayRecords]:
    """All reservations and checks that stand on these days."""
    tables = await _tables(db, days)
    paired = await pairs(db, (venue_id for venue_id, _ in days))
    found: dict[Day, DayRecords] = defaultdict(lambda: DayRecords({}, {}, [], []))
    for row in await _day_rows(db, _RESERVATIONS, days):
        _take_booking(found[row["venue_id"], row["business_date"]], row, paired)
    known = {
        day: tables.get(day[0], frozenset()).union(*(one.tables for one in records.weighed_bookings))
        for day, records in found.items()
    }
    for row in await _day_rows(db, _CHECKS, days):
        day = row["venue_id"], row["business_date"]
        _take_bill(found[day], row, known.get(day, tables.get(day[0], frozenset())), paired)
    return found


async def _tables(db: Db, days: Sequence[Day]) -> dict[int, frozenset[str]]:
    """The keys of the tables that a venue's systems name, and of those in the plan its owner entered."""
    cursor = await db.execute(
        "select venue_id, array_agg(distinct table_key) as keys from venue_table where venue_id = any(%s) group by 1",
        [sorted({venue_id for venue_id, _ in days})],
    )
    named = {row["venue_id"]: frozenset(row["keys"]) for row in await cursor.fetchall()}
    planned = {
        venue_id: frozenset(table_key(table.name) for table in one.tables)
        for venue_id, one in (await venues_of(db, days)).items()
    }
    return {
        venue_id: named.get(venue_id, frozenset()) | planned.get(venue_id, frozenset())
        for venue_id in named.keys() | planned.keys()
    }


_RESERVATIONS = """
select r.id, r.venue_id, r.connection_id, r.business_date, r.starts_at, r.status, r.party_size, r.table_keys,
       r.source_guest_id, r.visit_id, g.guest_id,
       coalesce(g.body ->> 'name', r.body -> 'guest' ->> 'name') as guest_name,
       r.body -> 'tables' ->> 0 as table_name, (r.body ->> 'seated_at')::timestamptz as seated_at,
       (r.body ->> 'left_at')::timestamptz as left_at, coalesce((r.body ->> 'walk_in')::boolean, false) as walk_in
from unnest(%s::bigint[], %s::date[]) as d(venue_id, business_date)
join reservation r using (venue_id, business_date)
left join source_guest g on g.id = r.source_guest_id
where not r.removed order by r.starts_at, r.connection_id, r.external_id"""

_CHECKS = """
select c.id, c.venue_id, c.connection_id, c.business_date, c.opened_at, c.closed_at, c.label, c.table_name, c.covers,
       c.source_guest_id, c.total - c.refunded - coalesce((select sum(k.refunded) from checks k
           where k.venue_id = c.venue_id and k.connection_id = c.connection_id and k.refund_of = c.external_id
           and not k.removed), 0)::bigint as spend, c.net_sales, c.tips, c.currency, c.visit_id,
       c.match ->> 'by' as told_by, g.guest_id, s.id as split_from,
       (select t.id from reservation t where t.venue_id = c.venue_id and t.external_id = c.reservation_told
        and t.business_date = c.business_date and not t.removed order by t.connection_id limit 1) as told,
       case when c.match ->> 'by' = 'staff' then (c.match ->> 'reservation_id')::bigint end as staff_told
from unnest(%s::bigint[], %s::date[]) as d(venue_id, business_date)
join checks c using (venue_id, business_date)
left join source_guest g on g.id = c.source_guest_id
left join checks s on s.venue_id = c.venue_id and s.connection_id = c.connection_id
    and s.external_id = c.split_from
where not c.removed and c.status <> 'void' and (c.refund_of is null or s.id is null)
order by c.opened_at, c.connection_id, c.external_id"""


async def _day_rows(db: Db, query: str, days: Sequence[Day]) -> list[DictRow]:
    cursor = await db.execute(query, [[venue_id for venue_id, _ in days], [day for _, day in days]])
    return await cursor.fetchall()


def _take_booking(day: DayRecords, row: DictRow, paired: Pairs) -> None:
    day.bookings[row["id"]] = BookingRow(
        id=row["id"],
        starts_at=row["starts_at"],
        status=row["status"],
        party_size=row["party_size"],
        source_guest_id=row["source_guest_id"],
        table=row["table_name"],
        walk_in=row["walk_in"],
        seated_at=row["seated_at"],
        left_at=row["left_at"],
        visit_id=row["visit_id"],
    )
    day.weighed_bookings.append(
        Booking(
            id=row["id"],
            starts_at=row["starts_at"],
            status=row["status"],
            party_size=row["party_size"],
            tables=paired.keys(row["venue_id"], row["connection_id"], row["table_keys"]),
            guest_id=row["guest_id"],
            name_words=frozenset(words_of(row["guest_name"] or "")),
            seated_at=row["seated_at"],
            left_at=row["left_at"],
        )
    )


def _take_bill(day: DayRecords, row: DictRow, tables: frozenset[str], paired: Pairs) -> None:
    place = row["venue_id"], row["connection_id"]
    label = read_label(row["label"] or "", paired.known(*place, tables))
    key = table_key(row["table_name"]) if row["table_name"] else label.table
    by_staff = row["told_by"] == "staff"
    day.bills[row["id"]] = BillRow(
        id=row["id"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        table=row["table_name"] or label.table,
        covers=row["covers"],
        source_guest_id=row["source_guest_id"],
        spend=row["spend"],
        net_sales=row["net_sales"],
        tips=row["tips"],
        currency=row["currency"],
        visit_id=row["visit_id"],
    )
    day.weighed_bills.append(
        Bill(
            id=row["id"],
            opened_at=row["opened_at"],
            closed_at=row["closed_at"],
            table=paired.key(*place, key) if key else None,
            name_words=label.names,
            covers=row["covers"],
            guest_id=row["guest_id"],
            split_from=row["split_from"],
            told=row["staff_told"] if by_staff else row["told"],
            told_by="staff" if by_staff else "source" if row["told"] is not None else None,
        )
    )


async def write(db: Db, days: Sequence[Day], drafts: Sequence[Draft], parties: Iterable[Party]) -> list[int]:
    """Bring the visits of these days to these drafts; a visit keeps its id as long as one of its members does."""
    owned = _owners(drafts)
    ids = [owned.get(place) for place in range(len(drafts))]
    fresh = iter(await _new_ids(db, ids.count(None)))
    visit_ids = [kept if kept is not None else next(fresh) for kept in ids]
    await _put(db, visit_ids, drafts)
    await _point(
        db, "reservation", [(one, visit_ids[at]) for at, draft in enumerate(drafts) for one in draft.booking_ids]
    )
    await _point(db, "checks", [(one, visit_ids[at]) for at, draft in enumerate(drafts) for one in draft.bill_ids])
    await _note_matches(db, parties)
    await _let_go(db, days, visit_ids, drafts)
    await _refunds_follow(db, [one for draft in drafts for one in draft.bill_ids])
    await _retire(
        db, days, visit_ids, {old: visit_ids[at] for at, draft in enumerate(drafts) for old in draft.known_as}
    )
    return visit_ids


def _owners(drafts: Sequence[Draft]) -> dict[int, int]:
    """Which draft goes on as which known visit: each visit once, the oldest first."""
    owned: dict[int, int] = {}
    used: set[int] = set()
    for place, draft in enumerate(drafts):
        kept = next((one for one in draft.known_as if one not in used), None)
        if kept is not None:
            owned[place] = kept
            used.add(kept)
    return owned


async def _new_ids(db: Db, number: int) -> list[int]:
    cursor = await db.execute(
        "select nextval(pg_get_serial_sequence('visit', 'id')) as id from generate_series(1, %s)", [number]
    )
    return [row["id"] for row in await cursor.fetchall()]


_VISIT = {
    "id": "bigint", "venue_id": "bigint", "business_date": "date", "starts_at": "timestamptz", "ends_at": "timestamptz",
    "walk_in": "boolean", "covers": "integer", "covers_source": "text", "source_guest_id": "bigint",
    "table_name": "text", "spend": "bigint", "net_sales": "bigint", "tips": "bigint", "currency": "text",
}  # fmt: skip


async def _put(db: Db, visit_ids: Sequence[int], drafts: Sequence[Draft]) -> None:
    if not drafts:
        return
    rows = [
        (visit_id, one.venue_id, one.business_date, one.starts_at, one.ends_at, one.walk_in, one.covers,
         one.covers_source, one.source_guest_id, one.table, one.spend, one.net_sales, one.tips, one.currency)
        for visit_id, one in zip(visit_ids, drafts, strict=True)
    ]  # fmt: skip
    names = ", ".join(_VISIT)
    arrays = ", ".join(f"%s::{kind}[]" for kind in _VISIT.values())
    sets = ", ".join(f"{name} = excluded.{name}" for name in _VISIT if name != "id")
    old = ", ".join(f"v.{name}" for name in _VISIT)
    new = ", ".join(f"excluded.{name}" for name in _VISIT)
    await db.execute(
        f"insert into visit as v ({names}) overriding system value select {names} from unnest({arrays}) as i({names}) "
        f"on conflict (id) do update set {sets}, merged_into = null, gone_at = null, updated_at = now() "
        f"where ({old}) is distinct from ({new}) or v.gone_at is not null or v.merged_into is not null",
        [*map(list, zip(*rows, strict=True))],
    )


async def _point(db: Db, table: str, members: Sequence[tuple[int, int]]) -> None:
    if members:
        await db.execute(
            f"update {table} as t set visit_id = i.visit_id from unnest(%s::bigint[], %s::bigint[]) as i(id, visit_id) "
            "where t.id = i.id and t.visit_id is distinct from i.visit_id",
            [[one for one, _ in members], [visit_id for _, visit_id in members]],
        )


async def _note_matches(db: Db, parties: Iterable[Party]) -> None:
    """Keep beside each check why it was joined, or between which bookings a person has to choose."""
    noted = [(bill.id, _match(party), _candidates(party)) for party in parties for bill in party.bills]
    await db.execute(
        "update checks as c set match = i.match::jsonb, candidates = i.candidates::jsonb "
        "from unnest(%s::bigint[], %s::text[], %s::text[]) as i(id, match, candidates) "
        "where c.id = i.id and c.match ->> 'by' is distinct from 'staff' "
        "and (c.match is distinct from i.match::jsonb or c.candidates is distinct from i.candidates::jsonb)",
        [[one for one, _, _ in noted], [match for _, match, _ in noted], [asked for _, _, asked in noted]],
    )


async def _let_go(db: Db, days: Sequence[Day], visit_ids: Sequence[int], drafts: Sequence[Draft]) -> None:
    """Records of these days that are in no visit now do not point at one that goes on without them.

    One that is gone with them they keep, so that it comes back with them.
    """
    on_days = "from unnest(%s::bigint[], %s::date[]) as d(venue_id, business_date) where t.venue_id = d.venue_id "
    on_days += "and t.business_date = d.business_date and t.id <> all(%s)"
    where = [[venue_id for venue_id, _ in days], [day for _, day in days]]
    kept = list(visit_ids)
    await db.execute(
        f"update reservation as t set visit_id = null {on_days} and t.visit_id = any(%s)",
        [*where, [one for draft in drafts for one in draft.booking_ids], kept],
    )
    await db.execute(
        "update checks as t set visit_id = case when t.visit_id = any(%s) then null else t.visit_id end, "
        "match = case when t.match ->> 'by' = 'staff' then t.match end, candidates = null "
        f"{on_days} and (t.visit_id = any(%s) or t.match is not null or t.candidates is not null)",
        [kept, *where, [one for draft in drafts for one in draft.bill_ids], kept],
    )


async def _refunds_follow(db: Db, bill_ids: Sequence[int]) -> None:
    """Records that only give money back stand in the visit of the check that was paid, on whatever day they came."""
    await db.execute(
        "update checks as r set visit_id = c.visit_id from checks c where c.id = any(%s) and r.venue_id = c.venue_id "
        "and r.connection_id = c.connection_id and r.refund_of = c.external_id "
        "and r.visit_id is distinct from c.visit_id",
        [list(bill_ids)],
    )


def _match(party: Party) -> str | None:
    if party.match is None:
        return None
    kept: dict[str, Any] = msgspec.to_builtins(party.match)
    return msgspec.json.encode(kept | {"reservation_id": party.booking_id}).decode()


def _candidates(party: Party) -> str | None:
    return msgspec.json.encode(party.candidates).decode() if party.candidates else None


async def _retire(db: Db, days: Sequence[Day], kept: Sequence[int], became: Mapping[int, int]) -> None:
    """Visits of these days that nothing belongs to any more: they stay, and answer with the visit they became."""
    cursor = await db.execute(
        "update visit as v set gone_at = now(), updated_at = now() "
        "from unnest(%s::bigint[], %s::date[]) as d(venue_id, business_date) "
        "where v.venue_id = d.venue_id and v.business_date = d.business_date and v.gone_at is null "
        "and v.id <> all(%s) returning v.id",
        [[venue_id for venue_id, _ in days], [day for _, day in days], list(kept)],
    )
    gone = [row["id"] for row in await cursor.fetchall()]
    merged = [(one, became[one]) for one in gone if one in became and became[one] != one]
    if merged:
        await db.execute(
            "update visit as v set merged_into = i.into_id from unnest(%s::bigint[], %s::bigint[]) as i(id, into_id) "
            "where v.id = i.id",
            [[one for one, _ in merged], [into for _, into in merged]],
        )
