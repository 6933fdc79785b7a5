"""Guests and their source records in the database."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from babel.core import get_global
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from servery.guests.golden import Record
from servery.guests.hygiene.left_out import LEFT_OUT, without_aged
from servery.guests.keys import Keys
from servery.guests.resolve import Decision, Known
from servery.model.changes import modified_at
from servery.model.commands import Field
from servery.model.guest import Golden, SourceGuest
from servery.model.guest import Known as GoldenValue
from servery.storage.names import sort_key

Db = AsyncConnection[DictRow]
_RESOLVING = 0x6E5  # One set at a time decides who is who: two at once could each make a guest of one person.


async def lock(db: Db) -> None:
    """Wait for, and hold until the transaction ends, the right to decide who is who."""
    await db.execute("select pg_advisory_xact_lock(%s)", [_RESOLVING])


# Said of the record itself, or in a merge that still stands.
_SETTLED = """(coalesce(s.link ->> 'author', 'rules') <> 'rules' or exists (
    select from guest a join guest_log l on l.other_id = a.id and l.action = 'merged' and l.undone_by is null
    where a.merged_into = s.guest_id and l.author <> 'rules' and s.id = any(l.source_guest_ids || l.kept)))"""


async def source_guests(db: Db, ids: Sequence[int]) -> list[DictRow]:
    """Source records with their body decoded under `guest`, without those that were only referred to so far."""
    cursor = await db.execute(
        f"select s.id, s.connection_id, s.body, s.guest_id, {_SETTLED} as settled "
        "from source_guest s where s.id = any(%s) and s.revision >= 0 order by s.id",
        [list(ids)],
    )
    return [row | {"guest": msgspec.convert(row["body"], SourceGuest)} for row in await cursor.fetchall()]


async def countries(db: Db) -> dict[int, str]:
    """For each connection the country of all its venues, by their time zones; none where they are in several.

    One without a venue of its own, as a list of members is, speaks for all venues.
    """
    cursor = await db.execute(
        "select link.connection_id, venue.body ->> 'time_zone' as zone from venue_link as link "
        "join venue on venue.id = link.venue_id "
        "union select c.id, venue.body ->> 'time_zone' from connection c cross join venue "
        "where not exists (select from venue_link l where l.connection_id = c.id)"
    )
    found: dict[int, set[str | None]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row["connection_id"], set()).add(country_of(row["zone"]))
    return {connection: only for connection, all_ in found.items() if len(all_) == 1 and (only := next(iter(all_)))}


def country_of(time_zone: str) -> str | None:
    """The country (ISO 3166) that a time zone is of."""
    found: str | None = get_global("zone_territories").get(time_zone)
    return found


async def keep_keys(db: Db, keys: Mapping[int, Keys]) -> None:
    """Keep the exact keys by which records are found."""
    await db.execute(
        "update source_guest as s set email_key = i.email, phone_key = i.phone "
        "from unnest(%s::bigint[], %s::text[], %s::text[]) as i(id, email, phone) where s.id = i.id",
        [list(keys), [one.email for one in keys.values()], [one.phone for one in keys.values()]],
    )


_OF_ONE_GUEST = 200
"""Records of a guest that are looked at, the latest: more of a taker-away's orders say nothing new."""
_RELATED = f"""
with near as (
    select guest_id from source_guest where email_key = any(%(emails)s)
    union select guest_id from source_guest where phone_key = any(%(phones)s)
    union select guest_id from source_guest where id = any(%(like)s)
    union select unnest(%(guests)s::bigint[])
)
select r.* from near cross join lateral (
    select s.id, s.body ->> 'name' as name, s.email_key, s.phone_key, s.guest_id,
           coalesce((s.body ->> 'one_time')::boolean, false) as one_time, {_SETTLED} as settled
    from source_guest s where s.guest_id = near.guest_id order by s.id desc limit {_OF_ONE_GUEST}
) r order by r.id"""


async def related(db: Db, records: Iterable[Known], like: Collection[int] = ()) -> list[Known]:
    """All records of the guests who have one of these records, or a record with one of their e-mails or phones.

    Also of those who have one of the records `like` them.
    """
    listed = list(records)
    cursor = await db.execute(
        _RELATED,
        {
            "emails": sorted({one.keys.email for one in listed if one.keys.email}),
            "phones": sorted({one.keys.phone for one in listed if one.keys.phone}),
            "like": sorted(like),
            "guests": sorted({one.guest_id for one in listed if one.guest_id is not None}),
        },
    )
    return [
        Known(row["id"], row["name"], Keys(row["email_key"], row["phone_key"]), row["guest_id"], row["one_time"],
              row["settled"])
        for row in await cursor.fetchall()
    ]  # fmt: skip


# Of an address that one guest uses a thousand times only so many records need be looked at.
_SHARED = """
select k.contact from unnest(%(emails)s::text[]) as k(contact)
where exists (select from crowded_contact c where c.contact = k.contact) or %(most)s < (
    select count(distinct guest_id) from (select guest_id from source_guest where email_key = k.contact limit 200) s)
union all
select k.contact from unnest(%(phones)s::text[]) as k(contact)
where exists (select from crowded_contact c where c.contact = k.contact) or %(most)s < (
    select count(distinct guest_id) from (select guest_id from source_guest where phone_key = k.contact limit 200) s)"""


async def crowded(db: Db, contacts: Iterable[Keys], most: int) -> frozenset[str]:
    """Those of these e-mails and phones under which more guests are known than `most`, now or at any time before."""
    listed = list(contacts)
    asked = {
        "emails": sorted({one.email for one in listed if one.email}),
        "phones": sorted({one.phone for one in listed if one.phone}),
        "most": most,
    }
    if not asked["emails"] and not asked["phones"]:
        return frozenset()
    cursor = await db.execute(_SHARED, asked)
    return frozenset(row["contact"] for row in await cursor.fetchall())


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


async def join(db: Db, decisions: Sequence[tuple[Decision, int]]) -> None:
    """Put each decided record into its guest, with the reason."""
    await db.execute(
        "update source_guest as s set guest_id = i.guest_id, joined_with = i.beside, "
        "link = jsonb_build_object('by', i.by, 'author', 'rules') || coalesce(i.scored, '{}') "
        "from unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::jsonb[]) "
        "as i(id, guest_id, by, beside, scored) "
        "where s.id = i.id and (s.guest_id is distinct from i.guest_id or s.link is null)",
        [
            [one.record_id for one, _ in decisions],
            [guest for _, guest in decisions],
            [one.by for one, _ in decisions],
            [one.beside for one, _ in decisions],
            [Jsonb(msgspec.to_builtins(one.scored)) if one.scored else None for one, _ in decisions],
        ],
    )


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
    """Note in the log that records, by id, left a guest because their name became another person's."""
    if left:
        await db.execute(
            "insert into guest_log (action, guest_id, other_id, source_guest_ids, author, reason) "
            "select 'unmerged', i.guest_id, s.guest_id, array[s.id], 'rules', 'another name' "
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
select old, kept from pairs where old <> kept order by id"""


async def merged_at_source(db: Db, record_ids: Collection[int]) -> list[tuple[int, int]]:
    """Pairs of guests, different so far, of whose records a source merged one into the other."""
    cursor = await db.execute(_MERGED_AT_SOURCE, {"ids": list(record_ids)})
    return [(row["old"], row["kept"]) for row in await cursor.fetchall()]


Silent = Mapping[int, frozenset[Field]]
"""The fields that nothing is taken of, by connection."""


async def records_of(
    db: Db, guest_ids: Sequence[int], silent: Silent | None = None, *, aged: bool = True
) -> dict[int, list[Record]]:
    """The source records of these guests; records their source removed only where nothing else is left.

    `silent` is what would not be taken; without it what the owner chose. With `aged` without what grew old.
    """
    silent = await chosen_silence(db) if silent is None else silent
    cursor = await db.execute(
        "select id, connection_id, external_id, guest_id, revision, seen_at, phone_key, body, "
        f"{LEFT_OUT} as left_out from source_guest as s "
        "where guest_id = any(%s) and (not removed "
        "or not exists (select from source_guest o where o.guest_id = s.guest_id and not o.removed))",
        [list(guest_ids)],
    )
    found: dict[int, list[Record]] = {}
    for row in await cursor.fetchall():
        guest = msgspec.convert(row["body"], SourceGuest)
        at = modified_at(row["revision"]) or row["seen_at"]
        unheard = silent.get(row["connection_id"], frozenset())
        record = Record(row["id"], row["external_id"], at, guest, row["phone_key"], unheard)
        if aged and row["left_out"]:
            record = without_aged(record, row["left_out"])
        found.setdefault(row["guest_id"], []).append(record)
    return found


async def chosen_silence(db: Db) -> dict[int, frozenset[Field]]:
    """The fields that nothing is taken of, by connection: the owner chose so."""
    cursor = await db.execute(
        "select connection_id, array_agg(field) as fields from field_rule where direction in ('out', 'none') group by 1"
    )
    return {row["connection_id"]: frozenset(row["fields"]) for row in await cursor.fetchall()}

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



# Beyond every key that ICU makes: the nameless stand behind all names.
_LAST = b"\xff"


async def keep_golden(db: Db, made: Mapping[int, Golden], locale: str) -> None:
    """Keep golden fields with what makes the guest findable and sortable (names sort as `locale` sorts)."""
    names = [one.name.value if one.name else None for one in made.values()]
    await db.execute(
        "update guest as g set name = i.name, sort_key = i.sort_key, search = array(select jsonb_array_elements_text("
        "i.search::jsonb)), golden = i.golden::jsonb, updated_at = now() "
        "from unnest(%s::bigint[], %s::text[], %s::bytea[], %s::text[], %s::text[]) "
        "as i(id, name, sort_key, search, golden) where g.id = i.id and g.merged_into is null "
        "and (g.golden, g.sort_key) is distinct from (i.golden::jsonb, i.sort_key)",
        [
            list(made),
            names,
            [sort_key(name, locale) if name else _LAST for name in names],
            [msgspec.json.encode(found_by(one)).decode() for one in made.values()],
            [msgspec.json.encode(one).decode() for one in made.values()],
        ],
    )


def found_by(guest: Golden) -> list[str]:
    """The search keys of a guest: the name's, the e-mail's beginnings, the phone's last digits."""
    found = search_keys(guest.name.value) if guest.name else []
    if guest.email:
        address = guest.email.value.casefold()
        found += [f"@{address[:size]}" for size in _EMAIL_BEGINNINGS if len(address) >= size]
    if guest.phone:
        found += phone_ends(guest.phone.value)
    return sorted(set(found))


# Close together where addresses still have much in common, so that few of those found must be looked at and left.
_EMAIL_BEGINNINGS = (3, 4, 5, 6, 8, 10, 14)


def email_begins(typed: str) -> str | None:
    """The search key of addresses that begin with what was typed, or with most of it; None for less than three."""
    size = max((one for one in _EMAIL_BEGINNINGS if one <= len(typed)), default=None)
    return None if size is None else f"@{typed.casefold()[:size]}"


def phone_ends(phone: str) -> list[str]:
    """The ends of a phone number by which staff look it up: its last 4 to 8 digits, and all of it."""
    digits = "".join(letter for letter in phone if letter.isdigit())
    return [f"#{digits[-size:]}" for size in (4, 5, 6, 7, 8) if len(digits) >= size] + [f"#{digits}"]
