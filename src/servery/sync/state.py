"""How far each resource of a connection has been read, kept beside the records: a kill loses no more than a page."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from servery.errors import NeedsPerson, ServeryError
from servery.sync.rows import Db
from servery.sync.spans import Past, Stretch, seconds_left, stretches

WANTED = "servery_wanted"
"""The PostgreSQL channel on which who reads hears that a connection, by its id, is to be read at once."""


_BETWEEN = timedelta(seconds=2)
"""Between two polls of a resource, however much news there is of it."""


class State(Struct, frozen=True, kw_only=True):
    """One resource of one connection. `error` is the last failure in words, None while all is well.

    `stretches_timed` of `spans_done` took `backfill_seconds` of reading, pauses and failures left out.
    """

    connection_id: int
    resource: str
    polled_until: datetime | None = None
    backfill_since: datetime | None = None
    backfill_until: datetime | None = None
    spans_done: list[Stretch] = []
    backfill_started_at: datetime | None = None
    backfill_done_at: datetime | None = None
    stretches_timed: int = 0
    backfill_seconds: float = 0.0
    records: int = 0
    last_ok_at: datetime | None = None
    attempts: int = 0
    next_try_at: datetime | None = None
    error: dict[str, Any] | None = None


_COLUMNS = ", ".join(State.__struct_fields__)


async def states(db: Db, connection_id: int) -> dict[str, State]:
    """The state of each resource that was ever begun."""
    cursor = await db.execute(f"select {_COLUMNS} from sync_state where connection_id = %s", [connection_id])
    return {row["resource"]: msgspec.convert(row, State) for row in await cursor.fetchall()}


async def begin(db: Db, connection_id: int, resource: str) -> None:
    """Make a row for a resource that has none."""
    await db.execute(
        "insert into sync_state (connection_id, resource) values (%s, %s) on conflict do nothing",
        [connection_id, resource],
    )


async def plan_backfill(db: Db, connection_id: int, resource: str, since: datetime, until: datetime) -> None:
    """Set the ends of a backfill, once: what is newer than `until` is the poll's."""
    await db.execute(
        "update sync_state set backfill_since = %s, backfill_until = %s, backfill_started_at = now(), "
        "backfill_moved_at = now() where connection_id = %s and resource = %s and backfill_since is null",
        [since, until, connection_id, resource],
    )


async def read_records(db: Db, connection_id: int, resource: str, records: int, *, of_past: bool = False) -> None:
    """Count records read, in the transaction that applied them. `of_past`: a backfill has moved on by them."""
    await db.execute(
        "update sync_state set records = records + %s, "
        "backfill_moved_at = case when %s then now() else backfill_moved_at end "
        "where connection_id = %s and resource = %s",
        [records, of_past, connection_id, resource],
    )


async def polled(db: Db, connection_id: int, resource: str, until: datetime) -> None:
    """A poll has read everything up to `until`. What was wanted since then is still wanted."""
    await db.execute(
        "update sync_state set polled_until = %(until)s, last_ok_at = now(), attempts = 0, "
        "next_try_at = case when error is null and next_try_at > %(until)s then next_try_at end, "
        "error = null, failing_since = null where connection_id = %(id)s and resource = %(resource)s",
        {"until": until, "id": connection_id, "resource": resource},
    )


async def read_stretch(
    db: Db, connection_id: int, resource: str, done: Sequence[Stretch], *, finished: bool, seconds: float
) -> None:
    """A backfill has read these stretches, the last of them in `seconds`, and with `finished` all there are.

    A poll that was wanted meanwhile is still wanted.
    """
    await db.execute(
        "update sync_state set spans_done = %s, backfill_done_at = case when %s then now() end, last_ok_at = now(), "
        "stretches_timed = stretches_timed + 1, backfill_seconds = backfill_seconds + %s, backfill_moved_at = now(), "
        "attempts = 0, next_try_at = case when error is null then next_try_at end, error = null, failing_since = null "
        "where connection_id = %s and resource = %s",
        [Jsonb(msgspec.to_builtins(done)), finished, seconds, connection_id, resource],
    )


async def failed(db: Db, connection_id: int, resource: str, error: ServeryError, next_try_at: datetime) -> None:
    """A read failed and will be tried again at `next_try_at`."""
    told = {
        "code": error.code,
        "template": error.template,
        "mend": error.mend,
        "params": {name: str(value) for name, value in error.params.items()},
        "field": getattr(error, "field", None),
        "needs_person": isinstance(error, NeedsPerson),
    }
    await db.execute(
        "update sync_state set attempts = attempts + 1, next_try_at = %s, error = %s, "
        "failing_since = coalesce(failing_since, now()) where connection_id = %s and resource = %s",
        [next_try_at, Jsonb(told), connection_id, resource],
    )


async def retry_now(db: Db, connection_id: int) -> None:
    """Make everything due now: what failed and waits, and what was read a moment ago."""
    await db.execute("update sync_state set next_try_at = now() where connection_id = %s", [connection_id])
    await db.execute("select pg_notify(%s, %s)", [WANTED, str(connection_id)])


async def want(db: Db, connection_id: int, resources: Collection[str]) -> None:
    """Have these resources polled at once: their system says that there is news. What fails keeps its next try."""
    if resources:
        await db.execute(
            "update sync_state set next_try_at = greatest(now(), polled_until + %s) "
            "where connection_id = %s and resource = any(%s) and error is null",
            [_BETWEEN, connection_id, list(resources)],
        )
        await db.execute("select pg_notify(%s, %s)", [WANTED, str(connection_id)])


async def taken_in(db: Db, connection_id: int, resource: str, records: int) -> None:
    """Note that somebody brought records in by hand: they count, and are the connection's last sync."""
    await begin(db, connection_id, resource)
    await read_records(db, connection_id, resource, records)
    await db.execute(
        "update sync_state set last_ok_at = now() where connection_id = %s and resource = %s", [connection_id, resource]
    )


class HowFar(Struct, frozen=True):
    """How far all backfills together are: stretches done of all, the seconds left where that can be told, records.

    `goes_on_at` is when it does where it waits for the end of service.
    """

    done: int
    of: int
    seconds_left: int | None
    records: int
    goes_on_at: datetime | None = None


async def how_far(db: Db, connection_id: int | None = None) -> HowFar:
    """How far the backfills of one connection, or of all, have come. All connections are read side by side."""
    cursor = await db.execute(
        f"select {_COLUMNS} from sync_state where %s::bigint is null or connection_id = %s order by connection_id",
        [connection_id, connection_id],
    )
    held = [msgspec.convert(row, State) for row in await cursor.fetchall()]
    pasts = [(at, past) for at in held if (past := _past(at))]
    each = [_seconds_left(list(of_one)) for _, of_one in groupby(pasts, key=lambda pair: pair[0].connection_id)]
    longest = None if None in each else max((one for one in each if one is not None), default=0)
    done, of = sum(past.done for _, past in pasts), sum(past.of for _, past in pasts)
    return HowFar(done, of, longest, sum(at.records for at in held))


def _past(at: State) -> Past | None:
    if at.backfill_since is None or at.backfill_until is None:
        return None
    of = len(stretches(at.backfill_since, at.backfill_until))
    return Past(len(at.spans_done), of, at.stretches_timed, at.backfill_seconds)


def _seconds_left(pasts: Sequence[tuple[State, Past]]) -> int | None:
    # What fails goes on nobody knows when.
    if any(at.error is not None and past.done < past.of for at, past in pasts):
        return None
    return seconds_left([past for _, past in pasts])
