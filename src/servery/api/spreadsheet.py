"""Lists as CSV (RFC 4180, UTF-8) that a spreadsheet opens without running what a guest has written."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, UnsetType

from servery.language.sheet import inert
from servery.model.money import Money, to_decimal


def header(columns: Sequence[str]) -> bytes:
    """The line of column names."""
    return _lines([columns])


def lines(items: Iterable[Struct], columns: Sequence[str]) -> bytes:
    """One line for each item, of these of its fields."""
    return _lines([_cell(getattr(item, column)) for column in columns] for item in items)


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    """Money as a decimal number, whose currency is a column of its own; several values parted by semicolons."""
    if isinstance(value, tuple):
        return inert("; ".join(_part(one) for one in value))
    return inert(value) if isinstance(value, str) else _figure(value)


def _figure(value: Any) -> str:
    """What is no text, so that no sign in it can be somebody's formula: a negative amount stays a number."""
    match value:
        case None | UnsetType():
            return ""
        case bool():
            return "true" if value else "false"
        case Money(amount, currency):
            return str(to_decimal(amount, currency))
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def _part(value: Any) -> str:
    """One of several values: an amount needs its currency here."""
    return f"{_figure(value)} {value.currency}" if isinstance(value, Money) else str(value)
