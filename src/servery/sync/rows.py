"""The SQL of records as their sources send them. Sets go in by arrays: one statement for a whole page."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from servery.model.changes import Removed, RemovedKind
from servery.model.guest import SourceGuest
from servery.sync.judge import Held

Db = AsyncConnection[DictRow]

TABLES: Mapping[RemovedKind, str] = {
    "guest": "source_guest", "reservation": "reservation", "check": "checks", "payment": "payment"
}  # fmt: skip

GUEST = {"external_id": "text", "revision": "bigint", "digest": "bytea", "body": "jsonb", "parts": "jsonb"}
RESERVATION = {
    "venue_id": "bigint", "external_id": "text", "revision": "bigint", "digest": "bytea", "business_date": "date",
    "starts_at": "timestamptz", "status": "text", "party_size": "integer", "table_keys": "jsonb",
    "source_guest_id": "bigint", "body": "jsonb",
}  # fmt: skip
CHECK = {
    "venue_id": "bigint", "external_id": "text", "revision": "bigint", "digest": "bytea", "business_date": "date",
    "opened_at": "timestamptz", "closed_at": "timestamptz", "status": "text", "label": "text", "table_name": "text",
    "covers": "integer", "total": "bigint", "net_sales": "bigint", "tips": "bigint", "refunded": "bigint",
    "difference": "bigint", "currency": "text", "split_from": "text",
    "reservation_told": "text", "source_guest_id": "bigint", "body": "jsonb", "own_payments": "jsonb", "parts": "jsonb",
}  # fmt: skip
PAYMENT = {
    "external_id": "text", "check_external_id": "text", "revision": "bigint", "digest": "bytea",
    "guest_external_id": "text", "body": "jsonb",
}  # fmt: skip


class HeldCheck(NamedTuple):
    """A check's row: its content as JSON, with payments sent apart (`body`) and as its source sent it (`own`)."""

    state: Held
    business_date: date
    body: bytes
    own: bytes
    parts: bytes | None
    owner: str | None
    """External id of its guest."""


async def put(
    db: Db, table: str, columns: Mapping[str, str], key: str, connection_id: int, rows: Sequence[Sequence[Any]]
) -> list[int]:
    """Insert rows or overwrite those with the same key; the ids in no particular order. JSON is given as text."""
    if not rows:
        return []
    names = ", ".join(columns)
    values = ", ".join(_value(name, kind) for name, kind in columns.items())
    arrays = ", ".join(_array(kind) for kind in columns.values())
    sets = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key.split(", "))
    cursor = await db.execute(
        f"insert into {table} (connection_id, {names}) select %s, {values} from unnest({arrays}) as i({names}) "
        f"on conflict ({key}) do update set {sets}, seen_at = now() returning id",
        [connection_id, *map(list, zip(*rows, strict=True))],
    )
    return [row["id"] for row in await cursor.fetchall()]


def _value(name: str, kind: str) -> str:
    if name == "table_keys":
        return "array(select jsonb_array_elements_text(i.table_keys::jsonb))"
    return f"i.{name}::jsonb" if kind == "jsonb" else f"i.{name}"


def _array(kind: str) -> str:
    # %b: an array sent as text has every quote of its JSON escaped, which took a third of the time of a whole import.
    return f"%b::{'text' if kind == 'jsonb' else kind}[]"


async def held(db: Db, table: str, connection_id: int, external_ids: Iterable[str]) -> dict[str, Held]:
    """The states already held of these records of a connection."""
    cursor = await db.execute(
        f"select external_id, id, revision, digest from {table} where connection_id = %s and external_id = any(%s)",
        [connection_id, list(external_ids)],
    )
    return {row["external_id"]: Held(row["id"], row["revision"], row["digest"]) for row in await cursor.fetchall()}


async def refresh(db: Db, table: str, revisions: Sequence[tuple[int, int]]) -> None:
    """Note a newer revision of rows, given by id, whose content did not change."""
    if revisions:
        await db.execute(
            f"update {table} as t set revision = i.revision from unnest(%s::bigint[], %s::bigint[]) as i(id, revision) "
            "where t.id = i.id",
            [[one for one, _ in revisions], [revision for _, revision in revisions]],
        )


async def whole_guests(db: Db, connection_id: int, external_ids: Sequence[str]) -> list[DictRow]:
    """People's records with what they say as `guest`, without those that were only referred to so far."""
    cursor = await db.execute(
        "select external_id, revision, parts::text as parts, body from source_guest "
        "where connection_id = %s and external_id = any(%s) and revision >= 0",
        [connection_id, list(external_ids)],
    )
    found = await cursor.fetchall()
    return [
        row | {"guest": msgspec.convert(row["body"], SourceGuest), "parts": row["parts"] and row["parts"].encode()}
        for row in found
    ]


async def guest_bodies(db: Db, connection_id: int, external_ids: Collection[str]) -> dict[str, SourceGuest]:
    """What people's records are known to say, by external id."""
    return {row["external_id"]: row["guest"] for row in await whole_guests(db, connection_id, list(external_ids))}


async def reservation_names(db: Db, reservation_ids: Collection[int]) -> dict[int, str]:
    """The external ids of reservations."""
    cursor = await db.execute("select id, external_id from reservation where id = any(%s)", [list(reservation_ids)])
    return {row["id"]: row["external_id"] for row in await cursor.fetchall()}


async def guest_ids(db: Db, connection_id: int, external_ids: Iterable[str | None]) -> dict[str, int]:
    """Row ids for these external guest ids; a guest not yet seen gets an empty row to be filled when it comes."""
    wanted = sorted({one for one in external_ids if one is not None})
    if not wanted:
        return {}
    cursor = await db.execute(
        "insert into source_guest (connection_id, external_id, revision) select %s, unnest(%s::text[]), -1 "
        "on conflict (connection_id, external_id) do nothing returning external_id",
        [connection_id, wanted],
    )
    await settle_removed(db, "guest", connection_id, [row["external_id"] for row in await cursor.fetchall()])
    cursor = await db.execute(
        "select external_id, id from source_guest where connection_id = %s and external_id = any(%s)",
        [connection_id, wanted],
    )
    return {row["external_id"]: row["id"] for row in await cursor.fetchall()}


async def held_checks(db: Db, connection_id: int, external_ids: Iterable[str]) -> dict[tuple[int, str], Held]:
    """The states held of checks, by venue and external id."""
    cursor = await db.execute(
        "select venue_id, external_id, id, revision, digest from checks "
        "where connection_id = %s and external_id = any(%s)",
        [connection_id, list(external_ids)],
    )
    return {
        (row["venue_id"], row["external_id"]): Held(row["id"], row["revision"], row["digest"])
        for row in await cursor.fetchall()
    }


_WHOLE_CHECKS = """
select c.venue_id, c.external_id, c.id, c.revision, c.digest, c.business_date, c.parts::text as parts,
       c.body::text as body, g.external_id as owner,
       (case when c.own_payments is null then c.body
             else c.body || jsonb_build_object('payments', c.own_payments) end)::text as own
from checks c left join source_guest g on g.id = c.source_guest_id
where c.connection_id = %s and c.external_id = any(%s)"""


async def whole_checks(db: Db, connection_id: int, external_ids: Iterable[str]) -> dict[tuple[int, str], HeldCheck]:
    """Checks with all their content, by venue and external id."""
    cursor = await db.execute(_WHOLE_CHECKS, [connection_id, list(external_ids)])
    return {(row["venue_id"], row["external_id"]): _held_check(row) for row in await cursor.fetchall()}


def _held_check(row: DictRow) -> HeldCheck:
    return HeldCheck(
        state=Held(row["id"], row["revision"], row["digest"]),
        business_date=row["business_date"],
        body=row["body"].encode(),
        own=row["own"].encode(),
        parts=row["parts"].encode() if row["parts"] else None,
        owner=row["owner"],
    )


async def payments_of(db: Db, connection_id: int, check_ids: Iterable[str]) -> dict[str, list[DictRow]]:
    """Separately sent payments, by their check's external id."""
    cursor = await db.execute(
        "select check_external_id, guest_external_id, body::text as body from payment "
        "where connection_id = %s and check_external_id = any(%s) and not removed order by external_id",
        [connection_id, list(check_ids)],
    )
    found: dict[str, list[DictRow]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row["check_external_id"], []).append(row)
    return found


async def paid_by(db: Db, connection_id: int, payment_ids: Iterable[str]) -> set[str]:
    """External ids of the checks that these payments belong to as they are held now."""
    cursor = await db.execute(
        "select check_external_id from payment where connection_id = %s and external_id = any(%s)",
        [connection_id, list(payment_ids)],
    )
    return {row["check_external_id"] for row in await cursor.fetchall()}


async def days_of(db: Db, table: str, row_ids: Sequence[int]) -> set[tuple[int, date]]:
    """The venues and business dates on which these reservations or checks stand now."""
    if not row_ids:
        return set()
    cursor = await db.execute(f"select venue_id, business_date from {table} where id = any(%s)", [row_ids])
    return {(row["venue_id"], row["business_date"]) for row in await cursor.fetchall()}


async def refund_days(db: Db, connection_id: int, external_ids: Sequence[str]) -> set[tuple[int, date]]:
    """The days of checks on which these give money back, and of records that give back money of these."""
    cursor = await db.execute(
        "select paid.venue_id, paid.business_date as paid, refund.business_date as refunded "
        "from checks refund join checks paid on paid.venue_id = refund.venue_id "
        "and paid.connection_id = refund.connection_id and paid.external_id = refund.refund_of "
        "where refund.connection_id = %s and refund.refund_of is not null "
        "and (refund.external_id = any(%s) or refund.refund_of = any(%s))",
        [connection_id, list(external_ids), list(external_ids)],
    )
    found = await cursor.fetchall()
    return {(row["venue_id"], row[day]) for row in found for day in ("paid", "refunded")}


async def keep_removals(db: Db, connection_id: int, removals: Sequence[Removed]) -> None:
    """Keep what a source said of the end of its records, where it is newer than what is kept already."""
    newest = {(one.kind, one.external_id): one for one in sorted(removals, key=_age)}.values()
    await db.execute(
        "insert into removal as r (connection_id, kind, external_id, revision, merged_into) "
        "select %s, * from unnest(%s::text[], %s::text[], %s::bigint[], %s::text[]) "
        "on conflict (connection_id, kind, external_id) do update "
        "set revision = excluded.revision, merged_into = excluded.merged_into "
        "where (excluded.revision, coalesce(excluded.merged_into, '')) > (r.revision, coalesce(r.merged_into, ''))",
        [
            connection_id,
            [one.kind for one in newest],
            [one.external_id for one in newest],
            [one.revision for one in newest],
            [one.merged_into for one in newest],
        ],
    )


def _age(removal: Removed) -> tuple[int, str]:
    return removal.revision, removal.merged_into or ""


async def settle_removed(
    db: Db, kind: RemovedKind, connection_id: int, external_ids: Collection[str]
) -> dict[int, str]:
    """Bring `removed` of these records to what their removals say; external ids, by row id, of those it changed."""
    if not external_ids:
        return {}
    told = {"removed": "r.revision >= t.revision"}
    if kind in ("guest", "check"):
        told["merged_into"] = "case when r.revision >= t.revision then r.merged_into end"
    sets = ", ".join(f"{name} = {value}" for name, value in told.items()) + ", seen_at = now()"
    differs = " or ".join(f"t.{name} is distinct from {value}" for name, value in told.items())
    cursor = await db.execute(
        f"update {TABLES[kind]} as t set {sets} from removal as r "
        "where r.connection_id = %s and r.kind = %s and r.external_id = any(%s) "
        f"and t.connection_id = r.connection_id and t.external_id = r.external_id and ({differs}) "
        "returning t.id, t.external_id",
        [connection_id, kind, list(external_ids)],
    )
    return {row["id"]: row["external_id"] for row in await cursor.fetchall()}
