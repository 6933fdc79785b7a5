"""Whether a name may be another spelling of one that nobody keeps: said in tokens, of which only keyed hashes are kept.

"Z. Quorkenwald" and "Quorkenwald, Zebulon B." may be Zebulon Quorkenwald, "Xenia Quorkenwald" is somebody else. Pure.
"""

from collections.abc import Iterator
from functools import cache

import icu

from servery.storage.names import fold

_BESIDE = frozenset(
    "mr mrs ms miss dr prof hr fr frau herr sr sra senor senora fru froken jr junior senior ii iii iv".split()
)
"""Titles, and who of father and son it is, which is as often left out."""


def kept_of(name: str | None) -> set[str]:
    """The tokens to be kept of the name of somebody who was erased."""
    words = _words(name)
    return {*_pairs(words), *(f"{word} ." if len(words) == 1 else f"{word} *" for word in words)}


def sought_of(name: str | None) -> set[str]:
    """The tokens that are looked for among those kept: one in common, and it may be another spelling.

    A name of one word may be any part of the name, and any name with that word may be that of somebody of whom one word
    is known. Else one word and the first letter of another have to fit, of which one begins the name: brothers share
    both family names, and often a second given one.
    """
    words = _words(name)
    return {*_pairs(words), *(f"{word} *" for word in words if len(words) == 1), *(f"{word} ." for word in words)}


def says_nobody(name: str | None) -> bool:
    """Whether a name tells nobody from anybody: there is none, or only first letters."""
    return all(len(word) < 2 for word in _words(name))


def _pairs(words: list[str]) -> Iterator[str]:
    """The first word with the first letter of each other, and each other with the first word's."""
    for other in words[1:]:
        yield from (f"{one} {beside[0]}" for one, beside in ((words[0], other), (other, words[0])) if len(one) > 1)


def _words(name: str | None) -> list[str]:
    """The words, folded, the given name first where a comma says which that is."""
    family, comma, given = (name or "").partition(",")
    folded = fold(f"{given} {family}" if comma else name or "")
    plain = folded if folded.isascii() else fold(_to_latin().transliterate(folded))
    return [word for word in plain.split() if word not in _BESIDE]


@cache
def _to_latin() -> icu.Transliterator:
    return icu.Transliterator.createInstance("Any-Latin; Latin-ASCII")
