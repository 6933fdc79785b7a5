"""Lists on their way into a spreadsheet: the one place where CSV is written."""

import csv
import io
from collections.abc import Iterable, Sequence

# Full-width forms too: East Asian spreadsheets read them as the plain signs.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def lines(rows: Iterable[Sequence[object]], end: str = "\r\n", *, inert: bool = True) -> str:
    """Rows as CSV (RFC 4180) in which no spreadsheet finds a formula: guests choose their own names.

    None is an empty cell, and what is no text stays as it is: a negative amount is a number. `end` ends each line.
    Not `inert`: text is written as it is, for a program that wants its own ids back.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows([_cell(value) for value in row] if inert else row for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
