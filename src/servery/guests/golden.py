"""Which source value becomes the guest's own: the rules of survivorship, field by field. Pure.

Which rule a field has is data (`model.survivorship`). Remarks are never chosen between: all are kept, each once. What
staff say wins, until a source says something else than it did then. In which order records came changes nothing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any

from msgspec import Struct, convert, structs

from servery.guests.edits import NOTHING, Edit, Entry, EntryKind, Said, is_kept
from servery.guests.hygiene.written import as_written
from servery.guests.names import words
from servery.model.commands import Field
from servery.model.guest import Birthday, Golden, Known, Note, SourceGuest
from servery.model.survivorship import (
    COMPLETE,
    DEFAULTS,
    FIELDS,
    NO_CHOICES,
    Choices,
    ChosenField,
    Rule,
    rule_of,
)


class Record(Struct, frozen=True):
    """One source record of a guest; `at` is when it was modified, or where its source does not say, when it came."""

    id: int
    external_id: str
    at: datetime
    guest: SourceGuest
    phone: str | None = None
    """The number as E.164, where it could be read as one."""
    silent: frozenset[Field] = frozenset()
    """Fields that its system does not speak for here, by the owner's choice."""
    connection_id: int = 0
    choices: Choices = NO_CHOICES
    """The rules of survivorship that were chosen: the same for all records."""


Choose = Callable[[Sequence[Record]], Any]
"""Chooses a value between records, of which the latest come first."""

_UNSAID: Mapping[Field, Mapping[str, Any]] = {
    "name": {"name": None, "given_name": None, "family_name": None},
    "contact": {"email": None, "phone": None, "postcode": None, "city": None, "company": None},
    "consent": {"marketing": "unknown"},
    "vip": {"vip": None},
    "tags": {"tags": ()},
    "allergies": {"allergies": ()},
    "preferences": {"preferences": ()},
    "notes": {"notes": ()},
}
"""A record's members as they are when its system is silent on a field."""


def without(guest: SourceGuest, fields: Collection[Field]) -> SourceGuest:
    """What a record says when it is silent on these fields."""
    unsaid = {name: value for field in fields for name, value in _UNSAID.get(field, {}).items()}
    return structs.replace(guest, **unsaid) if unsaid else guest


_TEXTS: tuple[ChosenField, ...] = ("email", "language", "company", "city", "postcode")


def golden(records: Sequence[Record], said: Said = NOTHING, by_rule: Sequence[Known] = ()) -> Golden:
    """The golden fields of a guest made of these records, of what staff say of them, and of the tags by rule."""
    latest = sorted(map(_heard, records), key=_at, reverse=True)
    chosen = {field: _chosen(field, latest, said.edits.get(field)) for field in FIELDS}
    return Golden(
        **chosen,
        birthday_said=_said_birthday(chosen["birthday"], latest, said.edits.get("birthday")),
        pronunciation=_edited(said.edits.get("pronunciation")),
        allergies=_all(latest, "allergy", said),
        preferences=_all(latest, "preference", said),
        tags=_all(latest, "tag", said, by_rule),
        notes=_notes(latest, said.of("note")),
        one_time=bool(latest) and all(one.guest.one_time for one in latest),
    )


def value_of(field: ChosenField, records: Sequence[Record], said: Said = NOTHING) -> Any:
    """One field of `golden`."""
    return _chosen(field, sorted(map(_heard, records), key=_at, reverse=True), said.edits.get(field))


def told(field: str, record: Record) -> Any:
    """What a record says in one field, as it counts in golden fields; None where it says nothing."""
    if field == "phone":
        return record.phone or record.guest.phone
    return getattr(record.guest, field)


def _chosen(field: ChosenField, latest: Sequence[Record], edit: Edit | None) -> Any:
    """A field by its rule; where staff said something, by the records alone that changed their word afterwards."""
    best, heard = _ruled(field, latest)
    if edit is None:
        return best(heard)
    since = _since(field, heard, edit)
    return best(since) if since else _edited(edit)


def _since(field: ChosenField, heard: Sequence[Record], edit: Edit) -> list[Record]:
    """The records that changed their word after an edit."""
    return [one for one in heard if told(field, one) is not None and _is_news(field, one, edit)]


def _said_birthday(found: Birthday | None, latest: Sequence[Record], edit: Edit | None) -> Known | None:
    """Who of the house wrote the birthday that was chosen; None where a record gave it."""
    if found is None or edit is None or _since("birthday", _ruled("birthday", latest)[1], edit):
        return None
    return Known(found.written(), 0, edit.author, edit.at)


def _ruled(field: ChosenField, latest: Sequence[Record]) -> tuple[Choose, Sequence[Record]]:
    """How a field is chosen, and between which records: where its owner says something, between the owner's."""
    chosen = rule_of(field, latest[0].choices if latest else NO_CHOICES)
    if chosen.rule != "owner":
        return BEST[chosen.rule][field], latest
    own = [one for one in latest if one.connection_id == chosen.connection_id and told(field, one) is not None]
    return (BEST["recent"][field], own) if own else (BEST[DEFAULTS[field]][field], latest)


def _is_news(field: str, record: Record, edit: Edit) -> bool:
    """Whether a record changed its word after an edit; one that came since and said nothing else yet did not."""
    before = edit.over.get(str(record.id))
    return before is not None and not is_kept(before, field, told(field, record))


def _edited(edit: Edit | None) -> Any:
    if edit is None or edit.value is None:
        return None
    if edit.field == "birthday":
        return convert(edit.value, Birthday)
    return Known(str(edit.value), 0, edit.author, edit.at)


def _at(record: Record) -> tuple[datetime, str, int, int]:
    """When a record was modified; of two at once always the same one is the later."""
    return record.at, record.external_id, record.connection_id, record.id


def _heard(record: Record) -> Record:
    if not record.silent:
        return record
    phone = None if "contact" in record.silent else record.phone
    return structs.replace(record, guest=without(record.guest, record.silent), phone=phone)


def _best_name(latest: Sequence[Record]) -> Known | None:
    """The name with most words, then most used among the records (a slip of the pen is rarer), then the latest.

    Of spellings that differ in writing only, the one written with care: Søren Jensen before SOREN JENSEN. It is shown
    as people write names (`as_written`); the record keeps its own spelling.
    """
    named = [one for one in latest if one.guest.name]
    if not named:
        return None
    written = [" ".join(words(one.guest.name)) for one in named]

    def rank(place: int) -> tuple[int, int, bool, int, int]:
        name = named[place].guest.name or ""
        full = len([word for word in written[place].split() if len(word) > 1])
        marked = sum(not letter.isascii() for letter in name)
        return full, written.count(written[place]), not (name.isupper() or name.islower()), marked, -place

    best = named[max(range(len(named)), key=rank)]
    return Known(as_written(best.guest.name or ""), best.id)


def _latest(latest: Iterable[Record], value: Callable[[SourceGuest], str | None]) -> Known | None:
    return next((Known(found, one.id) for one in latest if (found := value(one.guest))), None)


def _birthday(latest: Iterable[Record]) -> Birthday | None:
    return next((one.guest.birthday for one in latest if one.guest.birthday), None)


def _whole_birthday(latest: Iterable[Record]) -> Birthday | None:
    """One with its year, if any has it."""
    given = [one.guest.birthday for one in latest if one.guest.birthday]
    return next((one for one in given if one.year), given[0] if given else None)


def _fullest(latest: Iterable[Record], field: str) -> Known | None:
    """The value of most words, then of most letters, then the latest."""
    given = [(one, str(value)) for one in latest if (value := told(field, one))]
    best = max(given, key=lambda each: (len(each[1].split()), len(each[1])), default=None)
    return Known(best[1], best[0].id) if best else None


def _readable_phone(latest: Sequence[Record]) -> Known | None:
    """The latest that is a number, if any is."""
    return _phone([one for one in latest if one.phone]) or _phone(latest)


def _vip(latest: Iterable[Record]) -> Known | None:
    """What was said last, also where that is that they are none any more."""
    said = next((one for one in latest if one.guest.vip is not None), None)
    return Known("vip", said.id) if said and said.guest.vip else None


def texts(kind: EntryKind, guest: SourceGuest) -> Sequence[str]:
    """What a record lists of one kind of entry."""
    match kind:
        case "allergy":
            return guest.allergies
        case "preference":
            return guest.preferences
        case "tag":
            return guest.tags
        case _:
            return [note.text for note in guest.notes]


def as_one(text: str) -> str:
    """A text in the form in which two of a list are the same one."""
    return text.strip().casefold()


def _all(latest: Iterable[Record], kind: EntryKind, said: Said, by_rule: Iterable[Known] = ()) -> tuple[Known, ...]:
    """Every value once; rules and staff add to them, and staff say of one that it is not so."""
    entries = said.of(kind)
    records, struck = _not_so(entries)
    found: dict[str, Known] = {}
    for one in latest:
        for value in texts(kind, one.guest):
            if (as_one(value), one.id) not in records:
                found.setdefault(as_one(value), Known(value.strip(), one.id))
    denied = {as_one(entry.text) for entry in entries if not entry.present}
    for known in by_rule:
        if as_one(known.value) not in denied:
            found.setdefault(as_one(known.value), known)
    for entry in entries:
        if entry.present and entry.id not in struck:
            found.setdefault(as_one(entry.text), Known(entry.text, 0, entry.author, entry.at))
    return tuple(found[key] for key in sorted(found) if key)


def _notes(latest: Iterable[Record], entries: Sequence[Entry]) -> tuple[Note, ...]:
    records, struck = _not_so(entries)
    kept = [entry for entry in entries if entry.present and entry.id not in struck]
    found = {as_one(entry.text): Note(entry.text, entry.name, entry.at) for entry in kept}
    for one in latest:
        for note in one.guest.notes:
            if (as_one(note.text), one.id) not in records:
                found.setdefault(as_one(note.text), note)
    return tuple(found.values())


def _not_so(entries: Iterable[Entry]) -> tuple[set[tuple[str, int]], set[int]]:
    """Which text of which record is not so, and which entries are not."""
    denials = [one for one in entries if not one.present]
    records = {(as_one(one.text), record) for one in denials for record in one.over_records}
    return records, {entry for one in denials for entry in one.over_entries}


def _phone(latest: Iterable[Record]) -> Known | None:
    return next((Known(found, one.id) for one in latest if (found := told("phone", one))), None)


_RECENT: Mapping[ChosenField, Choose] = {
    "name": partial(_latest, value=attrgetter("name")),
    "phone": _phone,
    "birthday": _birthday,
    "vip": _vip,
    **{field: partial(_latest, value=attrgetter(field)) for field in _TEXTS},
}
_COMPLETE: Mapping[ChosenField, Choose] = {
    "name": _best_name,
    "phone": _readable_phone,
    "birthday": _whole_birthday,
    **{field: partial(_fullest, field=field) for field in _TEXTS if field in COMPLETE},
}
BEST: Mapping[Rule, Mapping[ChosenField, Choose]] = {"recent": _RECENT, "complete": _COMPLETE}
"""How each field is chosen between records, the latest of which come first, by its rule."""
