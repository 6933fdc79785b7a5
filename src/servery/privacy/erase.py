"""Erasing a person: nothing that tells of them is left, and nothing that was sold is lost.

The caller holds the right to write of every connection and to decide who is who, so that no running sync comes between.
What each table holds of people is listed in `holdings`, and a test holds that list to the database.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID, uuid4

import msgspec
from msgspec import Struct
from psycopg.rows import DictRow

from servery.model.order import Check, Payment
from servery.model.reservation import Reservation
from servery.model.viewer import Viewer
from servery.privacy import stripped
from servery.privacy.holdings import emptied
from servery.privacy.keyed import Key
from servery.privacy.outgoing import Written, take_back
from servery.privacy.person import HashKind, Held, hashes_of, needles
from servery.privacy.rewrite import note_emptied
from servery.privacy.unread import Event, Hear, aside_of, nothing_heard, requests_of, waiting_of
from servery.storage.pool import Connection as Db

Reason = Literal["request", "retention", "restore"]

_JSON = msgspec.json.Encoder()


class Erased(Struct, frozen=True, kw_only=True):
    """An erasure: how much was emptied, by what it was, and in which tables. `written` is what outside systems hold."""

    id: int
    counts: Mapping[str, int]
    tables: tuple[str, ...]
    line: UUID | None = None
    written: tuple[Written, ...] = ()


async def erase(db: Db, key: Key, viewer: Viewer, held: Held, reason: Reason, hear: Hear = nothing_heard) -> Erased:
    """Erase what is held of a person, in the caller's transaction. `hear` tells what waiting events say."""
    await db.execute("set local servery.erasing = on")
    line = uuid4()
    erasure_id = await _begin(db, viewer, held, reason, line)
    await _keep_out(db, erasure_id, hashes_of(key, held))
    events = await _spoken(db, held) | await waiting_of(db, key, held, hear)
    partitions = await _empty_events(db, events)
    counts = {
        "records": len(held.records),
        "bookings": await _strip_bookings(db, held.bookings),
        "checks": await _strip_checks(db, held.checks),
        "payments": await _strip_payments(db, held),
        "events": len(events),
        "aside": await _empty_quarantine(db, held, events),
        "outgoing": len(written := await take_back(db, held, erasure_id)),
    }
    # An answer that is kept for a repeated request may tell of the person.
    await db.execute(
        "delete from asked_once where exists (select from unnest(%b::bytea[]) as n(text) "
        "where position(n.text in answer) > 0)",
        [needles(held)],
    )
    await _delete_person(db, held)
    await db.execute("update erasure set counts = %s::jsonb where id = %s", [_JSON.encode(counts).decode(), erasure_id])
    tables = (*emptied(), *sorted(partitions))
    return Erased(id=erasure_id, counts=counts, tables=tables, line=line, written=written)


async def _begin(db: Db, viewer: Viewer, held: Held, reason: Reason, line: UUID) -> int:
    cursor = await db.execute(
        "insert into erasure (viewer_kind, viewer_id, reason, guest_ids, line) values (%s, %s, %s, %s, %s) "
        "returning id",
        [viewer.kind, viewer.id, reason, list(held.guest_ids), line],
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row["id"])


async def _keep_out(db: Db, erasure_id: int, hashes: Mapping[bytes, HashKind]) -> None:
    """Note by what the person is known: also of who was let in since an earlier erasure."""
    ordered = sorted(hashes)
    await db.execute(
        "insert into erased_key (hash, kind, erasure_id) select i.hash, i.kind, %s "
        "from unnest(%b::bytea[], %s::text[]) as i(hash, kind) on conflict (hash) do update "
        "set erasure_id = excluded.erasure_id, kind = excluded.kind, let_in_at = null",
        [erasure_id, ordered, [hashes[one] for one in ordered]],
    )


async def _strip_bookings(db: Db, rows: Sequence[DictRow]) -> int:
    bodies = [_JSON.encode(stripped.booking(msgspec.convert(row["body"], Reservation))) for row in rows]
    # Without its digest a row is written again when its source tells of it, and then without the person too.
    await _write(db, "reservation", rows, bodies, "source_guest_id = null")
    return len(rows)


async def _strip_checks(db: Db, rows: Sequence[DictRow]) -> int:
    bodies = [_JSON.encode(stripped.check(msgspec.convert(row["body"], Check))) for row in rows]
    await _write(db, "checks", rows, bodies, "source_guest_id = null, label = null")
    owned = [row for row in rows if row["own_payments"] is not None]
    await db.execute(
        "update checks as c set own_payments = i.own::jsonb from unnest(%s::bigint[], %s::text[]) as i(id, own) "
        "where c.id = i.id",
        [[row["id"] for row in owned], [_own_payments(row).decode() for row in owned]],
    )
    return len(rows)


def _own_payments(row: DictRow) -> bytes:
    return _JSON.encode([stripped.payment(one) for one in msgspec.convert(row["own_payments"], list[Payment])])


async def _write(db: Db, table: str, rows: Sequence[DictRow], bodies: Sequence[bytes], also: str) -> None:
    await db.execute(
        f"update {table} as t set body = i.body::jsonb, digest = '', {also} "
        "from unnest(%s::bigint[], %s::text[]) as i(id, body) where t.id = i.id",
        [[row["id"] for row in rows], [body.decode() for body in bodies]],
    )


async def _strip_payments(db: Db, held: Held) -> int:
    bodies = [_JSON.encode(stripped.payment(msgspec.convert(row["body"], Payment))) for row in held.payments]
    await _write(db, "payment", held.payments, bodies, "guest_external_id = null")
    for one in held.records:
        await db.execute(
            "update payment set guest_external_id = null where connection_id = %s and guest_external_id = %s",
            [one.connection_id, one.external_id],
        )
    return len(held.payments)


async def _spoken(db: Db, held: Held) -> set[Event]:
    """The events that speak of the person's records."""
    rows = [
        *(("guest", one.connection_id, one.external_id) for one in held.records),
        *(
            (kind, row["connection_id"], row["external_id"])
            for kind, rows in (("reservation", held.bookings), ("check", held.checks), ("payment", held.payments))
            for row in rows
        ),
    ]
    cursor = await db.execute(
        "select distinct r.event_id, r.day from unnest(%s::text[], %s::bigint[], %s::text[]) "
        "as i(kind, connection_id, external_id) join inbox_record r "
        "on r.connection_id = i.connection_id and r.external_id = i.external_id and r.kind = i.kind",
        [[row[place] for row in rows] for place in range(3)],
    )
    return {(row["event_id"], row["day"]) for row in await cursor.fetchall()}


async def empty_bodies(db: Db, events: Collection[Event]) -> set[str]:
    """Empty what came of these events; the names of the days' tables that held it."""
    cursor = await db.execute(
        "update inbox_event as e set body = '', headers = '{}', packed = false "
        "from unnest(%s::bigint[], %s::date[]) as i(id, day) where e.id = i.id and e.day = i.day "
        "returning e.tableoid::regclass::text as part",
        _parted(events),
    )
    return {row["part"] for row in await cursor.fetchall()}


async def forget_events(db: Db, events: Collection[Event]) -> None:
    """Empty what just came of somebody who was erased, and put aside as well; its files are to be written anew."""
    if not events:
        return
    parts = await _empty_events(db, events)
    await _empty_aside(db, "(event_id, day) in (select * from unnest(%s::bigint[], %s::date[]))", _parted(events))
    await note_emptied(db, {*parts, "quarantine"})


async def _empty_events(db: Db, events: Collection[Event]) -> set[str]:
    partitions = await empty_bodies(db, events)
    given = _parted(events)
    await db.execute(
        "with gone as (delete from inbox_work w using unnest(%s::bigint[], %s::date[]) as i(id, day) "
        "where w.event_id = i.id and w.day = i.day returning w.event_id, w.day) "
        "insert into inbox_outcome (day, event_id, outcome) select day, event_id, 'dismissed' from gone "
        "on conflict do nothing",
        given,
    )
    for statement in (
        "update inbox_outcome as o set lane = null from unnest(%s::bigint[], %s::date[]) as i(id, day) "
        "where o.event_id = i.id and o.day = i.day and o.lane is not null returning o.tableoid::regclass::text as part",
        "delete from inbox_record r using unnest(%s::bigint[], %s::date[]) as i(id, day) "
        "where r.event_id = i.id and r.day = i.day and r.kind = 'guest' returning r.tableoid::regclass::text as part",
    ):
        partitions |= {row["part"] for row in await (await db.execute(statement, given)).fetchall()}
    return partitions


def _parted(events: Collection[Event]) -> list[list[Any]]:
    ordered = sorted(events)
    return [[event_id for event_id, _ in ordered], [day for _, day in ordered]]


async def _empty_quarantine(db: Db, held: Held, events: Collection[Event]) -> int:
    told = {*events, *await aside_of(db, held)}
    found = await _empty_aside(db, "(event_id, day) in (select * from unnest(%s::bigint[], %s::date[]))", _parted(told))
    await _empty_events(db, found - set(events))
    return len(found)


async def _empty_aside(db: Db, where: str, given: Sequence[Any]) -> set[Event]:
    cursor = await db.execute(
        "update quarantine as q set body = '', headers = '{}', key = '', lane = null, "
        "reason = jsonb_build_object('code', 'erased'), resolved_at = coalesce(resolved_at, now()), "
        f"resolution = coalesce(resolution, 'dismissed') where {where} returning event_id, day",
        given,
    )
    return {(row["event_id"], row["day"]) for row in await cursor.fetchall()}


async def _delete_person(db: Db, held: Held) -> None:
    records, guests = [one.id for one in held.records], list(held.guest_ids)
    given = {
        "records": records,
        "guests": guests,
        "connections": [one.connection_id for one in held.records],
        "external": [one.external_id for one in held.records],
        "requests": await requests_of(db, held),
    }
    for statement in _DELETING:
        await db.execute(statement, given)


_THEIRS = (
    "using unnest(%(connections)s::bigint[], %(external)s::text[]) as i(connection_id, external_id) "
    "where t.connection_id = i.connection_id and t.external_id = i.external_id"
)
_DELETING = (
    "update visit set source_guest_id = null, updated_at = now() where source_guest_id = any(%(records)s)",
    f"delete from unsure_guest t {_THEIRS}",
    f"delete from removal t {_THEIRS} and t.kind = 'guest'",
    "update guest_log set reason = 'erased', detail = '{}' where guest_id = any(%(guests)s) "
    "or other_id = any(%(guests)s) or source_guest_ids && %(records)s::bigint[]",
    "update subject_request set asked_by = null, extension_reason = null "
    "where guest_id = any(%(guests)s) or id = any(%(requests)s)",
    "delete from crowded_contact where contact in (select unnest(array[email_key, phone_key]) from source_guest "
    "where id = any(%(records)s))",
    "delete from consent where guest_id = any(%(guests)s) or source_guest_id = any(%(records)s)",
    "delete from source_guest where id = any(%(records)s)",
    "delete from guest where id = any(%(guests)s)",
)
