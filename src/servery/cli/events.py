"""`servery events`: what arrived, what became of it, and having it taken in again."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.progress import Progress

from servery.accounts.audit import acted, looked
from servery.api.spoken_of import spoken_of
from servery.cli.shell import AsCsv, AsJson, give, give_list, opened, say, settings, with_database
from servery.errors import Invalid
from servery.inbox import events as inbox
from servery.inbox import replay as again
from servery.inbox.events import Asked, EventRow, State, Stored
from servery.inbox.quarantine import error_of
from servery.model.viewer import SYSTEM
from servery.storage.migrate import migrate
from servery.storage.pool import Connection as Db
from servery.storage.server import database
from servery.sync import connections
from servery.sync.finding import HeldRecord, held

group = typer.Typer(no_args_is_help=True)

_COLUMNS = ["id", "received_at", "connection", "via", "kind", "state", "attempts", "reason"]
_LOOK = 1.0
"""Seconds between two looks of `tail`."""
_TAIL = 10
_PROGRESS = 0.5

OfConnection = Annotated[str | None, typer.Option("--connection", help="Of this connection, by name.")]
OfKind = Annotated[str | None, typer.Option("--kind", help="Of this kind, as its system names it.")]
InState = Annotated[
    str | None, typer.Option("--state", help="waiting, retrying, applied, unchanged, quarantined, dismissed.")
]
OfOrder = Annotated[str | None, typer.Option("--order", metavar="NUMBER", help="Of the order with this number or id.")]
OfGuest = Annotated[str | None, typer.Option("--guest", metavar="ID|NAME", help="Of this guest.")]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="WHEN", help="Received since: 2h, 3d, or a time such as 2026-01-31T18:00."),
]
EventId = Annotated[int, typer.Argument(metavar="ID")]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="events", help="What arrived: list, show, replay, tail.")


@group.command("list")
def list_events(  # noqa: PLR0913, PLR0917 - each is an option
    connection: OfConnection = None,
    kind: OfKind = None,
    state: InState = None,
    order: OfOrder = None,
    guest: OfGuest = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most to show.")] = 50,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List events, the newest first.

    Example: servery events list --state quarantined --since 2d
    """

    async def work(db: Db) -> list[dict[str, Any]]:
        asked = await _asked(db, connection, kind, state, order, guest, since)
        return [_row(one) for one in await _newest(db, asked, limit)]

    give_list(with_database(work), _COLUMNS, as_json=as_json, as_csv=as_csv)


@group.command("show")
def show(event_id: EventId, as_json: AsJson = False) -> None:
    """Show one event: what came, what became of it, and of which records it speaks.

    Example: servery events show 4211
    """

    async def work(db: Db) -> tuple[Stored, list[HeldRecord]]:
        stored = await inbox.event(db, event_id)
        owner = stored.row.connection_id
        records = await held(db, owner, stored.records) if owner is not None else []
        await looked(db, SYSTEM, {one.guest_id for one in records if one.guest_id is not None}, "command")
        await acted(db, SYSTEM, "event-shown", f"event:{event_id}")
        return stored, records

    stored, records = with_database(work)
    told = _row(stored.row) | {
        "lane": stored.lane,
        "headers": stored.headers,
        "body": stored.body.decode(errors="replace"),
    }
    if as_json:
        give(told | {"records": records})
        return
    give_list(
        [{"what": name, "is": value} for name, value in told.items() if value not in (None, "", {})], ["what", "is"]
    )
    named = ("kind", "external_id", "id", "guest_id", "visit_id", "number")
    give_list([{name: getattr(one, name) for name in named} for one in records], named)


@group.command("replay")
def replay(  # noqa: PLR0913, PLR0917 - each is an option
    event_ids: Annotated[list[int] | None, typer.Argument(metavar="[ID]...")] = None,
    connection: OfConnection = None,
    kind: OfKind = None,
    state: InState = None,
    order: OfOrder = None,
    guest: OfGuest = None,
    since: Since = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many it would be.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take events in again: some by id, or all that the filters mean. What is there already stays as it is.

    Example: servery events replay --state quarantined --connection Till --dry-run
    """
    filters = (connection, kind, state, order, guest, since)
    if not event_ids and not any(filters):
        raise typer.BadParameter("Name events by id, or say which with a filter such as --state quarantined.")

    async def work(db: Db) -> int:
        if event_ids:
            for one in () if dry_run else event_ids:
                await again.replay(db, one)
            replayed = len(event_ids)
        else:
            asked = await _asked(db, *filters)
            replayed = await (again.count if dry_run else again.replay_all)(db, asked)
        if not dry_run:
            await acted(db, SYSTEM, "events-replayed", "events:0", {"events": replayed})
        return replayed

    replayed = with_database(work)
    if as_json:
        give({"events": replayed, "dry_run": dry_run})
    elif dry_run:
        say(f"{replayed} events would be taken in again.")
    else:
        _watch(replayed)


def _watch(replayed: int) -> None:
    """Show how many of the replayed events are through, as long as somebody works on them."""
    say(f"{replayed} events are taken in again as soon as servery is up.")

    async def waiting(db: Db) -> int:
        cursor = await db.execute("select count(*) as n from inbox_work where next_try_at <= now()")
        row = await cursor.fetchone()
        return row["n"] if row else 0

    with Progress(transient=True, disable=not replayed) as progress:
        task = progress.add_task("taking in", total=replayed)
        before, idle = with_database(waiting), 0
        while before and idle < 6:
            time.sleep(_PROGRESS)
            now = with_database(waiting)
            idle = idle + 1 if now >= before else 0
            progress.update(task, completed=max(0, replayed - now))
            before = now


@group.command("tail")
def tail(
    connection: OfConnection = None,
    kind: OfKind = None,
    state: InState = None,
    order: OfOrder = None,
    guest: OfGuest = None,
    as_json: AsJson = False,
) -> None:
    """Show events as they come, until Ctrl-C. With --json: one event a line.

    Example: servery events tail --connection Till
    """

    async def follow(dsn: str) -> None:
        async with opened(dsn) as db:
            await db.set_autocommit(True)
            asked = await _asked(db, connection, kind, state, order, guest, None)
            found = await _newest(db, asked, _TAIL)
            last = 0
            while True:
                for one in sorted(found, key=lambda row: row.id):
                    _tell(one, as_json)
                    last = max(last, one.id)
                await asyncio.sleep(_LOOK)
                found = (await inbox.events(db, asked, limit=1_000, after=last)).rows

    with database(settings()) as dsn:
        migrate(dsn)
        asyncio.run(follow(dsn))


def _tell(one: EventRow, as_json: bool) -> None:
    row = _row(one)
    if as_json:
        give(row)
    else:
        typer.echo("  ".join(str(row[name]) for name in _COLUMNS if row[name] not in (None, "", 0)))


async def _newest(db: Db, asked: Asked, limit: int) -> list[EventRow]:
    found: list[EventRow] = []
    before: int | None = None
    while len(found) < limit:
        some = await inbox.events(db, asked, limit=limit - len(found), before=before)
        found += some.rows
        before = some.next
        if before is None:
            break
    return found


async def _asked(
    db: Db,
    connection: str | None,
    kind: str | None,
    state: str | None,
    order: str | None,
    guest: str | None,
    since: str | None,
) -> Asked:
    subjects = await spoken_of(db, SYSTEM, "command", order=order, guest=guest)
    owner = (await connections.connection_named(db, connection)).id if connection else None
    return Asked(
        connection_id=owner, kind=kind, state=_state(state), since=_since(since) if since else None, subjects=subjects
    )


def _state(given: str | None) -> State | None:
    states: tuple[State, ...] = ("waiting", "retrying", "applied", "unchanged", "quarantined", "dismissed")
    if given is None or given in states:
        return next((one for one in states if one == given), None)
    raise Invalid(
        "There is no state {state}. There are: {known}.", field="--state", state=given, known=", ".join(states)
    )


_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _since(given: str) -> datetime:
    if given[:-1].isdecimal() and given[-1:] in _UNITS:
        return datetime.now(UTC) - timedelta(**{_UNITS[given[-1]]: int(given[:-1])})
    try:
        at = datetime.fromisoformat(given)
    except ValueError as error:
        raise Invalid(
            "{given} is no time.",
            field="--since",
            given=given,
            mend="Write 2h, 3d, or a time such as 2026-01-31T18:00.",
        ) from error
    return at if at.tzinfo else at.astimezone()


def _row(one: EventRow) -> dict[str, Any]:
    return {
        "id": one.id,
        "received_at": one.received_at.isoformat(timespec="seconds"),
        "connection": one.connection or "",
        "connector": one.connector,
        "via": one.via,
        "kind": one.kind,
        "state": one.state,
        "attempts": one.attempts,
        "reason": str(error_of(one.reason)) if one.reason else None,
    }
