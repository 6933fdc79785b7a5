"""What is not well at this moment, found by asking the tables. Each finding has a cause; one cause is one notice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from servery.health.kinds import KINDS, Severity
from servery.health.report import ConnectionHealth
from servery.storage.pool import Connection as Db

UNREACHABLE_AFTER = timedelta(seconds=10)
"""A failure that lasts so long is told; shorter ones mend themselves unseen."""
OVERDUE_IN = timedelta(minutes=10)
OVERDUE_OUT = timedelta(minutes=30)
"""How long the oldest may wait before a backlog is told."""
UNREAD = timedelta(days=1)
"""What a paused connection sent is told when it has waited for so long."""
SILENT = timedelta(hours=6)
MISSED = 5
"""Webhooks are thought lost when none came for so long, while asking found so many changes."""
POISON_TRIES = 3
GONE = timedelta(seconds=60)
"""A process that was not seen for so long is gone."""
SKEW = 30.0
"""Seconds two clocks may differ."""
DISK = (0.03, 500_000_000)
DISK_LOW = (0.10, 2_000_000_000)
"""Share of the disk and bytes that should be free."""
BACKUP_OLD = timedelta(days=7)
NAMED = 5
"""So many names are told of a longer list."""


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that is not well. `params` fill the places of its kind's words, `trouble` is an error as told."""

    cause: str
    kind: str
    since: datetime
    connection_id: int | None = None
    params: Mapping[str, Any] = {}
    trouble: Mapping[str, Any] | None = None

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return KINDS[self.kind].severity


async def findings(db: Db, connections: Sequence[ConnectionHealth], now: datetime) -> list[Finding]:
    """Everything that is not well `now`, of connections and of the machine."""
    found = [one for row in connections for one in _of_connection(row, now)]
    named = {row.id: row for row in connections if row.state != "paused"}
    for ask in (_refused, _held, _quarantine, _strayed, _poison, _silent):
        found += await ask(db, named, now)
    return [*found, *await _of_machine(db, now, bool(connections))]


def _of_connection(row: ConnectionHealth, now: datetime) -> Iterator[Finding]:
    """What the row itself says. Of what follows from one another only the first is told."""
    if row.state in {"needs_person", "retrying"}:
        since = row.down_since or now
        kind = _kind_of_trouble(row)
        if (
            row.state == "needs_person"
            or now - since >= UNREACHABLE_AFTER
            or (row.trouble and row.trouble.attempts > 1)
        ):
            waiting = {"waiting": row.queue_out + row.queue_in}
            yield _about(row, kind, since, waiting, _told(row))
    elif row.state == "paused":
        if row.oldest_in is not None and now - row.oldest_in >= UNREAD:
            yield _about(row, "unread", row.oldest_in, {"waiting": row.queue_in})
    else:
        if row.oldest_in is not None and now - row.oldest_in >= OVERDUE_IN:
            yield _about(row, "backlog_in", row.oldest_in, {"waiting": row.queue_in})
        if row.oldest_out is not None and now - row.oldest_out >= OVERDUE_OUT:
            yield _about(row, "backlog_out", row.oldest_out, {"waiting": row.queue_out})


def _kind_of_trouble(row: ConnectionHealth) -> str:
    if row.state == "needs_person":
        return "needs_person"
    return "unreachable" if row.trouble else "sending_stopped"


def _told(row: ConnectionHealth) -> dict[str, Any] | None:
    if row.trouble is None:
        return None
    return {name: getattr(row.trouble, name) for name in ("template", "code", "params", "mend", "field", "resource")}


def _about(
    row: ConnectionHealth,
    kind: str,
    since: datetime,
    params: Mapping[str, Any],
    trouble: Mapping[str, Any] | None = None,
    cause: str = "",
) -> Finding:
    # Unreachable now and waiting for a person later is one outage, and one notice.
    outage = kind in {"needs_person", "unreachable", "sending_stopped"}
    return Finding(
        cause=f"{'outage' if outage else kind}:{row.id}{cause and ':' + cause}",
        kind=kind,
        since=since,
        connection_id=row.id,
        params={"connection": row.name, "connector": row.connector, "connection_id": row.id, **params},
        trouble=trouble,
    )


Named = Mapping[int, ConnectionHealth]


async def _refused(db: Db, named: Named, now: datetime) -> list[Finding]:
    cursor = await db.execute(
        "select connection_id, coalesce(error ->> 'code', '') as code, count(*) as n, min(marked_at) as since, "
        "(array_agg(error))[1] as error from outbox_target where state = 'refused' group by 1, 2"
    )
    return [_grouped("refused", named[row["connection_id"]], row) for row in await cursor.fetchall()
            if row["connection_id"] in named]  # fmt: skip


async def _held(db: Db, named: Named, now: datetime) -> list[Finding]:
    """What is kept back, as after restoring a backup: nothing of it leaves until somebody lets it."""
    cursor = await db.execute(
        "select connection_id, count(*) as n, min(marked_at) as since from outbox_target "
        "where state = 'held' group by 1"
    )
    rows = [row for row in await cursor.fetchall() if row["connection_id"] in named]
    return [_about(named[row["connection_id"]], "held", row["since"], {"count": row["n"]}) for row in rows]


async def _quarantine(db: Db, named: Named, now: datetime) -> list[Finding]:
    cursor = await db.execute(
        "select connection_id, coalesce(reason ->> 'code', '') as code, count(*) as n, min(at) as since, "
        "(array_agg(reason))[1] as error from quarantine where resolved_at is null and connection_id is not null "
        "group by 1, 2"
    )
    return [_grouped("quarantine", named[row["connection_id"]], row) for row in await cursor.fetchall()
            if row["connection_id"] in named]  # fmt: skip


async def _strayed(db: Db, named: Named, now: datetime) -> list[Finding]:
    """Events that an application sent of an account that is no connection's."""
    cursor = await db.execute(
        "select connector, count(*) as n, min(at) as since from quarantine "
        "where resolved_at is null and connection_id is null group by 1"
    )
    return [
        Finding(
            cause=f"strayed:{row['connector']}",
            kind="strayed",
            since=row["since"],
            params={"count": row["n"], "system": row["connector"]},
        )
        for row in await cursor.fetchall()
    ]


def _grouped(kind: str, row: ConnectionHealth, group: Mapping[str, Any]) -> Finding:
    """Many of one reason are one notice."""
    error = group["error"] or {}
    reason = error.get("template") or error.get("message") or error.get("code") or "?"
    told = {"template": reason, "params": error.get("params") or {}, "code": group["code"], "mend": error.get("mend")}
    params = {"count": group["n"], "code": group["code"]}
    return _about(row, kind, group["since"], params, told, cause=group["code"])


async def _poison(db: Db, named: Named, now: datetime) -> list[Finding]:
    cursor = await db.execute(
        "select connection_id, count(*) as n from inbox_work where attempts >= %s group by 1", [POISON_TRIES]
    )
    rows = [row for row in await cursor.fetchall() if row["connection_id"] in named]
    return [_about(named[row["connection_id"]], "poison", now, {"count": row["n"]}) for row in rows]


async def _silent(db: Db, named: Named, now: datetime) -> list[Finding]:
    """Systems that used to send events, send none, and yet change."""
    cursor = await db.execute(
        "select c.id, heard.at, found.n from unnest(%(ids)s::bigint[]) as c(id) "
        "cross join lateral (select received_at as at from inbox_event where connection_id = c.id and via = 'webhook' "
        "  order by id desc limit 1) heard "
        "cross join lateral (select count(*) as n from inbox_event where connection_id = c.id and via = 'poll' "
        "  and received_at > greatest(heard.at, %(now)s - interval '1 day')) found "
        "where heard.at < %(now)s - %(silent)s and found.n >= %(missed)s",
        {"ids": list(named), "now": now, "silent": SILENT, "missed": MISSED},
    )
    return [_about(named[row["id"]], "webhooks_silent", row["at"], {"count": row["n"]})
            for row in await cursor.fetchall()]  # fmt: skip


async def _of_machine(db: Db, now: datetime, joined: bool) -> list[Finding]:
    cursor = await db.execute("select * from process order by seen_at desc")
    processes = await cursor.fetchall()
    living = [one for one in processes if now - one["seen_at"] < GONE]
    return [
        *_without_worker(processes, living, joined),
        *(_clock(one) for one in living if abs(one["skew"]) > SKEW),
        *_disk(living),
        *await _alerts(db, now),
        *await _backup(db, now, joined),
    ]


def _without_worker(
    processes: Sequence[Mapping[str, Any]], living: Sequence[Mapping[str, Any]], joined: bool
) -> Iterator[Finding]:
    """A worker that ended in order with everything else is nobody's fault; one that others outlive is missed."""
    workers = [one for one in processes if one["kind"] == "worker"]
    if joined and not any(one["kind"] == "worker" for one in living) and (living or workers):
        since = workers[0]["seen_at"] if workers else min(one["started_at"] for one in living)
        yield Finding(cause="no_worker", kind="no_worker", since=since)


def _clock(process: Mapping[str, Any]) -> Finding:
    params = {"host": process["host"], "seconds": round(process["skew"])}
    return Finding(cause=f"clock:{process['host']}", kind="clock", since=process["started_at"], params=params)


def _disk(living: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """The fullest of the disks that the processes see."""
    known = [one for one in living if one["disk_size"]]
    if not known:
        return
    fullest = min(known, key=lambda one: one["disk_free"] / one["disk_size"])
    free, size = fullest["disk_free"], fullest["disk_size"]
    for kind, (share, least) in (("disk", DISK), ("disk_low", DISK_LOW)):
        # A share alone would cry about a large disk that has room for years.
        if free < least or (free < share * size and free < 10 * least):
            params = {"free": _bytes(free), "size": _bytes(size), "host": fullest["host"]}
            yield Finding(cause="disk", kind=kind, since=fullest["seen_at"], params=params)
            return


def _bytes(number: int) -> str:
    return f"{number / 1_000_000_000:.1f} GB"


async def _alerts(db: Db, now: datetime) -> list[Finding]:
    """Receivers that nothing reaches. By number: their addresses may be somebody's own."""
    cursor = await db.execute("select id, error from alert_receiver where error is not null")
    return [
        Finding(
            cause=f"alert_failed:{row['id']}",
            kind="alert_failed",
            since=now,
            params={"number": row["id"]},
            trouble={"template": row["error"]["message"], "params": {}},
        )
        for row in await cursor.fetchall()
    ]


async def _backup(db: Db, now: datetime, joined: bool) -> list[Finding]:
    cursor = await db.execute(
        "select (select max(at) from action where action = 'backup-made') as last, "
        "(select min(created_at) from connection) as first"
    )
    row = await cursor.fetchone()
    assert row is not None
    if row["last"] is not None:
        old = now - row["last"] > BACKUP_OLD
        return [Finding(cause="backup", kind="backup_old", since=row["last"])] if old else []
    old = joined and row["first"] is not None and now - row["first"] > BACKUP_OLD
    return [Finding(cause="backup", kind="backup_never", since=row["first"])] if old else []
