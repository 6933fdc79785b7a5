"""Erasing a guest everywhere: here at once, in the systems that knew them as soon as they answer."""

from collections.abc import Collection, Sequence
from pathlib import Path

from servery.accounts.audit import acted
from servery.app.arrive import sorting_locale, tell_pages
from servery.app.hearing import Unheard, said
from servery.app.scheduled import CONNECTOR as FOLDER
from servery.connectors import registry
from servery.connectors.contract import Connector
from servery.errors import NeedsPerson, Quarantine
from servery.guests.join import refresh
from servery.guests.rows import lock as resolving
from servery.inbox.claim import Via
from servery.model.changes import Change
from servery.model.commands import CommandKind
from servery.model.viewer import SYSTEM, Viewer
from servery.outbox.mark import mark
from servery.privacy import log as journal
from servery.privacy import receipts
from servery.privacy.before import refuse_other
from servery.privacy.erase import Erased, Reason, erase
from servery.privacy.holdings import emptied
from servery.privacy.keyed import Key, open_key
from servery.privacy.outgoing import records_made
from servery.privacy.person import Held, contact_hashes, everything_of, of_records, record_hashes
from servery.privacy.retention import is_inactive
from servery.privacy.returning import let_in_as_logged
from servery.privacy.rewrite import vacuum
from servery.privacy.unread import Hear
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool, by_itself
from servery.sync import connections
from servery.sync.connections import Connection
from servery.sync.understanding import Known
from servery.venues.rows import venues
from servery.visits.rows import lock_venues

_FETCHED_AT_ONCE = 20_000


async def erase_guest(
    pool: Pool, home: Path, viewer: Viewer, guest_id: int, reason: Reason = "request", *, seen: str | None = None
) -> Erased:
    """Erase a guest and free what held them; `seen` is what somebody looked at before (`before`).

    NotFound when there is none, Invalid when it is somebody else's by now, NeedsPerson where the log cannot be kept.
    """
    key = open_key(home)
    async with pool.connection() as db:
        await alone(db)
        held = await everything_of(db, guest_id)
        await refuse_other(db, guest_id, held, seen)
        erased = await erase_held(db, home, key, viewer, held, reason)
    async with by_itself(pool) as db:
        await vacuum(db, erased.tables)
    return erased


async def erase_inactive(pool: Pool, home: Path, guest_id: int, months: int) -> Erased | None:
    """Erase a guest who did not come for so many months; None where that is so no more. The tables are left to free.

    Who was listed may have booked since, or have been merged into somebody who is here each week.
    """
    key = open_key(home)
    async with pool.connection() as db:
        await alone(db)
        if not await is_inactive(db, months, guest_id):
            return None
        return await erase_held(db, home, key, SYSTEM, await everything_of(db, guest_id), "retention")


async def alone(db: Db) -> None:
    """Wait until no sync is under way, and let none begin until the transaction ends."""
    for one in sorted(await connections.connections(db), key=lambda each: each.id):
        await connections.lock(db, one.id)
    await resolving(db)
    await lock_venues(db, [one.id for one in await venues(db)])


async def erase_held(db: Db, home: Path, key: Key, viewer: Viewer, held: Held, reason: Reason) -> Erased:
    """Erase what was found of a person, in the caller's transaction; the log beside the database is written last."""
    erased = await erase(db, key, viewer, held, reason, await _hearing(db))
    if reason != "restore":
        told = {one.connection_id for one in erased.written}
        await receipts.make(db, erased.id, held, records_made(erased.written), told, await _reach(db))
    await _tell_without_them(db, erased)
    await acted(db, viewer, "guest-erased", f"erasure:{erased.id}", {"reason": reason})
    await tell_pages(db, ["guests", "bookings", "checks"])
    if reason != "restore":
        # A line too many, should the transaction fail now, erases again what somebody wanted erased.
        journal.write(home, key, record_hashes(key, held), contact_hashes(key, held), erased.line)
    return erased


async def _hearing(db: Db) -> Hear:
    """What waiting events of each connection say, as they will be taken in."""
    active = await connections.connections(db)
    places = {one.id: Known(await connections.places(db, one.id)) for one in active}
    systems = _systems(active)

    def hear(connection_id: int, via: Via, kind: str, body: bytes) -> Sequence[Change]:
        if connection_id not in systems:
            return ()
        try:
            return said(systems[connection_id], via, kind, body, places[connection_id]).changes
        except (Unheard, Quarantine):
            return ()

    return hear


def _systems(active: Sequence[Connection]) -> dict[int, Connector]:
    """The connectors by connection, but for what cannot be asked: files people brought, what is uninstalled."""
    asked = {name for name in registry.packages() if registry.manifest(name).settings}
    return {one.id: registry.connector(one.connector) for one in active if one.connector in asked}


async def _tell_without_them(db: Db, erased: Erased) -> None:
    """Have parties and visits that stand in other systems written anew, as nobody's."""
    kinds: tuple[CommandKind, ...] = ("party", "visit")
    for connection_id in sorted({one.connection_id for one in erased.written}):
        for kind in kinds:
            theirs = [one for one in erased.written if one.connection_id == connection_id and one.kind == kind]
            await mark(db, connection_id, kind, [one.subject_id for one in theirs])


async def _reach(db: Db) -> receipts.Reach:
    """How each connection's system can be reached."""
    active = await connections.connections(db)
    found = _systems(active)
    return receipts.Reach(
        erasing={number for number, one in found.items() if one.erase is not None},
        told={number for number, one in found.items() if any(e.kind == "erasure" for e in one.manifest.outgoing)},
        folders={one.id for one in active if one.connector == FOLDER},
    )


async def erase_again(pool: Pool, home: Path, file: Path) -> int:
    """Erase in a restored database all whom the log says were erased; how many of its lines found somebody."""
    key = open_key(home)
    lines = list(journal.read(file))
    if any(line.key != key.id for line in lines):
        raise NeedsPerson(
            "The log of erasures was written with another key than this backup holds.",
            code="erasure-other-key", where=str(file),
            mend="Put the erasure.key that lay beside the log into the data folder, and restore again.",
        )  # fmt: skip
    found = 0
    for line in lines:
        async with pool.connection() as db:
            found += await _repeat(db, home, key, line)
    async with by_itself(pool) as db:
        await vacuum(db, emptied())
    return found


async def _repeat(db: Db, home: Path, key: Key, line: journal.Line) -> bool:
    """Do what a line says, unless the backup is younger than it: who came back since then would be erased again."""
    if line.let_in:
        await let_in_as_logged(db, line)
        return False
    cursor = await db.execute("select from erasure where line::text = %s", [line.id])
    return await cursor.fetchone() is None and await _erase_line(db, home, key, line)


async def _erase_line(db: Db, home: Path, key: Key, line: journal.Line) -> bool:
    await alone(db)
    ids = await _records(db, key, {bytes.fromhex(one) for one in line.records})
    theirs, others = await _guests(db, ids)
    held = await of_records(db, ids, theirs)
    erased = await erase_held(db, home, key, SYSTEM, held, "restore")
    # Whoever is known by them stays out, though the backup may not hold the records.
    kinds = dict.fromkeys(line.records, "guest") | dict.fromkeys(line.known_by, "contact")
    await db.execute(
        "insert into erased_key (hash, kind, erasure_id) select i.hash, i.kind, %s "
        "from unnest(%b::bytea[], %s::text[]) as i(hash, kind) on conflict do nothing",
        [erased.id, [bytes.fromhex(one) for one in kinds], list(kinds.values())],
    )
    # It is the erasure of then, and this database knows it now.
    await db.execute(
        "update erasure set at = %s, line = nullif(%s, '')::uuid where id = %s", [line.at, line.id, erased.id]
    )
    # In the backup they may be one with somebody from whom they were parted later.
    await refresh(db, others, await sorting_locale(db))
    return bool(ids)


async def _records(db: Db, key: Key, hashes: Collection[bytes]) -> list[int]:
    """The source records with these hashes."""
    found, last = [], 0
    while True:
        cursor = await db.execute(
            "select id, connection_id, external_id from source_guest where id > %s order by id limit %s",
            [last, _FETCHED_AT_ONCE],
        )
        rows = await cursor.fetchall()
        found += [row["id"] for row in rows if key.record(row["connection_id"], "guest", row["external_id"]) in hashes]
        if len(rows) < _FETCHED_AT_ONCE:
            return found
        last = rows[-1]["id"]


async def _guests(db: Db, record_ids: Sequence[int]) -> tuple[list[int], list[int]]:
    """The guests that are made of these records alone, with those they absorbed; and those that have others too."""
    cursor = await db.execute(
        "select guest_id, bool_and(id = any(%(ids)s)) as whole from source_guest where guest_id in "
        "(select guest_id from source_guest where id = any(%(ids)s)) group by 1",
        {"ids": list(record_ids)},
    )
    rows = await cursor.fetchall()
    whole = [row["guest_id"] for row in rows if row["whole"]]
    cursor = await db.execute(
        "select id from guest where id = any(%(ids)s) or merged_into = any(%(ids)s)", {"ids": whole}
    )
    return [row["id"] for row in await cursor.fetchall()], [row["guest_id"] for row in rows if not row["whole"]]
