"""Joining what a source tells of a person in parts. Pure."""

from collections.abc import Iterable, Mapping

from msgspec import structs

from servery.model.changes import GuestSeen
from servery.model.guest import SourceGuest
from servery.sync.judge import Held

_NOTHING = SourceGuest()


def completed(
    parts: Iterable[GuestSeen], held: Mapping[str, Held], bodies: Mapping[int, SourceGuest]
) -> list[GuestSeen]:
    """Partial states, each record once, filled up with what is already known of it.

    A result that says something new is newer than the state held, whatever the part's own revision: a part adds.
    """
    whole: dict[str, GuestSeen] = {}
    for part in parts:
        at = held.get(part.external_id)
        known = whole.get(part.external_id) or (
            GuestSeen(part.external_id, at.revision, bodies[at.id]) if at and at.id in bodies else None
        )
        whole[part.external_id] = part if known is None else _joined(known, part)
    return [structs.replace(one, complete=True) for one in whole.values()]


def _joined(known: GuestSeen, part: GuestSeen) -> GuestSeen:
    older, newer = sorted((known, part), key=lambda one: one.revision)
    guest = structs.replace(older.guest, **_given(newer.guest))
    revision = newer.revision if guest == known.guest else max(newer.revision, known.revision + 1)
    return GuestSeen(known.external_id, revision, guest)


def _given(guest: SourceGuest) -> dict[str, object]:
    """The fields that say something."""
    return {
        name: value
        for name in SourceGuest.__struct_fields__
        if (value := getattr(guest, name)) != getattr(_NOTHING, name)
    }
