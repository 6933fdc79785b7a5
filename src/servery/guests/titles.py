"""What stands in a name beside the name: titles, who of father and son it is, that it is of several people. Pure."""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from servery.storage.names import fold

_TITLES = frozenset("mr mrs ms miss dr prof hr fr frau herr sr sra senor senora fru froken".split())
_OF_SEX = {
    **dict.fromkeys("mr hr herr sr senor".split(), "m"),
    **dict.fromkeys("mrs ms miss fr frau sra senora fru froken".split(), "f"),
}
_AND = frozenset("og and und y et och en".split())
_SIGNS_AND = re.compile(r"[&+/]")
_FAMILY = frozenset("familie familien family familia famille fam".split())

Generation = Literal["elder", "younger", "2", "3", "4"]
_WRITTEN: tuple[tuple[Generation, str], ...] = (
    ("younger", r"jr|junior|jun\.|den yngre|der jüngere|der juengere|d\.\s?[yj]|hijo"),
    ("elder", r"sr|senior|sen\.|den ældre|den aeldre|der ältere|der aeltere|d\.\s?(?:æ|ä|ae)|padre"),
    ("2", r"ii|2nd"),
    ("3", r"iii|3rd"),
    ("4", r"iv|4th"),
)
# At the end of a name, or before the comma that ends the family's: elsewhere Sr. is a señor, and Sen a family.
_GENERATIONS = tuple(
    (one, re.compile(rf"(?<=\S)[\s,]+(?:{written})\.?(?=\s*(?:,|$))", re.IGNORECASE)) for one, written in _WRITTEN
)


class Written(Struct, frozen=True):
    """A name taken apart: its words, folded, the given name first where a comma says which that is; and what is beside.

    `sexes` are those of its titles. `several`: it is the name of more than one person.
    """

    words: tuple[str, ...]
    sexes: frozenset[str] = frozenset()
    generation: Generation | None = None
    several: bool = False


def words(name: str | None) -> list[str]:
    """A name's words, folded, without titles."""
    return [word for word in fold(name or "").split() if word not in _TITLES]


@lru_cache(maxsize=100_000)
def taken_apart(name: str) -> Written:
    """Read a name as it is written."""
    generation, rest = _generation(unicodedata.normalize("NFC", name))
    found = fold(_given_first(_SIGNS_AND.sub(" & ", rest)).replace(" & ", " og ")).split()
    middle = {place for place in range(1, len(found) - 1) if found[place] in _AND}
    kept = tuple(word for place, word in enumerate(found) if place not in middle and word not in _TITLES)
    sexes = frozenset(_OF_SEX[word] for word in found if word in _OF_SEX)
    return Written(kept, sexes, generation, bool(middle) or not _FAMILY.isdisjoint(kept))


def opposed(one: str | None, other: str | None) -> bool:
    """Whether what stands beside two names says that they are two people's: a couple's titles, father and son."""
    left, right = taken_apart(one or ""), taken_apart(other or "")
    both_said = left.generation and right.generation and left.generation != right.generation
    return bool(both_said or (left.sexes and right.sexes and left.sexes.isdisjoint(right.sexes)))


def _generation(name: str) -> tuple[Generation | None, str]:
    for generation, written in _GENERATIONS:
        if (found := written.search(name)) is not None:
            return generation, name[: found.start()] + name[found.end() :]
    return None, name


def _given_first(name: str) -> str:
    family, comma, given = name.partition(",")
    return f"{given} {family}" if comma and words(given) else name
