"""What kind of file this is, and how its rows are cut into cells."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from servery.connectors.csv.encoding import SAMPLE, wide
from servery.errors import Invalid
from servery.model.changes import revision_at

DELIMITERS = ",;\t|"

_MAGIC = (
    (b"PK\x03\x04", "an Excel workbook or another zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"{\\rtf", "a text document (RTF)"),
)
_MARKUP = ((re.compile(rb"[{\[]\s*[\"{\[]"), "JSON"), (re.compile(rb"<(\?xml|!doctype|html)", re.I), "XML or HTML"))


class Cut(Struct, frozen=True):
    """How a line is cut into cells."""

    delimiter: str
    quote: str


class Mark(NamedTuple):
    """By what a file is known to be the one that was looked over: its bytes, and its last change as a revision."""

    size: int
    revision: int


def mark_of(path: Path) -> Mark:
    """The mark of a file as it lies there now."""
    found = path.stat()
    return Mark(found.st_size, revision_at(datetime.fromtimestamp(found.st_mtime, UTC)))


def opened(path: Path) -> bytes:
    """The first bytes of a file that may be a CSV. Invalid says what it is instead."""
    try:
        with path.open("rb") as file:
            head = file.read(SAMPLE)
    except OSError as error:
        raise Invalid(
            "{name} cannot be read: {reason}.", field="file", name=path, reason=error.strerror or "unknown"
        ) from error
    if not head.strip(codecs.BOM_UTF8 + b" \t\r\n"):
        raise Invalid("{name} is empty.", field="file", code="empty-file", name=path.name)
    _refuse_other_kinds(path, head)
    return head


def _refuse_other_kinds(path: Path, head: bytes) -> None:
    is_kind = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    bare = head.removeprefix(codecs.BOM_UTF8).lstrip()
    is_kind = is_kind or next((kind for form, kind in _MARKUP if form.match(bare)), None)
    if is_kind:
        raise Invalid(
            "{name} is {is_kind}, not a CSV file.",
            field="file",
            code="wrong-kind-of-file",
            name=path.name,
            is_kind=is_kind,
            mend="Save or export it as CSV (UTF-8) and import that.",
        )
    if wide(head) is None and _looks_binary(head):
        raise Invalid(
            "{name} is a binary file, not a CSV file.",
            field="file",
            code="wrong-kind-of-file",
            name=path.name,
            mend="Save or export it as CSV (UTF-8) and import that.",
        )


def _looks_binary(head: bytes) -> bool:
    control = sum(head.count(code) for code in range(32) if code not in b"\t\n\r\x0c\x1a")
    return control > len(head) * 0.05


def cut_of(lines: Sequence[str]) -> Cut:
    """The delimiter and quote under which these first lines fall into rows of one width."""
    delimiter = max(DELIMITERS, key=lambda each: _evenness(lines, each))
    edge = re.escape(delimiter)
    single = re.compile(rf"(?:^|{edge})'[^']*'(?={edge}|\s*$)")
    quoted = sum(1 for line in lines if single.search(line))
    return Cut(delimiter, "'" if quoted > len(lines) * 0.8 and not any('"' in line for line in lines) else '"')


def _evenness(lines: Sequence[str], delimiter: str) -> float:
    """How well a delimiter explains the lines: the share of rows with the commonest width, times its cells."""
    widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if any(row))
    (width, rows), *_ = widths.most_common(1) or [(1, 1)]
    return (rows / widths.total()) ** 2 * (width - 1) if widths else 0.0
