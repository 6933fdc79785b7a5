"""`servery connections pace`: when things cross, and from when on a system is written to."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from msgspec import structs

from servery.accounts.audit import acted
from servery.cli.shell import AsJson, give, say, with_database
from servery.errors import Invalid
from servery.model.venue import NotOnTheClock, from_local
from servery.model.viewer import SYSTEM
from servery.storage.pool import Connection as Db
from servery.sync.connections import connection_named
from servery.sync.pace import NOT_YET, Pace, Rhythm, gone_through, keep_rhythm, read_times, set_up_state, written
from servery.sync.timing import timings

Name = Annotated[str, typer.Argument(help="The connection, as servery connections list names it.")]
Chosen = Annotated[
    Pace | None,
    typer.Option("--pace", help="As it happens; at set times only; as it happens, and all again at set times."),
]
At = Annotated[str | None, typer.Option("--at", help="The set times on the venue's clock, such as 15:00, 23:30.")]
From = Annotated[
    str | None,
    typer.Option("--from", help="From when on it is written to: now, never, or a time such as 2026-03-01T06:00."),
]
Spare = Annotated[
    bool | None,
    typer.Option(
        "--spare-service/--no-spare-service", help="Read the past only outside service hours, or at all hours."
    ),
]


def register(group: typer.Typer) -> None:
    """Add the command to those of connections."""
    group.command("pace")(pace)


def pace(
    name: Name, pace: Chosen = None, at: At = None, from_: From = None, spare_service: Spare = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show when things cross, or choose it; what is not named stays.

    Example: servery connections pace Square --pace hybrid --at "15:00, 23:30" --from now
    """
    wanted: dict[str, Any] = {"pace": pace, "batch_at": read_times(at) if at else None, "spare_service": spare_service}
    changes = {field: value for field, value in wanted.items() if value is not None}

    async def work(db: Db) -> tuple[int, Rhythm]:
        one = await connection_named(db, name)
        zone = (await timings(db, one.id))[one.id].time_zone
        if from_ is not None:
            changes["live_from"] = _instant(from_, zone)
        return one.id, await _kept(db, one.id, changes)

    connection_id, rhythm = with_database(work)
    if as_json:
        give({"id": connection_id, "name": name, **_shown(rhythm)})
    else:
        say(_told(name, rhythm))


async def _kept(db: Db, connection_id: int, changes: dict[str, Any]) -> Rhythm:
    before = (await set_up_state(db, connection_id)).rhythm
    if not changes:
        return before
    rhythm = structs.replace(before, **changes)
    if "batch_at" in changes and rhythm.pace == "live":
        raise typer.BadParameter("--at goes with --pace batch or --pace hybrid.")
    await keep_rhythm(db, connection_id, rhythm)
    await gone_through(db, connection_id, "pace")
    await acted(db, SYSTEM, "connection-changed", f"connection:{connection_id}", {"outcome": "pace"})
    return (await set_up_state(db, connection_id)).rhythm


def _instant(text: str, zone: str) -> datetime | None:
    """What `--from` means; a time without an offset is on the venue's clock."""
    if text in ("now", "never"):
        return None if text == "now" else NOT_YET
    try:
        given = datetime.fromisoformat(text)
        return given.astimezone(UTC) if given.tzinfo else from_local(given, zone)
    except (ValueError, NotOnTheClock) as error:
        raise Invalid("Say from which day and time on.", field="live_from") from error


def _shown(rhythm: Rhythm) -> dict[str, Any]:
    return {
        "pace": rhythm.pace,
        "at": [written([one]) for one in rhythm.batch_at],
        "from": _from(rhythm),
        "spare_service": rhythm.spare_service,
    }


def _from(rhythm: Rhythm) -> str:
    if rhythm.live_from is None or rhythm.live_from <= datetime.now(UTC):
        return "now"
    return "never" if rhythm.live_from == NOT_YET else rhythm.live_from.isoformat(timespec="minutes")


def _told(name: str, rhythm: Rhythm) -> str:
    begins = {"now": "It is written to.", "never": "Nothing is written there."}
    times = f", {written(rhythm.batch_at)}" if rhythm.batch_at else ""
    starts = _from(rhythm)
    spared = " The past is read outside service hours." if rhythm.spare_service else ""
    return f"{name}: {rhythm.pace}{times}. {begins.get(starts, f'It is written to from {starts} on.')}{spared}"
