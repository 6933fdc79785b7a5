"""One way of writing for what people write in many: names in any script, nicknames, sounds, streets. Pure."""

import re
from collections import defaultdict
from functools import cache, lru_cache
from importlib.resources import files

import icu
import jellyfish
from nicknames import NickNamer

from servery.guests.titles import words
from servery.storage.names import fold

_PARTICLES = frozenset(
    "van von vom zu zum zur de der den del della di da das do dos du la le los las af av ten ter".split()
)
"""Before a family name, and as often left out."""
_NO_NAMES = frozenset("sir rev rt hon capt col sgt bt bart esq jr phd dipl".split())
"""Honours that nobody is called by."""
_HONOURS = frozenset(
    "dame lord lady reverend captain colonel maj lt baronet junior senior ii iii iv md ing mag herrn don dona".split()
)
"""Honours, which are no part of a name where words are left without them."""
_APOSTROPHES = re.compile(r"['’‘`´ʼ]")
_PET_ENDING = re.compile(r"(?<=..)(ie|y|i)$")
_NUMBERED = re.compile(r"\d+(st|nd|rd|th|e|er)?")
_NUMBER = re.compile(r"\d+[a-z]?")


@cache
def _transliterator() -> icu.Transliterator:
    return icu.Transliterator.createInstance("Any-Latin; Latin-ASCII")


@lru_cache(maxsize=100_000)
def plain(text: str) -> str:
    """The words of a text in small ASCII letters and digits, whatever its script; empty where nothing can be read."""
    bare = _APOSTROPHES.sub("", text)
    folded = fold(bare)
    if not folded.isascii():
        folded = fold(_APOSTROPHES.sub("", _transliterator().transliterate(bare)))
    return folded if folded.isascii() else " ".join(folded.encode("ascii", "ignore").decode().split())


def name_words(name: str | None) -> list[str]:
    """The words of a name, plain and without titles and honours."""
    found = (
        [word for word in words(plain(name)) if word not in _NO_NAMES and not _NUMBERED.fullmatch(word)] if name else []
    )
    return [word for word in found if word not in _HONOURS] or found


def is_honour(word: str) -> bool:
    """Whether a plain word is no name but what stands before or after one."""
    return word in _NO_NAMES or word in _HONOURS or bool(_NUMBERED.fullmatch(word))


def parts(name: str) -> tuple[list[str], list[str]]:
    """A whole name's given and family words, for comparing alone: the last word is the family's, or what a comma ends.

    Names that are written the other way round are compared crosswise as well, so nothing hangs on this guess.
    """
    before, comma, after = name.partition(",")
    if comma and name_words(after):
        return name_words(after), name_words(before)
    found = name_words(name)
    return (found[:-1], found[-1:]) if len(found) > 1 else (found, [])


def family_of(found: list[str]) -> list[str]:
    """Family words without the particles that come and go: van der Berg and Berg."""
    return [word for word in found if word not in _PARTICLES] or found


@cache
def _nicknames() -> NickNamer:
    return NickNamer()


@lru_cache(maxsize=100_000)
def root(given: str) -> str:
    """The name that a nickname stands for (the first by alphabet where there are several), else the name itself."""
    if _nicknames().nicknames_of(given):
        return given
    return min(_nicknames().canonicals_of(given), default=given)


@cache
def _roots() -> dict[str, set[str]]:
    """By word, folded, the names that it may be short for."""
    found: dict[str, set[str]] = defaultdict(set)
    for given, shorts in _nicknames().nickname_lookup.items():
        for short in shorts:
            found[fold(short)].add(fold(given))
    return found


def roots(given: str) -> frozenset[str]:
    """All names that a plain word may be short for, and the word itself."""
    return frozenset((given, *_roots().get(given, ())))


def is_pet_name(word: str, given: str) -> bool:
    """Whether a plain word is made of a name's beginning, as Will, Artie and Robbie are, and is no name of its own."""
    if word in _listed():
        return False
    stem = _PET_ENDING.sub("", word)
    stem = stem[:-1] if stem != word and len(stem) > 3 and stem[-1] == stem[-2] else stem
    return len(stem) >= (2 if stem == word else 3) and len(stem) < len(given) and given.startswith(stem)


@cache
def _listed() -> frozenset[str]:
    return frozenset(fold(files("servery.guests").joinpath("given_names.txt").read_text("utf-8")).split())


def is_given(word: str) -> bool:
    """Whether a plain word is a given name, or a short form of one, as far as the lists know them."""
    return word in _listed() or bool(_nicknames().nicknames_of(word) or _nicknames().canonicals_of(word))


def is_nickname(word: str, given: str) -> bool:
    """Whether a plain word is short for a given name, and no name of its own, as which a sister may bear it."""
    return len(word) < len(given) and word in _nicknames().nicknames_of(given) and word not in _listed()


@lru_cache(maxsize=100_000)
def sound(word: str) -> str | None:
    """How a word sounds (metaphone), for words misheard; None for what has no sound."""
    return jellyfish.metaphone(word).replace(" ", "") or None


def street_and_house(line: str) -> tuple[str | None, str | None]:
    """A line of an address taken apart: the street's words and the house's number, wherever in the line it stands."""
    found = plain(line).split()
    house = next((word for word in found if _NUMBER.fullmatch(word)), None)
    return " ".join(word for word in found if word != house) or None, house
