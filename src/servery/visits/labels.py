"""Reading what staff type to name a check: `7`, `T7`, `table 7`, `07A`, `T12 Jensen`, `Jensen`, `bar`. Pure."""

import re
from functools import lru_cache

from msgspec import Struct

from servery.model.venue import table_key
from servery.storage.names import fold

_SPLIT = re.compile(r"[\s,;/()]+")
_OTHER_PLACES = frozenset("bar counter stool terrace terrasse terraza patio garden disk theke barra".split())
"""Where a number has this before it, it counts the places there: bar 2 is not table 2."""
_NOT_NAMES = frozenset(
    word
    for word in fold(
        "table tables tbl tab bord tisch mesa bar split check bill guest gast guests walkin walk in takeaway take "
        "away to go window terrace left right part rest tabs og and und y"
    ).split()
)


class Label(Struct, frozen=True):
    """What a label tells: the key of a table the venue has, and words that may be a name."""

    table: str | None = None
    names: tuple[str, ...] = ()
    """Folded."""


@lru_cache(maxsize=16_384)
def read_label(label: str, tables: frozenset[str]) -> Label:
    """Take a label apart, given the keys of the venue's tables; with none known, a word with a digit is a table."""
    parts = [part for part in _SPLIT.split(label.strip()) if part]
    spans = [(start, size) for size in (len(parts), 2, 1) for start in range(len(parts) - size + 1) if size]
    for start, size in spans:
        if size < len(parts) and start and parts[start - 1].casefold() in _OTHER_PLACES:
            continue
        key = table_key(" ".join(parts[start : start + size]))
        if key in tables or (not tables and size == 1 and any(letter.isdigit() for letter in key)):
            return Label(key, _names(parts[:start] + parts[start + size :]))
    return Label(None, _names(parts))


def _names(parts: list[str]) -> tuple[str, ...]:
    return tuple(word for word in words_of(" ".join(parts)) if word not in _NOT_NAMES)


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name as they are compared: folded, without initials and whatever holds a digit."""
    return tuple(word for word in fold(name).split() if len(word) > 1 and word.isalpha())
