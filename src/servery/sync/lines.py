"""Joining the lines of a check that arrive in parts. Pure."""

from msgspec import structs

from servery.model.changes import Applied, CheckSeen
from servery.model.order import Check, Line


def joined(held: Check | None, seen: Check, applied: Applied) -> Check:
    """The check with the lines of both, each line once by its external id, the newly seen state of it winning.

    Counts into `applied` what became of each seen line.
    """
    before: dict[str | None, Line] = {line.external_id: line for line in held.lines} if held else {}
    lines = dict(before)
    for line in seen.lines:
        known = before.get(line.external_id)
        if known is None:
            applied.lines_created += 1
        elif known == line:
            applied.lines_unchanged += 1
        else:
            applied.lines_updated += 1
        lines[line.external_id] = line
    if held is None:
        return seen
    opened = min(held.opened_at, seen.opened_at)
    given = {name: value for name in seen.__struct_fields__ if (value := getattr(seen, name)) not in (None, (), "", 0)}
    return structs.replace(held, **given | {"lines": tuple(lines.values()), "opened_at": opened})


def one_each(changes: list[CheckSeen]) -> list[CheckSeen]:
    """Partial states of the same check in one set, joined to one state each, in order of first appearance."""
    together: dict[tuple[str, str], CheckSeen] = {}
    for change in changes:
        key = (change.location, change.external_id)
        before = together.get(key)
        if before is None:
            together[key] = change
            continue
        lines = {line.external_id: line for line in (*before.check.lines, *change.check.lines)}
        check = structs.replace(joined(before.check, change.check, Applied()), lines=tuple(lines.values()))
        together[key] = structs.replace(change, check=check)
    return list(together.values())
