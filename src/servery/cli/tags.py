"""`servery guests tags …`: rules that give tags."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from servery.app import tagging
from servery.cli.shell import AsCsv, AsJson, give, give_list, say, with_database
from servery.guests.tagging.rule import Draft, Effect, Rule
from servery.guests.tagging.text import read, written
from servery.model.viewer import SYSTEM
from servery.storage.pool import Connection
from servery.venues.rows import venues

group = typer.Typer(no_args_is_help=True)

RuleId = Annotated[int, typer.Argument(metavar="RULE", help="As `servery guests tags list` names it.")]
When = Annotated[
    list[str],
    typer.Option(help="A condition, such as: visits >= 4 in 12 months. May be given several times."),
]
AnyOne = Annotated[bool, typer.Option("--any", help="One of the conditions is enough.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what it would do.")]

_COLUMNS = ["rule", "tag", "guests", "when", "reckoned"]


def register(guests: typer.Typer) -> None:
    """Add the group to that of guests."""
    guests.add_typer(group, name="tags", help="Tags by rule: list, add, change, remove, undo.")


@group.command("list")
def list_rules(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """The rules that give tags, and how many guests have each.

    Example: servery guests tags list
    """

    async def work(db: Connection) -> list[dict[str, Any]]:
        names = await _venues(db)
        return [_line(one, names) for one in await tagging.listed(db, SYSTEM)]

    give_list(with_database(work), _COLUMNS, as_json=as_json, as_csv=as_csv)


@group.command("add")
def add(
    tag: Annotated[str, typer.Argument(metavar="TAG", help="The name of the tag.")],
    when: When,
    any_: AnyOne = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Add a rule. What it would do is told; guests get its tag within moments while servery is up.

    Example: servery guests tags add Regular --when "visits >= 4 in 12 months" --dry-run
    """
    _keep(tag, when, any_, dry_run, as_json)


@group.command("change")
def change(
    rule_id: RuleId,
    tag: Annotated[str, typer.Argument(metavar="TAG", help="The name of the tag.")],
    when: When,
    any_: AnyOne = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Word a rule otherwise.

    Example: servery guests tags change 3 Regular --when "visits >= 6 in 12 months"
    """
    _keep(tag, when, any_, dry_run, as_json, rule_id)


@group.command("remove")
def remove(rule_id: RuleId, as_json: AsJson = False) -> None:
    """Remove a rule: nobody has its tag by it any more.

    Example: servery guests tags remove 3
    """
    with_database(lambda db: tagging.remove(db, SYSTEM, rule_id))
    _said(rule_id, f"Rule {rule_id} is removed. Take it back: servery guests tags undo {rule_id}", as_json)


@group.command("undo")
def undo(rule_id: RuleId, as_json: AsJson = False) -> None:
    """Take the last change of a rule back; once more brings it again.

    Example: servery guests tags undo 3
    """
    with_database(lambda db: tagging.undo(db, SYSTEM, rule_id))
    _said(rule_id, f"Rule {rule_id} is as it was before.", as_json)


def _keep(tag: str, when: Sequence[str], any_: bool, dry_run: bool, as_json: bool, rule_id: int | None = None) -> None:
    async def work(db: Connection) -> tuple[Effect, int | None]:
        names = await _venues(db)
        conditions = tuple(read(one, names) for one in when)
        draft = Draft(tag=tag, match="any" if any_ else "all", conditions=conditions)
        effect = await tagging.effect(db, SYSTEM, draft, rule_id)
        return effect, None if dry_run else await tagging.keep(db, SYSTEM, draft, rule_id)

    effect, kept = with_database(work)
    if as_json:
        give({"rule": kept, "dry_run": dry_run, "effect": effect})
        return
    say(f"{effect.guests} guests have it then: {effect.gained} get it, {effect.lost} lose it.")
    for one in (*effect.some_gained, *effect.some_lost):
        say(f"  {one.name or 'nameless'} ({one.id}) {'gets' if one in effect.some_gained else 'loses'} it")
    if kept is not None:
        say(f"Rule {kept} is kept. Take it back: servery guests tags undo {kept}")


def _said(rule_id: int, words: str, as_json: bool) -> None:
    if as_json:
        give({"rule": rule_id})
    else:
        say(words)


async def _venues(db: Connection) -> Mapping[int, str]:
    return {one.id: one.venue.name for one in await venues(db)}


def _line(one: Rule, names: Mapping[int, str]) -> dict[str, Any]:
    conditions = [written(each, names) for each in one.conditions]
    return {
        "rule": one.id,
        "tag": one.tag,
        "guests": one.guests,
        "when": (" or " if one.match == "any" else " and ").join(conditions),
        "reckoned": f"{one.reckoned_at:%Y-%m-%d %H:%M} UTC" if one.reckoned_at else None,
    }
