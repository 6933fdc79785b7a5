"""By what a guest is found: the keys kept beside each guest, and the words among them. Pure.

A name is found by its words, their beginnings and their letters in threes; by these also in Latin letters where it is
written in others. An e-mail address is found by its beginning, a phone number by its end. A word of a tag, preference,
allergy or note stands behind the mark of its kind, so that nobody finds by what they may not see.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Literal

from servery.guests.golden import Record, without
from servery.guests.matching.writing import plain
from servery.model.guest import Golden
from servery.model.viewer import Right
from servery.storage.names import fold, search_keys

TextKind = Literal["tag", "preference", "allergy", "note"]
"""What is said of a guest in words, the most telling first."""

MARKS: Mapping[TextKind, str] = {"tag": "+", "preference": "=", "allergy": "!", "note": "~"}
"""Stands before a word of this kind among the search keys; folded words have no such characters."""
NEEDS: Mapping[TextKind, Right] = {
    "tag": "see_guests",
    "preference": "see_notes",
    "allergy": "see_allergies",
    "note": "see_notes",
}
"""The right without which nobody is found by a word of this kind."""

_MOST_WORDS = 2_000
"""Words of notes by which one guest is found, from the first on: a novel in a note would weigh on every search."""
# Close together where addresses still have much in common, so that few of those found must be looked at and left.
_EMAIL_BEGINNINGS = (3, 4, 5, 6, 8, 10, 14)


def found_by(guest: Golden, records: Iterable[Record] = ()) -> list[str]:
    """The search keys of a guest, by what is true of them and by what their records call them otherwise."""
    listed = list(records)
    found = {key for name in written_names(guest, listed) for key in search_keys(name)} | set(_text_words(guest))
    if guest.email:
        address = guest.email.value.casefold()
        found |= {f"@{address[:size]}" for size in _EMAIL_BEGINNINGS if len(address) >= size}
    phones = {one.phone or one.guest.phone for one in listed if "contact" not in one.silent}
    phones |= {guest.phone.value} if guest.phone else set()
    found |= {end for phone in phones if phone for end in phone_ends(phone)}
    return sorted(found)


def words_of(guest: Golden, records: Iterable[Record] = ()) -> set[str]:
    """The whole words among a guest's search keys: those that somebody may type wrongly, or not to their end."""
    names = written_names(guest, records)
    return {word for name in names for word in fold(name).split()} | set(_text_words(guest))


def written_names(guest: Golden, records: Iterable[Record]) -> list[str]:
    """What a guest is called, in all records, and each in Latin letters where it is in others."""
    names = {guest.name.value} if guest.name else set()
    names |= {name for one in records if (name := without(one.guest, one.silent).name)}
    return sorted(names | {latin(name) for name in names} - {""})


def latin(text: str) -> str:
    """A text of other letters in Latin ones, folded; empty where it has none of those."""
    return "" if fold(text).isascii() else plain(text)


def texts_of(guest: Golden) -> list[tuple[TextKind, str]]:
    """What is said of a guest in words, the most telling first."""
    return [
        *(("tag", one.value) for one in guest.tags),
        *(("preference", one.value) for one in guest.preferences),
        *(("allergy", one.value) for one in guest.allergies),
        *(("note", one.text) for one in guest.notes),
    ]


def _text_words(guest: Golden) -> Iterable[str]:
    words = (f"{MARKS[kind]}{word}" for kind, text in texts_of(guest) for word in fold(text).split())
    return islice(dict.fromkeys(words), _MOST_WORDS)


def email_begins(typed: str) -> str | None:
    """The search key of addresses that begin with what was typed, or with most of it; None for less than three."""
    size = max((one for one in _EMAIL_BEGINNINGS if one <= len(typed)), default=None)
    return None if size is None else f"@{typed.casefold()[:size]}"


def phone_ends(phone: str) -> list[str]:
    """The ends of a phone number by which staff look it up: its last 4 to 8 digits, and all of it."""
    digits = "".join(letter for letter in phone if letter.isdigit())
    return [f"#{digits[-size:]}" for size in (4, 5, 6, 7, 8) if len(digits) >= size] + [f"#{digits}"]
