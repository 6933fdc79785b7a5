"""What must change on an open order so that it says of a party what it should, and what is left as staff have it. Pure.

An order nobody ordered on yet is ours. Once staff have put a line on it, only that is written which they have left
empty, or as we wrote it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from servery.connectors.odoo.rpc import Row
from servery.model.commands import Field

NOTE_FIELDS = ("internal_note", "general_note", "note")
"""Where notes for staff stand, newest version first; the field beside the first is printed on the guest's receipt."""
_RED = 1


class Wanted(Struct, frozen=True, kw_only=True):
    """What an order is to say: ids of Odoo's records, None where we say nothing."""

    partner: int | None = None
    covers: int | None = None
    table: int | None = None
    note: tuple[str, ...] = ()
    label: str | None = None
    """What an order without a table is listed by."""


def written(wanted: Wanted) -> dict[str, Any]:
    """What is ours on the order from now on: by it the next state knows what staff have changed since."""
    told = {"partner": wanted.partner, "covers": wanted.covers, "table": wanted.table, "note": list(wanted.note)}
    return {name: value for name, value in told.items() if value}


def first(wanted: Wanted, there: frozenset[str]) -> dict[str, Any]:
    """The values of a new order."""
    values: dict[str, Any] = {
        "partner_id": wanted.partner or False,
        "customer_count": wanted.covers or 0,
        "table_id": wanted.table or False,
    }
    if not wanted.table and wanted.label:
        values["floating_order_name"] = wanted.label
    if field := _note_field(there):
        values[field] = _note(field, wanted.note)
    return {name: value for name, value in values.items() if name in there}


def changes(
    order: Row, wanted: Wanted, before: Mapping[str, Any], there: frozenset[str]
) -> tuple[dict[str, Any], tuple[Field, ...]]:
    """The values to write on an open order, and the fields that staff have taken over."""
    values: dict[str, Any] = {}
    left: list[Field] = []
    asked: tuple[tuple[Field, str, str, int | None], ...] = (
        ("name", "partner_id", "partner", wanted.partner),
        ("party_size", "customer_count", "covers", wanted.covers),
        ("table", "table_id", "table", wanted.table),
    )
    for field, column, name, value in asked:
        present = _plain(order.get(column))
        if value is None or column not in there or present == value:
            continue
        if _is_ours(order, present, before, name):
            values[column] = value
        else:
            left.append(field)
    if values.get("table_id") and order.get("floating_order_name"):
        values["floating_order_name"] = False
    if (note := _note_field(there)) and _entries(order.get(note)) != (merged := _merged(order, note, wanted, before)):
        values[note] = _note(note, merged)
    return values, tuple(left)


def is_empty(order: Row) -> bool:
    """Whether nobody has ordered or paid on it."""
    return not order["lines"] and not order["payment_ids"]


def _is_ours(order: Row, present: int | None, before: Mapping[str, Any], name: str) -> bool:
    if not present or present == before.get(name):
        return True
    # Of an attempt whose end was never learned there is no record; the order under our id is ours while it is empty.
    return not before and is_empty(order)


def _plain(value: Any) -> int | None:
    """A link's id, or a number; None for false and nought."""
    return (value[0] if isinstance(value, list) else value) or None


def _note_field(there: frozenset[str]) -> str | None:
    return next((each for each in NOTE_FIELDS if each in there), None)


def _merged(order: Row, field: str, wanted: Wanted, before: Mapping[str, Any]) -> tuple[str, ...]:
    ours = {*before.get("note", ()), *wanted.note}
    if not before and is_empty(order):
        return wanted.note
    return (*wanted.note, *(each for each in _entries(order.get(field)) if each not in ours))


def _entries(note: Any) -> tuple[str, ...]:
    if not isinstance(note, str):
        return ()
    if note.lstrip().startswith("["):
        try:
            return tuple(str(each["text"]) for each in json.loads(note))
        except (ValueError, TypeError, KeyError):
            return tuple(note.split("\n"))
    return tuple(each for each in note.split("\n") if each.strip())


def _note(field: str, lines: Sequence[str]) -> str:
    """Version 19 keeps each remark with a colour, as its till writes them; the first line, on allergies, is red."""
    if field != "internal_note":
        return "\n".join(lines)
    coloured = [{"text": each, "colorIndex": _RED if _warns(each) else 0} for each in lines]
    return json.dumps(coloured, ensure_ascii=False)


def _warns(line: str) -> bool:
    return line.partition(":")[0].isupper()
