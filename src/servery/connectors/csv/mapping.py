"""How a file is to be read: what a person writes in `map.toml`, and the whole plan that is shown before importing."""

import json
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from servery.errors import Invalid

FileKind = Literal["orders", "reservations", "guests", "menu"]
DateOrder = Literal["dmy", "mdy", "ymd"]
Decimals = Literal[".", ","]
Times = Literal["local", "utc"]
Amounts = Literal["paid", "gross"]
Taxes = Literal["included", "added"]
CheckNumbers = Literal["unique", "daily"]


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The `[options]` of a map; what is left out is found in the file."""

    encoding: str | None = None
    delimiter: str | None = None
    header_line: int | None = None
    decimal: Decimals | None = None
    date_order: DateOrder | None = None
    times: Times = "local"
    """Whether times without an offset are the venue's local time or UTC."""
    amounts: Amounts | None = None
    """Whether the amount column is what was paid after discounts, or the price before them."""
    tax: Taxes | None = None
    """Whether the tax column's amounts lie inside the prices or come on top."""
    check_numbers: CheckNumbers = "unique"
    """`daily` where the till counts its checks from 1 again each business day."""


class Map(Struct, frozen=True, forbid_unknown_fields=True):
    """A person's own mapping: field → header (or several headers, where a field takes several; [] for none)."""

    columns: dict[str, str | list[str]] = {}
    options: Options = Options()


class Plan(Struct, frozen=True, kw_only=True):
    """How a file will be read, to be shown to a person; `changes` reads it so.

    Columns are named by their headers, a header that comes twice as `Name (2)`, one without text as `column 5`.
    """

    path: str
    kind: FileKind
    size: int
    """Bytes."""
    rows: int
    """Rows below the header, blank ones left out."""
    revision: int
    """When the file was last modified, as a change's revision."""
    encoding: str
    fallback: str | None = None
    """The second encoding, for the bytes that are not valid in `encoding`; None when the file has one encoding."""
    fallback_lines: tuple[int, ...] = ()
    """The first lines that needed it, and in `fallback_count` how many did."""
    fallback_count: int = 0
    delimiter: str
    quote: str = '"'
    header_line: int
    header: tuple[str, ...]
    columns: dict[str, tuple[str, ...]]
    unmapped: tuple[str, ...]
    decimal: Decimals
    date_order: DateOrder | None
    """None when no date in the file depends on it."""
    serial_birthdays: bool = False
    """Whether birthdays are a spreadsheet's numbers of days."""
    times: Times = "local"
    amounts: Amounts = "paid"
    tax: Taxes = "included"
    check_numbers: CheckNumbers = "unique"
    per_check: tuple[str, ...] = ()
    """Of tip, tax and service charge, those whose column repeats the check's on each of its lines."""
    has_venue: bool
    """Whether the caller names the venue; else the venue column does."""
    reasons: dict[str, str] = {}
    """Why `date_order`, `decimal` and so on were decided so, in English."""

    def place(self, field: str) -> int | None:
        """The position in a row of the (first) column that gives a field, or None."""
        names = self.columns.get(field)
        return self.header.index(names[0]) if names else None

    def places(self, field: str) -> tuple[int, ...]:
        """The positions in a row of all columns that give a field."""
        return tuple(self.header.index(name) for name in self.columns.get(field, ()))


def read_map(path: Path) -> Map:
    """A person's `map.toml`. Invalid names the key at fault."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Map)
    except OSError as error:
        raise Invalid(
            "The map {name} cannot be read: {reason}.", field="map", name=path, reason=error.strerror
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(
            "The map {name} is wrong: {reason}.",
            field="map",
            name=path.name,
            reason=_plain(str(error)),
            mend='Its form is: [columns] field = "Header", [options] key = "value".',
        ) from error


def _plain(reason: str) -> str:
    text, _, key = reason.partition(" - at `$.")
    named = f" at {key.rstrip('`')}" if key else ""
    return text.replace("Object contains unknown field", "unknown key").replace("`", '"') + named


def dump_map(plan: Plan) -> str:
    """The plan as a `map.toml` that `read_map` reads back and that gives the same plan for the same file."""
    options = {
        "encoding": plan.encoding,
        "delimiter": plan.delimiter,
        "header_line": plan.header_line,
        "decimal": plan.decimal,
        "date_order": plan.date_order,
        "times": plan.times,
        "amounts": plan.amounts,
        "tax": plan.tax,
        "check_numbers": plan.check_numbers,
    }
    columns = {field: names[0] if len(names) == 1 else list(names) for field, names in plan.columns.items()}
    return f"[columns]\n{_lines(columns)}\n[options]\n{_lines(options)}"


def _lines(table: dict[str, object] | dict[str, str | list[str]]) -> str:
    # JSON's strings, numbers and arrays of them are TOML's too.
    return "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in table.items() if value is not None
    )
