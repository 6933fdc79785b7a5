"""What the bytes of a file are: its kind, its encoding, and how its rows are cut into cells."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

import charset_normalizer
from msgspec import Struct

from servery.connectors.csv.outcome import FIRST_LINES
from servery.errors import Invalid

CHUNK = 1 << 20
SAMPLE = 1 << 16
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
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What restaurants' systems write besides Unicode, by Windows, old Macs and DOS tills.
_OLD_ENCODINGS = ["cp1252", "mac_roman", "cp850"]


class Encoding(Struct, frozen=True):
    """How a file's bytes become text; where some lines are not valid in `name`, `fallback` reads those bytes."""

    name: str
    fallback: str | None = None
    fallback_lines: tuple[int, ...] = ()
    fallback_count: int = 0


class Cut(Struct, frozen=True):
    """How a line is cut into cells."""

    delimiter: str
    quote: str


def opened(path: Path) -> bytes:
    """The first bytes of a file that may be a CSV. Invalid says what it is instead."""
    try:
        with path.open("rb") as file:
            head = file.read(SAMPLE)
    except OSError as error:
        raise Invalid(
            "{name} cannot be read: {reason}.", field="file", name=path.name, reason=error.strerror or "unknown"
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
    if _wide(head) is None and _looks_binary(head):
        raise Invalid(
            "{name} is a binary file, not a CSV file.",
            field="file",
            code="wrong-kind-of-file",
            name=path.name,
            mend="Save or export it as CSV (UTF-8) and import that.",
        )


def _wide(head: bytes) -> str | None:
    """The name of a Unicode encoding that a byte-order mark or the pattern of NUL bytes gives away."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    half = len(head) // 2
    if half > 1 and head[1::2].count(0) > 0.7 * half and head[::2].count(0) < 0.1 * half:
        return "utf-16-le"
    if half > 1 and head[::2].count(0) > 0.7 * half and head[1::2].count(0) < 0.1 * half:
        return "utf-16-be"
    return None


def _looks_binary(head: bytes) -> bool:
    control = sum(head.count(code) for code in range(32) if code not in b"\t\n\r\x0c\x1a")
    return control > len(head) * 0.05


def encoding_of(path: Path, head: bytes) -> Encoding:
    """The encoding of a whole file: Unicode where all of it is valid, else the old one its bytes fit best."""
    if name := _wide(head):
        return Encoding(name)
    odd, lines, count, wide = _not_utf8(path)
    if not odd:
        return Encoding("utf-8")
    best = charset_normalizer.from_bytes(odd, cp_isolation=_OLD_ENCODINGS).best()
    old = best.encoding if best else "latin-1"
    if old == "cp1252" and any(code in odd for code in b"\x81\x8d\x8f\x90\x9d"):
        old = "latin-1"
    return Encoding("utf-8", old, lines, count) if wide else Encoding(old)


def _not_utf8(path: Path) -> tuple[bytes, tuple[int, ...], int, bool]:
    """Lines that are not UTF-8: a sample, the first numbers, how many; and whether others are UTF-8 beyond ASCII."""
    if _all_utf8(path):
        return b"", (), 0, True
    sample = bytearray()
    lines: list[int] = []
    count = 0
    wide = False
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(CHUNK), b""), 1):
            if line.isascii():
                continue
            try:
                line.decode()
                wide = True
            except UnicodeDecodeError:
                count += 1
                lines.append(number)
                del lines[FIRST_LINES:]
                if len(sample) < SAMPLE:
                    sample += line[:SAMPLE]
    return bytes(sample), tuple(lines), count, wide


def _all_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            for chunk in iter(lambda: file.read(CHUNK), b""):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def text_of(path: Path, encoding: str, fallback: str | None) -> TextIO:
    """The file as text, line ends untouched. LookupError when the encoding does not exist."""
    errors = "strict"
    if fallback:
        errors = f"servery.{fallback}"
        codecs.register_error(errors, partial(_decoded_by, fallback))
    return path.open(encoding=encoding, errors=errors, newline="")


def _decoded_by(fallback: str, error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode(fallback, "replace"), error.end


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
