"""What is to be erased in the systems that knew the guest, and what came of it there."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from servery.errors import NotFound, ServeryError
from servery.privacy.person import Held
from servery.storage.pool import Connection as Db

State = Literal["due", "by_hand", "done", "refused"]
Outcome = Literal["deleted", "anonymised", "gone", "by_hand"]
TRIES = 30
"""After so many a person is asked to do it."""


class Receipt(Struct, frozen=True, kw_only=True):
    """One record of one system. `external_id` stands until it is done, so that somebody can find the record there."""

    id: int
    erasure_id: int
    connection_id: int
    connection: str
    connector: str
    external_id: str | None
    state: State
    outcome: Outcome | None
    attempts: int
    error: dict[str, Any] | None
    done_at: datetime | None


async def make(db: Db, erasure_id: int, held: Held, erasing: Collection[int]) -> None:
    """Note what is to be done; `erasing` are connections whose system can be told, the others are for a person."""
    contacts = {text.casefold() for one in held.records for text in (one.guest.email, one.guest.phone) if text}
    rows = [
        (one.connection_id, _named(one.external_id, contacts), "due" if one.connection_id in erasing else "by_hand")
        for one in held.records
    ]
    await db.execute(
        "insert into erasure_receipt (erasure_id, connection_id, external_id, state) "
        "select distinct %s::bigint, * from unnest(%s::bigint[], %s::text[], %s::text[])",
        [erasure_id, *([row[place] for row in rows] for place in range(3))],
    )


def _named(external_id: str, contacts: Iterable[str]) -> str | None:
    """A record's id, where it is no contact itself: some files number their guests by their addresses."""
    written = external_id.casefold()
    return None if any(one in written or written in one for one in contacts) else external_id


_COLUMNS = (
    "select r.id, r.erasure_id, r.connection_id, c.name as connection, c.connector, r.external_id, r.state, r.outcome, "
    "r.attempts, r.error, r.done_at from erasure_receipt r join connection c on c.id = r.connection_id"
)


async def due(db: Db) -> Receipt | None:
    """One that is due, for this transaction alone."""
    cursor = await db.execute(
        f"{_COLUMNS} where r.state = 'due' and r.next_try_at <= now() and c.removed_at is null "
        "order by r.next_try_at, r.id limit 1 for update of r skip locked"
    )
    row = await cursor.fetchone()
    return msgspec.convert(row, Receipt) if row else None


async def of_erasures(db: Db, erasure_ids: Collection[int]) -> list[Receipt]:
    """The receipts of these erasures."""
    cursor = await db.execute(f"{_COLUMNS} where r.erasure_id = any(%s) order by r.id", [list(erasure_ids)])
    return [msgspec.convert(row, Receipt) for row in await cursor.fetchall()]


async def done(db: Db, receipt_id: int, outcome: Outcome) -> None:
    """It is done there: by which record it was is not needed any more. NotFound when there is no such receipt."""
    cursor = await db.execute(
        "update erasure_receipt set state = 'done', outcome = %s, external_id = null, error = null, done_at = now() "
        "where id = %s and state <> 'done'",
        [outcome, receipt_id],
    )
    if not cursor.rowcount:
        raise NotFound("There is no receipt {id} that waits.", id=receipt_id)


async def failed(db: Db, receipt: Receipt, error: ServeryError, seconds: float) -> None:
    """It could not be done: tried again, or given to a person where that is of no use."""
    said = {"code": error.code, "template": error.template, "mend": error.mend}
    said["params"] = {name: str(value)[:200] for name, value in error.params.items()}  # type: ignore[assignment]
    await db.execute(
        "update erasure_receipt set attempts = attempts + 1, error = %s::jsonb, "
        "next_try_at = now() + make_interval(secs => %s), "
        "state = case when %s or attempts + 1 >= %s then 'by_hand' else state end where id = %s",
        [msgspec.json.encode(said).decode(), seconds, seconds <= 0, TRIES, receipt.id],
    )


class Erasure(Struct, frozen=True, kw_only=True):
    """One erasure as it is listed: never of whom. `cleaned_at` is when the database's own files were clean."""

    id: int
    at: datetime
    reason: str
    counts: Mapping[str, int]
    cleaned_at: datetime | None
    receipts: tuple[Receipt, ...] = ()


async def erasures(db: Db, *, limit: int = 50, erasure_id: int | None = None) -> list[Erasure]:
    """The latest erasures with their receipts, or one of them."""
    cursor = await db.execute(
        "select id, at, reason, counts, cleaned_at from erasure where %(id)s::bigint is null or id = %(id)s "
        "order by id desc limit %(limit)s",
        {"id": erasure_id, "limit": limit},
    )
    rows = await cursor.fetchall()
    found: dict[int, list[Receipt]] = {}
    for one in await of_erasures(db, [row["id"] for row in rows]):
        found.setdefault(one.erasure_id, []).append(one)
    return [msgspec.convert({**row, "receipts": found.get(row["id"], [])}, Erasure, from_attributes=True)
            for row in rows]  # fmt: skip
