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
Outcome = Literal["deleted", "anonymised", "gone", "by_hand", "told", "removed"]
Way = Literal["record", "message", "files"]
"""A record is erased there, a message tells the other side, files that we put there are written anew."""
TRIES = 30
"""After so many a person is asked to do it."""


class Receipt(Struct, frozen=True, kw_only=True):
    """One record of one system. `external_id` stands until it is done, so that somebody can find the record there."""

    id: int
    erasure_id: int
    connection_id: int
    connection: str
    connector: str
    way: Way = "record"
    external_id: str | None
    state: State
    outcome: Outcome | None
    attempts: int
    error: dict[str, Any] | None
    done_at: datetime | None


class Reach(Struct, frozen=True, kw_only=True):
    """Which connections can be reached how: told to erase a record, told by a message, or their folder cleaned."""

    erasing: Collection[int] = ()
    told: Collection[int] = ()
    folders: Collection[int] = ()


async def make(
    db: Db, erasure_id: int, held: Held, made: Iterable[tuple[int, str | None]], told: Iterable[int], reach: Reach
) -> None:
    """Note what is to be done for each record: those that systems told us of, and those that we made there.

    `told` are the connections to which anything of the guest was sent. What can be reached in no way is for a person.
    """
    contacts = {text.casefold() for one in held.records for text in (one.guest.email, one.guest.phone) if text}
    theirs = [(one.connection_id, _named(one.external_id, contacts)) for one in held.records]
    known = {*theirs, *made}
    known |= {(one, None) for one in told if one in reach.told and one not in {each for each, _ in known}}
    rows = {_row(connection_id, external_id, reach) for connection_id, external_id in known}
    rows |= {(one, None, "due", "files") for one in reach.folders}
    await db.execute(
        "insert into erasure_receipt (erasure_id, connection_id, external_id, state, way) "
        "select %s::bigint, * from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])",
        [erasure_id, *([row[place] for row in sorted(rows, key=str)] for place in range(4))],
    )


def _row(connection_id: int, external_id: str | None, reach: Reach) -> tuple[int, str | None, State, Way]:
    if connection_id in reach.folders:
        return connection_id, None, "due", "files"
    if connection_id in reach.told:
        return connection_id, external_id, "due", "message"
    return connection_id, external_id, "due" if connection_id in reach.erasing else "by_hand", "record"


def _named(external_id: str, contacts: Iterable[str]) -> str | None:
    """A record's id, where it is no contact itself: some files number their guests by their addresses."""
    written = external_id.casefold()
    return None if any(one in written or written in one for one in contacts) else external_id


_COLUMNS = (
    "select r.id, r.erasure_id, r.connection_id, c.name as connection, c.connector, r.way, r.external_id, r.state, "
    "r.outcome, r.attempts, r.error, r.done_at from erasure_receipt r join connection c on c.id = r.connection_id"
)


async def due(db: Db) -> Receipt | None:
    """One that is due, for this transaction alone; none for whose system something of the guest is still on its way."""
    cursor = await db.execute(
        f"{_COLUMNS} where r.state = 'due' and r.next_try_at <= now() and c.removed_at is null and not exists ("
        "select from erasure_awaited a join outbox_target t on t.id = a.target_id "
        "where a.erasure_id = r.erasure_id and t.connection_id = r.connection_id) "
        "order by r.next_try_at, r.id limit 1 for update of r skip locked"
    )
    row = await cursor.fetchone()
    return msgspec.convert(row, Receipt) if row else None


async def settle_made(db: Db, erasure_id: int, connection_id: int, external_id: str | None) -> None:
    """Say which record a send made that was under way; None where it made none, or it is erased already."""
    if external_id is not None:
        await db.execute(
            "update erasure_receipt set external_id = %s where id = (select id from erasure_receipt "
            "where erasure_id = %s and connection_id = %s and way = 'record' and external_id is null "
            "and state <> 'done' order by id limit 1) and not exists (select from erasure_receipt "
            "where erasure_id = %s and connection_id = %s and external_id = %s)",
            [external_id, erasure_id, connection_id, erasure_id, connection_id, external_id],
        )
        return
    await db.execute(
        "update erasure_receipt set state = 'done', outcome = 'gone', done_at = now() "
        "where erasure_id = %s and connection_id = %s and way = 'record' and external_id is null and state = 'due'",
        [erasure_id, connection_id],
    )


async def by_hand(db: Db, erasure_id: int, connection_id: int, external_id: str | None) -> None:
    """A person must look at one more object there."""
    await db.execute(
        "insert into erasure_receipt (erasure_id, connection_id, external_id, state) values (%s, %s, %s, 'by_hand')",
        [erasure_id, connection_id, external_id],
    )


async def told(db: Db, receipt: Receipt, outcome: Outcome) -> None:
    """All that one message was about is done."""
    await db.execute(
        "update erasure_receipt set state = 'done', outcome = %s, external_id = null, error = null, done_at = now() "
        "where erasure_id = %s and connection_id = %s and way = 'message' and state <> 'done'",
        [outcome, receipt.erasure_id, receipt.connection_id],
    )


async def give_to_people(db: Db) -> None:
    """Whose connection was removed meanwhile must be asked by a person."""
    await db.execute(
        "update erasure_receipt r set state = 'by_hand' from connection c "
        "where c.id = r.connection_id and c.removed_at is not null and r.state = 'due'"
    )


async def later(db: Db, receipt_id: int, seconds: float) -> None:
    """Nothing failed, and it is not over yet: look again after so many seconds."""
    await db.execute(
        "update erasure_receipt set next_try_at = now() + make_interval(secs => %s) where id = %s",
        [seconds, receipt_id],
    )


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
