"""`servery outbox`: what other systems are to hold of ours, and what a person does about it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
import typer

from servery.accounts.audit import acted
from servery.cli.shell import AsCsv, AsJson, give, give_list, say, with_database
from servery.model.viewer import SYSTEM
from servery.outbox import breaker, hold
from servery.outbox.hold import STATES, Attempt, Held, State
from servery.outbox.retry import kept_error
from servery.storage.pool import Connection as Db
from servery.sync.connections import connection_named

group = typer.Typer(no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="The object, as servery outbox list numbers it.")]
Over = Annotated[str | None, typer.Option("--connection", help="Only over this connection.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(group, name="outbox", help="What leaves for other systems: list, show, send, hold, release.")


@group.command("list")
def list_outbox(
    connection: Over = None,
    state: Annotated[
        list[str] | None, typer.Option(help=f"Only in this state ({', '.join(STATES)}); given again, in one of them.")
    ] = None,
    after: Annotated[int, typer.Option(min=0, help="Only those numbered higher.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 100,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List what is not there yet: all that is due, must be looked up, was refused or is held."""
    states = _states(state or [one for one in STATES if one != "rests"])

    async def work(db: Db) -> list[Held]:
        over = (await connection_named(db, connection)).id if connection else None
        return await hold.held(db, connection_id=over, states=states, after=after, limit=limit)

    rows = [_row(one) for one in with_database(work)]
    if not rows and not (as_json or as_csv):
        say("Nothing waits: all is over there.")
        return
    columns = ["id", "connection", "kind", "subject_id", "state", "waiting_since", "next_try_at", "error"]
    give_list(rows, columns, as_json=as_json, as_csv=as_csv)


def _states(given: list[str]) -> list[State]:
    for one in given:
        if one not in STATES:
            raise typer.BadParameter(f"There is no state {one}. There are: {', '.join(STATES)}.")
    return msgspec.convert(given, list[State])


def _row(one: Held) -> dict[str, Any]:
    times = {name: getattr(one, name) for name in ("waiting_since", "next_try_at", "sent_at")}
    return {
        **msgspec.structs.asdict(one),
        **{name: at.isoformat(timespec="seconds") if at else None for name, at in times.items()},
        "error": kept_error(one.error).told() if one.error else None,
    }


@group.command("show")
def show(number: Number, as_json: AsJson = False) -> None:
    """Show one object, and how its last tries ended."""

    async def work(db: Db) -> tuple[Held, list[Attempt]]:
        return await hold.held_one(db, number), await hold.attempts(db, number)

    one, tries = with_database(work)
    told = [_tried(each) for each in tries]
    if as_json:
        give({**_row(one), "attempts": told})
        return
    for name, value in _row(one).items():
        if value not in (None, []):
            say(f"{name.replace('_', ' ')}: {value}")
    give_list(told, ["at", "version", "outcome", "milliseconds", "error"])


def _tried(one: Attempt) -> dict[str, Any]:
    error = kept_error(one.error).told() if one.error else None
    return {**msgspec.structs.asdict(one), "at": one.at.isoformat(timespec="seconds"), "error": error}


@group.command("send")
def send(
    number: Annotated[int | None, typer.Argument(help="The object, as servery outbox list numbers it.")] = None,
    connection: Annotated[
        str | None, typer.Option("--connection", help="All that waits to be sent over this connection.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send one object at once, also where it was refused; or all that waits over a connection, whatever stopped it."""
    if (number is None) == (connection is None):
        raise typer.BadParameter("Give a number, or --connection NAME.")

    async def work(db: Db) -> str:
        if number is not None:
            await hold.send_now(db, number)
            return f"outbox:{number}"
        over = await connection_named(db, connection or "")
        await breaker.try_again(db, over.id)
        return f"connection:{over.id}"

    _act(work, "sent-again", "It is sent as soon as servery is up.", as_json)


@group.command("hold")
def hold_back(number: Number, as_json: AsJson = False) -> None:
    """Keep one object back until it is released."""

    async def work(db: Db) -> str:
        await hold.hold(db, number)
        return f"outbox:{number}"

    _act(work, "held", "It is held.", as_json)


@group.command("release")
def release(
    number: Annotated[int | None, typer.Argument(help="The object; without it, all that is held.")] = None,
    connection: Over = None,
    as_json: AsJson = False,
) -> None:
    """Let go what is held: one object, all of a connection, or all, as after restoring a backup."""

    async def work(db: Db) -> int:
        over = (await connection_named(db, connection)).id if connection else None
        released = await hold.release(db, number, over)
        about = f"outbox:{number or 'all'}" if over is None else f"connection:{over}"
        await acted(db, SYSTEM, "released", about, {"objects": released})
        return released

    released = with_database(work)
    if as_json:
        give({"released": released})
    else:
        say(f"{released} released.")


def _act(work: Callable[[Db], Awaitable[str]], action: str, outcome: str, as_json: bool) -> None:
    async def acting(db: Db) -> None:
        await acted(db, SYSTEM, action, await work(db))

    with_database(acting)
    if as_json:
        give({"outcome": outcome})
    else:
        say(outcome)
