"""Which of a venue's tables a name most likely means, where the names alone do not say it. Pure.

Only ever a suggestion: a person says yes before it counts.
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct
from rapidfuzz.fuzz import ratio

from servery.model.venue import table_key

_ALIKE = 80.0
"""Per cent of letters in order from which two names without a number are taken for one, misspelt."""
_DIGITS = re.compile(r"\d+(?:-\d+)*")


class Named(Struct, frozen=True, omit_defaults=True):
    """A table by the key it is compared by, and as it is written."""

    key: str
    name: str
    area: str | None = None
    seats: int | None = None


def likely(one: Named, others: Sequence[Named]) -> Named | None:
    """The one of `others` that `one` most likely is; None where none is, or several are as likely."""
    for alike in (_in_its_area, _by_initials, _by_number, _misspelt):
        found = [other for other in others if alike(one, other)]
        if len(found) == 1:
            return found[0]
        if found:
            return None
    return None


def suggestions(open_: Iterable[Named], others: Sequence[Named]) -> dict[str, str]:
    """Key to key for those of `open_` that have a likely counterpart which no other of them has as well."""
    found = {one.key: likely(one, others) for one in open_}
    targets = [other.key for other in found.values() if other]
    return {key: other.key for key, other in found.items() if other and targets.count(other.key) == 1}


def _in_its_area(one: Named, other: Named) -> bool:
    """`3` in the area Patio is written `Patio 3` elsewhere."""
    return _with_area(one) == other.key or one.key == _with_area(other)


def _with_area(one: Named) -> str | None:
    return table_key(f"{one.area} {one.name}") if one.area else None


def _by_initials(one: Named, other: Named) -> bool:
    """`P3` is `Patio 3`: one number, and one's letters begin the other's."""
    mine, theirs = _letters(one.key), _letters(other.key)
    return _same_number(one, other) and bool(mine and theirs) and (mine.startswith(theirs) or theirs.startswith(mine))


def _by_number(one: Named, other: Named) -> bool:
    """`Window 12` is `12`: one number, and only one of them has letters at all."""
    return _same_number(one, other) and not (_letters(one.key) and _letters(other.key))


def _misspelt(one: Named, other: Named) -> bool:
    return not _numbers(one.key) and not _numbers(other.key) and ratio(one.key, other.key) >= _ALIKE


def _same_number(one: Named, other: Named) -> bool:
    return bool(_numbers(one.key)) and _numbers(one.key) == _numbers(other.key)


def _numbers(key: str) -> list[str]:
    return _DIGITS.findall(key)


def _letters(key: str) -> str:
    return "".join(letter for letter in key if letter.isalpha())
