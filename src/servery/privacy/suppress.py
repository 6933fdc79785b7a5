"""Keeping out what was erased: a system that still holds the guest tells of them again, and nobody listens.

What a guest does after their erasure is a new beginning: a booking made since keeps what was written on it, and a
record made since is taken in. Records from before never come back.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, structs

from servery.errors import NeedsPerson
from servery.model.changes import Change, CheckSeen, GuestSeen, PaymentSeen, Removed, ReservationSeen
from servery.model.guest import SourceGuest
from servery.model.subjects import subjects
from servery.privacy import stripped
from servery.privacy.keyed import Key
from servery.storage.pool import Connection as Db


class Sifted(Struct, frozen=True):
    """Changes without those who were erased; `erased` are the places of those that spoke of them."""

    changes: Sequence[Change]
    erased: Collection[int] = ()


Since = Mapping[bytes, datetime]
"""When the person behind each hash was erased."""


async def anybody(db: Db) -> bool:
    """Whether anybody was ever erased here."""
    row = await (await db.execute("select exists (select from erased_key) as there")).fetchone()
    return bool(row and row["there"])


async def sift(db: Db, key: Key | None, connection_id: int, changes: Sequence[Change]) -> Sifted:
    """Take out of changes who was erased. NeedsPerson where nobody can tell who that was, for want of the key."""
    if not changes or not await anybody(db):
        return Sifted(changes)
    known = _wanted(key)
    wanted = {one for change in changes for one in _hashes(known, connection_id, change)}
    since = await _since(db, wanted)
    if not since:
        return Sifted(changes)
    told = [_without(change, _seen(known, connection_id, change, since)) for change in changes]
    erased = {place for place, one in enumerate(told) if one is not changes[place]}
    return Sifted([one for one in told if one is not None], erased)


async def speaking(
    db: Db, key: Key | None, connection_id: int, told: Sequence[tuple[Sequence[Change], bytes]]
) -> set[int]:
    """Which of these, each with its changes and its bytes as they came, speak of somebody who was erased."""
    if not told or not await anybody(db):
        return set()
    known = _wanted(key)
    hashes = [
        {each for change in changes for each in _hashes(known, connection_id, change)}
        # What could not be understood is searched for whatever may be somebody's id or contact.
        | (set() if changes else set(_guessed(known, connection_id, body)))
        for changes, body in told
    ]
    since = await _since(db, set().union(*hashes))
    return {place for place, one in enumerate(hashes) if not one.isdisjoint(since)}


def _wanted(key: Key | None) -> Key:
    if key is None:
        raise NeedsPerson("Guests were erased here, and nobody can tell whom without the key.", code="no-erasure-key")
    return key


def _hashes(key: Key, connection_id: int, change: Change) -> Iterator[bytes]:
    for kind, external_id in subjects([change]):
        # A check names its booking too, whose guest need not be who paid.
        if not (isinstance(change, CheckSeen) and kind == "reservation"):
            yield key.record(connection_id, kind, external_id)
    if (person := _person(change)) is not None:
        yield from key.contacts(person)
    yield from (key.card(token) for token in _cards(change))


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


def _seen(key: Key, connection_id: int, change: Change, since: Since) -> datetime | None:
    """When the last of those whom a change speaks of was erased."""
    return max((since[one] for one in _hashes(key, connection_id, change) if one in since), default=None)


def _without(change: Change, erased_at: datetime | None) -> Change | None:
    """A change without the person; None where nothing is left of it, and itself where it may stay."""
    if erased_at is None:
        return change
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


async def _since(db: Db, hashes: Collection[bytes]) -> dict[bytes, datetime]:
    cursor = await db.execute(
        "select k.hash, e.at from erased_key k join erasure e on e.id = k.erasure_id where k.hash = any(%s)",
        [list(hashes)],
    )
    return {bytes(row["hash"]): row["at"] for row in await cursor.fetchall()}


def _guessed(key: Key, connection_id: int, body: bytes) -> Iterator[bytes]:
    """Hashes of every text in a body, as the id of a guest's record and as a contact."""
    try:
        whole = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    for text in _texts(whole):
        yield key.record(connection_id, "guest", text)
        yield from key.contact(text)


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str | int) and not isinstance(one, bool):
            yield str(one)
