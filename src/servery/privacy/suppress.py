"""Keeping out what was erased: a system that still holds the guest tells of them again, and nobody listens.

What a guest does after their erasure is a new beginning. A booking that they made since lets them in again, as does a
person who is asked to (`returning`); a record made since is taken in. What is from before never comes back.

With their contact they stay out also under another spelling of their name (`spelling`). Since that may be one of the
family, who comes back so is let in under that spelling alone, and what is known of the erased stays out.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from msgspec import Struct, structs

from servery.errors import NeedsPerson
from servery.model.changes import Change, CheckSeen, GuestSeen, PaymentSeen, Removed, ReservationSeen
from servery.model.guest import SourceGuest
from servery.model.subjects import subjects
from servery.model.viewer import SYSTEM
from servery.privacy import stripped
from servery.privacy.keyed import Key
from servery.privacy.person import HashKind
from servery.privacy.returning import let_in, let_in_as
from servery.privacy.values import values_in
from servery.storage.pool import Connection as Db


class Sifted(Struct, frozen=True):
    """Changes without those who were erased; `let_in` are the lines by which some of them are let in again.

    `held_back` and `emptied` are the places, among the changes as they came, of those that were left out and of those
    that were taken in without the person.
    """

    changes: Sequence[Change]
    let_in: Sequence[int] = ()
    held_back: frozenset[int] = frozenset()
    emptied: frozenset[int] = frozenset()


class Mark(Struct, frozen=True):
    """What is known of a hash: by which erasure, when that was, and whether the person is welcome again."""

    erasure_id: int
    at: datetime
    kind: HashKind
    welcome: bool


Marks = Mapping[bytes, Mark]


async def anybody(db: Db) -> bool:
    """Whether anybody was ever erased here."""
    row = await (await db.execute("select exists (select from erased_key) as there")).fetchone()
    return bool(row and row["there"])


async def sift(db: Db, key: Key | None, connection_id: int, changes: Sequence[Change]) -> Sifted:
    """Take out of changes who was erased. NeedsPerson where nobody can tell who that was, for want of the key."""
    if not changes or not await anybody(db):
        return Sifted(changes)
    known = _wanted(key)
    marks: Marks = await _marks_of(db, known, connection_id, changes)
    if not marks:
        return Sifted(changes)
    lines = []
    if back := _back(known, connection_id, changes, marks):
        lines.append(await let_in(db, known, SYSTEM, "booked", back))
        marks = _welcoming(marks, back)
    if others := _back_as(known, connection_id, changes, marks):
        lines.append(await let_in_as(db, known, SYSTEM, "booked", [(one, mark.erasure_id) for one, mark in others]))
        marks = _welcoming_as(known, marks, others)
    told = [_without(change, _of(known, connection_id, change, marks)) for change in changes]
    return Sifted(
        [one for one in told if one is not None],
        lines,
        frozenset(place for place, one in enumerate(told) if one is None),
        frozenset(place for place, one in enumerate(told) if one is not None and one is not changes[place]),
    )


async def speaking(
    db: Db, key: Key | None, connection_id: int, told: Sequence[tuple[Sequence[Change], bytes]]
) -> set[int]:
    """Which of these, each with its changes and its bytes as they came, speak of somebody who was erased."""
    if not told or not await anybody(db):
        return set()
    known = _wanted(key)
    # What could not be understood is searched for whatever may be somebody's id or contact.
    guessed = {place: _guessed(known, connection_id, body) for place, (changes, body) in enumerate(told) if not changes}
    every = [change for changes, _ in told for change in changes]
    marks: Marks = await _marks_of(
        db, known, connection_id, every, *((*one.ids, *one.contacts) for one in guessed.values())
    )
    if not marks:
        return set()
    named = {place: one.named(known, marks) for place, one in guessed.items()}
    marks = {**marks, **await _marks(db, set().union(*named.values()))}
    marks = _welcoming(marks, _back(known, connection_id, every, marks))
    marks = _welcoming_as(known, marks, _back_as(known, connection_id, every, marks))
    return {
        place
        for place, (changes, _) in enumerate(told)
        if (place in guessed and guessed[place].is_of(marks, named[place]))
        or any(_without(one, _of(known, connection_id, one, marks)) is not one for one in changes)
    }


def _wanted(key: Key | None) -> Key:
    if key is None:
        raise NeedsPerson("Guests were erased here, and nobody can tell whom without the key.", code="no-erasure-key")
    return key


def known_by(key: Key, connection_id: int, change: Change) -> Iterator[bytes]:
    """The hashes by which whoever a change speaks of is known."""
    for kind, external_id in subjects([change]):
        # A check names its booking too, whose guest need not be who paid.
        if not (isinstance(change, CheckSeen) and kind == "reservation"):
            yield key.record(connection_id, kind, external_id)
    if (person := _person(change)) is not None:
        yield from key.contacts(person)
    yield from (key.card(token) for token in _cards(change))


async def _marks_of(
    db: Db, key: Key, connection_id: int, changes: Sequence[Change], *besides: Iterable[bytes]
) -> Marks:
    """The marks of those whom changes speak of, or may speak of by another spelling of the name."""
    sure = {one for change in changes for one in known_by(key, connection_id, change)}
    people = [person for change in changes if (person := _person(change)) is not None and person.name]
    alone = {number: set(key.contacts(_nameless(person))) for number, person in enumerate(people)}
    marks = await _marks(db, sure.union(*alone.values(), *besides))
    # Spellings are many, and only of a contact of somebody who was erased is there any to be found.
    spelt = {
        one for number, person in enumerate(people) if not marks.keys().isdisjoint(alone[number])
        for one in key.alike(person)
    }  # fmt: skip
    return {**marks, **(await _marks(db, spelt) if spelt else {})}


def _nameless(person: SourceGuest) -> SourceGuest:
    return SourceGuest(email=person.email, phone=person.phone)


def _spelt(key: Key, change: Change) -> Iterator[bytes]:
    person = _person(change)
    return key.alike(person) if person is not None else iter(())


def _person(change: Change) -> SourceGuest | None:
    match change:
        case GuestSeen():
            return change.guest
        case ReservationSeen():
            return change.reservation.guest
        case CheckSeen():
            return change.check.guest
        case _:
            return None


def _cards(change: Change) -> Iterator[str]:
    """The tokens of cards, of which no other person is known to have paid."""
    if isinstance(change, PaymentSeen) and change.payment.card:
        yield change.payment.card
    if isinstance(change, CheckSeen) and change.check.guest_id is None:
        yield from (one.card for one in change.check.payments if one.card)


def _of(key: Key, connection_id: int, change: Change, marks: Marks) -> list[Mark]:
    """The marks of those whom a change speaks of, or may speak of by another spelling of the name."""
    sure = _surely_of(key, connection_id, change, marks)
    # What is said of this very name goes before: one of the family may have been let in, or erased, by it.
    if any(one.kind == "contact" for one in sure):
        return sure
    return [*sure, *(marks[one] for one in _spelt(key, change) if one in marks)]


def _surely_of(key: Key, connection_id: int, change: Change, marks: Marks) -> list[Mark]:
    return [marks[one] for one in known_by(key, connection_id, change) if one in marks]


def _back(key: Key, connection_id: int, changes: Sequence[Change], marks: Marks) -> set[int]:
    """The erasures of those who booked anew since, known by their own record or by their contact with their name."""
    found: set[int] = set()
    for change, made in _made(changes):
        person = change.reservation.guest
        named: set[HashKind] = {"guest", "contact"} if person and person.name else {"guest"}
        met = _surely_of(key, connection_id, change, marks)
        if any(one.kind == "other" for one in met):
            continue
        found |= {one.erasure_id for one in met if not one.welcome and one.kind in named and one.at < made}
    return found


def _back_as(key: Key, connection_id: int, changes: Sequence[Change], marks: Marks) -> list[tuple[SourceGuest, Mark]]:
    """Who booked anew under what may be another spelling of the name, each with the mark that keeps them out."""
    found = []
    for change, made in _made(changes):
        person = change.reservation.guest
        if person is None or not person.name or _surely_of(key, connection_id, change, marks):
            continue
        met = [marks[one] for one in key.alike(person) if one in marks and not marks[one].welcome]
        if met and all(one.at < made for one in met):
            found.append((person, max(met, key=lambda one: one.at)))
    return found


def _made(changes: Sequence[Change]) -> Iterator[tuple[ReservationSeen, datetime]]:
    """The bookings that stand and say when they were made, and when."""
    for one in changes:
        if not isinstance(one, ReservationSeen) or one.reservation.status in ("cancelled", "declined"):
            continue
        if (made := one.reservation.created_at) is not None:
            yield one, made


def _welcoming_as(key: Key, marks: Marks, back: Sequence[tuple[SourceGuest, Mark]]) -> Marks:
    welcome = {
        found: structs.replace(mark, kind="contact", welcome=True)
        for person, mark in back
        for found in key.contacts(person)
    }
    return {**marks, **welcome}


def _welcoming(marks: Marks, back: Collection[int]) -> Marks:
    return {
        found: structs.replace(one, welcome=one.welcome or (one.erasure_id in back and one.kind != "other"))
        for found, one in marks.items()
    }


def _without(change: Change, marks: Sequence[Mark]) -> Change | None:
    """A change without the person; None where nothing is left of it, and itself where it may stay."""
    if not marks:
        return change
    kept_out = [one.at for one in marks if not one.welcome]
    return _kept_out(change, max(kept_out)) if kept_out else _since(change, max(one.at for one in marks))


def _kept_out(change: Change, erased_at: datetime) -> Change | None:
    match change:
        case GuestSeen():
            made = change.guest.created_at
            return change if made is not None and made > erased_at else None
        case ReservationSeen():
            own = change.reservation
            fresh = own.created_at is not None and own.created_at > erased_at
            left = structs.replace(own, guest_id=None) if fresh else stripped.booking(own)
            return structs.replace(change, reservation=left)
        case CheckSeen():
            return structs.replace(change, check=stripped.check(change.check))
        case PaymentSeen():
            return structs.replace(change, guest_id=None, payment=stripped.payment(change.payment))
    return None if isinstance(change, Removed) and change.kind == "guest" else change


def _since(change: Change, erased_at: datetime) -> Change:
    """A change of somebody who is welcome again: whole where it is of a time after the erasure."""
    match change:
        case GuestSeen(guest=guest) if guest.created_at is None or guest.created_at <= erased_at:
            return structs.replace(change, guest=stripped.guest(guest))
        case ReservationSeen(reservation=booking) if (booking.created_at or booking.starts_at) <= erased_at:
            return structs.replace(change, reservation=stripped.booking(booking))
        case CheckSeen(check=check) if check.opened_at <= erased_at:
            return structs.replace(change, check=stripped.check(check))
        case PaymentSeen(payment=payment) if payment.at is None or payment.at <= erased_at:
            return structs.replace(change, guest_id=None, payment=stripped.payment(payment))
    return change


async def _marks(db: Db, hashes: Collection[bytes]) -> dict[bytes, Mark]:
    cursor = await db.execute(
        "select k.hash, k.erasure_id, e.at, k.kind, k.let_in_at is not null as welcome "
        "from erased_key k join erasure e on e.id = k.erasure_id where k.hash = any(%s)",
        [list(hashes)],
    )
    return {
        bytes(row["hash"]): Mark(row["erasure_id"], row["at"], row["kind"], row["welcome"])
        for row in await cursor.fetchall()
    }


class _Guess(Struct, frozen=True):
    """What a body that could not be understood may hold: ids of guests' records, and contacts by their texts."""

    values: Sequence[str]
    ids: Collection[bytes] = ()
    contacts: Mapping[bytes, str] = {}

    def named(self, key: Key, marks: Marks) -> set[bytes]:
        """The hashes of the contacts that are somebody's who was erased, with each name that may be theirs."""
        contacts = [text for found, text in self.contacts.items() if found in marks]
        people = (
            SourceGuest(name=name, email=text if "@" in text else None, phone=None if "@" in text else text)
            for text in contacts
            # A given name often stands beside the family name, not with it.
            for name in (*self.values, *map(" ".join, pairwise(self.values)))
        )
        return {found for one in people for found in key.contacts(one)}

    def is_of(self, marks: Marks, named: Collection[bytes]) -> bool:
        """Whether it tells of one who is kept out. A family shares a phone, and an amount may be a record's number."""
        both = _any_kept_out(marks, self.ids) and _any_kept_out(marks, self.contacts)
        return both or _any_kept_out(marks, named)


def _any_kept_out(marks: Marks, hashes: Iterable[bytes]) -> bool:
    return any(one in marks and not marks[one].welcome for one in hashes)


def _guessed(key: Key, connection_id: int, body: bytes) -> _Guess:
    values = values_in(body) or []
    ids = {key.record(connection_id, "guest", text) for text in values}
    return _Guess(values, ids, {found: text for text in values for found in key.contact(text)})
