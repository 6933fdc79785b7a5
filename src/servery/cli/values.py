"""`servery guests values`: which value of a field is shown where records differ."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from servery.app import surviving
from servery.cli.given import given
from servery.cli.shell import AsCsv, AsJson, give, give_list, say, with_database
from servery.errors import Invalid
from servery.guests.survivorship import Effect
from servery.model.survivorship import RULES, Chosen
from servery.model.viewer import SYSTEM
from servery.storage.pool import Connection as Db
from servery.sync.connections import connection_named, connections

Wanted = Annotated[
    list[str] | None, typer.Option("--set", help="FIELD=RULE: recent, complete, usual, or owner:CONNECTION.")
]


def values(
    set_: Wanted = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it would change.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back what was chosen last.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show which value of each field is a guest's own, or choose it; what a choice changes is told.

    Example: servery guests values --set email=owner:Square --dry-run
    """
    wanted = given(set_, None)
    if undo:
        with_database(lambda db: surviving.undo(db, SYSTEM))
        if as_json:
            give({"undone": True})
        else:
            say("Values are chosen as before.")
    elif wanted:
        _choose(wanted, dry_run, as_json)
    else:
        give_list(with_database(_rows), ["field", "now", "usual", "choices"], as_json=as_json, as_csv=as_csv)


async def _rows(db: Db) -> list[dict[str, Any]]:
    found = await surviving.rules(db)
    return [
        {
            "field": one.field,
            "now": _written(one.now, found.connections),
            "usual": one.usual,
            "choices": " ".join(one.may),
        }
        for one in found.fields
    ]


def _choose(wanted: Mapping[str, str], dry_run: bool, as_json: bool) -> None:
    async def work(db: Db) -> tuple[list[Effect], Mapping[int, str]]:
        chosen = {field: await _read(db, field, text) for field, text in wanted.items()}
        told = await surviving.effect(db, SYSTEM, chosen)
        if not dry_run:
            await surviving.choose(db, SYSTEM, chosen)
        return told, {one.id: one.name for one in await connections(db)}

    told, names = with_database(work)
    if as_json:
        give({"dry_run": dry_run, "effects": told})
        return
    for one in told:
        more = f" of the first {one.looked_at} with several records" if one.more else ""
        say(f"{one.field}: {_written(one.before, names)} becomes {_written(one.after, names)}. "
            f"Guests who have another value: {one.changed}{more}.")  # fmt: skip
        for each in one.examples:
            say(f"  {each.name}: {each.before or '-'} becomes {each.after or '-'}")
    if not told:
        say("Nothing would change." if dry_run else "Nothing changed.")
    elif not dry_run:
        say("It is carried out as soon as servery is up. To take it back: --undo")


async def _read(db: Db, field: str, text: str) -> Chosen | None:
    name, _, owner = text.partition(":")
    if name == "usual":
        return None
    rule = next((one for one in RULES if one == name), None)
    if rule is None:
        raise Invalid("There is no rule {name}.", field=field, name=name)
    return Chosen(rule, (await connection_named(db, owner)).id if owner else None)


def _written(one: Chosen, names: Mapping[int, str]) -> str:
    return f"owner:{names.get(one.connection_id or 0, one.connection_id)}" if one.rule == "owner" else one.rule
