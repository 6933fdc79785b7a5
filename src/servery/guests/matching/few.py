"""The guard of a list too short to learn from: there the score is an assumption, and nobody is asked. Pure.

A longer list shows how often its people slip and what its families share; what it taught is not questioned here.
"""

from collections.abc import Iterable, Iterator, Mapping

from servery.guests.matching.cluster import NEVER, Pair
from servery.guests.matching.comparisons import COMPARISONS
from servery.guests.matching.guard import is_named_so, telling
from servery.guests.matching.sheet import Row, Sheet
from servery.guests.names import agreement

_NAMES = ("given", "family")


def guarded(pairs: Iterable[Pair], sheet: Sheet) -> Iterator[Pair]:
    """The same pairs; those that are not plainly one person never are."""
    for one, other, bits in pairs:
        yield one, other, NEVER if bits > 0 and not _may_be(sheet, sheet.rows[one], sheet.rows[other]) else bits


def _may_be(sheet: Sheet, one: Row, other: Row) -> bool:
    # Also what all rows say the same of: it teaches nothing, and is shared all the same.
    every = {each.name: each for each in (*COMPARISONS, *sheet.comparisons)}.values()
    compared = {each.name: found.name for each in every if (found := each.found(one, other)) is not None}
    shared = telling(compared, one["birth_month_day"])
    agreed = agreement(one["written"], other["written"])
    if agreed == "apart":
        # One person takes another family name; two who live together have birthdays of their own.
        return "birthday" in shared
    if agreed == "slip":
        return len(shared) > 1 or compared.get("birthday") == "same"
    if "other" in (compared.get("email"), compared.get("phone")):
        return bool(shared)
    return agreed == "unknown" or is_named_so(one["written"], other["written"], shared) or _says_more(compared)


def _says_more(compared: Mapping[str, str]) -> bool:
    """Whether more than names and a phone speaks: a name alone joins nobody, nor does a family's with its phone."""
    return any(level != "other" for name, level in compared.items() if name not in (*_NAMES, "phone"))
