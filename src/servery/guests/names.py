"""Whether two written names can be one person's. Pure.

A family shares phones and addresses, and gives its children names that are a letter apart. So what a slip of the pen
may do is narrow, and what may as well be another name is never taken for a slip.
"""

from functools import lru_cache
from typing import Literal

from rapidfuzz.distance import DamerauLevenshtein

from servery.guests.matching.writing import is_given, is_nickname, plain
from servery.guests.titles import read_together, taken_apart, words

__all__ = ["Agreement", "agreement", "is_full", "is_whole", "words"]

Agreement = Literal["same", "alike", "slip", "apart", "unknown"]
"""`same`: equal but for writing. `alike`: an initial, a missing part, a nickname, or a slip that makes no other name.

`slip`: a slip that may make another name: one contact in common is not enough. `unknown`: a name lacks.
"""
_Word = Literal["shorter", "nickname", "harmless", "slip", "apart"]
_RANK: tuple[_Word, ...] = ("nickname", "harmless", "slip", "shorter", "apart")

_LEAST_SLIPPED = 4
"""Letters of a word that has slips at all: shorter ones are a letter apart from many."""
_LEAST_TWICE_SLIPPED = 8
_LEAST_REPLACED, _LEAST_LEFT_OUT, _LEAST_TURNED = 8, 6, 5
"""Letters of a family name from which one replaced, left out or turned round hardly makes another family's."""
_ALPHABETS_END = "\u0530"
"""Latin, Greek and Cyrillic letters are before it. In other scripts a letter more is another name."""
_WITHOUT_SPACES_FROM = "\u2e80"
"""Chinese, Japanese and Korean names are one word."""


def is_whole(name: str | None) -> bool:
    """Whether a name is more than a given or a family name alone, as which a whole family may be written down."""
    found = taken_apart(name or "").words
    return len(found) > 1 or (len(found) == 1 and len(found[0]) > 1 and found[0][0] >= _WITHOUT_SPACES_FROM)


def is_full(name: str | None) -> bool:
    """Whether a name is whole without its initials: K. Brandt is Karin's as well as Karl's."""
    found = [word for word in taken_apart(name or "").words if len(word) > 1 or word[0] >= _WITHOUT_SPACES_FROM]
    return is_whole(" ".join(found))


def agreement(one: str | None, other: str | None) -> Agreement:
    """Compare two names: every word of the shorter must find its own word in the longer."""
    first, second = sorted((one or "", other or ""))
    return _agreement(first, second)


@lru_cache(maxsize=100_000)
def _agreement(one: str, other: str) -> Agreement:
    left, right = read_together(one, other)
    if not left.words or not right.words:
        return "unknown"
    titled = left.sexes and right.sexes and left.sexes.isdisjoint(right.sexes)
    if titled or left.generation != right.generation or left.several != right.several:
        return "apart"
    return _of_words(*_in_one_script(left.words, right.words))


def _in_one_script(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Both as they are, or where only one is in Latin letters, both in these."""
    if "".join(one).isascii() == "".join(other).isascii():
        return one, other
    return _latin(one), _latin(other)


def _latin(found: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(plain(" ".join(found)).split()) or found


def _of_words(one: tuple[str, ...], other: tuple[str, ...]) -> Agreement:
    if sorted(one) == sorted(other) or "".join(one) == "".join(other):
        return "same"
    shorter, longer = sorted((one, other), key=lambda found: (len(found), found))
    rest, unlike = list(longer), []
    for word in shorter:
        if word in rest:
            rest.remove(word)
        else:
            unlike.append(word)
    is_equal = any(len(word) > 1 for word in shorter if word not in unlike)
    found: list[_Word] = []
    for word in sorted(unlike, key=lambda word: (-len(word), word)):
        kind, best = min(((_of_word(word, each, shorter[0], longer[0]), each) for each in rest), key=_nearest)
        found.append(kind)
        rest.remove(best)
    return _agreed(found, is_equal=is_equal, is_long=len(longer) > 1, is_complete=not rest)


def _nearest(found: tuple[_Word, str]) -> tuple[int, str]:
    return _RANK.index(found[0]), found[1]


def _agreed(found: list[_Word], *, is_equal: bool, is_long: bool, is_complete: bool) -> Agreement:
    """What the words that are not equal make of two names of which some are, or none."""
    slips = sum(kind in ("harmless", "slip") for kind in found)
    if "apart" in found or slips > 1:
        return "apart"
    if not slips:
        return "alike" if is_equal or "nickname" in found else "apart"
    if not is_equal and is_long:
        return "apart"
    return "alike" if found == ["harmless"] and is_equal and is_complete else "slip"


def _of_word(word: str, other: str, *firsts: str) -> _Word:
    """How two different words agree; `firsts` are those that begin the two names, and may be given names."""
    if min(len(word), len(other)) == 1:
        return "shorter" if word[0] == other[0] else "apart"
    if is_nickname(word, other) or is_nickname(other, word):
        return "nickname"
    if not _may_slip(word, other):
        return "apart"
    slips = DamerauLevenshtein.distance(word, other)
    longest = max(len(word), len(other))
    turned = slips == 1 and sorted(word) == sorted(other)
    # Where the ends differ it is another name: Anna and Anne, Lars and Lara, Christian and Christina.
    if slips > (2 if longest >= _LEAST_TWICE_SLIPPED else 1) or (word[-1] != other[-1] and not turned):
        return "apart"
    is_family = word not in firsts and other not in firsts
    if slips == 1 and not _both_given(word, other) and (_doubled(word, other) or (is_family and _long(word, other))):
        return "harmless"
    return "slip"


def _may_slip(word: str, other: str) -> bool:
    """Not in the first letter, nor in what are two given names: Tina and Nina, Martin and Marvin."""
    if word[0] != other[0] or min(len(word), len(other)) < _LEAST_SLIPPED or max(word + other) >= _ALPHABETS_END:
        return False
    # But no family calls one child Mathias and another Matthias.
    return _doubled(word, other) or not _both_given(word, other)


def _both_given(word: str, other: str) -> bool:
    return is_given(plain(word)) and is_given(plain(other))


def _doubled(word: str, other: str) -> bool:
    """Whether one has a letter twice where the other has it once."""
    shorter, longer = sorted((word, other), key=len)
    return any(
        longer[place] == longer[place - 1] and longer[:place] + longer[place + 1 :] == shorter
        for place in range(1, len(longer))
    )


def _long(word: str, other: str) -> bool:
    longest = max(len(word), len(other))
    if len(word) != len(other):
        return longest >= _LEAST_LEFT_OUT
    return longest >= (_LEAST_TURNED if sorted(word) == sorted(other) else _LEAST_REPLACED)
