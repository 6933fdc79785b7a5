"""A file's text as rows, with the line each begins at, whatever its quotes, NUL bytes and endless lines do.

A broken row is handed on as rejected and reading goes on with the next line, so that one quote that is never closed
does not swallow the rest of the file.
"""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TextIO

from servery.connectors.csv.outcome import Rejected, shown
from servery.connectors.csv.sniff import Cut
from servery.errors import Invalid

LONGEST_LINE = 1 << 17
"""Characters of a line, and of a cell (what Python's csv module takes by default)."""
TALLEST_ROW = 100
"""Lines that one row may span through line breaks inside quotes."""
JOINT = "\0"
"""Joins a row's cells into one string; no row that is accepted holds it."""

_BLANK = " \t\x1a\0"

Row = tuple[int, str]
"""Line number, and the cells joined by `JOINT`."""


_TOO_LONG = "The line has more than {limit} characters."
_OPEN_QUOTE = "A quotation mark is opened here and not closed."


class _Broken(Exception):
    """The row being read cannot end well; `args[0]` is the reason."""


class _Lines:
    """The physical lines of a text; those of the row being read are held, to be read again if the row is broken."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self.number = 0
        self.held: list[str] = []
        self.ended = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._fresh()
        if not line:
            self.ended = True
            raise StopIteration
        self.number += 1
        self.held.append(line)
        if len(line) >= LONGEST_LINE:
            raise _Broken(_TOO_LONG)
        if len(self.held) > TALLEST_ROW:
            raise _Broken(_OPEN_QUOTE)
        return line

    def _fresh(self) -> str:
        line = part = self._text.readline(LONGEST_LINE)
        if len(line) >= LONGEST_LINE:
            while part and not part.endswith(("\n", "\r")):
                part = self._text.readline(LONGEST_LINE)
        return line

    def give_back(self) -> None:
        """Let all lines of this row but its first be read again."""
        self._again.extendleft(reversed(self.held[1:]))
        self.number -= len(self.held) - 1
        del self.held[1:]
        self.ended = False


def records(text: TextIO, cut: Cut, width: int | None = None) -> Iterator[tuple[int, list[str]] | Rejected]:
    """Each row's first line number and cells; blank lines are left out. Text before the header has no `width`."""
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=cut.delimiter, quotechar=cut.quote, skipinitialspace=True, strict=True)
    held = lines.held
    try:
        while not lines.ended:
            held.clear()
            start = lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _Broken) as error:
                yield _mended(lines, cut, error) or _rejected(lines, error)
                continue
            if len(held) > 1 and width and len(cells) != width:
                yield _rejected(lines, _Broken(_OPEN_QUOTE))
            elif cells:
                yield start, cells
    except UnicodeDecodeError as error:
        raise Invalid(
            "The file is not {encoding} after line {line}.",
            field="encoding",
            encoding=error.encoding,
            line=lines.number,
            mend="Name its encoding in the map: [options] encoding.",
        ) from error


def _mended(lines: _Lines, cut: Cut, error: Exception) -> tuple[int, list[str]] | None:
    """The row where only a quotation mark inside a quoted cell was not doubled; None where more is wrong."""
    if isinstance(error, _Broken) or len(lines.held) > 1 or lines.ended or "limit" in str(error):
        return None
    lenient = csv.reader(lines.held, delimiter=cut.delimiter, quotechar=cut.quote, skipinitialspace=True)
    return lines.number, next(lenient)


def _rejected(lines: _Lines, error: Exception) -> Rejected:
    too_long = "limit" in str(error) and len(lines.held) == 1
    lines.give_back()
    reason = Invalid(_TOO_LONG, limit=LONGEST_LINE) if too_long else Invalid(_OPEN_QUOTE)
    return Rejected(lines.number, None, shown(lines.held[0].strip()), reason)


def rows(text: TextIO, cut: Cut, header: Sequence[str], header_line: int) -> Iterator[Row | Rejected]:
    """The rows below the header, each with as many cells as it has; a row that has not is rejected."""
    width = len(header)
    for record in records(text, cut, width):
        if isinstance(record, Rejected):
            if record.line > header_line:
                yield record
            continue
        line, cells = record
        joined = JOINT.join(cells)
        if line <= header_line or not joined.strip(_BLANK):
            continue
        if len(cells) == width and joined.count(JOINT) == width - 1:
            yield line, joined
        elif len(cells) > width and not any(cells[width:]):
            yield line, JOINT.join(cells[:width])
        else:
            yield _ragged(line, cells, width)


def _ragged(line: int, cells: list[str], width: int) -> Rejected:
    value = shown(" ".join(cells))
    if len(cells) == width:
        return Rejected(line, None, value, Invalid("The row holds a NUL byte, which no text can hold."))
    reason = Invalid("The row has {cells} cells, the header {width}.", cells=len(cells), width=width)
    return Rejected(line, None, value, reason)
