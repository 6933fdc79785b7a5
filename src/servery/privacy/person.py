"""All that is held of one person: found before it is told or erased."""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import msgspec
from msgspec import Struct
from psycopg.rows import DictRow

from servery.errors import NotFound
from servery.model.changes import RecordKind
from servery.model.guest import SourceGuest
from servery.privacy.keyed import Key
from servery.storage.pool import Connection as Db

_LEAST_NEEDLE = 5
"""Characters of a text that is looked for in bytes: what is shorter stands in everybody's."""


class Record(Struct, frozen=True, kw_only=True):
    """One system's record of the person."""

    id: int
    connection_id: int
    external_id: str
    guest: SourceGuest
    phone_key: str | None = None


class Held(Struct, frozen=True, kw_only=True):
    """The person's guests (the one and those it absorbed), their records, and the rows that hang on these."""

    guest_ids: tuple[int, ...]
    records: tuple[Record, ...]
    bookings: tuple[DictRow, ...]
    checks: tuple[DictRow, ...]
    payments: tuple[DictRow, ...]
    said: tuple[SourceGuest, ...] = ()
    """What staff wrote of the person, each as a record that says no more: it was sent to systems, and comes back."""

    @property
    def connections(self) -> list[int]:
        """The connections whose systems tell of the person."""
        rows: Iterable[int] = (row["connection_id"] for row in (*self.bookings, *self.checks, *self.payments))
        return sorted({*rows, *(one.connection_id for one in self.records)})


async def everything_of(db: Db, guest_id: int) -> Held:
    """All that hangs on a guest. NotFound when there is none."""
    cursor = await db.execute(
        "select id from guest where id = %(id)s or merged_into = %(id)s "
        "or id = (select merged_into from guest where id = %(id)s) "
        "or merged_into = (select merged_into from guest where id = %(id)s) order by id",
        {"id": guest_id},
    )
    guest_ids = [row["id"] for row in await cursor.fetchall()]
    if not guest_ids:
        raise await _nobody(db, guest_id)
    cursor = await db.execute("select id from source_guest where guest_id = any(%s)", [guest_ids])
    return await of_records(db, [row["id"] for row in await cursor.fetchall()], guest_ids)


async def _nobody(db: Db, guest_id: int) -> NotFound:
    cursor = await db.execute(
        "select at::date as day from erasure where %s = any(guest_ids) order by id desc limit 1", [guest_id]
    )
    row = await cursor.fetchone()
    if row is None:
        return NotFound("There is no guest {id}.", id=guest_id)
    return NotFound(
        "Guest {id} was erased on {day}: nothing is held of them any more.", code="guest-erased", id=guest_id,
        day=row["day"].isoformat(), mend="What was done in each system stands among the erasures.",
    )  # fmt: skip


async def of_records(db: Db, record_ids: Collection[int], guest_ids: Collection[int] = ()) -> Held:
    """All that hangs on source records."""
    ids = list(record_ids)
    cursor = await db.execute(
        "select id, connection_id, external_id, body, phone_key from source_guest where id = any(%s) order by id", [ids]
    )
    records = [
        Record(
            id=row["id"],
            connection_id=row["connection_id"],
            external_id=row["external_id"],
            guest=msgspec.convert(row["body"], SourceGuest),
            phone_key=row["phone_key"],
        )
        for row in await cursor.fetchall()
    ]
    checks = await _rows(db, _CHECKS, [ids, ids, ids])
    return Held(
        guest_ids=tuple(sorted(guest_ids)),
        records=tuple(records),
        bookings=tuple(await _rows(db, _BOOKINGS, [ids])),
        checks=tuple(checks),
        payments=tuple(await _payments(db, records, checks)),
        said=tuple(await _said(db, guest_ids)),
    )


async def _said(db: Db, guest_ids: Collection[int]) -> list[SourceGuest]:
    cursor = await db.execute(
        "select field, value #>> '{}' as value from guest_edit where guest_id = any(%s) "
        "and field in ('name', 'email', 'phone') and value is not null and undone_at is null order by id",
        [list(guest_ids)],
    )
    return [SourceGuest(**{row["field"]: row["value"]}) for row in await cursor.fetchall()]


_BOOKINGS = "select id, connection_id, external_id, body from reservation where source_guest_id = any(%s) order by id"
# A check of the visit that names nobody may have the name on its label.
_CHECKS = """
select id, connection_id, external_id, body, own_payments from checks where source_guest_id = any(%s)
union
select c.id, c.connection_id, c.external_id, c.body, c.own_payments from visit v join checks c on c.visit_id = v.id
where v.source_guest_id = any(%s) and (c.source_guest_id is null or c.source_guest_id = any(%s))
order by id"""
_PAYMENTS = """
select p.id, p.connection_id, p.external_id, p.body from payment p
join unnest(%s::bigint[], %s::text[]) as c(connection_id, external_id)
  on c.connection_id = p.connection_id and c.external_id = p.check_external_id
order by p.id"""


async def _rows(db: Db, query: str, given: list[list[int]]) -> list[DictRow]:
    return await (await db.execute(query, given)).fetchall()


async def _payments(db: Db, records: Sequence[Record], checks: Sequence[DictRow]) -> list[DictRow]:
    given = [[row["connection_id"] for row in checks], [row["external_id"] for row in checks]]
    return await (await db.execute(_PAYMENTS, given)).fetchall()


HashKind = Literal["guest", "contact", "card", "other"]
"""What a hash is of: a record of the person, a contact with a name, a card, or a booking, check or payment."""


def hashes_of(key: Key, held: Held) -> dict[bytes, HashKind]:
    """By what the person, and each record of theirs, is known when a system tells of it again."""
    kinds: dict[RecordKind, tuple[DictRow, ...]] = {
        "reservation": held.bookings,
        "check": held.checks,
        "payment": held.payments,
    }
    found: dict[bytes, HashKind] = {
        key.record(row["connection_id"], kind, row["external_id"]): "other"
        for kind, rows in kinds.items()
        for row in rows
    }
    found |= {key.card(token): "card" for token in _cards(held)}
    found |= dict.fromkeys(record_hashes(key, held), "guest")
    return found | dict.fromkeys(contact_hashes(key, held), "contact")


def _cards(held: Held) -> set[str]:
    on_checks = (one for row in held.checks for one in (*row["body"].get("payments", ()), *(row["own_payments"] or ())))
    tokens = (one.get("card") for one in (*on_checks, *(row["body"] for row in held.payments)))
    return {token for token in tokens if token}


def record_hashes(key: Key, held: Held) -> set[bytes]:
    """The hashes of the person's own records."""
    return {key.record(one.connection_id, "guest", one.external_id) for one in held.records}


def contact_hashes(key: Key, held: Held) -> set[bytes]:
    """The hashes of each contact with each name and its other spellings, and of the contact alone."""
    people = people_of(held)
    names = {one.name for one in people} | {None}
    contacts = {(one.email, one.phone) for one in people}
    each = [SourceGuest(name=name, email=email, phone=phone) for name in names for email, phone in contacts]
    return {found for one in each for found in (*key.contacts(one), *key.spellings(one))}


def people_of(held: Held) -> list[SourceGuest]:
    """What the records, the bookings themselves, and staff say of the person."""
    written = [row["body"].get("guest") for row in (*held.bookings, *held.checks)]
    people = [one.guest for one in held.records] + [msgspec.convert(one, SourceGuest) for one in written if one]
    keyed = [SourceGuest(name=one.guest.name, phone=one.phone_key) for one in held.records if one.phone_key]
    return people + keyed + list(held.said)


def needles(held: Held) -> list[bytes]:
    """What the person is found by in bytes that nobody could read: contacts, whole names, ids of records."""
    texts: set[str] = {one.external_id for one in held.records}
    for person in people_of(held):
        texts |= {text for text in (person.email, person.phone) if text}
        if person.name and len(person.name.split()) > 1:
            texts.add(person.name)
    long = [text for text in texts if len(text) >= _LEAST_NEEDLE]
    return sorted({form for text in long for form in _forms(text)})


def _forms(text: str) -> set[bytes]:
    """A text as UTF-8 and as JSON may escape it."""
    escaped = "".join(letter if letter.isascii() else f"\\u{ord(letter):04x}" for letter in text)
    return {text.encode("utf-8", "replace"), escaped.encode()}
