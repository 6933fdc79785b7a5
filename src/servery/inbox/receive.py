"""Storing what arrives before anybody is told that it did: many requests share one commit.

One task writes. While it waits for the disk, the next requests gather; they are the next commit. So each answer costs
a share of a commit, and comes after it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import psycopg
from msgspec import Struct
from psycopg import AsyncConnection, OperationalError
from psycopg.errors import CheckViolation
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from servery.errors import Retry
from servery.inbox import outcomes, partitions, quarantine
from servery.inbox.claim import ARRIVED
from servery.inbox.outcomes import Became
from servery.inbox.quarantine import Aside

Db = AsyncConnection[DictRow]
Pool = AsyncConnectionPool[Db]

log = logging.getLogger(__name__)

MOST_TOGETHER = 500
MOST_BYTES_TOGETHER = 8_000_000
MOST_BYTES_WAITING = 64_000_000
"""Bytes of bodies held in memory for the next commits; beyond, senders are told to come again."""
PATIENCE = 8.0
"""Seconds until a sender is told to come again: the shortest that senders wait is more often 10 than 2."""
AGAIN_AFTER = 5.0
"""Seconds after which a sender may come again."""


class Arrival(Struct, frozen=True, kw_only=True):
    """One event to be stored, card numbers taken out. `key` is the sender's id of it, or a digest of its bytes.

    `connection_id` is None where nobody knows whose it is; `lost` then says why, and it goes into quarantine.
    """

    connection_id: int | None
    connector: str
    kind: str
    key: str
    headers: Mapping[str, str]
    body: bytes
    lost: Mapping[str, Any] | None = None


class _Waiting(Struct):
    """Events of one request, and who waits for them; `since` in monotonic seconds."""

    arrivals: Sequence[Arrival]
    stored: "asyncio.Future[None]"
    since: float


class Intake:
    """What requests hand their events to. `run` must be running."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._db: Db | None = None
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._woken = asyncio.Event()

    async def store(self, arrivals: Sequence[Arrival]) -> None:
        """Return when these events are on disk, or were before. Retry where that cannot be had now."""
        if self._bytes > MOST_BYTES_WAITING:
            raise _not_now()
        loop = asyncio.get_running_loop()
        one = _Waiting(arrivals, loop.create_future(), loop.time())
        self._waiting.append(one)
        self._bytes += _size(one)
        self._woken.set()
        await one.stored

    async def run(self) -> None:
        """Write what waits, until cancelled."""
        impatient = asyncio.create_task(self._send_back())
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                while self._waiting:
                    await self._settle(self._next())
        finally:
            impatient.cancel()
            await self._let_go()

    async def _send_back(self) -> None:
        """Let nobody wait longer than senders do; one look at the oldest now and then costs less than a clock each."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(PATIENCE / 8)
            while self._waiting and self._waiting[0].since < loop.time() - PATIENCE:
                one = self._waiting.popleft()
                self._bytes -= _size(one)
                _tell(one, _not_now())

    def _next(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._waiting and len(batch) < MOST_TOGETHER:
            size += _size(self._waiting[0])
            if batch and size > MOST_BYTES_TOGETHER:
                break
            batch.append(self._waiting.popleft())
        self._bytes -= sum(_size(one) for one in batch)
        return batch

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        """Write some events and let those who wait for them know how it went."""
        # Who was told to come again, or went away, need not be stored now.
        batch = [one for one in batch if not one.stored.done()]
        failure = await self._written([each for one in batch for each in one.arrivals])
        if failure is not None and not isinstance(failure, Retry) and len(batch) > 1:
            # One event that the database cannot hold must not keep out the others.
            for alone in batch:
                await self._settle([alone])
            return
        for one in batch:
            _tell(one, failure)

    async def _written(self, arrivals: Sequence[Arrival]) -> Exception | None:
        for again in (True, False):
            try:
                async with asyncio.timeout(PATIENCE):
                    await keep(await self._connection(), arrivals)
                return None
            except CheckViolation as missing:
                # Midnight has passed, and nobody was there to make the day.
                if not again or not await self._day_made():
                    log.error("events cannot be stored: %s", missing.diag.message_primary)
                    return missing
            except (OperationalError, PoolTimeout, TimeoutError) as away:
                await self._let_go()
                # A connection that died while nothing came is replaced; twice in a row, it is the database.
                if not again or isinstance(away, TimeoutError):
                    log.warning("events cannot be stored: the database does not answer (%s)", type(away).__name__)
                    return _not_now()
            except psycopg.Error as fault:
                log.error("an event cannot be stored: %s", type(fault).__name__)
                return fault
        return None

    async def _connection(self) -> Db:
        """A connection kept for this alone, each statement committed by itself: one round trip for each commit."""
        if self._db is None:
            self._db = await self._pool.getconn(timeout=PATIENCE / 2)
            await self._db.set_autocommit(True)
        return self._db

    async def _let_go(self) -> None:
        db, self._db = self._db, None
        if db is None:
            return
        if db.info.transaction_status == TransactionStatus.IDLE:
            await db.set_autocommit(False)
        else:
            await db.close()
        await self._pool.putconn(db)

    async def _day_made(self) -> bool:
        with suppress(OperationalError, PoolTimeout):
            await partitions.ensure(await self._connection(), partitions.today())
            return True
        return False


def _size(one: _Waiting) -> int:
    return sum(len(each.body) for each in one.arrivals)


def _tell(one: _Waiting, failure: Exception | None) -> None:
    if one.stored.done():
        return
    if failure is None:
        one.stored.set_result(None)
    else:
        one.stored.set_exception(failure if isinstance(failure, Retry) else _not_now())


def _not_now() -> Retry:
    return Retry("This cannot be stored just now.", retry_after=AGAIN_AFTER, code="store-away")


_KEEP = """
with new as (
    insert into inbox_seen as seen (connection_id, key)
    -- In one order everywhere: processes that store the same events at once wait for one another, never in a circle.
    select connection_id, key from unnest(%(connections)b::bigint[], %(keys)b::text[]) as c(connection_id, key)
    order by connection_id, key
    -- One that its sender did not number may well happen again: only at once is it the same.
    on conflict (connection_id, key) do update set seen_at = now()
    where seen.key like 'body:%%' and seen.seen_at < now() - interval '60 seconds'
    returning connection_id, key
), kept as (
    insert into inbox_event (day, connection_id, connector, via, kind, key, headers, body)
    select (now() at time zone 'utc')::date, nullif(connection_id, 0), connector, 'webhook', kind, key,
           headers::jsonb, body
    from unnest(%(connections)b::bigint[], %(connectors)b::text[], %(kinds)b::text[], %(keys)b::text[],
                %(headers)b::text[], %(bodies)b::bytea[]) as c(connection_id, connector, kind, key, headers, body)
    join new using (connection_id, key)
    returning id, day, connection_id, key
), work as (
    insert into inbox_work (event_id, day, connection_id)
    select id, day, connection_id from kept where connection_id is not null
)
"""
_TELL = _KEEP + (
    "select pg_notify(%(channel)s, connection_id::text) from (select distinct connection_id from kept) as of "
    "where connection_id is not null"
)
_KEEP_LOST = _KEEP + "select id, day, key from kept"


async def keep(db: Db, arrivals: Sequence[Arrival]) -> None:
    """Store events in one transaction, each once; what nobody knows the connection of goes into quarantine.

    `db` commits each statement by itself.
    """
    events = list({(one.connection_id or 0, one.key): one for one in arrivals}.values())
    if known := [one for one in events if one.lost is None]:
        await db.execute(_TELL, {**_columns(known), "channel": ARRIVED}, prepare=True)
    if lost := [one for one in events if one.lost is not None]:
        async with db.transaction():
            cursor = await db.execute(_KEEP_LOST, _columns(lost))
            stored = {row["key"]: row for row in await cursor.fetchall()}
            await _put_aside(db, [(one, stored[one.key]) for one in lost if one.key in stored])


def _columns(events: Sequence[Arrival]) -> dict[str, list[Any]]:
    return {
        "connections": [one.connection_id or 0 for one in events],
        "connectors": [one.connector for one in events],
        "kinds": [one.kind for one in events],
        "keys": [one.key for one in events],
        "headers": [msgspec.json.encode(one.headers).decode() for one in events],
        "bodies": [one.body for one in events],
    }


async def _put_aside(db: Db, lost: Sequence[tuple[Arrival, DictRow]]) -> None:
    await quarantine.put_aside(
        db,
        [
            Aside(event_id=row["id"], day=row["day"], body=one.body, stage="route", reason=one.lost or {})
            for one, row in lost
        ],
    )
    await outcomes.note(db, 0, [Became(event_id=row["id"], day=row["day"], outcome="quarantined") for _, row in lost])
