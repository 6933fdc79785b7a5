"""`servery connections reconnect`, `tables` and `verify`: a connection's access, its tables, and the proof."""

import asyncio
from typing import Annotated, Any

import msgspec
import typer

from servery.accounts.audit import acted
from servery.app import connect as joining
from servery.app.arrive import form
from servery.app.set_up.proving import prove
from servery.cli.given import Secret, Set, given
from servery.cli.shell import AsJson, give, give_list, say, settings, with_database
from servery.errors import NeedsPerson
from servery.model.viewer import SYSTEM
from servery.storage.migrate import migrate
from servery.storage.pool import Connection as Db
from servery.storage.pool import open_pool
from servery.storage.server import database
from servery.sync import connections, proof, tables
from servery.sync.connections import Connection
from servery.sync.proof import Step, Verification

Name = Annotated[str, typer.Argument(help="The connection, as servery connections list names it.")]

_MARKS = {"ok": "works", "failed": "FAILED", "by_hand": "by hand", "skipped": "not tried", "waits": "not tried"}


def register(group: typer.Typer) -> None:
    """Add the commands to those of connections."""
    group.command("reconnect")(reconnect)
    group.command("tables")(pair_tables)
    group.command("verify")(verify)


def reconnect(name: Name, set_: Set = None, secret: Secret = None, as_json: AsJson = False) -> None:
    """Give a connection other credentials: they are tried first, and everything else stays.

    Example: servery connections reconnect Square --secret access_token=@token.txt
    """
    home = settings().home

    async def work(db: Db) -> tuple[Connection, str]:
        one = await connections.connection_named(db, name)
        account = await joining.change(db, home, one, given(set_, secret))
        await acted(db, SYSTEM, "connection-changed", f"connection:{one.id}", {"outcome": "credentials"})
        return one, account.name

    one, account = with_database(work)
    if as_json:
        give({"id": one.id, "name": one.name, "account": account})
    else:
        say(f"{one.name} answers: {account}. Reading goes on where it stopped.")


def pair_tables(
    name: Name,
    pair: Annotated[list[str] | None, typer.Option(help="THEIRS=OURS, or THEIRS= for none of them.")] = None,
    undo: Annotated[list[str] | None, typer.Option(help="Take back what was said of this table of theirs.")] = None,
    venue: Annotated[str | None, typer.Option(help="The venue, where the connection has several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a connection's tables beside those of the other systems, or pair them.

    Example: servery connections tables Square --pair "P3=Patio 3" --pair Kitchen=
    """
    pairs = [_pair(one) for one in pair or ()]

    async def work(db: Db) -> list[dict[str, Any]]:
        one = await connections.connection_named(db, name)
        for place in await _places(db, one, venue, changing=bool(pairs or undo)):
            for theirs in undo or ():
                await tables.unpair(db, one.id, place.venue_id, theirs)
            if pairs:
                await tables.pair(db, one.id, place.venue_id, dict(pairs))
        while days := await tables.take_days(db, 100):
            await form(db, days)
        return [row for place in await tables.pairings(db, one.id) for row in _rows(place)]

    rows = with_database(work)
    give_list(rows, ["venue", "theirs", "ours", "how", "suggested"], as_json=as_json)


def _pair(text: str) -> tuple[str, str | None]:
    theirs, equals, ours = text.partition("=")
    if not equals:
        raise typer.BadParameter("--pair takes THEIRS=OURS, or THEIRS= for none of them.")
    return theirs.strip(), ours.strip() or None


async def _places(db: Db, one: Connection, venue: str | None, *, changing: bool) -> list[tables.Pairing]:
    found = await tables.pairings(db, one.id)
    fitting = [place for place in found if venue is None or place.venue.casefold() == venue.casefold()]
    if changing and len(fitting) != 1:
        known = ", ".join(place.venue for place in found) or "none"
        raise typer.BadParameter(f"Say at which venue with --venue. {one.name} has: {known}.")
    return fitting


def _rows(place: tables.Pairing) -> list[dict[str, Any]]:
    names = {one.key: one.name for one in place.ours}
    return [
        {
            "venue": place.venue,
            "theirs": one.table.name,
            "ours": names.get(one.ours or ""),
            "how": one.how,
            "suggested": names.get(one.suggested or ""),
        }
        for one in place.theirs
    ] + [
        {"venue": place.venue, "theirs": None, "ours": one.name, "how": "missing", "suggested": None}
        for one in place.missing
    ]


def verify(
    name: Name,
    write: Annotated[bool, typer.Option(help="Put a test into the other system and take it away again.")] = False,
    wait: Annotated[int, typer.Option(min=0, help="Seconds to wait for what you are asked to do.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Prove that a connection works, step by step; servery must be up for what is read and written meanwhile.

    Example: servery connections verify Square --wait 300
    """
    house = settings()

    def tell(step: Step) -> None:
        if not as_json and (step.state not in ("runs", "waits") or step.template):
            say(_told(step))

    async def run(dsn: str) -> Verification:
        async with open_pool(dsn, largest=4) as pool:
            async with pool.connection() as db:
                one = await connections.connection_named(db, name)
                asked = await proof.ask(db, one.id, write=write, wait=wait, claimed=True)
                begun = await proof.verification(db, asked)
                assert begun is not None
            return await prove(pool, house, begun, tell)

    with database(house) as dsn:
        migrate(dsn)
        ended = asyncio.run(run(dsn))
    if as_json:
        give({"connection": name, "well": ended.well, "steps": [_as_data(step) for step in ended.steps]})
    if not ended.well:
        raise NeedsPerson("{name} does not work yet.", name=name)


def _told(step: Step) -> str:
    seconds = "" if step.seconds is None else f" ({step.seconds:.1f} s)"
    state = _MARKS.get(step.state, "...")
    return f"{state:>9}  {step.name}{seconds}: {step.error().told() if step.template else ''}".rstrip(": ")


def _as_data(step: Step) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(step)
    kept = {key: value for key, value in told.items() if key not in ("template", "params", "mend")}
    return kept | {"told": step.error().told() if step.template else ""}
