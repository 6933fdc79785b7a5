"""Joining what a source tells of a person in parts: each field once, the newest word winning. Pure."""

import msgspec
from msgspec import Struct, structs

from servery.model.guest import SourceGuest
from servery.sync.pieces import newest, older_than

_NOTHING = SourceGuest()


class PartedGuest(Struct, frozen=True):
    """A person as far as parts have told; `older` names the fields of an older revision than the newest part's."""

    guest: SourceGuest
    revision: int
    older: dict[str, int] = {}


def parted_guest(guest: SourceGuest, revision: int, older: bytes | None) -> PartedGuest:
    """A held guest that came in parts, from what is stored of it."""
    return PartedGuest(guest, revision, msgspec.json.decode(older, type=dict[str, int]) if older else {})


def joined_guest(one: PartedGuest, other: PartedGuest) -> PartedGuest:
    """What two sets of parts tell together."""
    fields = newest(_fields(one), _fields(other))
    revision = max(one.revision, other.revision)
    guest = structs.replace(_NOTHING, **{name: value for name, (_, value) in fields.items()})
    return PartedGuest(guest, revision, older_than(revision, fields))


def _fields(part: PartedGuest) -> dict[str, tuple[int, object]]:
    """What a part says: a field at its default says nothing."""
    given = ((name, getattr(part.guest, name)) for name in SourceGuest.__struct_fields__)
    return {
        name: (part.older.get(name, part.revision), value) for name, value in given if value != getattr(_NOTHING, name)
    }
