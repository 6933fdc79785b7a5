"""The service that looks over the house: it opens and closes repairs, and sees that whoever is to be told is told."""

from __future__ import annotations

import asyncio
import base64
import logging
import secrets
import shutil
import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

from msgspec import structs
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from servery.accounts.vault import open_vault, seal, unseal
from servery.app.arrive import tell_pages
from servery.app.calls import either
from servery.app.ownership import outlet
from servery.app.telling import tell
from servery.errors import NotFound, ServeryError
from servery.health import alerts, watch
from servery.health.alerts import Least, Owed, Receiver
from servery.health.findings import NAMED, Finding
from servery.health.repairs import Repair, loud, repairs, with_closed
from servery.settings import Settings
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync.connections import Connection
from servery.sync.fields import ruled
from servery.sync.pace import NOT_YET
from servery.sync.tables import Unpaired, unpaired

log = logging.getLogger(__name__)

_BREATH = 15.0
"""Seconds between a process's signs of life."""
_COMPARED_EVERY = 300.0
"""Seconds between comparisons of tables: a longer look, at what changes seldom."""


async def run(pool: Pool, settings: Settings, stop: asyncio.Event, kind: Literal["web", "worker"] = "worker") -> None:
    """Look over the house until told to stop. Pages watch as well: else nobody would tell that the worker is gone."""
    process, breathed, compared = uuid4(), float("-inf"), float("-inf")
    pairs: list[Finding] = []
    clock = asyncio.get_running_loop().time
    try:
        while not stop.is_set():
            if clock() - breathed >= _BREATH:
                await _live(pool, settings.home, process, kind)
                breathed = clock()
            if clock() - compared >= _COMPARED_EVERY:
                async with pool.connection() as db:
                    pairs = await tables_to_pair(db)
                compared = clock()
            await look(pool, pairs)
            await send_due(pool, settings)
            await either(stop, timeout=watch.EVERY.total_seconds())
    finally:
        await _end(pool, process)


async def run_beside_pages(pool: Pool, settings: Settings, stop: asyncio.Event) -> None:
    """The same for the process of the pages, through restarts of the database."""
    while not stop.is_set():
        try:
            await run(pool, settings, stop, "web")
        except (OperationalError, PoolTimeout) as error:
            log.warning("watching: the database does not answer (%s)", type(error).__name__)
            await either(stop, timeout=watch.EVERY.total_seconds())


async def look_now(db: Db) -> None:
    """Look over everything at this moment, for a command: nothing need be running for its answer to be true."""
    now = await watch.clock(db)
    await watch.look(db, now, [*await tables_to_pair(db), *await unfinished(db, now)])


async def tables_to_pair(db: Db) -> list[Finding]:
    """Tables of two systems that answer to no table of the venue, one finding for each connection."""
    named: dict[int, Unpaired] = {}
    for one in await unpaired(db):
        before = named.get(one.connection_id)
        named[one.connection_id] = structs.replace(one, names=(*before.names, *one.names)) if before else one
    return [_to_pair(one) for one in named.values()]


def _to_pair(one: Unpaired) -> Finding:
    names = ", ".join(one.names[:NAMED]) + (" …" if len(one.names) > NAMED else "")
    return Finding(
        cause=f"unpaired:{one.connection_id}",
        kind="unpaired",
        since=datetime.now(UTC),
        connection_id=one.connection_id,
        params={
            "connection": one.connection,
            "connection_id": one.connection_id,
            "count": len(one.names),
            "names": names,
        },
    )


# Who went through the step at which that is said has chosen, also to write nothing for the time being.
_HELD_BACK = "select id from connection where removed_at is null and live_from = %s and not 'pace' = any(steps_done)"
UNFINISHED_LONG = timedelta(days=1)
"""Setting up that takes longer was probably forgotten."""


async def unfinished(db: Db, now: datetime) -> list[Finding]:
    """Connections that are held back until their setting up says from when on they are written to.

    Where nothing goes out by anybody's choice, nothing is held back.
    """
    cursor = await db.execute(_HELD_BACK, [NOT_YET])
    held = [row["id"] for row in await cursor.fetchall()]
    return [_unfinished(one.connection, now) for one in (await ruled(db, held) if held else []) if outlet(one)]


def _unfinished(one: Connection, now: datetime) -> Finding:
    return Finding(
        cause=f"unfinished:{one.id}",
        kind="unfinished_long" if now - one.created_at >= UNFINISHED_LONG else "unfinished",
        since=one.created_at,
        connection_id=one.id,
        params={"connection": one.name, "connection_id": one.id},
    )


async def look(pool: Pool, also: Sequence[Finding] = ()) -> None:
    """One look, and open pages are told where the list of repairs is another now."""
    async with pool.connection() as db:
        now = await watch.clock(db)
        if await watch.look_in_turn(db, now, [*also, *await unfinished(db, now)]):
            await tell_pages(db, ["connections"])
        await alerts.owe(db, now)


async def send_due(pool: Pool, settings: Settings, only: UUID | None = None) -> list[ServeryError]:
    """Send what is due. Each is sent at least once; its id is the same every time. Tells what went wrong."""
    async with pool.connection() as db:
        due = await alerts.claim(db, await watch.clock(db), only=only)
    wrong = []
    for owed in due:
        error = await _send(pool, settings, owed)
        if error is not None:
            wrong.append(error)
    return wrong


async def _send(pool: Pool, settings: Settings, owed: Owed) -> ServeryError | None:
    try:
        async with pool.connection() as db:
            to = await alerts.receiver(db, owed.receiver_id)
            about = await _about(db, owed)
    except NotFound:
        # Removed since, and what it was owed with it.
        return None
    try:
        await tell(settings, to, owed, about, _secret(settings.home, to))
    except ServeryError as error:
        log.warning("alert %s to receiver %s: %s", owed.what, to.id, error.code)
        async with pool.connection() as db:
            await alerts.failed(db, owed, error, await watch.clock(db))
        return error
    async with pool.connection() as db:
        await alerts.sent(db, owed, await watch.clock(db))
    return None


async def _about(db: Db, owed: Owed) -> list[Repair]:
    if owed.repair_id is not None:
        return [await with_closed(db, owed.repair_id)]
    if owed.what == "digest":
        return [one for one in loud(await repairs(db), await watch.clock(db)) if one.severity != "notice"]
    return []


async def add_receiver(
    db: Db, home: Path, address: str, *, least: Least = "critical", digest: bool = False, language: str = "en"
) -> tuple[int, str | None]:
    """Tell somebody from now on: their number, and for a webhook the secret that signs, shown this once."""
    receiver_id = await alerts.add(db, address, least=least, digest=digest, language=language)
    if alerts.receiver_kind(address) == "email":
        return receiver_id, None
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    key = open_vault(home, in_use=await alerts.anything_sealed(db))
    await alerts.keep_secret(db, receiver_id, seal(key, secret.encode(), _for(receiver_id)))
    return receiver_id, secret


def _secret(home: Path, to: Receiver) -> str | None:
    return unseal(open_vault(home, in_use=True), to.sealed, _for(to.id)).decode() if to.sealed else None


def _for(receiver_id: int) -> str:
    return f"alert-receiver:{receiver_id}"


async def _live(pool: Pool, home: Path, process: UUID, kind: str) -> None:
    usage = shutil.disk_usage(home)
    async with pool.connection() as db:
        disk = (usage.free, usage.total)
        await watch.lives(db, process, kind, socket.gethostname(), datetime.now(UTC), disk)


async def _end(pool: Pool, process: UUID) -> None:
    try:
        async with pool.connection(timeout=2) as db:
            await watch.ends(db, process)
    except (OperationalError, PoolTimeout):
        # The row of a process that could not say so is found out by its age.
        log.info("the end of this process could not be written down")
