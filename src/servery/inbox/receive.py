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
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from servery.errors import Retry
from servery.inbox import outcomes, partitions, quarantine
from servery.inbox.outcomes import Became
from servery.inbox.quarantine import Aside

Db = AsyncConnection[DictRow]
Pool = AsyncConnectionPool[Db]

log = logging.getLogger(__name__)

ARRIVED = "servery_arrived"
"""The PostgreSQL channel on which workers hear that there is something to take in: the payload is the connection."""
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


_Waiting = tuple[Arrival, "asyncio.Future[None]"]


class Intake:
    """What requests hand their events to. `run` must be running."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._woken = asyncio.Event()

    async def store(self, arrivals: Sequence[Arrival]) -> None:
        """Return when these events are on disk, or were before. Retry where that cannot be had now."""
        size = sum(len(one.body) for one in arrivals)
        if self._bytes + size > MOST_BYTES_WAITING:
            raise _not_now()
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in arrivals]
        self._waiting.extend(zip(arrivals, futures, strict=True))
        self._bytes += size
        self._woken.set()
        try:
            async with asyncio.timeout(PATIENCE):
                for future in futures:
                    await future
        except TimeoutError:
            raise _not_now() from None

    async def run(self) -> None:
        """Write what waits, until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._waiting:
                await self._settle(self._next())

    def _next(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._waiting and len(batch) < MOST_TOGETHER:
            size += len(self._waiting[0][0].body)
            if batch and size > MOST_BYTES_TOGETHER:
                break
            batch.append(self._waiting.popleft())
        self._bytes -= sum(len(one.body) for one, _ in batch)
        return batch

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        """Write some events and let those who wait for them know how it went."""
        # Who was told to come again, or went away, need not be stored now.
        batch = [(one, future) for one, future in batch if not future.done()]
        failure = await self._written([one for one, _ in batch])
        if failure is not None and not isinstance(failure, Retry) and len(batch) > 1:
            # One event that the database cannot hold must not keep out the others.
            for alone in batch:
                await self._settle([alone])
            return
        for _, future in batch:
            if not future.done():
                if failure is None:
                    future.set_result(None)
                else:
                    future.set_exception(failure if isinstance(failure, Retry) else _not_now())

    async def _written(self, arrivals: Sequence[Arrival]) -> Exception | None:
        for again in (True, False):
            try:
                async with self._pool.connection(timeout=PATIENCE / 2) as db:
                    await keep(db, arrivals)
                return None
            except CheckViolation as missing:
                # Midnight has passed, and nobody was there to make the day.
                if not again or not await self._day_made():
                    log.error("events cannot be stored: %s", missing.diag.message_primary)
                    return missing
            except (OperationalError, PoolTimeout) as away:
                # A connection that died in the pool is replaced; twice in a row, it is the database.
                if not again:
                    log.warning("events cannot be stored: the database does not answer (%s)", type(away).__name__)
                    return _not_now()
            except psycopg.Error as fault:
                log.error("an event cannot be stored: %s", type(fault).__name__)
                return fault
        return None

    async def _day_made(self) -> bool:
        with suppress(OperationalError, PoolTimeout):
            async with self._pool.connection(timeout=PATIENCE / 2) as db:
                await partitions.ensure(db, partitions.today())
                return True
        return False


def _not_now() -> Retry:
    return Retry("This cannot be stored just now.", retry_after=AGAIN_AFTER, code="store-away")


_KEEP = """
with new as (
    insert into inbox_seen (connection_id, key)
    -- In one order everywhere: processes that store the same events at once wait for one another, never in a circle.
    select connection_id, key from unnest(%(connections)b::bigint[], %(keys)b::text[]) as c(connection_id, key)
    order by connection_id, key
    on conflict do nothing returning connection_id, key
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
select id, day, key, case when connection_id is not null then pg_notify(%(channel)s, connection_id::text) end as told
from kept"""


async def keep(db: Db, arrivals: Sequence[Arrival]) -> None:
    """Store events in the caller's transaction, each once; what nobody knows the connection of goes into quarantine."""
    events = list({(one.connection_id or 0, one.key): one for one in arrivals}.values())
    if not events:
        return
    cursor = await db.execute(
        _KEEP,
        {
            "connections": [one.connection_id or 0 for one in events],
            "connectors": [one.connector for one in events],
            "kinds": [one.kind for one in events],
            "keys": [one.key for one in events],
            "headers": [msgspec.json.encode(one.headers).decode() for one in events],
            "bodies": [one.body for one in events],
            "channel": ARRIVED,
        },
    )
    if any(one.lost is not None for one in events):
        stored = {row["key"]: row for row in await cursor.fetchall()}
        await _put_aside(db, [(one, stored[one.key]) for one in events if one.lost is not None and one.key in stored])


async def _put_aside(db: Db, lost: Sequence[tuple[Arrival, DictRow]]) -> None:
    await quarantine.put_aside(
        db,
        [
            Aside(event_id=row["id"], day=row["day"], body=one.body, stage="route", reason=one.lost or {})
            for one, row in lost
        ],
    )
    await outcomes.note(db, 0, [Became(event_id=row["id"], day=row["day"], outcome="quarantined") for _, row in lost])
