"""Whether two written names can be one person's. Pure."""

from typing import Literal

from rapidfuzz.distance import DamerauLevenshtein

from servery.storage.names import fold

Agreement = Literal["same", "alike", "apart", "unknown"]
"""`same`: equal but for writing. `alike`: an initial, a missing part or a slip of the pen. `unknown`: a name lacks."""

_TITLES = frozenset("mr mrs ms miss dr prof hr fr frau herr sr sra senor senora fru froken".split())


def words(name: str | None) -> list[str]:
    """A name's words, folded, without titles."""
    return [word for word in fold(name or "").split() if word not in _TITLES]


def agreement(one: str | None, other: str | None) -> Agreement:
    """Compare two names: every word of the shorter must find its own word in the longer."""
    left, right = sorted((words(one), words(other)), key=len)
    if not left:
        return "unknown"
    if sorted(left) == sorted(right):
        return "same"
    rest = list(right)
    whole_words = 0
    for word in sorted(left, key=len, reverse=True):
        best = min(rest, key=lambda candidate: _apart(word, candidate))
        if _apart(word, best) > 1:
            return "apart"
        whole_words += min(len(word), len(best)) > 1
        rest.remove(best)
    return "alike" if whole_words else "apart"


def _apart(word: str, other: str) -> float:
    """0 for equal words, up to 1 for an initial or the slips that a word of that length allows, above 1 for others.

    Where the ends differ it is no slip but another name: Anna and Anne, Lars and Lara, Christian and Christina.
    """
    if word == other:
        return 0
    if min(len(word), len(other)) == 1:
        return 0.9 if word[0] == other[0] else 2
    if word[-1] != other[-1]:
        return 2
    slips = DamerauLevenshtein.distance(word, other)
    allowed = 0 if min(len(word), len(other)) < 4 else 1 if max(len(word), len(other)) < 8 else 2
    return slips / allowed if allowed and slips <= allowed else 2
