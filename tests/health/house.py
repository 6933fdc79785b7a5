"""What the tests of health put into the tables that other rooms fill."""

from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from servery.errors import ServeryError
from servery.storage.pool import Connection
from servery.sync import state


async def fails(db: Connection, connection_id: int, error: ServeryError, since: datetime) -> None:
    """A read has failed since then."""
    await state.failed(db, connection_id, "orders", error, since + timedelta(seconds=5))
    await db.execute("update sync_state set failing_since = %s where connection_id = %s", [since, connection_id])


async def recovers(db: Connection, connection_id: int, at: datetime) -> None:
    """It is read again."""
    await state.polled(db, connection_id, "orders", at)


async def make_day(db: Connection, day: datetime) -> None:
    """The partitions of a day, where there are none yet."""
    await db.execute("select make_day(%s)", [day.date()])


async def arrives(
    db: Connection,
    connection_id: int,
    at: datetime,
    *,
    via: str = "webhook",
    outcome: str | None = "applied",
    after: float = 0.4,
) -> int:
    """An event that arrived, and was taken in some seconds `after`; without an outcome it waits."""
    await make_day(db, at)
    cursor = await db.execute(
        "insert into inbox_event (day, connection_id, connector, via, key, body, received_at) "
        "values (%s, %s, 'square', %s, gen_random_uuid()::text, '', %s) returning id",
        [at.date(), connection_id, via, at],
    )
    row = await cursor.fetchone()
    assert row is not None
    if outcome is None:
        await db.execute(
            "insert into inbox_work (event_id, day, connection_id) values (%s, %s, %s)",
            [row["id"], at.date(), connection_id],
        )
    else:
        await db.execute(
            "insert into inbox_outcome (day, event_id, outcome, at) values (%s, %s, %s, %s)",
            [at.date(), row["id"], outcome, at + timedelta(seconds=after)],
        )
    return int(row["id"])


async def kept_aside(db: Connection, connection_id: int, code: str, at: datetime) -> None:
    """A record that could not be taken in."""
    event = await arrives(db, connection_id, at, outcome="quarantined")
    reason: dict[str, Any] = {
        "code": code,
        "template": "This record has no date.",
        "params": {},
        "mend": None,
        "message": "no date",
    }
    await db.execute(
        "insert into quarantine (event_id, day, connection_id, connector, via, kind, body, stage, reason, at) "
        "values (%s, %s, %s, 'square', 'webhook', 'order', '', 'translate', %s, %s)",
        [event, at.date(), connection_id, Jsonb(reason), at],
    )


async def to_send(db: Connection, connection_id: int, number: int, marked_at: datetime, **more: Any) -> None:
    """So many objects that wait to be sent."""
    await db.execute(
        "insert into outbox_target (connection_id, kind, subject_id, our_id, marked_at, state, error) "
        "select %s, 'party', n, gen_random_uuid(), %s, %s, %s from generate_series(1, %s) n",
        [connection_id, marked_at, more.get("state", "due"), Jsonb(more.get("error")), number],
    )
