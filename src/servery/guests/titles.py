"""What stands in a name beside the name: titles, who of father and son it is, that it is of several people. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from msgspec import Struct, structs

from servery.storage.names import fold

_TITLES = frozenset("mr mrs ms miss dr prof hr fr frau herr sr sra senor senora fru froken".split())
_OF_SEX = {
    **dict.fromkeys("mr hr herr sr senor".split(), "m"),
    **dict.fromkeys("mrs ms miss fr frau sra senora fru froken".split(), "f"),
}
_AND = frozenset("og and und y et och en".split())
_SIGNS_AND = re.compile(r"[&+/]")
_FAMILY = frozenset("familie familien family familia famille fam".split())

Generation = Literal["eldest", "elder", "younger", "2", "3", "4"]
_WRITTEN: tuple[tuple[Generation, str], ...] = (
    ("younger", r"jr|jnr|junior|júnior|jun\.|den yngre|der jüngere|der juengere|the younger|el joven|d\.\s?[yj]"),
    ("elder", r"sr|snr|senior|sen\.|den (?:æ|ae)ldre|der (?:ä|ae)ltere|the elder|el viejo|d\.\s?(?:æ|ä|ae)"),
    ("2", r"ii|2nd"),
    ("3", r"iii|3rd"),
    ("4", r"iv|4th"),
)
# At the end of a name, or before the comma that ends the family's: elsewhere Sr. is a señor, and Sen a family.
_GENERATIONS = tuple(
    (one, re.compile(rf"(?<=\S)[\s,]+(?:[-–—]\s*)?(?:{written})\.?(?=\s*(?:,|$))", re.IGNORECASE))
    for one, written in _WRITTEN
)
_YOUNGER, _ELDER = "jun yngre jungere junger younger joven", "sen aldre altere alter elder viejo"
_KIN: Mapping[str, tuple[Generation, str]] = {
    **dict.fromkeys(_YOUNGER.split(), ("younger", "")),
    **dict.fromkeys("son sonnen sohn hijo fils".split(), ("younger", "m")),
    **dict.fromkeys("datter datteren tochter daughter hija fille".split(), ("younger", "f")),
    **dict.fromkeys(_ELDER.split(), ("elder", "")),
    **dict.fromkeys("far faderen vater father padre pere".split(), ("elder", "m")),
    **dict.fromkeys("mor moderen mutter mother madre mere".split(), ("elder", "f")),
    **dict.fromkeys("farfar morfar bedstefar opa grossvater grandfather abuelo".split(), ("eldest", "m")),
    **dict.fromkeys("farmor mormor bedstemor oma grossmutter grandmother abuela".split(), ("eldest", "f")),
}
"""What, folded, says whose child or parent somebody is, and of which sex. Families are called so, too."""
_LEAST_BESIDE = 2
"""Words of a name beside such a one: Peter Son and Anne Mutter are called so."""
_LAST_WORD = re.compile(r"(?<=\S)[\s,]+(?:[-–—]\s*)?([^\s,]+)(?=\s*(?:,|$))")
_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")


class Written(Struct, frozen=True):
    """A name taken apart: its words, folded, the given name first where a comma says which that is; and what is beside.

    `sexes` are those of its titles, or of a son and a mother. `several`: it is the name of more than one person.
    `kin` is its last word where that may say whose child or parent it is, or be a family's; `of_kin` the name without.
    """

    words: tuple[str, ...]
    sexes: frozenset[str] = frozenset()
    generation: Generation | None = None
    several: bool = False
    kin: str | None = None
    of_kin: "Written | None" = None


def words(name: str | None) -> list[str]:
    """A name's words, folded, without titles."""
    return [word for word in fold(name or "").split() if word not in _TITLES]


@lru_cache(maxsize=100_000)
def taken_apart(name: str) -> Written:
    """Read a name as it is written."""
    written, found = _without_brackets(unicodedata.normalize("NFC", name))
    generation, rest = _generation(written)
    if found is not None:
        return _read(rest, *found)
    if generation is not None:
        return _read(rest, generation)
    bare = _read(rest)
    for last in _LAST_WORD.finditer(rest):
        kin, others = fold(last[1]), rest[: last.start()] + rest[last.end() :]
        if kin in _KIN and not bare.several and len(words(others)) >= _LEAST_BESIDE:
            return structs.replace(bare, kin=kin, of_kin=_read(others, *_KIN[kin]))
    return bare


def read_together(one: str | None, other: str | None) -> tuple[Written, Written]:
    """Read two names, each in the light of the other: Søn is a family's name where both have it, else a son."""
    left, right = taken_apart(one or ""), taken_apart(other or "")
    return _beside(left, right), _beside(right, left)


def opposed(one: str | None, other: str | None) -> bool:
    """Whether what stands beside two names says that they are two people's: a couple's titles, father and son."""
    left, right = read_together(one, other)
    both_said = left.generation and right.generation and left.generation != right.generation
    return bool(both_said or (left.sexes and right.sexes and left.sexes.isdisjoint(right.sexes)))


def _read(name: str, generation: Generation | None = None, sex: str = "") -> Written:
    found = fold(_given_first(_SIGNS_AND.sub(" & ", name)).replace(" & ", " og ")).split()
    middle = {place for place in range(1, len(found) - 1) if found[place] in _AND}
    kept = tuple(word for place, word in enumerate(found) if place not in middle and word not in _TITLES)
    sexes = frozenset({_OF_SEX[word] for word in found if word in _OF_SEX} | set(sex))
    return Written(kept, sexes, generation, bool(middle) or not _FAMILY.isdisjoint(kept))


def _beside(one: Written, other: Written) -> Written:
    return one.of_kin if one.of_kin is not None and one.kin not in other.words else one


def _without_brackets(name: str) -> tuple[str, tuple[Generation, str] | None]:
    """A name without what stands in brackets and says who of father and son it is; and that."""
    for found in _BRACKETS.finditer(name):
        rest = f"{name[: found.start()].rstrip()} {name[found.end() :].lstrip()}".strip()
        if words(rest) and (said := _said_of(found[1])) is not None:
            return rest, said
    return name, None


def _said_of(beside: str) -> tuple[Generation, str] | None:
    generation, _ = _generation(f"- {beside.strip()}")
    if generation is not None:
        return generation, ""
    found = fold(beside).split()
    # Also in "Idas far" and "søn af Bo".
    return next((_KIN[word] for word in (found[:1] + found[-1:]) if word in _KIN), None)


def _generation(name: str) -> tuple[Generation | None, str]:
    for generation, written in _GENERATIONS:
        if (found := written.search(name)) is not None:
            return generation, name[: found.start()] + name[found.end() :]
    return None, name


def _given_first(name: str) -> str:
    family, comma, given = name.partition(",")
    return f"{given} {family}" if comma and words(given) else name
