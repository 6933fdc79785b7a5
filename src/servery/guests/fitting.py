"""How well what somebody typed fits what is known of a guest, and what of it to show. Pure."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import pairwise

from msgspec import Struct
from rapidfuzz.distance import OSA

from servery.storage.names import fold

GOOD = 75.0
"""From this score on a name is what was meant, give or take a slip of the pen."""
_SHOWN = 90
"""Characters of a note that are shown around the word it was found by."""
_BEFORE = 30
_LEAST_SLIPPED = 3
"""Letters from which on a word can be meant by another: of two letters nothing is left after a slip."""
_LEAST_UNFINISHED = 5

Words = Sequence[str]


class Quote(Struct, frozen=True):
    """Some text with what fits in it: `marks` are from where to where, in characters."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """The text in pieces, each with whether it is marked."""
        places = sorted({0, len(self.text), *(place for mark in self.marks for place in mark)})
        starts = {start for start, _ in self.marks}
        return [(self.text[one:other], one in starts) for one, other in pairwise(places)]


def score_of(typed: Words, name: Words) -> float:
    """How well folded words match a folded name, 0 to 100: each typed word takes the name's word it fits best.

    Words may be unfinished; a name that has more words than were typed is a little less likely than one that has not.
    """
    left = list(name)
    scores = []
    for word in sorted(typed, key=len, reverse=True):
        best = max(left, key=lambda candidate: alike(word, candidate), default="")
        score = alike(word, best)
        if not score:
            return 0.0
        scores.append((score, len(word)))
        left.remove(best)
    mean = sum(score * size for score, size in scores) / sum(size for _, size in scores)
    return mean - min(len(left), 4)


@lru_cache(maxsize=65_536)
def alike(word: str, candidate: str) -> float:
    """100 for the same word, less for one that begins so, less again with slips of the pen; 0 for another word."""
    if word == candidate:
        return 100.0
    if candidate.startswith(word) and word:
        return 90.0 + 8.0 * len(word) / len(candidate)
    size = len(word)
    if size < _LEAST_SLIPPED or any(map(str.isdigit, word)):
        return 0.0
    allowed = 1 if size < 8 else 2
    if (slips := OSA.distance(word, candidate, score_cutoff=allowed)) <= allowed:
        return 92.0 - 40.0 * slips / size
    if size >= _LEAST_UNFINISHED and (slips := OSA.distance(word, candidate[:size], score_cutoff=allowed)) <= allowed:
        return 86.0 - 40.0 * slips / size
    return 0.0


def best_in(word: str, text: str) -> float:
    """How well a folded word fits the word of a text that it fits best, 0 to 100."""
    return max((alike(word, each) for each in folded(text)), default=0.0)


@lru_cache(maxsize=16_384)
def folded(text: str) -> tuple[str, ...]:
    """The folded words of a text."""
    return tuple(fold(text).split())


def quote(text: str, typed: Collection[str]) -> Quote:
    """The part of a text where folded words fit it first, with each of them marked."""
    text = " ".join(text.split())
    found = [each.span() for each in _WORD.finditer(text) if any(best_in(word, each.group()) for word in typed)]
    first = found[0][0] if found else 0
    start, end = _around(text, first)
    before, after = "… " if start else "", " …" if end < len(text) else ""
    moved = len(before) - start
    marks = tuple((one + moved, other + moved) for one, other in found if start <= one and other <= end)
    return Quote(f"{before}{text[start:end]}{after}", marks)


_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff])*")
"""A word as it is written, with the marks that belong to its letters."""


def _around(text: str, place: int) -> tuple[int, int]:
    """From where to where a text is shown so that what stands at a place is in it: whole words, if not endless."""
    if len(text) <= _SHOWN:
        return 0, len(text)
    start = max(0, place - _BEFORE)
    if start:
        start = min(text.find(" ", start, place) + 1 or start, place)
    end = min(len(text), start + _SHOWN)
    if end < len(text):
        end = max(text.rfind(" ", place, end), 0) or end
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return start, end
