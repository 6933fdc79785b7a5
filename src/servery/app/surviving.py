"""Choosing which value of a field is a guest's own: what it would change is told first, and it can be undone."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from servery.accounts.audit import acted, actions, looked
from servery.app.arrive import tell_pages
from servery.errors import Refuse
from servery.guests import survivorship
from servery.guests.edits import NOTHING
from servery.guests.golden import value_of
from servery.guests.rows import records_of
from servery.guests.say import said
from servery.guests.survivorship import Effect, Example, FieldRule, FieldRules
from servery.model.guest import Birthday, Known
from servery.model.survivorship import FIELDS, NO_CHOICES, Choices, Chosen, ChosenField, may_be, rule_of
from servery.model.viewer import Viewer
from servery.storage.pool import Connection as Db
from servery.sync import connections

EXAMPLES = 3
LOOKED_AT = 20_000
"""Guests who are looked through to tell what a choice would change; of more it is told of these."""
_AT_ONCE = 1000
_ACTION = "survivorship-chosen"
_SUBJECT = "survivorship:0"


async def rules(db: Db) -> FieldRules:
    """How each field is chosen."""
    chosen = await survivorship.choices(db)
    return FieldRules(
        fields=[FieldRule(field=one, now=rule_of(one, chosen), usual=rule_of(one, NO_CHOICES).rule, may=may_be(one))
                for one in FIELDS],
        connections={one.id: one.name for one in await connections.connections(db)},
        waiting=await survivorship.waiting(db),
    )  # fmt: skip


async def effect(db: Db, viewer: Viewer, wanted: Mapping[str, Chosen | None]) -> list[Effect]:
    """What choosing these rules would do, field by field; fields that stay as they are are left out.

    The guests shown as examples are written down as looked at. Invalid.
    """
    before = await survivorship.choices(db)
    changed = _changes(before, await survivorship.checked(db, wanted))
    after = _applied(before, changed)
    found = _Found(dict.fromkeys(changed, 0), {field: [] for field in changed})
    ids = await survivorship.of_several_records(db, 0, _AT_ONCE) if changed else []
    while ids and found.looked_at < LOOKED_AT:
        await _compare(db, ids, before, after, found)
        ids = await survivorship.of_several_records(db, ids[-1], _AT_ONCE)
    await looked(db, viewer, {one.guest_id for each in found.examples.values() for one in each}, "list")
    return [
        Effect(
            field=field,
            before=rule_of(field, before),
            after=rule_of(field, after),
            changed=found.changed[field],
            looked_at=found.looked_at,
            more=bool(ids),
            examples=tuple(found.examples[field]),
        )
        for field in changed
    ]


async def choose(db: Db, viewer: Viewer, wanted: Mapping[str, Chosen | None]) -> int:
    """Choose rules; the guests concerned are made anew by the worker. How many fields go otherwise now. Invalid."""
    before = await survivorship.choices(db)
    changed = _changes(before, await survivorship.checked(db, wanted))
    if changed:
        await _carry_out(db, viewer, before, changed)
    return len(changed)


async def undo(db: Db, viewer: Viewer) -> None:
    """Take back what was last chosen. Refuse where nothing was."""
    last = next((one for one in await actions(db, limit=1000) if one.action == _ACTION), None)
    if last is None:
        raise Refuse("Nothing was chosen that could be taken back.")
    back = msgspec.convert(last.detail["before"], dict[ChosenField, Chosen | None])
    await _carry_out(db, viewer, await survivorship.choices(db), back)


async def _carry_out(db: Db, viewer: Viewer, before: Choices, changed: Mapping[ChosenField, Chosen | None]) -> None:
    await survivorship.keep(db, changed)
    detail = {
        "before": {field: _plain(before.get(field)) for field in changed},
        "after": {field: _plain(one) for field, one in changed.items()},
    }
    await acted(db, viewer, _ACTION, _SUBJECT, detail)
    await tell_pages(db, ["guests"])


def _plain(chosen: Chosen | None) -> Any:
    return msgspec.to_builtins(chosen) if chosen else None


def _changes(before: Choices, wanted: Mapping[ChosenField, Chosen | None]) -> dict[ChosenField, Chosen | None]:
    """The fields that would go otherwise than now; one that goes as by default is chosen no more."""
    changed: dict[ChosenField, Chosen | None] = {}
    for field, chosen in wanted.items():
        usual = rule_of(field, NO_CHOICES)
        if (chosen or usual) != rule_of(field, before):
            changed[field] = None if chosen == usual else chosen
    return changed


def _applied(before: Choices, changed: Mapping[ChosenField, Chosen | None]) -> Choices:
    after = {field: one for field, one in before.items() if field not in changed}
    return after | {field: one for field, one in changed.items() if one is not None}


class _Found(Struct):
    """What was found so far: how many guests have another value, by field, and some of them."""

    changed: dict[ChosenField, int]
    examples: dict[ChosenField, list[Example]]
    looked_at: int = 0


async def _compare(db: Db, ids: Sequence[int], before: Choices, after: Choices, found: _Found) -> None:
    records, words = await records_of(db, ids), await said(db, ids)
    found.looked_at += len(ids)
    for guest_id in ids:
        own, heard = words.get(guest_id, NOTHING), records.get(guest_id, ())
        were = [structs.replace(one, choices=before) for one in heard]
        are = [structs.replace(one, choices=after) for one in heard]
        for field in found.changed:
            texts = _text(value_of(field, were, own)), _text(value_of(field, are, own))
            if texts[0] != texts[1]:
                found.changed[field] += 1
                if len(found.examples[field]) < EXAMPLES:
                    name = _text(value_of("name", were, own))
                    found.examples[field].append(Example(guest_id, name, *texts))


def _text(value: Known | Birthday | None) -> str:
    if isinstance(value, Birthday):
        return f"{value.year or '--'}-{value.month:02}-{value.day:02}".replace("----", "--")
    return value.value if value else ""
