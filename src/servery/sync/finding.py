"""From what a person knows of an order or a guest to the records of it, and from records to what we hold."""

from collections.abc import Collection
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct

from servery.model.changes import RecordKind
from servery.sync.rows import Db

_MOST = 200
"""Records of one guest by which events are looked for, the newest."""


async def subjects_of_order(db: Db, number: str) -> list[tuple[int, str]]:
    """Connection and external id of the checks, bookings and payments that go by this number or id."""
    cursor = await db.execute(
        "select connection_id, external_id from checks where body ->> 'number' = %(n)s or external_id = %(n)s "
        "union select id, %(n)s from connection limit 1000",
        {"n": number},
    )
    return [(row["connection_id"], row["external_id"]) for row in await cursor.fetchall()]


async def subjects_of_guest(db: Db, guest_id: int) -> list[tuple[int, str]]:
    """Connection and external id of a guest's records, and of their newest bookings and checks."""
    cursor = await db.execute(
        "with own as (select id, connection_id, external_id from source_guest where guest_id = %(guest)s) "
        "select connection_id, external_id from own union all "
        "(select connection_id, external_id from reservation where source_guest_id in (select id from own) "
        "order by starts_at desc limit %(most)s) union all "
        "(select connection_id, external_id from checks where source_guest_id in (select id from own) "
        "order by opened_at desc limit %(most)s)",
        {"guest": guest_id, "most": _MOST},
    )
    return [(row["connection_id"], row["external_id"]) for row in await cursor.fetchall()]


class HeldRecord(Struct, frozen=True, kw_only=True):
    """One record that an event speaks of, as we hold it now; without `id` it is not here."""

    kind: RecordKind
    external_id: str
    id: int | None = None
    removed: bool = False
    guest_id: int | None = None
    visit_id: int | None = None
    venue: str | None = None
    venue_id: int | None = None
    business_date: date | None = None
    number: str | None = None


_HELD = {
    "guest": "select id, external_id, removed, guest_id from source_guest where connection_id = %s "
    "and external_id = any(%s) and revision >= 0",
    "reservation": "select t.id, t.external_id, t.removed, s.guest_id, t.visit_id, v.name as venue, t.venue_id, "
    "t.business_date from reservation t join venue v on v.id = t.venue_id "
    "left join source_guest s on s.id = t.source_guest_id where t.connection_id = %s and t.external_id = any(%s)",
    "check": "select t.id, t.external_id, t.removed, s.guest_id, t.visit_id, v.name as venue, t.venue_id, "
    "t.business_date, t.body ->> 'number' as number from checks t join venue v on v.id = t.venue_id "
    "left join source_guest s on s.id = t.source_guest_id where t.connection_id = %s and t.external_id = any(%s)",
    "payment": "select id, external_id, removed from payment where connection_id = %s and external_id = any(%s)",
}


async def held(db: Db, connection_id: int, records: Collection[tuple[str, str]]) -> list[HeldRecord]:
    """What we hold of these records, in the order of their kinds; what is not here is told without an id."""
    found: list[HeldRecord] = []
    for kind in sorted({kind for kind, _ in records}):
        ids = sorted(external_id for each, external_id in records if each == kind)
        rows: list[dict[str, Any]] = []
        if kind in _HELD:
            rows = await (await db.execute(_HELD[kind], [connection_id, ids])).fetchall()
        found += [msgspec.convert({**row, "kind": kind}, HeldRecord) for row in rows]
        here = {row["external_id"] for row in rows}
        found += [msgspec.convert({"kind": kind, "external_id": one}, HeldRecord) for one in ids if one not in here]
    return found
