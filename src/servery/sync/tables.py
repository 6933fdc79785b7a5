"""Pairing tables: which table of a venue a connection means, where its systems do not write them alike.

Every connection names tables in its own words. What is written alike (see `model.venue.table_key`) is one table by
itself; the rest a person pairs, or says that it is none of the others. A pair is read when visits are formed, so the
days that it changes are noted here to be formed anew.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Literal

from msgspec import Struct, structs

from servery.errors import Invalid, NotFound
from servery.model.venue import table_key
from servery.sync.likeness import Named, suggestions
from servery.sync.rows import Db

How = Literal["same", "chosen", "none", "open"]
"""Written alike; paired by a person; said to be none of the others; nobody has said."""

LATELY = 60
"""Days back in which a table that a record names counts as one of the system's."""
FORMED_BACK = 400
"""Days back that are matched anew when tables are paired otherwise: a year, and what is compared with it."""


class TheirTable(Struct, frozen=True, kw_only=True):
    """A table as the connection names it; `ours` is the key of the venue's table it is, `suggested` one it may be."""

    table: Named
    how: How
    ours: str | None = None
    suggested: str | None = None


class Pairing(Struct, frozen=True, kw_only=True):
    """One connection's tables at one venue beside those of the venue's other systems."""

    venue_id: int
    venue: str
    theirs: tuple[TheirTable, ...]
    ours: tuple[Named, ...]

    @property
    def missing(self) -> tuple[Named, ...]:
        """Tables of the venue that none of the connection's is."""
        found = {one.ours for one in self.theirs}
        return tuple(one for one in self.ours if one.key not in found)

    @property
    def open(self) -> tuple[TheirTable, ...]:
        """Tables of the connection that somebody is still to decide on; none where there is nothing to pair with."""
        return tuple(one for one in self.theirs if one.how == "open") if self.ours else ()


class Unpaired(Struct, frozen=True, kw_only=True):
    """Names of tables in one connection that are no table of the venue's other systems, and nobody said why."""

    connection_id: int
    connection: str
    venue_id: int
    venue: str
    names: tuple[str, ...]


async def pairings(db: Db, connection_id: int) -> list[Pairing]:
    """A connection's tables at each of its venues."""
    cursor = await db.execute(
        "select distinct venue.id, venue.name from venue_link link join venue on venue.id = link.venue_id "
        "where link.connection_id = %s order by venue.name",
        [connection_id],
    )
    return [await _pairing(db, connection_id, row["id"], row["name"]) for row in await cursor.fetchall()]


async def _pairing(db: Db, connection_id: int, venue_id: int, venue: str) -> Pairing:
    named = await _named(db, venue_id)
    given = await _given(db, venue_id)
    theirs = named.pop(connection_id, {})
    ours = await _planned(db, venue_id)
    for other, tables in named.items():
        for key, one in tables.items():
            # Known at the venue by what it was paired with, before its own word counts.
            known_as = given.get((other, key), key)
            if known_as is not None:
                ours.setdefault(known_as, structs.replace(one, key=known_as))
    chosen = {key: to for (whose, key), to in given.items() if whose == connection_id}
    open_ = [one for key, one in theirs.items() if key not in chosen and key not in ours]
    taken = {chosen.get(key, key) for key in theirs}
    hints = suggestions(open_, [one for key, one in ours.items() if key not in taken])
    return Pairing(
        venue_id=venue_id,
        venue=venue,
        theirs=tuple(_their(one, chosen, ours, hints) for one in _ordered(theirs)),
        ours=tuple(_ordered(ours)),
    )


def _their(
    one: Named, chosen: Mapping[str, str | None], ours: Mapping[str, Named], hints: dict[str, str]
) -> TheirTable:
    if one.key in chosen:
        to = chosen[one.key]
        return TheirTable(table=one, how="none" if to is None else "chosen", ours=to)
    if one.key in ours:
        return TheirTable(table=one, how="same", ours=one.key)
    return TheirTable(table=one, how="open", suggested=hints.get(one.key))


def _ordered(tables: Mapping[str, Named]) -> list[Named]:
    """As people count: 2 before 10."""
    return sorted(
        tables.values(),
        key=lambda one: [(not part.isdigit(), part.zfill(9) if part.isdigit() else part) for part in _parts(one.key)],
    )


def _parts(key: str) -> list[str]:
    parts = [""]
    for letter in key:
        if parts[-1] and parts[-1][-1].isdigit() != letter.isdigit():
            parts.append("")
        parts[-1] += letter
    return parts


async def _named(db: Db, venue_id: int) -> dict[int, dict[str, Named]]:
    """The tables that each connection names at a venue: in its plan, and else in its bookings and checks of late."""
    cursor = await db.execute(
        "select t.connection_id, t.name, t.area, t.seats, 0 as rank from venue_table t "
        "join connection c on c.id = t.connection_id and c.removed_at is null where t.venue_id = %(venue)s "
        "union select r.connection_id, name.value, null, null, 1 from reservation r "
        "join connection c on c.id = r.connection_id and c.removed_at is null, "
        "jsonb_array_elements_text(coalesce(r.body -> 'tables', '[]')) as name(value) "
        "where r.venue_id = %(venue)s and not r.removed and r.business_date >= current_date - %(days)s::int "
        "union select k.connection_id, k.table_name, null, null, 1 from checks k "
        "join connection c on c.id = k.connection_id and c.removed_at is null "
        "where k.venue_id = %(venue)s and k.table_name is not null and not k.removed "
        "and k.business_date >= current_date - %(days)s::int order by 5, 2",
        {"venue": venue_id, "days": LATELY},
    )
    found: dict[int, dict[str, Named]] = {}
    for row in await cursor.fetchall():
        key = table_key(row["name"])
        if key:
            found.setdefault(row["connection_id"], {}).setdefault(
                key, Named(key, row["name"], row["area"], row["seats"])
            )
    return found


async def _planned(db: Db, venue_id: int) -> dict[str, Named]:
    cursor = await db.execute(
        "select t ->> 'name' as name, t ->> 'area' as area, (t ->> 'seats')::int as seats "
        "from venue, jsonb_array_elements(coalesce(body -> 'tables', '[]')) as t where id = %s",
        [venue_id],
    )
    rows = await cursor.fetchall()
    return {
        table_key(row["name"]): Named(table_key(row["name"]), row["name"], row["area"], row["seats"]) for row in rows
    }


async def _given(db: Db, venue_id: int) -> dict[tuple[int, str], str | None]:
    cursor = await db.execute(
        "select connection_id, their_key, table_key from table_pair where venue_id = %s", [venue_id]
    )
    return {(row["connection_id"], row["their_key"]): row["table_key"] for row in await cursor.fetchall()}


async def pair(db: Db, connection_id: int, venue_id: int, chosen: Mapping[str, str | None]) -> int:
    """Say which tables of a venue these tables of a connection are (names of either side); None: none of them.

    How many days are then to be matched anew. NotFound where the connection has no such venue, Invalid where either
    side has no such table.
    """
    found = next((one for one in await pairings(db, connection_id) if one.venue_id == venue_id), None)
    if found is None:
        raise NotFound("This connection has no such venue.")
    theirs = {one.table.key: one.table for one in found.theirs}
    before = await _given(db, venue_id)
    changed = False
    for name, to in chosen.items():
        key = _key_in(theirs, name, "theirs")
        ours = None if to is None else _key_in({one.key: one for one in found.ours}, to, "ours")
        changed |= await _write(db, connection_id, venue_id, theirs[key], ours, before)
    return await _note_days(db, connection_id, venue_id) if changed else 0


def _key_in(tables: Mapping[str, Named], name: str, side: str) -> str:
    key = name if name in tables else table_key(name)
    if key not in tables:
        raise Invalid(
            "There is no table {name}. There are: {known}.",
            field=side,
            name=name,
            known=", ".join(one.name for one in _ordered(tables)) or "-",
        )
    return key


async def _write(
    db: Db,
    connection_id: int,
    venue_id: int,
    table: Named,
    ours: str | None,
    before: Mapping[tuple[int, str], str | None],
) -> bool:
    where = connection_id, venue_id, table.key
    kept = before.get((connection_id, table.key), table.key)
    if ours == kept:
        return False
    if ours == table.key:
        await db.execute("delete from table_pair where connection_id = %s and venue_id = %s and their_key = %s", where)
        return True
    await db.execute(
        "insert into table_pair (connection_id, venue_id, their_key, their_name, table_key) "
        "values (%s, %s, %s, %s, %s) "
        "on conflict (connection_id, venue_id, their_key) do update "
        "set table_key = excluded.table_key, their_name = excluded.their_name",
        [*where, table.name, ours],
    )
    return True


async def unpair(db: Db, connection_id: int, venue_id: int, name: str) -> int:
    """Take back what was said of a table; how many days are then to be matched anew."""
    cursor = await db.execute(
        "delete from table_pair where connection_id = %s and venue_id = %s and their_key = any(%s)",
        [connection_id, venue_id, [name, table_key(name)]],
    )
    return await _note_days(db, connection_id, venue_id) if cursor.rowcount else 0


async def _note_days(db: Db, connection_id: int, venue_id: int) -> int:
    cursor = await db.execute(
        "insert into day_to_form (venue_id, business_date) select distinct venue_id, business_date from ("
        "select venue_id, business_date from reservation where connection_id = %(id)s and venue_id = %(venue)s "
        "union all select venue_id, business_date from checks where connection_id = %(id)s and venue_id = %(venue)s"
        ") as day where business_date >= current_date - %(back)s::int on conflict do nothing",
        {"id": connection_id, "venue": venue_id, "back": FORMED_BACK},
    )
    return cursor.rowcount


async def form_later(db: Db, days: Collection[tuple[int, date]]) -> None:
    """Have these days (venue id, business date) matched anew in the background."""
    await db.execute(
        "insert into day_to_form (venue_id, business_date) select * from unnest(%s::bigint[], %s::date[]) "
        "on conflict do nothing",
        [[venue_id for venue_id, _ in days], [day for _, day in days]],
    )


async def take_days(db: Db, at_most: int) -> list[tuple[int, date]]:
    """Some of the days that wait to be matched anew, the newest first, off the list with the caller's transaction."""
    cursor = await db.execute(
        "delete from day_to_form where (venue_id, business_date) in (select venue_id, business_date from day_to_form "
        "order by business_date desc, venue_id limit %s for update skip locked) returning venue_id, business_date",
        [at_most],
    )
    return sorted((row["venue_id"], row["business_date"]) for row in await cursor.fetchall())


async def days_left(db: Db, venue_ids: Sequence[int]) -> int:
    """How many days of these venues wait to be matched anew."""
    cursor = await db.execute("select count(*) as n from day_to_form where venue_id = any(%s)", [list(venue_ids)])
    row = await cursor.fetchone()
    return int(row["n"]) if row else 0


async def unpaired(db: Db) -> list[Unpaired]:
    """The tables that somebody is to pair, by connection and venue, where there is something to pair them with."""
    cursor = await db.execute("select id, name from connection where removed_at is null order by id")
    return [
        Unpaired(
            connection_id=row["id"],
            connection=row["name"],
            venue_id=one.venue_id,
            venue=one.venue,
            names=tuple(each.table.name for each in one.open),
        )
        for row in await cursor.fetchall()
        for one in await pairings(db, row["id"])
        if one.open
    ]
