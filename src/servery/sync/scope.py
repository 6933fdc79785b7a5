"""How much a field is about: which guests, bookings and visits of a connection have something in it."""

from collections.abc import Mapping

from servery.model.commands import Field
from servery.sync.rows import Db

_VISITED = "exists (select from visit v join source_guest o on o.id = v.source_guest_id where o.guest_id = g.id)"
_GUEST: Mapping[Field, str] = {
    "name": "g.name is not null",
    "contact": "g.golden ? 'email' or g.golden ? 'phone'",
    "consent": "s.body ->> 'marketing' <> 'unknown'",
    "vip": "g.golden ? 'vip'",
    "tags": "g.golden ? 'tags'",
    "allergies": "g.golden ? 'allergies'",
    "preferences": "g.golden ? 'preferences'",
    "notes": "g.golden ? 'notes'",
    "figures": _VISITED,
    "usual": _VISITED,
}
_PARTY: Mapping[Field, str] = {
    "party_size": "true",
    "table": "r.body ? 'tables'",
    "requests": "r.body ? 'requests'",
    "occasion": "r.body ? 'occasion'",
    "visit_notes": "r.body ? 'notes'",
}
_VISIT: Mapping[Field, str] = {
    "spend": "v.spend <> 0",
    "items": "v.spend <> 0",
    "covers": "v.covers_source = 'pos'",
}


async def count_with(db: Db, connection_id: int, field: Field) -> int:
    """How many guests, expected parties or visits of the last week have something in this field there."""
    if field in _GUEST:
        query = (
            "select count(distinct g.id) as n from source_guest s join guest g on g.id = s.guest_id "
            f"where s.connection_id = %(id)s and not s.removed and ({_GUEST[field]})"
        )
    elif field in _PARTY:
        query = (
            "select count(*) as n from reservation r where r.connection_id <> %(id)s and not r.removed "
            "and r.venue_id in (select venue_id from venue_link where connection_id = %(id)s) "
            f"and r.starts_at between now() and now() + interval '36 hours' and ({_PARTY[field]})"
        )
    else:
        query = (
            "select count(distinct v.id) as n from reservation r join visit v on v.id = r.visit_id "
            "where r.connection_id = %(id)s and v.gone_at is null and v.business_date > current_date - 7 "
            f"and ({_VISIT[field]})"
        )
    row = await (await db.execute(query, {"id": connection_id})).fetchone()
    assert row is not None
    return int(row["n"])


async def heard_from(db: Db, connection_id: int, after: int, limit: int) -> list[int]:
    """Guests of whom a connection has a record, by id from the one after `after` on."""
    cursor = await db.execute(
        "select distinct guest_id as id from source_guest where connection_id = %s and guest_id > %s "
        "order by 1 limit %s",
        [connection_id, after, limit],
    )
    return [row["id"] for row in await cursor.fetchall()]
