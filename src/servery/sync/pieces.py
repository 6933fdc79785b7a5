"""Pieces of a record that arrive apart, each with the revision that says it. Pure.

Joining is commutative, associative and idempotent, so that parts may come in any order and any number of times.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

Said = TypeVar("Said")
_JSON = msgspec.json.Encoder()


def newest(one: Mapping[str, tuple[int, Said]], other: Mapping[str, tuple[int, Said]]) -> dict[str, tuple[int, Said]]:
    """Each piece in its newest state; of two of one revision, one that does not depend on which came first."""
    found = dict(one)
    for name, piece in other.items():
        before = found.get(name)
        if before is None or piece[0] > before[0] or (piece[0] == before[0] and _comes_after(piece[1], before[1])):
            found[name] = piece
    return found


def _comes_after(one: object, other: object) -> bool:
    return one != other and _JSON.encode(one) > _JSON.encode(other)


def older_than(revision: int, pieces: Mapping[str, tuple[int, object]]) -> dict[str, int]:
    """The pieces that were said before a revision, with their own."""
    return {name: at for name, (at, _) in sorted(pieces.items()) if at < revision}
