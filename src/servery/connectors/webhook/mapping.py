"""The mapping that the owner writes: which member of the other system's JSON is what with us."""

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from servery.connectors.webhook.paths import steps
from servery.errors import Invalid
from servery.model.changes import RemovedKind
from servery.model.guest import SourceGuest
from servery.model.order import Check, Line, Payment
from servery.model.reservation import Reservation

OF: dict[RemovedKind, type[Struct]] = {
    "guest": SourceGuest,
    "reservation": Reservation,
    "check": Check,
    "payment": Payment,
}
"""What each kind of record becomes."""
PARTS: dict[str, type[Struct]] = {"lines": Line, "payments": Payment, "modifiers": Line, "guest": SourceGuest}
"""Members that have members of their own."""
_BESIDE: dict[RemovedKind, frozenset[str]] = {
    "guest": frozenset(),
    "reservation": frozenset(),
    "check": frozenset(),
    "payment": frozenset({"check_id", "guest_id"}),
}
_NEEDED: dict[RemovedKind, tuple[str, ...]] = {
    "guest": ("external_id", "revision"),
    "reservation": ("external_id", "revision", "starts_at", "party_size", "status"),
    "check": ("external_id", "revision", "opened_at"),
    "payment": ("external_id", "revision", "check_id", "amount"),
}


class Taken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one value is come by: from a `path`, or the same `value` always.

    `values` turns the other system's words into ours, `otherwise` is for a word it does not name. `unit`: an amount of
    money is in "decimal" or "minor" units. `time`: a format of strptime, "unix" or "unix_ms"; without it ISO 8601.
    `joined` puts several values into one text. With `each` it is a member with members of its own (`fields`), one for
    each value there: the lines and payments of a check, the guest of a booking.
    """

    path: str | None = None
    value: Any = None
    values: dict[str, Any] = {}
    otherwise: Any | UnsetType = UNSET
    unit: Literal["decimal", "minor"] = "decimal"
    time: str | None = None
    joined: str | None = None
    each: str | None = None
    fields: dict[str, "str | Taken"] = {}


Fields = dict[str, str | Taken]


def part_of(taken: str | Taken) -> str | None:
    """Where the entries of a member with members of its own stand; None for a plain value."""
    return None if isinstance(taken, str) else taken.each


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one kind of record is made of: one for each value at `each` (the whole body where it is empty).

    Only of bodies in which each path of `when` has one of its values; where each path of `gone` has, it was deleted.
    """

    kind: Literal["guest", "reservation", "check", "payment"]
    each: str = ""
    when: dict[str, str | list[str]] = {}
    gone: dict[str, str | list[str]] = {}
    fields: Fields


class Map(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole mapping."""

    record: tuple[Record, ...]
    text: str = ""

    def line(self, field: str) -> int:
        """The line on which a field is first written; 1 where it cannot be found."""
        return _line(self.text, field)


@lru_cache(maxsize=64)
def read(text: str) -> Map:
    """A mapping written as TOML or JSON. Invalid names the line and what is wrong there."""
    tree = _tree(text)
    try:
        found = msgspec.convert({**tree, "text": text}, Map)
    except msgspec.ValidationError as error:
        unknown = re.search(r"unknown field `(\w+)`", str(error))
        member = unknown[1] if unknown else str(error).rpartition("`$")[2].rstrip("`").rpartition(".")[2]
        raise _wrong("This is not as a mapping is written: {why}", text, member, why=str(error)) from error
    for record in found.record:
        _check(record, text)
    return found


def _tree(text: str) -> dict[str, Any]:
    try:
        if text.lstrip().startswith("{"):
            return msgspec.json.decode(text, type=dict[str, Any])
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise Invalid("The mapping cannot be read: {why}", field="mapping", why=str(error)) from error


def _check(record: Record, text: str) -> None:
    for path in (record.each, *record.when, *record.gone):
        steps(path)
    for field in _NEEDED[record.kind]:
        if field not in record.fields:
            raise _wrong("A {kind} needs {name}.", text, record.kind, kind=record.kind, name=field)
    beside = {"external_id", "revision"} | _BESIDE[record.kind]
    _check_fields(record.fields, OF[record.kind], beside, text)


def _check_fields(fields: Mapping[str, str | Taken], of: type[Struct], beside: set[str], text: str) -> None:
    known = {*of.__struct_fields__, *beside}
    for name, taken in fields.items():
        if name not in known:
            raise _wrong(
                "There is no field {name}; there are: {known}.", text, name, name=name, known=", ".join(sorted(known))
            )
        if isinstance(taken, Taken) and taken.each is not None:
            if name not in PARTS:
                raise _wrong("{name} has no members of its own.", text, name, name=name)
            steps(taken.each)
            _check_fields(taken.fields, PARTS[name], set(), text)
        elif isinstance(taken, str) or taken.path is not None:
            steps(taken if isinstance(taken, str) else taken.path or "")


def _wrong(template: str, text: str, member: str, **params: str) -> Invalid:
    return Invalid(template, field="mapping", where=f"mapping, line {_line(text, member)}", **params)


def _line(text: str, member: str) -> int:
    name = re.escape(member.partition("[")[0])
    found = re.search(rf'(?:^|[\s{{,"])({name})"?\s*[=:]|["\']({name})["\']', text, re.MULTILINE) if name else None
    return text.count("\n", 0, found.start(1) if found[1] else found.start(2)) + 1 if found else 1
