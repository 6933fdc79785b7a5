"""Finding a person in what nobody has read yet, without taking a bystander's order or booking along.

A family shares a phone, and the number of a record is some other order's amount: neither alone is the person.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from msgspec import Struct

from servery.model.changes import Change
from servery.privacy.keyed import Key
from servery.privacy.person import Held, hashes_of, needles, people_of
from servery.privacy.suppress import known_by
from servery.privacy.values import values_in
from servery.storage.names import fold
from servery.storage.pool import Connection as Db

Event = tuple[int, date]
"""The id of an event and its day."""
Hear = Callable[[int, Any, str, bytes], Sequence[Change]]
"""What an event of a connection says, by its way, kind and body; nothing where that cannot be understood."""

_LEAST_DIGITS, _TELLING_DIGITS = 7, 8
_BETWEEN_FIELDS = re.compile(r"[,;|\"'<>&=\n]+")
_BETWEEN_VALUES = re.compile(r"[\s,;:|\"'<>()\[\]{}=&]+")


async def waiting_of(db: Db, key: Key, held: Held, hear: Hear) -> set[Event]:
    """The waiting events that speak of the person and of nobody else.

    What speaks of others too is left to be read: that leaves the person out, and empties the event afterwards.
    """
    cursor = await db.execute(
        "select w.event_id, w.day, w.connection_id, e.via, e.kind, e.body "
        "from inbox_work w join inbox_event e on e.id = w.event_id and e.day = w.day "
        "where exists (select from unnest(%b::bytea[]) as n(text) where position(n.text in e.body) > 0)",
        [needles(held)],
    )
    theirs, clues = hashes_of(key, held).keys(), clues_of(held)
    found = set()
    for row in await cursor.fetchall():
        connection_id, body = row["connection_id"], bytes(row["body"])
        changes = hear(connection_id, row["via"], row["kind"], body)
        of_them = [not theirs.isdisjoint(known_by(key, connection_id, one)) for one in changes]
        if all(of_them) if changes else tells_of(body, clues):
            found.add((row["event_id"], row["day"]))
    return found


async def aside_of(db: Db, held: Held) -> set[Event]:
    """What lies in quarantine and tells of the person. What may tell of somebody else stays there, for a person."""
    cursor = await db.execute(
        "select event_id, day, body, convert_to(reason::text, 'UTF8') as reason from quarantine q "
        "where exists (select from unnest(%b::bytea[]) as n(text) where position(n.text in q.body) > 0 "
        "or position(n.text in convert_to(q.reason::text, 'UTF8')) > 0)",
        [needles(held)],
    )
    clues = clues_of(held)
    return {
        (row["event_id"], row["day"])
        for row in await cursor.fetchall()
        if tells_of(bytes(row["body"]), clues) or tells_of(bytes(row["reason"]), clues)
    }


class Clues(Struct, frozen=True, kw_only=True):
    """By what a person is told in bytes: ids of records, contacts and names, folded. Each name is a set of words."""

    ids: frozenset[str]
    emails: frozenset[str]
    phones: frozenset[str]
    names: frozenset[frozenset[str]]


def clues_of(held: Held) -> Clues:
    """The clues to a person."""
    people = people_of(held)
    digits = {_digits(one.phone) for one in people if one.phone}
    return Clues(
        ids=frozenset(one.external_id for one in held.records),
        emails=frozenset(one.email.strip().casefold() for one in people if one.email),
        phones=frozenset(one for one in digits if len(one) >= _LEAST_DIGITS),
        names=frozenset(frozenset(fold(one.name).split()) for one in people if one.name and fold(one.name)),
    )


async def requests_of(db: Db, held: Held) -> list[int]:
    """Requests that were noted without a guest's number, and in which the person is who asked."""
    cursor = await db.execute(
        "select id, asked_by from subject_request where guest_id is null and asked_by is not null"
    )
    clues = clues_of(held)
    return [row["id"] for row in await cursor.fetchall() if _asks(row["asked_by"], clues)]


def _asks(asked_by: str, clues: Clues) -> bool:
    """By two clues, or by a contact where nothing else is said."""
    is_number = _digits(asked_by) in clues.phones and not any(letter.isalpha() for letter in asked_by)
    is_email = asked_by.strip().casefold() in clues.emails
    return is_number or is_email or tells_of(asked_by.encode("utf-8", "replace"), clues)


def tells_of(body: bytes, clues: Clues) -> bool:
    """Whether bytes that nobody could understand tell of a person, by two clues of three: id, contact, name."""
    values = _values(body)
    whole = "\n".join(values).casefold()
    words = [frozenset(fold(one).split()) for one in values]
    has_id = not clues.ids.isdisjoint(values)
    has_contact = any(one in whole for one in clues.emails) or any(_digits(one) in clues.phones for one in values)
    # A given name often stands beside the family name, not with it.
    has_name = any(name <= one | after for one, after in pairwise([*words, frozenset()]) for name in clues.names)
    return has_id + has_contact + has_name > 1


def _digits(text: str) -> str:
    """The digits that tell a phone number, however its country is written."""
    return "".join(letter for letter in text if letter.isdigit())[-_TELLING_DIGITS:]


def _values(body: bytes) -> list[str]:
    if (found := values_in(body)) is not None:
        return found
    text = body.decode("utf-8", "replace")
    # Whole lines too: names and numbers are written with spaces.
    return [*_BETWEEN_VALUES.split(text), *text.splitlines(), *_BETWEEN_FIELDS.split(text)]


def nothing_heard(connection_id: int, via: str, kind: str, body: bytes) -> Sequence[Change]:
    """Hear nothing: each body is looked through as it came."""
    return ()
