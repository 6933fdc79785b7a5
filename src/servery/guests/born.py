"""Whether two birthdays can be one person's. Pure.

A mother and a daughter may share name, address, e-mail and phone: what tells them apart is when they were born.
"""

from typing import Literal

from rapidfuzz.distance import DamerauLevenshtein

Born = Literal["same", "slip", "apart", "unknown"]
"""`slip`: what a slip of the pen may make, or day and month turned round. `unknown`: one says nothing."""

_GENERATION = 10
"""Years between two people of one name in one house, at the least; fewer may be a digit mistyped."""
_DAY = 4
"""Digits of month and day, which end a birthday, also one of which the year is not known."""


def born(one: str | None, other: str | None) -> Born:
    """Compare two birthdays, each as eight digits from the year down, or as four without it."""
    if one is None or other is None:
        return "unknown"
    years = one[:-_DAY], other[:-_DAY]
    day, other_day = one[-_DAY:], other[-_DAY:]
    if "" in years or years[0] == years[1]:
        return "same" if day == other_day else "slip" if _is_slip(day, other_day) else "apart"
    is_near = abs(int(years[0]) - int(years[1])) < _GENERATION
    return "slip" if day == other_day and is_near else "apart"


def _is_slip(day: str, other: str) -> bool:
    turned = day[2:] + day[:2] == other
    return turned or DamerauLevenshtein.distance(day, other, score_cutoff=1) == 1
