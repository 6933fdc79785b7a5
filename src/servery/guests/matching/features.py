"""What of a record is compared. Pure."""

from datetime import date

from msgspec import Struct, structs

from servery.guests.keys import email_key, phone_key
from servery.guests.matching.conditions import Columns
from servery.guests.matching.writing import family_of, name_words, parts, plain, root, sound
from servery.model.guest import Birthday, SourceGuest

VERSION = 1
"""Rises when the same record gives other features: stored ones of another version are made anew."""


class Features(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record in plain ASCII letters, each piece by itself; None where it says nothing, or nothing of use."""

    name: str | None = None
    """All words of the name by alphabet, so that their order does not matter."""
    given: str | None = None
    given_first: str | None = None
    given_root: str | None = None
    """What a nickname stands for."""
    family: str | None = None
    family_first: str | None = None
    family_last: str | None = None
    family_sound: str | None = None
    email: str | None = None
    """Whole and in small letters; None for a relay's or a desk's."""
    email_local: str | None = None
    phone: str | None = None
    """E.164."""
    birthday: str | None = None
    """Year, month and day as eight digits."""
    birthday_turned: str | None = None
    """The same with day and month exchanged, where that is a date."""
    birth_day: str | None = None
    """Month and day, where the year is not known."""
    birth_month_day: str | None = None
    birth_year: str | None = None
    postcode: str | None = None
    postcode_area: str | None = None
    street: str | None = None
    house: str | None = None
    place: str | None = None
    """A second line of the address."""
    city: str | None = None
    state: str | None = None
    company: str | None = None
    occupation: str | None = None
    loyalty: str | None = None
    usual_table: str | None = None
    """Where more than one visit was, most of them; not the record's own word, so never kept with it."""
    usual_table_often: str | None = None
    """The same, where they were many."""
    card: str | None = None
    """The token of the card that paid most of their checks; as little the record's own word."""

    @property
    def born(self) -> str | None:
        """The birthday as eight digits from the year down, or as four without it."""
        return self.birthday or self.birth_day

    def columns(self) -> Columns:
        """By column, as conditions read it."""
        return structs.asdict(self)


COLUMNS: tuple[str, ...] = Features.__struct_fields__


def features_of(guest: SourceGuest, country: str | None = None) -> Features:
    """The features of a source's record; `country` (ISO 3166) reads phone numbers that have no country code."""
    return Features(
        **name_features(guest.name, guest.given_name, guest.family_name),
        **email_features(email_key(guest.email)),
        **birthday_features(guest.birthday),
        **postcode_features(guest.postcode),
        phone=phone_key(guest.phone, guest.country or country),
        city=plain(guest.city or "") or None,
        company=plain(guest.company or "") or None,
        loyalty=plain(guest.loyalty_id or "").replace(" ", "") or None,
    )


def name_features(name: str | None, given: str | None = None, family: str | None = None) -> dict[str, str | None]:
    """The features of a name, from its parts where a record keeps them apart."""
    first, last = _told(name, given, family) if given or family else parts(name or "")
    last = family_of(last)
    return {
        "name": " ".join(sorted({*first, *last})) or None,
        "given": " ".join(first) or None,
        "given_first": first[0] if first else None,
        "given_root": root(first[0]) if first else None,
        "family": " ".join(last) or None,
        "family_first": last[0] if last else None,
        "family_last": last[-1] if last else None,
        "family_sound": sound(last[-1]) if last else None,
    }


def _told(name: str | None, given: str | None, family: str | None) -> tuple[list[str], list[str]]:
    """Given and family words of a record that keeps them apart; what only its whole name says counts as given."""
    first, last = name_words(given), name_words(family)
    every = name_words(name)
    return ([word for word in every if word not in last] if {*first, *last} < {*every} else first), last


def email_features(address: str | None) -> dict[str, str | None]:
    """The features of an address that is in small letters already."""
    address = address.encode("ascii", "ignore").decode() if address else None
    return {"email": address, "email_local": address.rpartition("@")[0] or None if address else None}


def birthday_features(birthday: Birthday | None, today: date | None = None) -> dict[str, str | None]:
    """The features of a birthday; none of one to come, nor of the dates that systems write when they know none."""
    if birthday is None or is_nobodys(birthday, today):
        return {}
    day = f"{birthday.month:02}{birthday.day:02}"
    return dated(day if birthday.year is None else f"{birthday.year:04}{day}")


def born_on(birthday: Birthday | None) -> str | None:
    """A birthday as eight digits from the year down, or as four without it; None of one that is nobody's."""
    said = birthday_features(birthday)
    return said.get("birthday") or said.get("birth_day")


def dated(digits: str) -> dict[str, str | None]:
    """The features of a day as eight digits from the year down, or four without it; it need not be in the calendar.

    A slip of the pen makes the 81st of January of the 31st: no date, and still nearly the same birthday.
    """
    if len(digits) == 4:
        return {"birth_day": digits, "birth_month_day": digits}
    year, month, day = digits[:4], digits[4:6], digits[6:]
    turned = f"{year}{day}{month}" if day <= "12" and day != month else None
    return {"birthday": digits, "birthday_turned": turned, "birth_month_day": month + day, "birth_year": year}


def is_nobodys(birthday: Birthday, today: date | None = None) -> bool:
    """Whether a day is still to come, or one that systems write when they know none."""
    today = today or date.today()  # noqa: DTZ011 (any zone's day will do)
    if (birthday.month, birthday.day, birthday.year) in ((1, 1, 1900), (1, 1, 1970), (1, 1, 1)):
        return True
    return birthday.year is not None and (birthday.year, birthday.month, birthday.day) > (
        today.year, today.month, today.day,
    )  # fmt: skip


def postcode_features(postcode: str | None) -> dict[str, str | None]:
    """The features of a postcode: without spaces, and the area that its first half names."""
    bare = plain(postcode or "").replace(" ", "")
    return {"postcode": bare or None, "postcode_area": bare[:-3] if len(bare) > 4 else bare[:2] or None}
