"""Which source value becomes the guest's own: the rules of survivorship, field by field. Pure.

Of several values the most complete name wins, and for contact details the latest record that gives one. Remarks are
never chosen between: all are kept, each once.
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from servery.guests.keys import phone_key
from servery.guests.names import words
from servery.model.guest import Birthday, Golden, Known, Note, SourceGuest


class Record(Struct, frozen=True):
    """One source record of a guest; `revision` orders records of one system, `seen` the arrival here (microseconds)."""

    id: int
    seen: int
    guest: SourceGuest


def golden(records: Sequence[Record]) -> Golden:
    """The golden fields of a guest made of these records."""
    latest = sorted(records, key=lambda one: (one.seen, one.id), reverse=True)
    return Golden(
        name=_best_name(latest),
        email=_latest(latest, lambda guest: guest.email),
        phone=_latest(latest, lambda guest: phone_key(guest.phone, guest.country) or guest.phone),
        birthday=_birthday(latest),
        language=_latest(latest, lambda guest: guest.language),
        company=_latest(latest, lambda guest: guest.company),
        city=_latest(latest, lambda guest: guest.city),
        postcode=_latest(latest, lambda guest: guest.postcode),
        vip=next((Known("vip", one.id) for one in latest if one.guest.vip), None),
        allergies=_all(latest, lambda guest: guest.allergies),
        preferences=_all(latest, lambda guest: guest.preferences),
        tags=_all(latest, lambda guest: guest.tags),
        notes=_notes(latest),
        one_time=all(one.guest.one_time for one in latest),
    )


def _best_name(latest: Sequence[Record]) -> Known | None:
    """The name with most words, then most used among the records (a slip of the pen is rarer), then the latest."""
    named = [one for one in latest if one.guest.name]
    if not named:
        return None
    written = [" ".join(words(one.guest.name)) for one in named]

    def rank(place: int) -> tuple[int, int, int]:
        full = len([word for word in written[place].split() if len(word) > 1])
        return full, written.count(written[place]), -place

    best = named[max(range(len(named)), key=rank)]
    return Known(best.guest.name or "", best.id)


def _latest(latest: Iterable[Record], value: Callable[[SourceGuest], str | None]) -> Known | None:
    return next((Known(found, one.id) for one in latest if (found := value(one.guest))), None)


def _birthday(latest: Iterable[Record]) -> Birthday | None:
    given = [one.guest.birthday for one in latest if one.guest.birthday]
    return next((one for one in given if one.year), given[0] if given else None)


def _all(latest: Iterable[Record], values: Callable[[SourceGuest], Sequence[str]]) -> tuple[Known, ...]:
    found: dict[str, Known] = {}
    for one in latest:
        for value in values(one.guest):
            found.setdefault(value.strip().casefold(), Known(value.strip(), one.id))
    return tuple(found[key] for key in sorted(found) if key)


def _notes(latest: Iterable[Record]) -> tuple[Note, ...]:
    found: dict[str, Note] = {}
    for one in latest:
        for note in one.guest.notes:
            found.setdefault(note.text.strip().casefold(), note)
    return tuple(found.values())
