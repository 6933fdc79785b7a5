"""Rows of a list that are two people of one house: twins, father and son, parent and child of one name. Pure.

They have one e-mail or phone, one name and address, twins one birthday as well. No weight tells such people from one
who is written down twice, and no third row that lacks what parts them may join them.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from msgspec import Struct
from rapidfuzz.distance import DamerauLevenshtein

from servery.guests.matching.sheet import Row, Sheet
from servery.guests.matching.writing import is_given, is_honour, is_pet_name, roots, sound
from servery.guests.titles import Written, taken_apart

GENERATION = 15
"""Years between a parent and a child at least."""
_CENTURY = 100
"""Years by which a year of two digits is read wrongly."""
_LETTERS_LEFT = 2 / 3
"""The share of its letters that a word keeps under a bad pen."""

_SPELT = (("ph", "f"), ("th", "t"), ("ch", "k"), ("ck", "k"))
_LETTERS = str.maketrans("cqzvwyj", "kksffii")
_SILENT = re.compile(r"(?<=[^aeiou])h|h$")
_DOUBLED = re.compile(r"(.)\1+")


class _Name(NamedTuple):
    """What a row calls somebody."""

    written: str
    given: str | None
    family: str | None
    known: str | None
    """The given name where many of the list bear it."""


class _Facts(Struct, frozen=True):
    """What of a row can part it from another."""

    name: _Name
    born: str | None
    turned: str | None
    contacts: frozenset[str]


class Relatives:
    """The guard of a list: which of its rows, by their places, are two people."""

    def __init__(self, sheet: Sheet) -> None:
        self._facts = [
            _Facts(
                _name(row),
                row["birthday"],
                row["birthday_turned"],
                frozenset(filter(None, (row["email"], row["phone"]))),
            )
            for row in sheet.rows
        ]
        self._has_contacts = any(one.contacts for one in self._facts)

    def are_two(self, ones: Sequence[int], others: Sequence[int]) -> bool:
        """Whether rows of one person and rows of one are two people of one house.

        They may be of one house if they have a contact in common, or one of them says none in a list of contacts.
        """
        left, right = self._contacts(ones), self._contacts(others)
        if not self._has_contacts or (left and right and left.isdisjoint(right)):
            return False
        return any(_are_two(self._facts[one], self._facts[other]) for one, other in product(ones, others))

    def _contacts(self, rows: Sequence[int]) -> set[str]:
        return {contact for row in rows for contact in self._facts[row].contacts}

    def is_vague(self, record: int) -> bool:
        """Whether a row lacks a birthday, or a given name of more than a letter."""
        facts = self._facts[record]
        return facts.born is None or _is_nameless(facts.name)

    def cannot_tell(self, record: int, one: int, other: int) -> bool:
        """Whether a row lacks all by which two others are two people."""
        facts, left, right = self._facts[record], self._facts[one], self._facts[other]
        if _are_generations(left, right) and facts.born is not None:
            return False
        if _differ(left.name, right.name) and not _is_nameless(facts.name):
            return False
        marked = _are_marked(taken_apart(left.name.written), taken_apart(right.name.written))
        return not (marked and taken_apart(facts.name.written).sexes)


def _is_nameless(name: _Name) -> bool:
    return all(len(word) == 1 for word in _called(name))


def _are_two(one: _Facts, other: _Facts) -> bool:
    return (one.name != other.name and _are_named_two(one.name, other.name)) or _are_generations(one, other)


def _name(row: Row) -> _Name:
    return _Name(row["written"] or "", row["given"], row["family"], row["given_known"])


@lru_cache(maxsize=200_000)
def _are_named_two(one: _Name, other: _Name) -> bool:
    return _are_marked(taken_apart(one.written), taken_apart(other.written)) or _differ(one, other)


def _are_marked(one: Written, other: Written) -> bool:
    """Whether what stands beside the names parts them: father and son, a man and a woman, one and several."""
    of_two = one.sexes and other.sexes and one.sexes.isdisjoint(other.sexes)
    return bool(of_two or one.generation != other.generation or one.several != other.several)


def _are_generations(one: _Facts, other: _Facts) -> bool:
    """Whether two birthdays are a parent's and a child's: years apart, and by more than a slip of the pen.

    1964 and 1946 are two digits exchanged, 1964 and 1994 one that is wrong; 1964 and 1993 are neither.
    """
    if one.born is None or other.born is None or one.born == other.born:
        return False
    years = abs(int(one.born[:4]) - int(other.born[:4]))
    if years < GENERATION or years == _CENTURY:
        return False
    return not (_slipped(one.born, other.born) or _slipped(one.turned, other.born))


def _slipped(one: str | None, other: str) -> bool:
    return one is not None and DamerauLevenshtein.distance(one, other, score_cutoff=1) <= 1


def _differ(one: _Name, other: _Name) -> bool:
    left, right = _called(one), _called(other)
    rest, others = _without(left, right), _without(right, left)
    if not rest or not others or "".join(left) == "".join(right) or _are_exchanged(one, other):
        return False
    if _is_bare(one) or _is_bare(other):
        return False
    if len(rest) < len(left) and not (
        all(_is_known(word, one) for word in rest) and all(_is_known(word, other) for word in others)
    ):
        # Beside a name that both bear, what is no given name may be a family's.
        return False
    return not any(_is_one_name(word, each) or _may_be_slip(word, each, one, other) for word in rest for each in others)


def _is_bare(name: _Name) -> bool:
    """Whether somebody is called by one word that is no given name: it may be the family's."""
    return name.family is None and not any(_is_known(word, name) for word in _called(name))


def _called(name: _Name) -> list[str]:
    return [word for word in (name.given or "").split() if not is_honour(word)]


def _without(words: Sequence[str], others: Sequence[str]) -> list[str]:
    return [word for word in words if word not in others]


def _is_known(word: str, name: _Name) -> bool:
    return word == name.known or is_given(word)


def _may_be_slip(word: str, other: str, one: _Name, another: _Name) -> bool:
    """Whether a word may be what the other became under a bad pen: two given names are none."""
    if _is_known(word, one) and _is_known(other, another):
        return False
    return sound(word) == sound(other) or _keeps(word, other)


def _keeps(word: str, other: str) -> bool:
    """Whether two words have most of their letters in common, in whatever order."""
    shared = (Counter(word) & Counter(other)).total()
    return 2 * shared >= _LETTERS_LEFT * (len(word) + len(other))


@lru_cache(maxsize=100_000)
def _is_one_name(word: str, other: str) -> bool:
    """Whether two words are one name: the same but for spelling, an initial, or short for one name."""
    if 1 in (len(word), len(other)):
        return word[0] == other[0]
    # No house gives one name to two, in two of its forms: Tom and Thomas, Julie and Julia.
    if spelt(word) == spelt(other) or not roots(word).isdisjoint(roots(other)):
        return True
    return is_pet_name(word, other) or is_pet_name(other, word)


def spelt(word: str) -> str:
    """A plain word in one of its spellings: Mathias and Matthias, Erik and Eric, Sarah and Sara, Maja and Maya."""
    for written, said in _SPELT:
        word = word.replace(written, said)
    return _DOUBLED.sub(r"\1", _SILENT.sub("", word).translate(_LETTERS))


def _are_exchanged(one: _Name, other: _Name) -> bool:
    """Whether the given name of each stands where the other has the family's, or the only name of one is a family's."""
    across = ((one.given, other.family), (other.given, one.family))
    said = [(given, family) for given, family in across if given and family]
    return bool(said) and all(_keeps(given, family) for given, family in said)
