"""When nothing is sent over a connection: while the other side is given a rest, or a person must mend something.

After THRESHOLD failures in a row the breaker opens. When its time is over one object is sent as a probe: if that goes
well all goes on, and what had waited for a later try is due at once; if not, the rest is longer.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from servery.errors import NeedsPerson
from servery.outbox.clock import NOW, REAL, Clock
from servery.outbox.mark import wake
from servery.outbox.retry import as_kept
from servery.storage.pool import Connection as Db

THRESHOLD = 5
"""Failures in a row, of any objects, after which the whole connection rests."""
RESTS = (5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds of rest after the threshold's failure and each one that follows."""


class Gate(Struct, frozen=True, kw_only=True):
    """What holds a connection back at `now`."""

    now: datetime
    failures: int = 0
    open_until: datetime | None = None
    stopped: dict[str, Any] | None = None
    stopped_for: bytes | None = None

    def wait(self) -> float:
        """Seconds until something may be sent, 0 when it may be."""
        return max(0.0, (self.open_until - self.now).total_seconds()) if self.open_until else 0.0


async def gate(db: Db, connection_id: int, clock: Clock = REAL) -> Gate:
    """How a connection's gate stands."""
    cursor = await db.execute(
        f"select {NOW} as now, coalesce(failures, 0) as failures, open_until, stopped, stopped_for "
        "from (select) as always left join outbox_gate on connection_id = %(id)s",
        {"id": connection_id, "now": clock.now()},
    )
    return msgspec.convert(await cursor.fetchone(), Gate)


async def take_probe(db: Db, connection_id: int, seen: Gate, lease: float) -> bool:
    """Whether we may send one object to see if the other side is back; of several processes one may.

    Where it is not heard of for `lease` seconds, another may.
    """
    cursor = await db.execute(
        "update outbox_gate set open_until = %s where connection_id = %s and open_until = %s",
        [seen.now + timedelta(seconds=lease), connection_id, seen.open_until],
    )
    return cursor.rowcount == 1


async def failed(db: Db, connection_id: int, failures: int, probe: bool, clock: Clock = REAL) -> None:
    """Count failures since the last success; from the threshold on the connection rests, after each probe longer."""
    cursor = await db.execute(
        f"insert into outbox_gate as g (connection_id, failures, failing_since) "
        f"values (%(id)s, least(%(n)s, %(threshold)s), {NOW}) on conflict (connection_id) do update set "
        # Objects that were under way together failed for the same reason: no more than a probe makes the rest longer.
        "failures = case when g.failures < %(threshold)s then least(g.failures + %(n)s, %(threshold)s) "
        "else g.failures + %(probe)s end, "
        "failing_since = coalesce(g.failing_since, excluded.failing_since) returning failures",
        {"id": connection_id, "n": failures, "probe": int(probe), "threshold": THRESHOLD, "now": clock.now()},
    )
    row = await cursor.fetchone()
    assert row is not None
    if row["failures"] >= THRESHOLD:
        await rest(db, connection_id, RESTS[min(row["failures"] - THRESHOLD, len(RESTS) - 1)], clock)


async def rest(db: Db, connection_id: int, seconds: float, clock: Clock = REAL) -> None:
    """Send nothing for so many seconds."""
    await db.execute(
        f"insert into outbox_gate as g (connection_id, open_until) values (%(id)s, {NOW} + %(rest)s) "
        "on conflict (connection_id) do update set open_until = excluded.open_until",
        {"id": connection_id, "rest": timedelta(seconds=seconds), "now": clock.now()},
    )


async def recovered(db: Db, connection_id: int, probe: bool, clock: Clock = REAL) -> None:
    """The other side took something. A rest ends with its probe only, not with what was under way when it began.

    Where all had failed, what waits for a later try is due now, and what was given up is tried anew: it was the other
    side's doing and not its own.
    """
    cursor = await db.execute(
        "update outbox_gate g set failures = 0, failing_since = null, open_until = null "
        "from (select failures from outbox_gate where connection_id = %(id)s for update) as before "
        "where g.connection_id = %(id)s and (%(probe)s or g.open_until is null) "
        "returning before.failures >= %(threshold)s as failed",
        {"id": connection_id, "probe": probe, "threshold": THRESHOLD},
    )
    row = await cursor.fetchone()
    # Else one object that fails for itself would be tried again with each other that goes well.
    if row is not None and row["failed"]:
        await _bring_forward(db, connection_id, clock)


async def _bring_forward(db: Db, connection_id: int, clock: Clock) -> None:
    await db.execute(_DUE_NOW, {"id": connection_id, "now": clock.now()})


async def stop(db: Db, connection_id: int, error: NeedsPerson, fingerprint: bytes) -> None:
    """Send nothing until a person has mended what the error names, or asks to try again.

    `fingerprint` tells the settings that did not do: with others, sending goes on by itself.
    """
    await db.execute(
        "insert into outbox_gate (connection_id, stopped, stopped_for) values (%s, %s, %s) "
        "on conflict (connection_id) do update set stopped = excluded.stopped, stopped_for = excluded.stopped_for",
        [connection_id, Jsonb(as_kept(error)), fingerprint],
    )


async def mended(db: Db, connection_id: int) -> None:
    """What a person had to mend is mended: the settings are others now."""
    await db.execute(
        "update outbox_gate set stopped = null, stopped_for = null where connection_id = %s", [connection_id]
    )


async def try_again(db: Db, connection_id: int) -> None:
    """Let a connection send all that waits at once, whatever stopped it: somebody wants to see."""
    await mended(db, connection_id)
    await db.execute(
        "update outbox_gate set failures = 0, failing_since = null, open_until = null where connection_id = %s",
        [connection_id],
    )
    await _bring_forward(db, connection_id, REAL)
    await wake(db, connection_id)


# Rows that another transaction is about to change are left: waiting for them could make both wait for ever.
_DUE_NOW = f"""
update outbox_target t set next_try_at = {NOW}, attempts = case when t.state = 'refused' then 0 else t.attempts end,
       state = case when t.state <> 'refused' then t.state when t.tried_version is null then 'due' else 'ambiguous' end
where t.id in (
    select id from outbox_target where connection_id = %(id)s
    and (state in ('due', 'ambiguous') and next_try_at > {NOW}
         or state = 'refused' and (error -> 'gave_up') is not null)
    for update skip locked
)"""
