"""What holds against a score: what few others have in common, and names that can be one person's. Pure.

A score adds up what two records share, and a household shares nearly everything. So nobody is joined by a score alone.
"""

from collections.abc import Mapping, Set
from typing import Literal

from msgspec import structs

from servery.guests.born import Born
from servery.guests.matching.score import Scored
from servery.guests.names import Agreement, agreement, is_full, is_whole

CONTACTS = ("email", "phone", "loyalty")
"""What few others have: without one of these the same, or a birthday that is borne out, nobody is joined unasked."""
_BEARING_OUT = ("email", "phone", "postcode")
"""Of these one must be the same beside a birthday, and none written otherwise: lone@ and lona@ are two addresses."""
_GIVEN = {"same", "crossed", "first", "nickname"}
"""Given names that are no slip of one another: twins are called Maja and Kaja."""
_NO_DAY = "0101"
"""Systems write the first of January for a day that they do not know."""


def telling(levels: Mapping[str, str], born_on: str | None) -> set[str]:
    """What two records have in common that few others have, by the level of each comparison.

    `born_on` is month and day of one of them, as four digits. A birthday tells nothing by itself: twins have one, and
    among many of one name some share it by chance.
    """
    found = {contact for contact in CONTACTS if levels.get(contact) == "same"}
    if levels.get("birthday") != "same" or born_on == _NO_DAY or levels.get("given") not in _GIVEN:
        return found
    beside = {levels[one] for one in _BEARING_OUT if one in levels}
    return found | {"birthday"} if beside == {"same"} else found


def is_named_whole(name: str | None, other: str | None) -> bool:
    """Whether two names are one whole name: by that somebody is known even where contacts are a family's."""
    return agreement(name, other) == "same" and is_full(name) and is_full(other)


def within_house(shared: Set[str], houses: Set[str]) -> set[str]:
    """What is still telling of others where some contacts are several people's: their birthday may be twins'."""
    return set(shared) if houses.isdisjoint(shared) else set(shared) - houses - {"birthday"}


def may_be_one(agreed: Agreement, shared: Set[str]) -> bool:
    """Whether names let two records be one person's; a slip does where both e-mail and phone are the same."""
    return agreed != "apart" and (agreed != "slip" or len(shared & {*CONTACTS}) > 1)


def is_named_so(name: str | None, other: str | None, shared: Set[str]) -> bool:
    """Whether names, with what is telling, say that two records are one person's."""
    agreed = agreement(name, other)
    if agreed == "slip":
        return may_be_one(agreed, shared)
    # A family name alone is a whole family's, and so is its phone.
    enough = "email" in shared or len(shared) > 1 or (bool(shared) and is_whole(name) and is_whole(other))
    return agreed in ("same", "alike") and enough


_HOUSEMATES = 0.9
"""What is told of two who may be two of one house, whatever they share besides: a score counts all that a house has."""
House = Literal["two", "maybe"]


def house(name: str | None, other: str | None, levels: Mapping[str, str], born_as: Born) -> House | None:
    """Whether two who share much are two people of one house: `two` by plainly another given name, as spouses have.

    `maybe` by a given name nearly the same, by what stands beside a name, or by another birthday.
    """
    is_apart = agreement(name, other) == "apart"
    if is_apart and levels.get("given") == "other":
        return "two"
    # One person takes another family name.
    has_changed = levels.get("given") in _GIVEN and levels.get("family") != "same"
    return "maybe" if (is_apart and not has_changed) or born_as == "apart" else None


def asked(name: str | None, other: str | None, scored: Scored, born_as: Born) -> Scored | None:
    """What a person is asked of two records: None of two people, and behind all others who may be of one house."""
    kind = house(name, other, {one.comparison: one.level for one in scored.reasons}, born_as)
    if kind is None:
        return scored
    return behind(scored) if kind == "maybe" else None


def behind(scored: Scored) -> Scored:
    """What is asked of two who may be of one house: no likelier than others of whom a person is asked."""
    return structs.replace(scored, probability=min(scored.probability, _HOUSEMATES))
