"""Guests: what each system says of a person, and the one profile made of it."""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

Consent = Literal["granted", "denied", "unknown"]
"""Whether the guest agreed to marketing; unknown never means yes."""


class Birthday(Struct, frozen=True):
    """A birthday; the year is often not given."""

    month: int
    day: int
    year: int | None = None

    def written(self) -> str:
        """As ISO 8601 writes it: 1980-05-17, or --05-17 where no year is known."""
        year = f"{self.year:04}" if self.year else "-"
        return f"{year}-{self.month:02}-{self.day:02}"


class Note(Struct, frozen=True, omit_defaults=True):
    """One remark kept for ever about a guest, with who wrote it and when where the source says so."""

    text: str
    author: str | None = None
    at: datetime | None = None


class SourceGuest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One system's record of a person, as that system gives it.

    `name` is the whole name as written; given and family name only where the source keeps them apart.
    `phone` is as written; matching reads it as E.164 with `country` (ISO 3166, two letters) as the hint.
    """

    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    email: str | None = None
    phone: str | None = None
    country: str | None = None
    postcode: str | None = None
    city: str | None = None
    company: str | None = None
    birthday: Birthday | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    allergies: tuple[str, ...] = ()
    preferences: tuple[str, ...] = ()
    vip: bool | None = None
    marketing: Consent = "unknown"
    loyalty_id: str | None = None
    created_at: datetime | None = None
    one_time: bool = False
    """The source marks this as nobody to remember (a marketplace's or a till's throw-away record)."""


class Fact(Struct, frozen=True):
    """One value and the record of an outside system that says it: how a person can check it."""

    value: str
    connection: str
    external_id: str
    at: datetime | None = None


class Known(Struct, frozen=True, omit_defaults=True):
    """One golden value and the id of the source guest that it was taken from, or who of the house said it, and when.

    `author` is kind and id of whoever wrote it, or of the rule that holds; `source` is then 0.
    """

    value: str
    source: int
    author: str | None = None
    at: datetime | None = None


class Golden(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What we hold to be true of a guest: for each field the source value that our rules of survivorship choose."""

    name: Known | None = None
    pronunciation: Known | None = None
    """How to say the name, as staff write it."""
    email: Known | None = None
    phone: Known | None = None
    """E.164 where it could be read as a phone number, else as written."""
    birthday: Birthday | None = None
    birthday_said: Known | None = None
    """Where staff wrote the birthday, who did and when; its value as `Birthday.written`."""
    language: Known | None = None
    company: Known | None = None
    city: Known | None = None
    postcode: Known | None = None
    vip: Known | None = None
    allergies: tuple[Known, ...] = ()
    preferences: tuple[Known, ...] = ()
    tags: tuple[Known, ...] = ()
    notes: tuple[Note, ...] = ()
    one_time: bool = False

    def value_of(self, field: str) -> str | None:
        """What one field of a single value says, a birthday as `Birthday.written`; None where nothing is known."""
        found = getattr(self, field)
        return found.written() if isinstance(found, Birthday) else found.value if found else None


def birthday_of(day: date) -> Birthday:
    """A full date of birth as a birthday."""
    return Birthday(day.month, day.day, day.year)


def whole_name(given: str | None, family: str | None) -> str | None:
    """The whole name from the parts a source keeps apart; None when it gives neither."""
    return " ".join(part.strip() for part in (given, family) if part and part.strip()) or None
