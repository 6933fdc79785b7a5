"""Guests and their source records in the database."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, LiteralString

import msgspec
from babel.core import get_global
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from servery.guests.corrected import KEEP_SAID, corrected
from servery.guests.found_by import found_by
from servery.guests.golden import Record
from servery.guests.hygiene.left_out import LEFT_OUT, without_aged
from servery.model.changes import modified_at
from servery.model.commands import Field
from servery.model.guest import Golden, SourceGuest
from servery.model.guest import Known as GoldenValue
from servery.model.survivorship import NO_CHOICES, Chosen
from servery.storage.names import sort_key

Db = AsyncConnection[DictRow]
_RESOLVING = 0x6E5  # One set at a time decides who is who: two at once could each make a guest of one person.


async def lock(db: Db) -> None:
    """Wait for, and hold until the transaction ends, the right to decide who is who."""
    await db.execute("select pg_advisory_xact_lock(%s)", [_RESOLVING])


def as_json(values: object) -> str:
    """Values as one parameter: quicker than arrays, and planned alike for one record and for many."""
    return msgspec.json.encode(values).decode()


SETTLED: LiteralString = """(coalesce(s.link ->> 'author', 'rules') <> 'rules' or exists (
    select from guest a join guest_log l on l.other_id = a.id and l.action = 'merged' and l.undone_by is null
    where a.merged_into = s.guest_id and l.author <> 'rules' and s.id = any(l.source_guest_ids || l.kept)))"""
"""Whether whose record `s` is was said of the record itself, or in a merge that still stands."""


async def source_guests(db: Db, ids: Sequence[int]) -> list[DictRow]:
    """Source records with their body decoded under `guest`, without those that were only referred to so far."""
    cursor = await db.execute(
        f"select s.id, s.connection_id, s.body, s.guest_id, {SETTLED} as settled "
        "from source_guest s where s.id = any(%s) and s.revision >= 0 order by s.id",
        [list(ids)],
    )
    return [row | {"guest": msgspec.convert(row["body"], SourceGuest)} for row in await cursor.fetchall()]


async def countries(db: Db, connection_ids: Collection[int] | None = None) -> dict[int, str]:
    """For each connection the country of all its venues, by their time zones; none where they are in several.

    Of these connections, or of all. One without a venue of its own, as a list of members is, speaks for all venues.
    """
    cursor = await db.execute(
        "select link.connection_id, venue.body ->> 'time_zone' as zone from venue_link as link "
        "join venue on venue.id = link.venue_id where %(of)s::bigint[] is null or link.connection_id = any(%(of)s) "
        "union select c.id, venue.body ->> 'time_zone' from connection c cross join venue "
        "where (%(of)s::bigint[] is null or c.id = any(%(of)s)) "
        "and not exists (select from venue_link l where l.connection_id = c.id)",
        {"of": None if connection_ids is None else list(connection_ids)},
    )
    found: dict[int, set[str | None]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row["connection_id"], set()).add(country_of(row["zone"]))
    return {connection: only for connection, all_ in found.items() if len(all_) == 1 and (only := next(iter(all_)))}


def country_of(time_zone: str) -> str | None:
    """The country (ISO 3166) that a time zone is of."""
    found: str | None = get_global("zone_territories").get(time_zone)
    return found


async def keep_crowded(db: Db, contacts: Collection[str]) -> None:
    """Remember that these tell nobody from anybody."""
    await db.execute(
        "insert into crowded_contact (contact) select unnest(%s::text[]) on conflict do nothing", [sorted(contacts)]
    )


async def new_guests(db: Db, number: int) -> list[int]:
    """Make so many empty guests; their ids in rising order."""
    if not number:
        return []
    cursor = await db.execute("insert into guest (name) select null from generate_series(1, %s) returning id", [number])
    return sorted(row["id"] for row in await cursor.fetchall())


async def pin(db: Db, connection_id: int, guests: Mapping[str, int]) -> None:
    """Put records that we made in a system, by external id, into the guests that we made them for, once and for all."""
    await db.execute(
        "update source_guest as s set guest_id = coalesce(g.merged_into, g.id), "
        "link = jsonb_build_object('by', null, 'author', 'source') "
        "from unnest(%s::text[], %s::bigint[]) as i(external_id, guest_id) join guest g on g.id = i.guest_id "
        "where s.connection_id = %s and s.external_id = i.external_id and s.guest_id is null",
        [list(guests), list(guests.values()), connection_id],
    )


async def note_leaving(db: Db, left: Mapping[int, int]) -> None:
    """Note in the log that records, by id, left a guest because their name or birthday became another person's."""
    if left:
        await db.execute(
            "insert into guest_log (action, guest_id, other_id, source_guest_ids, author, reason) "
            "select 'unmerged', i.guest_id, s.guest_id, array[s.id], 'rules', 'another name or birthday' "
            "from unnest(%s::bigint[], %s::bigint[]) as i(id, guest_id) join source_guest s using (id)",
            [list(left), list(left.values())],
        )


# From either side by index: whichever of the two came last.
_MERGED_AT_SOURCE = """
with pairs as (
    select old.id, old.guest_id as old, kept.guest_id as kept from source_guest old join source_guest kept
    on kept.connection_id = old.connection_id and kept.external_id = old.merged_into
    where old.id = any(%(ids)s) and old.merged_into is not null
    union
    select old.id, old.guest_id, kept.guest_id from source_guest kept join source_guest old
    on kept.connection_id = old.connection_id and kept.external_id = old.merged_into
    where kept.id = any(%(ids)s) and old.merged_into is not null
)
select id, old, kept from pairs where old <> kept order by id"""


async def merged_at_source(db: Db, record_ids: Collection[int]) -> list[tuple[int, int, int]]:
    """Records that a source merged into another, each with its guest and, different so far, that of the other."""
    cursor = await db.execute(_MERGED_AT_SOURCE, {"ids": list(record_ids)})
    return [(row["id"], row["old"], row["kept"]) for row in await cursor.fetchall()]


Silent = Mapping[int, frozenset[Field]]
"""The fields that nothing is taken of, by connection."""


async def records_of(
    db: Db, guest_ids: Sequence[int], silent: Silent | None = None, *, aged: bool = True
) -> dict[int, list[Record]]:
    """The source records of these guests; records their source removed only where nothing else is left.

    `silent` is what would not be taken; without it what the owner chose. With `aged` without what grew old.
    """
    cursor = await db.execute(
        f"select s.id, s.connection_id, s.guest_id, {RECORD} "
        "from json_array_elements_text(%s::json) as g(id) join source_guest s on s.guest_id = g.id::bigint "
        "where not removed or not exists (select from source_guest o where o.guest_id = s.guest_id and not o.removed)",
        [as_json(guest_ids)],
    )
    found: dict[int, list[Record]] = {}
    for row in await cursor.fetchall():
        heard = row if silent is None else row | {"silent": silent.get(row["connection_id"], ())}
        found.setdefault(row["guest_id"], []).append(record_of(heard if aged else heard | {"left_out": None}))
    return found


RECORD: LiteralString = f"""s.external_id, s.revision, s.seen_at, s.phone_key, s.body, {LEFT_OUT} as left_out,
    array(select r.field from field_rule r where r.connection_id = s.connection_id
          and r.direction in ('out', 'none')) as silent,
    (select jsonb_object_agg(v.field, jsonb_build_object('rule', v.rule, 'connection_id', v.connection_id))
     from survivorship_rule v) as choices"""
"""What of a record `s` golden fields are made of."""


def record_of(row: Mapping[str, Any]) -> Record:
    """A record as golden fields hear it, of a row with `id`, `connection_id` and `RECORD`: without what grew old."""
    at = modified_at(row["revision"]) or row["seen_at"]
    guest = msgspec.convert(row["body"], SourceGuest)
    record = Record(
        id=row["id"],
        external_id=row["external_id"],
        at=at,
        guest=guest,
        phone=row["phone_key"],
        silent=frozenset(row["silent"]),
        connection_id=row["connection_id"],
        choices=msgspec.convert(row["choices"], dict[str, Chosen]) if row["choices"] else NO_CHOICES,
    )
    return without_aged(record, row["left_out"]) if row["left_out"] else record


async def tags_by_rule(db: Db, guest_ids: Sequence[int]) -> dict[int, list[GoldenValue]]:
    """The tags that rules give these guests, each with the rule as its author."""
    cursor = await db.execute(
        "select t.guest_id, r.tag as value, 0 as source, 'rule:' || r.id as author, t.since as at "
        "from rule_tag t join tag_rule r on r.id = t.rule_id where t.guest_id = any(%s) and r.removed_at is null "
        "order by r.id",
        [list(guest_ids)],
    )
    found: dict[int, list[GoldenValue]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row.pop("guest_id"), []).append(msgspec.convert(row, GoldenValue))
    return found


async def chosen_silence(db: Db) -> dict[int, frozenset[Field]]:
    """The fields that nothing is taken of, by connection: the owner chose so."""
    cursor = await db.execute(
        "select connection_id, array_agg(field) as fields from field_rule where direction in ('out', 'none') group by 1"
    )
    return {row["connection_id"]: frozenset(row["fields"]) for row in await cursor.fetchall()}


# Beyond every key that ICU makes: the nameless stand behind all names.
_LAST = b"\xff"


async def keep_golden(db: Db, made: Mapping[int, Golden], records: Mapping[int, Sequence[Record]], locale: str) -> None:
    """Keep golden fields with what makes the guest findable and sortable (names sort as `locale` sorts)."""
    told = [
        {"id": id_, "said": corrected(one)} | golden_row(one, records.get(id_, ()), locale) for id_, one in made.items()
    ]
    await db.execute(_KEEP_GOLDEN, [as_json(told)])


def golden_row(guest: Golden, records: Sequence[Record], locale: str) -> dict[str, Any]:
    """Golden fields as `GOLDEN_COLUMNS` are told of them."""
    name = guest.name.value if guest.name else None
    key = sort_key(name, locale) if name else _LAST
    return {"name": name, "sort_key": f"\\x{key.hex()}", "search": found_by(guest, records), "golden": guest}


GOLDEN_COLUMNS: LiteralString = "name text, sort_key bytea, search text[], golden jsonb"

# That somebody is found by more than before is no news of them.
_KEEP_GOLDEN = f"""
with told as materialized (select * from json_to_recordset(%s::json) as i(id bigint, said jsonb, {GOLDEN_COLUMNS})),
{KEEP_SAID}
update guest as g set name = i.name, sort_key = i.sort_key, search = i.search, golden = i.golden, updated_at =
    case when (g.golden, g.sort_key) is distinct from (i.golden, i.sort_key) then now() else g.updated_at end
from told as i
where g.id = i.id and g.merged_into is null
and (g.golden, g.sort_key, g.search) is distinct from (i.golden, i.sort_key, i.search)"""
