"""Where each fact about a guest came from, and why each source record is held to be theirs."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct, structs
from psycopg.rows import DictRow

from servery.model.guest import Birthday, Fact, Golden, Known, SourceGuest
from servery.model.survivorship import DEFAULTS, FIELDS, Choices, rule_of
from servery.model.viewer import Viewer
from servery.profile import rows
from servery.profile.rights import admit, hidden
from servery.profile.rows import Db

FactKind = Literal[
    "name", "pronunciation", "email", "phone", "birthday", "language", "company", "city", "postcode", "vip",
    "marketing", "loyalty_id", "allergies", "preferences", "tags", "notes",
]  # fmt: skip
"""The field of a story that a fact stands in."""


Why = Literal["owner", "recent", "complete", "only", "staff", "strictest", "every"]
"""Why this value is the guest's own: its system owns the field; it was said last; it is the most complete; no other
record says one; staff said so; the strictest counts; all count that any record gives."""


class Sourced(Struct, frozen=True):
    """One value of one field, with the record that says it and when that record last said something new.

    `also` are the other records that say the same.
    """

    kind: FactKind
    fact: Fact
    why: Why | None = None
    also: tuple[Fact, ...] = ()


class Evidence(Struct, frozen=True):
    """How a record agrees with another in one respect, and what that says in bits, as the link keeps it."""

    comparison: str
    level: str
    weight: float


class SourceRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One system's record of this guest.

    `by` is the key it shares with the others (email, phone, email and phone), or likeness by a score of `probability`
    for these `reasons`; None for the record that the guest was made of. `author` is who joined it: rules, or a person.
    `merged_into` is where the source itself merged it.
    """

    id: int
    connection: str
    external_id: str
    seen_at: datetime
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    birthday: Birthday | None = None
    by: str | None = None
    probability: float | None = None
    reasons: tuple[Evidence, ...] = ()
    author: str | None = None
    removed: bool = False
    merged_into: str | None = None


class RuledTag(Struct, frozen=True):
    """A tag that a guest has as long as a rule holds."""

    tag: str
    rule_id: int
    since: datetime | None = None


class Provenance(Struct, frozen=True, kw_only=True):
    """All facts with their sources, and all records that the guest is made of. Cut to what the viewer may see."""

    facts: tuple[Sourced, ...]
    records: tuple[SourceRecord, ...]
    ruled: tuple[RuledTag, ...] = ()
    hidden: tuple[str, ...] = ()


async def provenance(db: Db, viewer: Viewer, guest_id: int) -> Provenance:
    """Where what is known of a guest came from; NotFound when there never was such a guest."""
    admit(viewer)
    current = await rows.survivor(db, guest_id)
    golden = (await rows.kept(db, [current]))[current].golden
    records = (await rows.records(db, [current])).get(current, [])
    choices = await rows.choices(db)
    facts = [*_golden_facts(golden, records, choices), *_record_facts(golden, records, choices)]
    facts += _staff_facts(golden, await rows.authors(db, {one.author for _, one in _known(golden) if one.author}))
    facts += await _on_bookings(db, current, {one.fact.value.casefold() for one in facts if one.kind == "allergies"})
    unseen = hidden(viewer)
    return Provenance(
        facts=tuple(one for one in gathered(facts, records) if one.kind not in unseen),
        records=tuple(_record(row, unseen) for row in records),
        ruled=tuple(_ruled(golden)),
        hidden=unseen,
    )


def _golden_facts(golden: Golden, records: Sequence[DictRow], choices: Choices) -> Iterator[Sourced]:
    """The values that name the record they were taken from."""
    by_id = {row["id"]: row for row in records}
    for kind, one in _known(golden):
        if row := by_id.get(one.source):
            yield Sourced(kind, _fact(one.value, row), _why(kind, row, records, choices))


def _why(kind: FactKind, row: DictRow, records: Sequence[DictRow], choices: Choices) -> Why:
    """By which rule a record's word became the guest's own."""
    field = next((field for field in FIELDS if field == kind), None)
    if field is None:
        return "every"
    if sum(each["body"].get(field) is not None for each in records if not each["removed"]) <= 1:
        return "only"
    rule = rule_of(field, choices)
    if rule.rule == "owner" and rule.connection_id != row["connection_id"]:
        return DEFAULTS[field]
    return rule.rule


def _staff_facts(golden: Golden, names: Mapping[str, str]) -> Iterator[Sourced]:
    """The values that somebody of the house wrote."""
    for kind, one in _known(golden):
        if one.author and not one.author.startswith(_RULE):
            yield Sourced(kind, Fact(one.value, names.get(one.author, "Servery"), "", one.at), "staff")


_RULE = "rule:"
"""With what the author begins of a tag that a rule gives; its id follows."""


def _ruled(golden: Golden) -> Iterator[RuledTag]:
    for one in golden.tags:
        if one.author and one.author.startswith(_RULE):
            yield RuledTag(one.value, int(one.author.removeprefix(_RULE)), one.at)


def _known(golden: Golden) -> Iterator[tuple[FactKind, Known]]:
    single: tuple[FactKind, ...] = (
        "name", "pronunciation", "email", "phone", "language", "company", "city", "postcode", "vip",
    )  # fmt: skip
    several: tuple[FactKind, ...] = ("allergies", "preferences", "tags")
    for kind in (*single, *several):
        value = getattr(golden, kind)
        known: Iterable[Known] = value if isinstance(value, tuple) else (value,) if value else ()
        yield from ((kind, one) for one in known)
    if golden.birthday_said:
        yield "birthday", golden.birthday_said


def _record_facts(golden: Golden, records: Sequence[DictRow], choices: Choices) -> Iterator[Sourced]:
    """The values whose record is found by looking which one says the same."""
    for row in records:
        guest = msgspec.convert(row["body"], SourceGuest)
        if guest.birthday and guest.birthday == golden.birthday and not golden.birthday_said:
            why = _why("birthday", row, records, choices)
            yield Sourced("birthday", _fact(guest.birthday.written(), row), why)
        if guest.loyalty_id:
            yield Sourced("loyalty_id", _fact(guest.loyalty_id, row))
        if guest.marketing != "unknown":
            yield Sourced("marketing", _fact(guest.marketing, row), "strictest")
        for note in guest.notes:
            if note in golden.notes:
                yield Sourced("notes", _fact(note.text, row, note.at), "every")


_SINGLE: tuple[FactKind, ...] = ("name", "email", "phone", "language", "company", "city", "postcode", "loyalty_id")
_SEVERAL: tuple[FactKind, ...] = ("allergies", "preferences", "tags")
_TELLING_DIGITS = 8
"""Digits at the end of a phone number that tell it, however its country is written."""


def gathered(facts: Iterable[Sourced], records: Iterable[DictRow]) -> list[Sourced]:
    """Each value of each field once, with all that say it: the record it was taken from first."""
    first: dict[tuple[FactKind, str], Sourced] = {}
    said: dict[tuple[FactKind, str], dict[tuple[str, str], Fact]] = {}
    for one in facts:
        key = one.kind, _as_one(one.kind, one.fact.value)
        first.setdefault(key, one)
        said.setdefault(key, {})[one.fact.connection, one.fact.external_id] = one.fact
    for row in records:
        for kind, value in () if row["removed"] else _values(row["body"]):
            if (key := (kind, _as_one(kind, value))) in said:
                said[key].setdefault((row["connection"], row["external_id"]), _fact(value, row))
    return [structs.replace(one, also=tuple(said[key].values())[1:]) for key, one in first.items()]


def _values(body: Mapping[str, Any]) -> Iterator[tuple[FactKind, str]]:
    for kind in _SINGLE:
        if body.get(kind):
            yield kind, body[kind]
    for kind in _SEVERAL:
        yield from ((kind, value) for value in body.get(kind, ()))
    if body.get("birthday"):
        yield "birthday", msgspec.convert(body["birthday"], Birthday).written()
    if body.get("vip"):
        yield "vip", "vip"


def _as_one(kind: FactKind, value: str) -> str:
    """What is left of a value however it is written."""
    if kind == "phone":
        return "".join(letter for letter in value if letter.isdigit())[-_TELLING_DIGITS:] or value
    return " ".join(value.casefold().split())


def _fact(value: str, row: DictRow, at: datetime | None = None) -> Fact:
    return Fact(value, row["connection"], row["external_id"], at or row["seen_at"])


async def _on_bookings(db: Db, guest_id: int, known: set[str]) -> list[Sourced]:
    """Allergies that only bookings tell of, each by the first one that does."""
    cursor = await db.execute(
        "select distinct on (lower(trim(a.written))) trim(a.written) as written, c.name as connection, r.external_id, "
        "r.seen_at from source_guest s join reservation r on r.source_guest_id = s.id "
        "join connection c on c.id = r.connection_id "
        "cross join lateral jsonb_array_elements_text(r.body -> 'guest' -> 'allergies') as a(written) "
        "where s.guest_id = %s and not r.removed order by lower(trim(a.written)), r.starts_at",
        [guest_id],
    )
    return [
        Sourced("allergies", _fact(row["written"], row))
        for row in await cursor.fetchall()
        if row["written"].casefold() not in known
    ]


def _record(row: DictRow, unseen: Collection[str]) -> SourceRecord:
    link = row["link"] or {}
    told = msgspec.convert(row["body"], SourceGuest)
    return SourceRecord(
        id=row["id"],
        connection=row["connection"],
        external_id=row["external_id"],
        seen_at=row["seen_at"],
        **{name: getattr(told, name) for name in ("name", "email", "phone", "birthday") if name not in unseen},
        by=link.get("by"),
        probability=link.get("probability"),
        reasons=tuple(msgspec.convert(link.get("reasons", []), list[Evidence])),
        author=link.get("author"),
        removed=row["removed"],
        merged_into=row["merged_into"],
    )
