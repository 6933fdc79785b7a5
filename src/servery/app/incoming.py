"""The service that takes in what arrived: for each connection by one process at a time, as soon as it is there."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
from psycopg import OperationalError

from servery.app.calls import either, listen
from servery.app.keeping import redactor
from servery.app.taking import Source, take
from servery.app.tokens import using
from servery.connectors import registry
from servery.connectors.contract import Account, Page, Session, bound
from servery.errors import Quarantine
from servery.inbox import claim
from servery.privacy.keyed import open_key
from servery.settings import Settings
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync import connections
from servery.sync.connections import Connection
from servery.sync.timing import Timing, timings
from servery.sync.understanding import trace

log = logging.getLogger(__name__)

_LOOK = 1.0
"""Seconds between looks where nobody called: what waits for its next try calls nobody."""
_GATHER = 0.03
"""Seconds in which what arrives together is left to gather: a set of ten costs little more than one."""
_AT_ONCE = 4
"""Connections worked on side by side."""
_AFTER_A_FAULT = 5.0


async def run(pool: Pool, settings: Settings, stop: asyncio.Event) -> None:
    """Take in all that arrives until told to stop."""
    called = asyncio.Event()
    listening = asyncio.create_task(listen(pool, claim.ARRIVED, lambda _: called.set()))
    working: dict[int, asyncio.Task[None]] = {}
    room = asyncio.Semaphore(_AT_ONCE)
    try:
        while not stop.is_set():
            called.clear()
            async with pool.connection() as db:
                due = await claim.connections_with_work(db)
            working = {one: task for one, task in working.items() if not task.done()}
            for connection_id in due:
                if connection_id not in working:
                    work = _work_off(pool, settings.home, connection_id, room)
                    working[connection_id] = asyncio.create_task(work, name=f"incoming {connection_id}")
            await either(called, stop, timeout=_LOOK)
            await asyncio.sleep(_GATHER)
    finally:
        for task in (listening, *working.values()):
            task.cancel()
        await asyncio.gather(listening, *working.values(), return_exceptions=True)


async def _work_off(pool: Pool, home: Path, connection_id: int, room: asyncio.Semaphore) -> None:
    """Take in all that is due of one connection; one connection's fault must not stop the others."""
    async with room:
        try:
            await take_all(pool, home, connection_id)
        except OperationalError as error:
            log.warning("connection %s: the database does not answer (%s)", connection_id, type(error).__name__)
            await asyncio.sleep(_LOOK)
        except Exception as error:  # noqa: BLE001 - told without its text, which may quote a person's data
            log.error("connection %s: %s\n%s", connection_id, type(error).__name__, trace(error))
            await asyncio.sleep(_AFTER_A_FAULT)


async def take_all(pool: Pool, home: Path, connection_id: int) -> int:
    """Take in all that is due of one connection, unless another process does; how many events that were."""
    async with pool.connection() as db:
        one = next((each for each in await connections.connections(db) if each.id == connection_id), None)
        await db.commit()
        if one is None:
            return 0
        await db.set_autocommit(True)
        try:
            return await _take_all(pool, db, home, one)
        finally:
            if not db.closed:
                await db.set_autocommit(False)


async def _take_all(pool: Pool, db: Db, home: Path, one: Connection) -> int:
    connector = bound(registry.connector(one.connector), one.settings)
    total = 0
    async with AsyncExitStack() as opened, claim.claiming(db, one.id) as mine:
        asked = _Asked(pool, home, one, opened)
        known = msgspec.convert(one.account, Account).locations if one.account else ()
        left_out = frozenset(place.external_id for place in known)
        timing = (await timings(db, one.id)).get(one.id, Timing())
        source = Source(one.id, connector, asked.fetch, redactor(home, connector), left_out, timing, open_key(home))
        while mine and (taken := await take(db, source)):
            total += taken
    return total


class _Asked:
    """A connection's system, opened when it is first asked for something."""

    def __init__(self, pool: Pool, home: Path, connection: Connection, opened: AsyncExitStack) -> None:
        self._pool = pool
        self._home = home
        self._connection = connection
        self._opened = opened
        self._connector = registry.connector(connection.connector)
        self._session: Session | None = None

    async def fetch(self, resource: str, ids: Sequence[str]) -> Page:
        """Ask for records by id. Raises as the connector does."""
        declared = next((one for one in self._connector.manifest.resources if one.name == resource), None)
        if self._connector.fetch is None or declared is None:
            raise Quarantine("{title} cannot be asked for one record.", title=self._connector.manifest.title)
        if self._session is None:
            access = using(self._pool, self._home, self._connection)
            self._session = await self._opened.enter_async_context(access)
        account = msgspec.convert(self._connection.account, Account)
        return await self._connector.fetch(self._session, declared, account, ids)
