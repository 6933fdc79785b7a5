"""A body and a mapping to changes. Pure; each value that cannot be read is told with its field and line."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from servery.connectors.webhook.mapping import OF, PARTS, Map, Record, Taken, part_of
from servery.connectors.webhook.paths import found
from servery.errors import Invalid
from servery.model.changes import (
    Change,
    CheckSeen,
    GuestSeen,
    PaymentSeen,
    Removed,
    RemovedKind,
    ReservationSeen,
    revision_at,
)
from servery.model.money import to_minor
from servery.model.venue import NotOnTheClock, from_local

LOCATION = "restaurant"
"""A connection is one restaurant's, so the mapping need not name it."""
_MONEY = frozenset({"amount", "unit_price", "tip", "total"})
_SECONDS = {"unix": 1, "unix_ms": 1000}


class Clock(Struct, frozen=True):
    """What the owner says of the restaurant: for times without a zone, and for amounts."""

    time_zone: str
    currency: str


class Wrong(Struct, frozen=True):
    """One value that cannot be read: which field of ours, on which line of the mapping, and why."""

    field: str
    line: int
    reason: Invalid


def built(mapping: Map, clock: Clock, body: Any) -> tuple[list[Change], list[Wrong]]:
    """What a body says, and what of it cannot be read."""
    changes: list[Change] = []
    wrong: list[Wrong] = []
    for record in mapping.record:
        if not _has(body, record.when):
            continue
        for entry in found(body, record.each):
            builder = _Builder(mapping, clock)
            change = builder.change(record, entry)
            wrong += builder.wrong
            if change is not None and not builder.wrong:
                changes += _with_guest(change)
    return changes, wrong


def _has(tree: Any, conditions: Mapping[str, str | list[str]]) -> bool:
    return all(
        any(str(value) in ([wanted] if isinstance(wanted, str) else wanted) for value in found(tree, path))
        for path, wanted in conditions.items()
    )


def _with_guest(change: Change) -> Iterator[Change]:
    """A booking that tells its guest's id and details says who they are besides."""
    if isinstance(change, ReservationSeen):
        booking = change.reservation
        if booking.guest_id and booking.guest:
            yield GuestSeen(booking.guest_id, change.revision, booking.guest, complete=False)
    yield change


class _Builder:
    """One record being built, with what could not be read of it."""

    def __init__(self, mapping: Map, clock: Clock) -> None:
        self._mapping = mapping
        self._clock = clock
        self.wrong: list[Wrong] = []

    def change(self, record: Record, entry: Any) -> Change | None:
        """The change that an entry stands for; None where something of it cannot be read."""
        external_id = self._value("external_id", record.fields["external_id"], entry, str)
        revision = self._revision(record, entry)
        if not external_id or revision is None:
            if not self.wrong:
                self._note("external_id", Invalid("There is nothing there, and it is needed."))
            return None
        if record.gone and _has(entry, record.gone):
            return Removed(external_id, revision, record.kind)
        members = self._members(record.fields, OF[record.kind], entry)
        return None if self.wrong else self._seen(record.kind, external_id, revision, members)

    def _revision(self, record: Record, entry: Any) -> int | None:
        taken = record.fields["revision"]
        told = self._raw(taken, entry)
        if isinstance(told, int) and not isinstance(told, bool) and not getattr(taken, "time", None):
            return told if 0 <= told < 2**63 else None
        at = self._value("revision", taken, entry, datetime)
        return revision_at(at) if isinstance(at, datetime) else None

    def _seen(self, kind: RemovedKind, external_id: str, revision: int, members: dict[str, Any]) -> Change | None:
        beside = {name: members.pop(name, None) for name in ("check_id", "guest_id") if kind == "payment"}
        if kind == "check":
            members.setdefault("currency", self._clock.currency)
        if kind == "payment":
            members.setdefault("external_id", external_id)
        try:
            whole = msgspec.convert(members, OF[kind], strict=False)
        except msgspec.ValidationError as error:
            self._note(
                str(error).rpartition("`$.")[2].rstrip("`") or kind,
                Invalid("This is not what the field takes: {why}", why=str(error)),
            )
            return None
        if kind == "guest":
            return GuestSeen(external_id, revision, whole)  # type: ignore[arg-type]
        if kind == "reservation":
            return ReservationSeen(external_id, revision, LOCATION, whole)  # type: ignore[arg-type]
        if kind == "check":
            return CheckSeen(external_id, revision, LOCATION, whole)  # type: ignore[arg-type]
        return PaymentSeen(external_id, revision, beside["check_id"] or "", whole, beside["guest_id"])  # type: ignore[arg-type]

    def _members(self, fields: Mapping[str, str | Taken], of: type[Struct], entry: Any) -> dict[str, Any]:
        types = {one.name: one.type for one in msgspec.structs.fields(of)}
        members: dict[str, Any] = {}
        for name, taken in fields.items():
            if name in ("external_id", "revision") and name not in types:
                continue
            if not isinstance(taken, str) and part_of(taken) is not None:
                value = self._part(name, taken, entry)
            else:
                value = self._value(name, taken, entry, types.get(name, str))
            if value not in (None, "", ()):
                members[name] = value
        return members

    def _part(self, name: str, part: Taken, entry: Any) -> Any:
        inner = [self._members(part.fields, PARTS[name], each) for each in found(entry, part.each or "")]
        return inner[0] if name == "guest" and inner else inner

    def _raw(self, taken: str | Taken, entry: Any) -> Any:
        if isinstance(taken, str):
            return next(iter(found(entry, taken)), None)
        if taken.path is None:
            return taken.value
        values = found(entry, taken.path)
        return values if "[]" in taken.path or taken.joined is not None else next(iter(values), None)

    def _value(self, name: str, taken: str | Taken, entry: Any, of: Any) -> Any:
        """One value as our field takes it; None where there is none, or it cannot be read (then that is noted)."""
        how = Taken(path=taken) if isinstance(taken, str) else taken
        raw = self._raw(taken, entry)
        if isinstance(taken, str) and "[]" in taken:
            raw = found(entry, taken)
        try:
            if isinstance(raw, list):
                told = [self._one(name, how, each, of) for each in raw]
                return how.joined.join(map(str, told)) if how.joined is not None else _gathered(told, of)
            return None if raw is None else _gathered(self._one(name, how, raw, of), of)
        except Invalid as reason:
            self._note(name, reason)
        return None

    def _one(self, name: str, how: Taken, raw: Any, of: Any) -> Any:
        if how.values:
            raw = how.values.get(str(raw), raw if how.otherwise is UNSET else how.otherwise)
        if isinstance(raw, dict | list):
            raise Invalid("There is more than one value there.")
        if name in _MONEY:
            return self._money(how, raw)
        if "datetime" in str(of):
            return self._time(how, raw)
        if "Note" in str(of):
            return {"text": str(raw)}
        if "Birthday" in str(of):
            return _birthday(raw)
        if of is str or "str" in str(of):
            return str(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else raw
        return raw

    def _money(self, how: Taken, raw: Any) -> int:
        try:
            if isinstance(raw, bool):
                raise InvalidOperation
            return int(str(raw)) if how.unit == "minor" else to_minor(Decimal(str(raw)), self._clock.currency)
        except (InvalidOperation, ValueError, OverflowError) as error:
            raise Invalid("This is no amount of money.") from error

    def _time(self, how: Taken, raw: Any) -> datetime:
        try:
            if how.time in _SECONDS:
                return datetime.fromtimestamp(float(raw) / _SECONDS[how.time], UTC)
            read = datetime.strptime(str(raw), how.time) if how.time else datetime.fromisoformat(str(raw))  # noqa: DTZ007 - the zone follows
            return read.astimezone(UTC) if read.tzinfo else from_local(read, self._clock.time_zone)
        except (NotOnTheClock, ValueError, OverflowError, OSError) as error:
            raise Invalid("This is no time as the mapping writes it.") from error

    def _note(self, field: str, reason: Invalid) -> None:
        self.wrong.append(Wrong(field, self._mapping.line(field.partition("[")[0]), reason))


def _birthday(raw: Any) -> dict[str, int]:
    try:
        day = date.fromisoformat(str(raw)[:10])
    except ValueError as error:
        raise Invalid("This is no date as YYYY-MM-DD.") from error
    return {"month": day.month, "day": day.day, "year": day.year}


def _gathered(value: Any, of: Any) -> Any:
    """One value where one is meant, several where several are."""
    several = "tuple" in str(of)
    if isinstance(value, list):
        return value if several else next(iter(value), None)
    return [value] if several else value
