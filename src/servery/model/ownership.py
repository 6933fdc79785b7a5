"""Who owns which field: the way each goes unless the owner of the restaurant chose otherwise.

The fields are those of `model.commands`; a direction is seen from us: `in` is what a system tells us, `out` what we
write to it.
"""

from collections.abc import Mapping
from typing import Literal

from servery.model.commands import FIELDS, CommandKind, Field

Direction = Literal["in", "out", "both", "none"]

_WAYS: dict[Direction, frozenset[str]] = {
    "in": frozenset({"in"}), "out": frozenset({"out"}), "both": frozenset({"in", "out"}), "none": frozenset()
}  # fmt: skip
_DIRECTION = {ways: direction for direction, ways in _WAYS.items()}

KIND_OF: Mapping[Field, CommandKind] = {field: kind for kind, fields in FIELDS.items() for field in fields}
"""Of what each field is told: the guest, the party expected, the visit that was."""

# What anybody may learn and change stands in every system; what we work out goes out only.
_EVERYWHERE: dict[Field, Direction] = {
    "name": "both", "contact": "both", "consent": "both", "vip": "both", "tags": "both", "allergies": "both",
    "preferences": "both", "notes": "both", "visit_notes": "both", "figures": "out", "usual": "out",
}  # fmt: skip
# The book knows who is expected, the till what was had and how many sat there.
_BOOK: dict[Field, Direction] = {
    "party_size": "in", "table": "in", "requests": "in", "occasion": "in",
    "spend": "out", "items": "out", "covers": "out",
}  # fmt: skip
_TILL: dict[Field, Direction] = {
    "party_size": "out", "table": "both", "requests": "out", "occasion": "out",
    "spend": "in", "items": "in", "covers": "in",
}  # fmt: skip
_DEFAULTS: dict[str, dict[Field, Direction]] = {
    "reservations": _EVERYWHERE | _BOOK,
    "pos": _EVERYWHERE | _TILL,
}
_OTHERS: dict[Field, Direction] = _EVERYWHERE | dict.fromkeys((*FIELDS["party"], *FIELDS["visit"]), "out")


def default(kind: str, field: Field) -> Direction:
    """Which way a field goes for a system of this kind (the manifest's) where nobody chose."""
    return _DEFAULTS.get(kind, _OTHERS)[field]


def meet(one: Direction, other: Direction) -> Direction:
    """What both allow."""
    return _DIRECTION[_WAYS[one] & _WAYS[other]]


def goes(direction: Direction, way: Literal["in", "out"]) -> bool:
    """Whether a direction holds this way."""
    return way in _WAYS[direction]


def choices(most: Direction) -> tuple[Direction, ...]:
    """The directions that may be chosen where `most` is all that a system can do."""
    order: tuple[Direction, ...] = ("both", "in", "out", "none")
    return tuple(one for one in order if _WAYS[one] <= _WAYS[most])
