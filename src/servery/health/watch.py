"""One look over the house: counts, findings, repairs. Several processes may look; each turn is taken by one of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from servery.health import hours
from servery.health.findings import GONE, Finding, findings
from servery.health.repairs import settle
from servery.health.report import ConnectionHealth, report
from servery.storage.pool import Connection as Db

EVERY = timedelta(seconds=5)
"""How often the house is looked over. A failure is on the pages one poll, ten seconds and one look later."""
_LOCK = 0x5EA17
_FORGOTTEN = timedelta(days=7)


async def look(db: Db, now: datetime, also: Sequence[Finding] = ()) -> bool:
    """Look over everything, in one transaction. Tells whether the list of repairs is another now.

    `also` is what others found, whose tables only they understand.
    """
    await db.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
    return await _look(db, now, also)


async def look_in_turn(db: Db, now: datetime, also: Sequence[Finding] = ()) -> bool:
    """The same, unless somebody else looks just now or has done so a moment ago."""
    cursor = await db.execute(
        "select pg_try_advisory_xact_lock(%s) as mine, (select max(at) from health_turn) as last", [_LOCK]
    )
    row = await cursor.fetchone()
    assert row is not None
    if not row["mine"] or (row["last"] and now - row["last"] < EVERY * 0.8):
        return False
    return await _look(db, now, also)


async def _look(db: Db, now: datetime, also: Sequence[Finding]) -> bool:
    seconds = await _turn(db, now)
    connections = await report(db, now)
    await _note(db, connections, seconds, now)
    active = {one.id for one in connections if one.state != "paused"}
    found = [*await findings(db, connections, now), *(one for one in also if one.connection_id in active)]
    return await settle(db, found, now)


async def _turn(db: Db, now: datetime) -> int:
    """Begin a turn, count anew where it is time, and tell how many seconds this turn stands for."""
    cursor = await db.execute("select at, counted_at from health_turn")
    row = await cursor.fetchone()
    counted = row["counted_at"] if row else now - hours.COUNTED_EVERY
    if now - counted >= hours.COUNTED_EVERY:
        await hours.count(db, now)
        counted = now
    await db.execute(
        "insert into health_turn (at, counted_at) values (%s, %s) "
        "on conflict (only_one) do update set at = excluded.at, counted_at = excluded.counted_at",
        [now, counted],
    )
    gone = (now - row["at"]) if row else timedelta()
    return max(0, round(min(gone, hours.LONGEST_TURN).total_seconds()))


async def _note(db: Db, connections: list[ConnectionHealth], seconds: int, now: datetime) -> None:
    down = [one.id for one in connections if one.state in {"retrying", "needs_person"}]
    working = [one.id for one in connections if one.state in {"working", "fetching"}]
    await hours.watched(db, working, down, seconds, now)


async def clock(db: Db) -> datetime:
    """The database's time: the one clock by which all processes judge one another."""
    cursor = await db.execute("select clock_timestamp() as now")
    row = await cursor.fetchone()
    assert row is not None
    now: datetime = row["now"]
    return now


async def lives(db: Db, process: UUID, kind: str, host: str, clock: datetime, disk: tuple[int, int] | None) -> None:
    """A process says that it lives. `clock` is its own time, `disk` free and whole bytes where its data lies."""
    free, size = disk or (None, None)
    await db.execute(
        "insert into process (id, kind, host, skew, disk_free, disk_size) "
        "values (%(id)s, %(kind)s, %(host)s, extract(epoch from %(clock)s - clock_timestamp()), %(free)s, %(size)s) "
        "on conflict (id) do update set seen_at = now(), skew = excluded.skew, disk_free = excluded.disk_free, "
        "disk_size = excluded.disk_size",
        {"id": process, "kind": kind, "host": host, "clock": clock, "free": free, "size": size},
    )
    await db.execute("delete from process where seen_at < now() - %s::interval", [_FORGOTTEN])


async def ends(db: Db, process: UUID) -> None:
    """A process ends in order."""
    await db.execute("delete from process where id = %s", [process])


async def living(db: Db) -> dict[str, int]:
    """How many processes of each kind live."""
    cursor = await db.execute(
        "select kind, count(*) as n from process where seen_at > now() - %s::interval group by 1", [GONE]
    )
    return {row["kind"]: row["n"] for row in await cursor.fetchall()}
