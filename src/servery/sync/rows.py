"""The SQL of records as their sources send them. Sets go in by arrays: one statement for a whole page."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow

from servery.sync.judge import Held

Db = AsyncConnection[DictRow]

CASTS: Mapping[str, str] = {
    "bigint": "bigint", "integer": "integer", "text": "text", "bytea": "bytea", "date": "date", "boolean": "boolean",
    "timestamptz": "timestamptz", "jsonb": "text",
}  # fmt: skip

GUEST = {"external_id": "text", "revision": "bigint", "digest": "bytea", "body": "jsonb"}
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
    "reservation_told": "text", "source_guest_id": "bigint", "body": "jsonb",
}  # fmt: skip
PAYMENT = {
    "external_id": "text", "check_external_id": "text", "revision": "bigint", "digest": "bytea",
    "guest_external_id": "text", "body": "jsonb",
}  # fmt: skip


async def put(
    db: Db, table: str, columns: Mapping[str, str], key: str, connection_id: int, rows: Sequence[Sequence[Any]]
) -> list[int]:
    """Insert rows or overwrite those with the same key; the ids in no particular order (none for keyless tables)."""
    if not rows:
        return []
    names = ", ".join(columns)
    values = ", ".join(_value(name, kind) for name, kind in columns.items())
    arrays = ", ".join(f"%s::{CASTS[kind]}[]" for kind in columns.values())
    sets = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key.split(", "))
    again = ", removed = false, seen_at = now()" if table != "payment" else ""
    returning = " returning id" if table != "payment" else ""
    cursor = await db.execute(
        f"insert into {table} (connection_id, {names}) select %s, {values} from unnest({arrays}) as i({names}) "
        f"on conflict ({key}) do update set {sets}{again}{returning}",
        [connection_id, *map(list, zip(*rows, strict=True))],
    )
    return [row["id"] for row in await cursor.fetchall()] if returning else []


def _value(name: str, kind: str) -> str:
    if name == "table_keys":
        return "array(select jsonb_array_elements_text(i.table_keys::jsonb))"
    return f"i.{name}::jsonb" if kind == "jsonb" else f"i.{name}"


async def held(db: Db, table: str, connection_id: int, external_ids: Iterable[str]) -> dict[str, Held]:
    """The states already held of these records of a connection."""
    identity = "0::bigint as id" if table == "payment" else "id"
    cursor = await db.execute(
        f"select external_id, {identity}, revision, digest from {table} "
        "where connection_id = %s and external_id = any(%s)",
        [connection_id, list(external_ids)],
    )
    return {row["external_id"]: Held(row["id"], row["revision"], row["digest"]) for row in await cursor.fetchall()}


async def refresh(db: Db, table: str, connection_id: int, states: Sequence[tuple[str, int]]) -> None:
    """Note a newer revision of records whose content did not change."""
    if states:
        await db.execute(
            f"update {table} as t set revision = i.revision from unnest(%s::text[], %s::bigint[]) as i(id, revision) "
            "where t.connection_id = %s and t.external_id = i.id and t.revision < i.revision",
            [[one for one, _ in states], [revision for _, revision in states], connection_id],
        )


async def guest_ids(db: Db, connection_id: int, external_ids: Iterable[str | None]) -> dict[str, int]:
    """Row ids for these external guest ids; a guest not yet seen gets an empty row to be filled when it comes."""
    wanted = sorted({one for one in external_ids if one is not None})
    if not wanted:
        return {}
    await db.execute(
        "insert into source_guest (connection_id, external_id, revision) select %s, unnest(%s::text[]), -1 "
        "on conflict (connection_id, external_id) do nothing",
        [connection_id, wanted],
    )
    cursor = await db.execute(
        "select external_id, id from source_guest where connection_id = %s and external_id = any(%s)",
        [connection_id, wanted],
    )
    return {row["external_id"]: row["id"] for row in await cursor.fetchall()}


async def check_bodies(db: Db, connection_id: int, external_ids: Iterable[str]) -> dict[tuple[int, str], bytes]:
    """The stored JSON of checks, by venue and external id."""
    cursor = await db.execute(
        "select venue_id, external_id, body::text as body from checks "
        "where connection_id = %s and external_id = any(%s) and not removed",
        [connection_id, list(external_ids)],
    )
    return {(row["venue_id"], row["external_id"]): row["body"].encode() for row in await cursor.fetchall()}


async def held_checks(
    db: Db, connection_id: int, external_ids: Iterable[str]
) -> dict[tuple[int, str], tuple[Held, Any]]:
    """The states held of checks with the business date they stand on, by venue and external id."""
    cursor = await db.execute(
        "select venue_id, external_id, id, revision, digest, business_date from checks "
        "where connection_id = %s and external_id = any(%s)",
        [connection_id, list(external_ids)],
    )
    return {
        (row["venue_id"], row["external_id"]): (Held(row["id"], row["revision"], row["digest"]), row["business_date"])
        for row in await cursor.fetchall()
    }


async def payments_of(db: Db, connection_id: int, check_ids: Iterable[str]) -> dict[str, list[DictRow]]:
    """Separately sent payments, by their check's external id."""
    cursor = await db.execute(
        "select check_external_id, guest_external_id, body::text as body from payment "
        "where connection_id = %s and check_external_id = any(%s) order by external_id",
        [connection_id, list(check_ids)],
    )
    found: dict[str, list[DictRow]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row["check_external_id"], []).append(row)
    return found


async def days_of(db: Db, table: str, connection_id: int, external_ids: Iterable[str]) -> set[tuple[int, Any]]:
    """The venues and business dates on which these reservations or checks stand now."""
    cursor = await db.execute(
        f"select venue_id, business_date from {table} where connection_id = %s and external_id = any(%s)",
        [connection_id, list(external_ids)],
    )
    return {(row["venue_id"], row["business_date"]) for row in await cursor.fetchall()}
