"""Choosing who owns which field of a connection: what it would change is told first, and it can be undone."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from servery.accounts.audit import acted, actions, looked
from servery.app.arrive import tell_pages
from servery.app.marking import mark_all, mark_booked_in
from servery.app.ownership import Owned, outlet, owned
from servery.connectors import registry
from servery.errors import Invalid, NotFound, Refuse
from servery.guests.edits import NOTHING
from servery.guests.golden import golden
from servery.guests.rows import chosen_silence, records_of
from servery.guests.say import said
from servery.guests.survivorship import Example
from servery.model.commands import Field
from servery.model.guest import Golden, Known, Note
from servery.model.ownership import Direction, goes
from servery.model.viewer import Right, Viewer
from servery.storage.pool import Connection as Db
from servery.sync import recomputing, scope
from servery.sync.connections import Connection
from servery.sync.fields import Ruled, keep_rules, ruled
from servery.sync.recomputing import Progress

EXAMPLES = 3
_AT_ONCE = 500
_ACTION = "fields-chosen"
_SEEN_BY: Mapping[Field, Right] = {
    "contact": "see_contact", "allergies": "see_allergies", "preferences": "see_notes", "notes": "see_notes",
}  # fmt: skip
"""The right that an example of a field needs, besides seeing guests."""
_MEMBERS: Mapping[Field, tuple[str, ...]] = {
    "name": ("name",), "contact": ("email", "phone"), "vip": ("vip",), "tags": ("tags",),
    "allergies": ("allergies",), "preferences": ("preferences",), "notes": ("notes",),
}  # fmt: skip
"""The golden members of the fields that are chosen between sources."""


class Effect(Struct, frozen=True, kw_only=True):
    """What choosing another direction for one field does.

    `written` are the guests, expected parties or visits of the last week that are written to, or no longer are, in this
    field (None: nothing of that changes); `changed` the guests of whom something else is held to be true.
    """

    field: Field
    before: Direction
    after: Direction
    written: int | None = None
    changed: int | None = None
    examples: tuple[Example, ...] = ()


class Fields(Struct, frozen=True, kw_only=True):
    """The fields of a connection as they go now, and how far guests have been made anew since they were chosen."""

    connection: Connection
    fields: Sequence[Owned]
    progress: Progress | None = None


async def fields(db: Db, connection_id: int) -> Fields:
    """Which way each field of a connection goes. NotFound for a connection that is not there."""
    one = await _ruled(db, connection_id)
    return Fields(
        connection=one.connection,
        fields=_owned(one),
        progress=await recomputing.progress(db, connection_id),
    )


async def effect(db: Db, viewer: Viewer, connection_id: int, wanted: Mapping[Field, Direction]) -> list[Effect]:
    """What choosing these directions would do, field by field; those that stay as they are are left out.

    The guests shown as examples are written down as looked at. Invalid for what the system cannot do.
    """
    one = await _ruled(db, connection_id)
    changed = _changes(one, wanted)
    effects = [
        await _effect(db, viewer, one, each, changed[each.field]) for each in _owned(one) if each.field in changed
    ]
    await looked(db, viewer, {example.guest_id for each in effects for example in each.examples}, "list")
    return effects


async def choose(db: Db, viewer: Viewer, connection_id: int, wanted: Mapping[Field, Direction]) -> int:
    """Choose directions; the guests concerned are made anew by the worker. Tells how many fields go another way now."""
    one = await _ruled(db, connection_id)
    changed = _changes(one, wanted)
    if not changed:
        return 0
    usual = {each.field: each.usual for each in _owned(one)}
    rules = {field: None if direction == usual[field] else direction for field, direction in changed.items()}
    before = {field: one.rules.get(field) for field in changed}
    await _carry_out(db, one, rules)
    await acted(db, viewer, _ACTION, f"connection:{connection_id}", {"before": before, "after": rules})
    return len(changed)


async def undo(db: Db, viewer: Viewer, connection_id: int) -> None:
    """Take back what was last chosen for a connection. Refuse where nothing was."""
    one = await _ruled(db, connection_id)
    subject = f"connection:{connection_id}"
    last = next(
        (each for each in await actions(db, limit=1000) if (each.action, each.subject) == (_ACTION, subject)), None
    )
    if last is None:
        raise Refuse("Nothing was chosen for {name} that could be taken back.", name=one.connection.name)
    before: dict[Field, Direction | None] = last.detail["before"]
    await _carry_out(db, one, before)
    now = {field: one.rules.get(field) for field in before}
    await acted(db, viewer, _ACTION, subject, {"before": now, "after": before})


async def _carry_out(db: Db, one: Ruled, rules: Mapping[Field, Direction | None]) -> None:
    await keep_rules(db, one.connection.id, rules)
    await recomputing.begin(db, one.connection.id)
    [now] = await ruled(db, [one.connection.id])
    await mark_booked_in(db, one.connection.id)
    if to := outlet(now):
        await mark_all(db, to)
    await tell_pages(db, ["connections"])


async def _ruled(db: Db, connection_id: int) -> Ruled:
    found = await ruled(db, [connection_id])
    if not found:
        raise NotFound("There is no connection {id}.", id=connection_id)
    return found[0]


def _owned(one: Ruled) -> list[Owned]:
    return owned(registry.manifest(one.connection.connector), one.rules)


def _changes(one: Ruled, wanted: Mapping[Field, Direction]) -> dict[Field, Direction]:
    """The fields that would go another way than now."""
    known = {each.field: each for each in _owned(one)}
    title = registry.manifest(one.connection.connector).title
    for field, direction in wanted.items():
        if field not in known:
            raise Invalid("{title} has no field {name}.", field=field, name=field, title=title)
        if direction not in known[field].choices:
            raise Invalid(
                "{name} cannot go this way with {title}: {direction}.",
                field=field,
                name=field,
                title=title,
                direction=direction,
                mend="Choose one of: {choices}.",
                choices=", ".join(known[field].choices),
            )
    return {field: direction for field, direction in wanted.items() if direction != known[field].now}


async def _effect(db: Db, viewer: Viewer, one: Ruled, field: Owned, after: Direction) -> Effect:
    written = changed = None
    examples: tuple[Example, ...] = ()
    if goes(field.now, "out") != goes(after, "out"):
        written = await scope.count_with(db, one.connection.id, field.field)
    if goes(field.now, "in") != goes(after, "in") and field.field in _MEMBERS:
        changed, examples = await _other_truths(db, one.connection.id, field.field, goes(after, "in"))
        if not _sees(viewer, field.field):
            examples = ()
    return Effect(field=field.field, before=field.now, after=after, written=written, changed=changed, examples=examples)


def _sees(viewer: Viewer, field: Field) -> bool:
    return viewer.may("see_guests") and viewer.may(_SEEN_BY.get(field, "see_guests"))


async def _other_truths(db: Db, connection_id: int, field: Field, heard: bool) -> tuple[int, tuple[Example, ...]]:
    """How many guests something else would be held true of, were this connection heard on a field or not."""
    now = await chosen_silence(db)
    silent = now.get(connection_id, frozenset())
    then = {**now, connection_id: silent - {field} if heard else silent | {field}}
    count, after = 0, 0
    examples: list[Example] = []
    while ids := await scope.heard_from(db, connection_id, after, _AT_ONCE):
        after = ids[-1]
        were, are = await records_of(db, ids, now), await records_of(db, ids, then)
        words = await said(db, ids)
        for guest_id in ids:
            own = words.get(guest_id, NOTHING)
            before, later = golden(were.get(guest_id, ()), own), golden(are.get(guest_id, ()), own)
            texts = _text(before, field), _text(later, field)
            if texts[0] != texts[1]:
                count += 1
                if len(examples) < EXAMPLES:
                    name = before.name or later.name
                    examples.append(Example(guest_id, name.value if name else "", *texts))
    return count, tuple(examples)


def _text(guest: Golden, field: Field) -> str:
    return ", ".join(part for member in _MEMBERS[field] for part in _parts(getattr(guest, member)))


def _parts(value: Any) -> Sequence[str]:
    if isinstance(value, Known):
        return (value.value,)
    if isinstance(value, tuple):
        return [one.text if isinstance(one, Note) else one.value for one in value]
    return ()
