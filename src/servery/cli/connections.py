"""`servery connect` and `servery connections`: joining outside systems and looking after them."""

import shlex
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from servery.accounts.audit import acted
from servery.app import connect as joining
from servery.cli import authorising, fields, pace, proving
from servery.cli.given import Secret, Set, given
from servery.cli.shell import AsCsv, AsJson, give, give_list, say, settings, with_database
from servery.connectors import registry
from servery.connectors.contract import Manifest, Setting
from servery.health import watch
from servery.health.report import report
from servery.inbox import claim
from servery.model.viewer import SYSTEM
from servery.storage.pool import Connection as Db
from servery.sync import connections, state
from servery.sync.connections import Connection
from servery.sync.status import statuses

group = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The connection, as servery connections list names it.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("connect", short_help="Join a system: a till or a reservation book.", epilog=_settings_told())(connect)
    proving.register(group)
    fields.register(group)
    pace.register(group)
    told = "The joined systems: list, test, verify, tables, fields, pace, reconnect, sync, pause, resume, remove."
    app.add_typer(group, name="connections", help=told)


def _settings_told() -> str:
    """What each connector takes, a paragraph for each."""
    return "\n\n".join(_told(registry.manifest(name)) for name in registry.connectable())


def _told(manifest: Manifest) -> str:
    plain = [_setting(one) for one in manifest.settings if not one.secret]
    secret = [_setting(one) for one in manifest.settings if one.secret]
    parts = [f"{option} {', '.join(names)}" for option, names in (("--secret", secret), ("--set", plain)) if names]
    return f"{manifest.name}: {'; '.join(parts)}."


def _setting(one: Setting) -> str:
    return f"{one.name} ({'needed' if one.required and one.default is None else one.label})"


def connect(
    connector: Annotated[str, typer.Argument(help=f"Which system: {', '.join(registry.connectable())}.")],
    name: Annotated[str | None, typer.Option(help="What to call it; the system's own name if not given.")] = None,
    set_: Set = None,
    secret: Secret = None,
    authorise: Annotated[
        bool, typer.Option("--authorise", help="Authorise on the vendor's page instead of giving a token.")
    ] = False,
    venue: Annotated[str | None, typer.Option(help="The venue that the account's only location is.")] = None,
    history_days: Annotated[int, typer.Option(min=0, help="How many days of the past to read.")] = 730,
    as_json: AsJson = False,
) -> None:
    """Join a system: its credentials are tried before anything is kept.

    Example: servery connect square --secret access_token=@token.txt
    """
    entered = given(set_, secret) | {joining.HISTORY_DAYS: str(history_days)}
    if authorise:
        authorising.at_the_vendor(connector, entered, name or "", as_json=as_json)
        return
    home = settings().home

    async def work(db: Db) -> joining.Connected:
        made = await joining.connect(db, home, connector, entered, name=name, venue_name=venue)
        await acted(db, SYSTEM, "connected", f"connection:{made.id}", {"connector": connector})
        return made

    made = with_database(work)
    venues = [one.venue.name for one in made.venues]
    if as_json:
        give({"id": made.id, "name": made.name, "venues": venues, "held_back": made.held_back})
        return
    say(f"{made.name} is connected: {', '.join(venues)}. Reading begins as soon as servery is up.")
    if made.held_back:
        order = shlex.join(["servery", "connections", "pace", made.name, "--from", "now"])
        say(f"Nothing is written there until: {order}")


@group.command("list")
def list_connections(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List the connections with what was read of each."""
    rows = with_database(_rows)
    if not rows and not (as_json or as_csv):
        say("Nothing is connected yet. Begin with: servery connect square --secret access_token=@FILE")
        return
    give_list(rows, _COLUMNS, as_json=as_json, as_csv=as_csv)


_COLUMNS = ["name", "connector", "state", "records", "waiting_in", "waiting_out", "kept_aside", "last_sync", "history"]


async def _rows(db: Db) -> list[dict[str, Any]]:
    health = {one.id: one for one in await report(db, await watch.clock(db))}
    return [
        {
            "name": one.connection.name,
            "connector": one.connection.connector,
            "state": health[one.connection.id].state,
            "records": sum(one.records.values()),
            "waiting_in": health[one.connection.id].queue_in,
            "waiting_out": health[one.connection.id].queue_out,
            "kept_aside": health[one.connection.id].quarantine,
            "last_sync": one.last_sync.isoformat(timespec="seconds") if one.last_sync else None,
            "history": f"{100 * one.how_far.done // one.how_far.of} %" if one.how_far.of else "",
        }
        for one in await statuses(db)
    ]


@group.command("test")
def test(name: Name, as_json: AsJson = False) -> None:
    """Try a connection's credentials now."""
    home = settings().home

    async def work(db: Db) -> str:
        one = await connections.connection_named(db, name)
        account = await joining.check(one.connector, joining.all_settings(home, one))
        return account.name

    account = with_database(work)
    if as_json:
        give({"name": name, "account": account, "ok": True})
    else:
        say(f"{name} answers: {account}.")


@group.command("sync")
def sync(name: Name, as_json: AsJson = False) -> None:
    """Read a connection again at once, also where it waits after a failure."""
    _on(name, _read_now, "is read again as soon as servery is up.", as_json)


@group.command("pause")
def pause(name: Name, as_json: AsJson = False) -> None:
    """Stop reading a connection, taking in what arrives from it and sending to it, until it is resumed.

    Nothing is lost: what arrives is kept, what is to be sent waits, and reading goes on from where it stopped.
    """
    _on(name, _pause, "is paused.", as_json)


@group.command("resume")
def resume(name: Name, as_json: AsJson = False) -> None:
    """Go on reading a paused connection, taking in what arrived meanwhile, and sending."""
    _on(name, _resume, "is read again.", as_json)


@group.command("remove")
def remove(
    name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, as_json: AsJson = False
) -> None:
    """Forget a connection and its credentials; what was read from it stays, and is known again if it is rejoined."""
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("Without a terminal to ask on, say --yes.")
        typer.confirm(f"Remove {name}? What was read from it stays.", abort=True, err=True)
    _on(name, lambda db, one: connections.remove(db, one.id), "is removed.", as_json)


async def _read_now(db: Db, one: Connection) -> None:
    joining.refuse_files(one.connector)
    await state.retry_now(db, one.id)
    await claim.try_now(db, one.id)


async def _pause(db: Db, one: Connection) -> None:
    joining.refuse_files(one.connector)
    await connections.pause(db, one.id, True)


async def _resume(db: Db, one: Connection) -> None:
    await connections.pause(db, one.id, False)


def _on(name: str, act: Callable[[Db, Connection], Awaitable[None]], outcome: str, as_json: bool) -> None:
    async def work(db: Db) -> int:
        one = await connections.connection_named(db, name)
        await act(db, one)
        await acted(db, SYSTEM, "connection-changed", f"connection:{one.id}", {"outcome": outcome})
        return one.id

    connection_id = with_database(work)
    if as_json:
        give({"id": connection_id, "name": name, "outcome": outcome})
    else:
        say(f"{name} {outcome}")
