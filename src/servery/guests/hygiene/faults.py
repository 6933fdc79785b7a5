"""What of a guest a person should mend. Pure."""

import re
from datetime import date
from functools import cache
from typing import Literal, get_args

from msgspec import Struct

from servery.guests.hygiene.emails import fault as email_fault
from servery.guests.hygiene.written import listed
from servery.model.guest import Birthday
from servery.storage.names import fold

Fault = Literal[
    "email_slip", "email_malformed", "email_is_phone", "email_dead", "email_one_time", "email_relay",
    "phone_unreadable", "name_nobody", "name_short", "name_missing", "birthday_odd", "maybe_same", "shared_phone",
    "no_contact",
]  # fmt: skip
FAULTS: tuple[Fault, ...] = get_args(Fault)
"""In the order in which they are worth mending."""

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_OLDEST = 120
"""Years that nobody is older than."""


class Person(Struct, frozen=True):
    """What is looked at of a guest: golden fields."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    birthday: Birthday | None = None


def faults(person: Person, today: date) -> list[Fault]:
    """What is wrong with a guest by their own fields alone."""
    found: list[Fault] = []
    if person.email and (wrong := email_fault(person.email)):
        found.append(wrong)
    if person.phone and not _E164.fullmatch(person.phone):
        found.append("phone_unreadable")
    if not (person.email or person.phone):
        found.append("no_contact")
    if wrong_name := _name_fault(person):
        found.append(wrong_name)
    if person.birthday and _is_odd(person.birthday, today):
        found.append("birthday_odd")
    return found


def _name_fault(person: Person) -> Fault | None:
    if not (person.name or "").strip():
        return "name_missing" if person.email or person.phone else None
    assert person.name is not None
    letters = [letter for letter in person.name if letter.isalpha()]
    # One letter of other scripts is a whole name: 王.
    if not letters or (len(letters) == 1 and ord(letters[0]) < 0x250):
        return "name_short"
    repeated = len(letters) > 2 and len({letter.casefold() for letter in letters}) == 1
    return "name_nobody" if repeated or _is_nobodys(fold(person.name)) else None


def _is_nobodys(name: str) -> bool:
    words = name.split()
    return name in _folded("nobodys") or (len(words) == 2 and words[0] in _folded("tables") and words[1].isdigit())


@cache
def _folded(names: str) -> frozenset[str]:
    return frozenset(map(fold, listed()[names]))


def _is_odd(birthday: Birthday, today: date) -> bool:
    try:
        born = date(birthday.year or 2000, birthday.month, birthday.day)
    except ValueError:
        return True
    return birthday.year is not None and (born > today or today.year - born.year > _OLDEST)
