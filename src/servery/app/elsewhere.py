"""Having guests erased in the systems that knew them, until told to stop: by a call, a message, or in their files."""

import asyncio
import logging
from pathlib import Path

import msgspec
from psycopg import OperationalError

from servery.app import own_files
from servery.app.arrive import tell_pages
from servery.app.calls import either
from servery.app.connect import all_settings, using
from servery.connectors import registry
from servery.connectors.contract import Account, Target
from servery.errors import LookUpFirst, NeedsPerson, Refuse, Retry, ServeryError
from servery.model.commands import GuestCard
from servery.outbox.mark import mark
from servery.privacy import outgoing, receipts
from servery.privacy.keyed import open_key
from servery.privacy.outgoing import Awaited
from servery.privacy.receipts import Receipt
from servery.privacy.rewrite import note_emptied
from servery.settings import Settings
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync import connections, taken_files

log = logging.getLogger(__name__)

_LOOK = 2.0
_UNTIL_MENDED = 600.0
_STILL_ON_ITS_WAY = 60.0
"""Seconds for which what was broken off may still arrive there."""


async def run(pool: Pool, settings: Settings, stop: asyncio.Event) -> None:
    """Have guests erased in the systems that knew them, until told to stop."""
    while not stop.is_set():
        try:
            busy = await look_after_one(pool, settings.home) or await tell_one(pool, settings.home)
        except OperationalError as error:
            log.warning("erasing: the database does not answer (%s)", type(error).__name__)
            busy = False
        if not busy:
            await either(stop, timeout=_LOOK)


async def look_after_one(pool: Pool, home: Path, still_on_its_way: float = _STILL_ON_ITS_WAY) -> bool:
    """See how a send ended that was under way when somebody was erased; False where none has ended."""
    async with pool.connection() as db:
        one = await outgoing.awaited(db)
        if one is None:
            return False
        if one.unknown and await _lately(db, one, still_on_its_way):
            await outgoing.look_later(db, one.target_id, still_on_its_way)
        elif one.kind == "guest":
            await _end_of_guest(db, pool, home, one)
        else:
            await _end_of_party(db, one)
        # What it left in our own row was written after the table was.
        await note_emptied(db, {"outbox_target"})
    return True


async def _lately(db: Db, one: Awaited, seconds: float) -> bool:
    cursor = await db.execute(
        "select %s::timestamptz > now() - make_interval(secs => %s) as lately", [one.lease_ended_at, seconds]
    )
    row = await cursor.fetchone()
    return bool(row and row["lately"])


async def _end_of_guest(db: Db, pool: Pool, home: Path, one: Awaited) -> None:
    """What was made there is to be erased; where nobody knows, what stands there under our id is taken away."""
    if one.unknown and one.external_id is None:
        try:
            if not await _cleared(db, pool, home, one):
                await receipts.by_hand(db, one.erasure_id, one.connection_id, None)
        except ServeryError as error:
            log.warning("erasing: connection %s does not say what it holds (%s)", one.connection_id, error.code)
            await outgoing.look_later(db, one.target_id, _STILL_ON_ITS_WAY)
            return
    await receipts.settle_made(db, one.erasure_id, one.connection_id, one.external_id)
    await outgoing.over(db, one)


async def _cleared(db: Db, pool: Pool, home: Path, one: Awaited) -> bool:
    """Take away what an unknown try may have made; False where the system knows no way."""
    connection = next((each for each in await connections.connections(db) if each.id == one.connection_id), None)
    if connection is None:
        return False
    connector = registry.connector(connection.connector)
    if connector.clear is None:
        # Told by a message, the other side knows what it took.
        return any(each.kind == "erasure" for each in connector.manifest.outgoing)
    async with using(pool, home, connection) as session:
        account = msgspec.convert(connection.account, Account)
        target = Target(our_id=one.our_id, version=one.version)
        await connector.clear(session, account, GuestCard(guest_id=one.subject_id), target)
    return True


async def _end_of_party(db: Db, one: Awaited) -> None:
    """Its state without the guest follows by itself; where it is not taken a person must look."""
    if one.state in ("due", "ambiguous"):
        await outgoing.look_later(db, one.target_id, _LOOK)
        return
    if one.state != "rests":
        await receipts.by_hand(db, one.erasure_id, one.connection_id, one.external_id)
    await outgoing.over(db, one)


async def tell_one(pool: Pool, home: Path) -> bool:
    """Have one record erased where that is due; False where nothing is."""
    async with pool.connection() as db:
        await receipts.give_to_people(db)
        one = await receipts.due(db)
        if one is None:
            return False
        try:
            await _WAYS[one.way](db, pool, home, one)
        except (NeedsPerson, Refuse) as error:
            await receipts.failed(db, one, error, _UNTIL_MENDED if isinstance(error, NeedsPerson) else 0)
        except (Retry, LookUpFirst) as error:
            await receipts.failed(db, one, error, error.retry_after if isinstance(error, Retry) else 60.0)
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 (one must not keep back the others; told by name alone)
            log.error("erasing over connection %s failed: %s", one.connection_id, type(error).__name__)
            fault = Refuse("It broke off here ({why}).", code="our-fault", why=type(error).__name__)
            await receipts.failed(db, one, fault, _UNTIL_MENDED)
        await tell_pages(db, ["connections"])
    return True


async def _by_call(db: Db, pool: Pool, home: Path, one: Receipt) -> None:
    connection = await connections.connection(db, one.connection_id)
    connector = registry.connector(connection.connector)
    if connector.erase is None or one.external_id is None:
        raise Refuse("{title} cannot be told to erase.", title=connector.manifest.title, code="by-hand")
    async with using(pool, home, connection) as session:
        account = msgspec.convert(connection.account, Account)
        await receipts.done(db, one.id, await connector.erase(session, account, one.external_id))


async def _by_message(db: Db, pool: Pool, home: Path, one: Receipt) -> None:
    """Through the outbox, like all that leaves; here only whether it arrived."""
    cursor = await db.execute(
        "select state, external_id from outbox_target "
        "where connection_id = %s and kind = 'erasure' and subject_id = %s",
        [one.connection_id, one.erasure_id],
    )
    target = await cursor.fetchone()
    if target is None:
        await mark(db, one.connection_id, "erasure", [one.erasure_id])
    elif target["state"] == "rests" and target["external_id"] is not None:
        await receipts.told(db, one, "told")
        return
    elif target["state"] in ("rests", "refused"):
        raise Refuse("{title} cannot be told to erase.", title=one.connection, code="by-hand")
    await receipts.later(db, one.id, _LOOK)


async def _in_files(db: Db, pool: Pool, home: Path, one: Receipt) -> None:
    if not await taken_files.mine(db, one.connection_id):
        # What is being put there at this moment may have been read before the guest was erased.
        await receipts.later(db, one.id, _LOOK)
        return
    connection = await connections.connection(db, one.connection_id)
    erased = await own_files.whom(db, open_key(home), one.erasure_id)
    found = await own_files.clean(all_settings(home, connection), connection, erased)
    if found.left:
        raise Refuse(
            "Files of the other system still hold the guest: {names}.",
            code="files-left",
            names=", ".join(found.left[:10]),
            mend="Delete them where they lie, or the guest's line in them.",
        )
    await receipts.done(db, one.id, "removed" if found.rewritten else "gone")


_WAYS = {"record": _by_call, "message": _by_message, "files": _in_files}
