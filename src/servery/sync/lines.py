"""Joining a check that arrives in parts: each field and each line once, its newest state winning. Pure."""

from datetime import UTC, datetime

import msgspec
from msgspec import Struct, structs

from servery.model.changes import Applied
from servery.model.order import Check, Line
from servery.sync.pieces import newest, older_than

_EMPTY = Check(currency="", opened_at=datetime.max.replace(tzinfo=UTC))


class Older(Struct, frozen=True, omit_defaults=True):
    """The fields, and the lines by external id, that were said by an older revision than the newest part."""

    fields: dict[str, int] = {}
    lines: dict[str, int] = {}


class Parted(Struct, frozen=True):
    """A check as far as its parts have told it; `revision` is that of the newest part."""

    check: Check
    revision: int
    older: Older = Older()


def part_of(check: Check, revision: int) -> Parted:
    """A part as it is seen. Covers of zero are nobody's count and say nothing."""
    return Parted(structs.replace(check, covers=None) if check.covers == 0 else check, revision)


def parted(check: Check, revision: int, older: bytes | None) -> Parted:
    """A held check that came in parts, from what is stored of it."""
    return Parted(check, revision, msgspec.json.decode(older, type=Older) if older else Older())


def joined(one: Parted, other: Parted) -> Parted:
    """What two sets of parts tell together. Lines stand in the order in which they were first seen."""
    fields = newest(_fields(one), _fields(other))
    lines = newest(_lines(one), _lines(other))
    revision = max(one.revision, other.revision)
    opened = min(one.check.opened_at, other.check.opened_at)
    told = {name: value for name, (_, value) in fields.items()} | {"opened_at": opened}
    check = structs.replace(_EMPTY, **told | {"lines": tuple(line for _, line in lines.values())})
    return Parted(check, revision, Older(older_than(revision, fields), older_than(revision, lines)))


def _fields(part: Parted) -> dict[str, tuple[int, object]]:
    """What a part says besides its lines: a field at its default says nothing, but for the status, which all have."""
    given = ((name, getattr(part.check, name)) for name in Check.__struct_fields__ if name != "lines")
    return {
        name: (part.older.fields.get(name, part.revision), value)
        for name, value in given
        if value != getattr(_EMPTY, name) or name == "status"
    }


def _lines(part: Parted) -> dict[str, tuple[int, Line]]:
    return {
        line.external_id or "": (part.older.lines.get(line.external_id or "", part.revision), line)
        for line in part.check.lines
    }


def unchanged(held: Check, now: Check) -> bool:
    """Whether two states say the same, in whichever order their lines stand."""
    return structs.replace(held, lines=()) == structs.replace(now, lines=()) and _by_id(held) == _by_id(now)


def count_lines(held: Check | None, seen: Check, now: Check, applied: Applied) -> None:
    """Count what became of the lines seen, from the check as it was held and as it is now."""
    before = _by_id(held) if held else {}
    after = _by_id(now)
    for line in seen.lines:
        name = line.external_id or ""
        if name not in before:
            applied.lines_created += 1
        elif before[name] == after[name]:
            applied.lines_unchanged += 1
        else:
            applied.lines_updated += 1


def _by_id(check: Check) -> dict[str, Line]:
    return {line.external_id or "": line for line in check.lines}
