"""Lists as CSV (RFC 4180, UTF-8) that a spreadsheet opens without running what a guest has written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, UnsetType

from servery.language import sheet
from servery.model.money import Money, to_decimal


def header(columns: Sequence[str]) -> bytes:
    """The line of column names."""
    return sheet.lines([columns]).encode()


def lines(items: Iterable[Struct], columns: Sequence[str]) -> bytes:
    """One line for each item, of these of its fields."""
    return sheet.lines([_cell(getattr(item, column)) for column in columns] for item in items).encode()


def _cell(value: Any) -> object:
    """Money as a decimal number, whose currency is a column of its own; several values parted by semicolons."""
    if isinstance(value, tuple):
        return "; ".join(_part(one) for one in value)
    return _figure(value)


def _figure(value: Any) -> object:
    """What is no text stays none, so that a negative amount is a number and nobody's formula."""
    match value:
        case None | UnsetType():
            return None
        case bool():
            return "true" if value else "false"
        case Money(amount, currency):
            return to_decimal(amount, currency)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


def _part(value: Any) -> str:
    """One of several values: an amount needs its currency here."""
    return f"{_figure(value)} {value.currency}" if isinstance(value, Money) else str(value)
