"""What holds against a score: what few others have in common, and names that can be one person's. Pure.

A score adds up what two records share, and a household shares nearly everything. So nobody is joined by a score alone.
"""

from collections.abc import Mapping, Set

from servery.guests.names import Agreement, agreement, is_whole

CONTACTS = ("email", "phone", "loyalty")
"""What few others have: without one of these the same, or a birthday that is borne out, nobody is joined unasked."""
_BEARING_OUT = ("email", "phone", "postcode")
"""Of these one must be the same beside a birthday, and none another."""
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
    beside = {levels.get(one) for one in _BEARING_OUT}
    return found | {"birthday"} if "same" in beside and "other" not in beside else found


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
