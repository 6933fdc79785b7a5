"""`servery connections fields`: who owns which field of a connection."""

from typing import Annotated, Any, cast

import msgspec
import typer

from servery.app import choosing
from servery.cli.given import given
from servery.cli.shell import AsCsv, AsJson, give, give_list, say, with_database
from servery.model.commands import Field
from servery.model.ownership import Direction
from servery.model.viewer import SYSTEM
from servery.storage.pool import Connection as Db
from servery.sync.connections import connection_named

Name = Annotated[str, typer.Argument(help="The connection, as servery connections list names it.")]
Way = Annotated[list[str] | None, typer.Option("--set", help="FIELD=DIRECTION: in, out, both or none, seen from here.")]


def register(group: typer.Typer) -> None:
    """Add the command to those of connections."""
    group.command("fields")(fields)


def fields(
    name: Name,
    set_: Way = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it would change.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back what was chosen last.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show which way each field goes, or choose it; what a choice changes is told.

    Example: servery connections fields Square --set allergies=none --dry-run
    """
    wanted = cast(dict[Field, Direction], given(set_, None))
    if undo:
        with_database(lambda db: _undo(db, name))
        _said({"name": name, "undone": True}, f"{name}: the fields go as before.", as_json)
    elif wanted:
        _choose(name, wanted, dry_run, as_json)
    else:
        rows = with_database(lambda db: _rows(db, name))
        give_list(rows, ["field", "now", "usual", "choices", "note"], as_json=as_json, as_csv=as_csv)


def _said(data: dict[str, Any], words: str, as_json: bool) -> None:
    if as_json:
        give(data)
    else:
        say(words)


async def _undo(db: Db, name: str) -> None:
    await choosing.undo(db, SYSTEM, (await connection_named(db, name)).id)


async def _rows(db: Db, name: str) -> list[dict[str, Any]]:
    found = await choosing.fields(db, (await connection_named(db, name)).id)
    return [
        {"field": one.field, "now": one.now, "usual": one.usual, "choices": " ".join(one.choices), "note": one.note}
        for one in found.fields
    ]


def _choose(name: str, wanted: dict[Field, Direction], dry_run: bool, as_json: bool) -> None:
    async def work(db: Db) -> list[choosing.Effect]:
        one = await connection_named(db, name)
        told = await choosing.effect(db, SYSTEM, one.id, wanted)
        if not dry_run:
            await choosing.choose(db, SYSTEM, one.id, wanted)
        return told

    told = with_database(work)
    if as_json:
        give({"name": name, "dry_run": dry_run, "effects": [msgspec.to_builtins(each) for each in told]})
        return
    for each in told:
        say(f"{each.field}: {each.before} becomes {each.after}. {_counted(each)}")
    if not told:
        say("Nothing would change." if dry_run else "Nothing changed.")
    elif not dry_run:
        say("It is carried out as soon as servery is up. To take it back: --undo")


def _counted(effect: choosing.Effect) -> str:
    parts = [
        f"Written to, or no longer: {effect.written}." if effect.written is not None else "",
        f"Guests of whom something else is held to be true: {effect.changed}." if effect.changed is not None else "",
        *(f"{one.name}: {one.before or '-'} becomes {one.after or '-'}." for one in effect.examples),
    ]
    return " ".join(part for part in parts if part)
