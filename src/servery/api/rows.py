"""The SQL behind the lists. Each source is one statement whose record is called `x`, with the filters it knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, structs
from psycopg.rows import DictRow

from servery.api.asked import Filters
from servery.profile.rows import survivors
from servery.storage.pool import Connection

_NOBODY = 0


class Source(Struct, frozen=True):
    """`select` up to its `where`; `filters` by parameter; `standing` is true of records that are not gone."""

    select: str
    filters: Mapping[str, str]
    standing: str = "true"


async def some(
    db: Connection, source: Source, asked: Mapping[str, Any], after: int | None, limit: int
) -> Sequence[DictRow]:
    """Records in the order of their ids, from after the one given; those that are gone only with `updated_since`."""
    given = {name: value for name, value in asked.items() if value is not None}
    if "guest_id" in given:
        # An absorbed guest's records are the survivor's.
        given["guest_id"] = (await survivors(db, [given["guest_id"]])).get(given["guest_id"], _NOBODY)
    conditions = ["x.id > %(after)s", *(source.filters[name] for name in given)]
    if "updated_since" not in given:
        conditions.append(source.standing)
    query = f"{source.select} where {' and '.join(conditions)} order by x.id limit %(limit)s"
    cursor = await db.execute(query, given | {"after": after or 0, "limit": limit})
    return await cursor.fetchall()


async def one(db: Connection, source: Source, record_id: int) -> DictRow | None:
    """The record with this id, gone or not."""
    cursor = await db.execute(f"{source.select} where x.id = %(id)s", {"id": record_id})
    return await cursor.fetchone()


def as_asked(filters: Filters, **others: object) -> dict[str, Any]:
    """Filters by name."""
    return structs.asdict(filters) | others


_OF_GUEST = "in (select id from source_guest where guest_id = %(guest_id)s)"
_PLACED = {"venue_id": "x.venue_id = %(venue_id)s", "business_date": "x.business_date = %(business_date)s"}

RESERVATIONS = Source(
    """
    select x.id, x.venue_id, x.visit_id, s.guest_id, x.business_date, c.name as connection, x.external_id, x.removed,
           x.seen_at as updated_at, x.body
    from reservation x join connection c on c.id = x.connection_id left join source_guest s on s.id = x.source_guest_id
    """,
    _PLACED
    | {
        "status": "x.status = %(status)s",
        "guest_id": f"x.source_guest_id {_OF_GUEST}",
        "updated_since": "x.seen_at >= %(updated_since)s",
    },
    "not x.removed",
)

# A check without a guest of its own is of the guest whose visit it is part of.
CHECKS = Source(
    """
    select x.id, x.venue_id, x.visit_id, s.guest_id, x.business_date, c.name as connection, x.external_id, x.removed,
           x.merged_into, x.covers, x.seen_at as updated_at, x.body
    from checks x join connection c on c.id = x.connection_id left join visit v on v.id = x.visit_id
    left join source_guest s on s.id = coalesce(v.source_guest_id, x.source_guest_id)
    """,
    _PLACED
    | {
        "status": "x.status = %(status)s",
        "guest_id": f"""s.guest_id = %(guest_id)s and (x.source_guest_id {_OF_GUEST}
            or x.visit_id in (select id from visit where source_guest_id {_OF_GUEST}))""",
        "updated_since": "x.seen_at >= %(updated_since)s",
        "visit_id": "x.visit_id = %(visit_id)s",
    },
    "not x.removed",
)

VISITS = Source(
    """
    select x.id, x.venue_id, s.guest_id, x.business_date, x.starts_at, x.ends_at, x.walk_in, x.covers, x.covers_source,
           x.table_name as "table", x.spend, x.net_sales, x.tips, x.currency, x.merged_into,
           x.gone_at is not null as removed,
           array(select id from reservation where visit_id = x.id and not removed order by id) as reservation_ids,
           array(select id from checks where visit_id = x.id and not removed order by id) as check_ids
    from visit x left join source_guest s on s.id = x.source_guest_id
    """,
    _PLACED
    | {
        "guest_id": f"x.source_guest_id {_OF_GUEST}",
        # A visit says nothing new of its own accord: what is new stands in what it is made of.
        "updated_since": """(x.updated_at >= %(updated_since)s
            or x.id in (select visit_id from reservation where seen_at >= %(updated_since)s)
            or x.id in (select visit_id from checks where seen_at >= %(updated_since)s))""",
    },
    "x.gone_at is null and x.merged_into is null",
)

# A menu without a venue holds at all venues of its connection.
_MENU_FILTERS = {
    "venue_id": """(x.venue_id = %(venue_id)s or x.venue_id is null and exists (
        select from venue_link l where l.connection_id = x.connection_id and l.venue_id = %(venue_id)s))""",
}
_MENU = """
    select x.id, x.venue_id, c.name as connection, x.external_id, x.body ->> 'currency' as currency,
           coalesce(jsonb_array_length(x.body -> 'products'), 0) as product_count{body}
    from menu x join connection c on c.id = x.connection_id
    """
MENU_HEADS = Source(_MENU.format(body=""), _MENU_FILTERS)
MENUS = Source(_MENU.format(body=", x.body"), _MENU_FILTERS)

GUESTS = Source(
    "select x.id, x.merged_into from guest x",
    {"updated_since": "x.updated_at >= %(updated_since)s"},
    "x.merged_into is null",
)
