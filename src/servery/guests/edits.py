"""What staff say of a guest themselves: one field, or one entry of a list. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct

from servery.errors import Invalid
from servery.guests.hygiene.emails import fault as email_fault
from servery.guests.keys import phone_written
from servery.guests.names import words
from servery.model.guest import Birthday
from servery.model.language import language_tag

EditField = Literal[
    "name", "pronunciation", "email", "phone", "birthday", "language", "company", "city", "postcode", "vip"
]
EDITED: tuple[EditField, ...] = get_args(EditField)
EntryKind = Literal["allergy", "preference", "tag", "note", "tonight"]

_LONGEST = 200
_LONGEST_TEXT = 2000


class Edit(Struct, frozen=True, kw_only=True):
    """What was said of one field. `over`: what each record said then, by its id, as `digest` writes it.

    A record that came later is there with what it said first. `HEARD` are those that said something else since.
    """

    field: EditField
    value: Any
    at: datetime
    author: str
    over: Mapping[str, str] = {}
    id: int = 0


class Entry(Struct, frozen=True, kw_only=True):
    """One entry that staff made, or with `present` false: that they say is not so. `name` is the author's.

    What is not so is said against the records and the entries that said it then (`over_records`, `over_entries`): what
    is said afterwards, or of another guest, counts again. `same_as` is the entry that this one repeats; `of_both` it is
    another guest's too, with whom this one was one guest when it was written.
    """

    id: int
    kind: EntryKind
    text: str
    at: datetime
    author: str
    name: str
    present: bool = True
    business_date: date | None = None
    over_records: tuple[int, ...] = ()
    over_entries: tuple[int, ...] = ()
    same_as: int | None = None
    of_both: bool = False


class Said(Struct, frozen=True):
    """All that staff say of one guest: the edit that holds of each field, and the entries in order of time."""

    edits: Mapping[str, Edit] = {}
    entries: Sequence[Entry] = ()

    def of(self, kind: EntryKind) -> list[Entry]:
        """The entries of one kind."""
        return [one for one in self.entries if one.kind == kind]


NOTHING = Said()


HEARD = ""
"""In `Edit.over`: this record changed its word after the edit, and is heard from then on, whatever it says."""


def digest(field: str, value: Any) -> str:
    """A record's word in short: by it is seen later that it says something else, and not only writes it otherwise."""
    return _digest(_plain(field, value))


def is_kept(before: str, field: str, value: Any) -> bool:
    """Whether a record still says what `before` is the digest of; those of old are of the word as it was written."""
    return before in (digest(field, value), _digest(value))


def _digest(value: Any) -> str:
    return blake2b(msgspec.json.encode(value), digest_size=8).hexdigest()


def _plain(field: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if field == "phone":
        return "".join(letter for letter in value if letter.isdigit() or letter == "+") or value
    plain = " ".join(value.casefold().split())
    return " ".join(words(value)) or plain if field == "name" else plain


def checked(field: str, value: Any) -> Any:
    """A value as it is kept; None for nothing known. Invalid where a field is none, or cannot have this value."""
    if field not in EDITED:
        raise Invalid("There is no field {name} to change.", field=field, name=field)
    if value is None or value == "":
        return None
    if field == "vip":
        return "vip" if value in (True, "vip", "true", "on") else None
    if field == "birthday":
        return _birthday(value)
    text = " ".join(str(value).split())
    if not text:
        return None
    if len(text) > _LONGEST:
        raise Invalid("This is longer than {most} characters.", field=field, most=_LONGEST)
    if field == "email" and "@" not in text:
        raise Invalid("This is no e-mail address.", field=field)
    if field == "phone" and sum(letter.isdigit() for letter in text) < 4:
        raise Invalid("This is no phone number.", field=field)
    return text


def sound(field: str, value: Any, countries: Collection[str | None]) -> Any:
    """A value that somebody writes, not one that a record has: also checked for being what it should be.

    A phone number without its country's code is read in `countries`. Invalid with the field.
    """
    kept = checked(field, value)
    if kept is None:
        return None
    if field == "email" and email_fault(kept) in ("email_malformed", "email_is_phone"):
        raise Invalid("This is no e-mail address.", field=field)
    if field == "phone":
        kept = phone_written(kept, countries)
        if kept is None:
            raise Invalid(
                "This is no phone number that can be called.", field=field,
                mend="Write it whole, with its country's code: +45 20 12 34 56.",
            )  # fmt: skip
    if field == "language":
        kept = language_tag(kept)
        if kept is None:
            raise Invalid("There is no such language.", field=field, mend="Write its code, such as da or en-GB.")
    return kept


def _birthday(value: Any) -> dict[str, int | None]:
    try:
        if isinstance(value, str):
            day = date.fromisoformat(value if not value.startswith("--") else f"2000-{value[2:]}")
            value = {"month": day.month, "day": day.day, "year": None if value.startswith("--") else day.year}
        birthday = msgspec.convert(value, Birthday)
        found = date(birthday.year or 2000, birthday.month, birthday.day)
    except (ValueError, TypeError) as error:
        raise _no_birthday(value) from error
    if birthday.year is not None and not date(1900, 1, 2) <= found <= date.today():  # noqa: DTZ011 (a day will do)
        raise Invalid("Nobody alive was born on that day.", field="birthday")
    return msgspec.to_builtins(birthday)  # type: ignore[no-any-return]


def _no_birthday(value: Any) -> Invalid:
    if isinstance(value, str):
        return Invalid(
            "This is no birthday.", field="birthday", mend="Write it as 1980-05-17, or --05-17 without a year."
        )
    as_parts = 'Write it as {"month": 5, "day": 17, "year": 1980}, or with null for a year that is not known.'
    return Invalid("This is no birthday.", field="birthday", mend=as_parts)


def checked_text(text: str) -> str:
    """An entry's text as it is kept; Invalid for an empty or endless one."""
    found = text.strip()
    if not found:
        raise Invalid("There is nothing written.", field="text")
    if len(found) > _LONGEST_TEXT:
        raise Invalid("This is longer than {most} characters.", field="text", most=_LONGEST_TEXT)
    return found
