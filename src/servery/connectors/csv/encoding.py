"""By which encoding a file's bytes are text."""

import codecs
from functools import partial
from pathlib import Path
from typing import TextIO

from msgspec import Struct

from servery.connectors.csv.outcome import FIRST_LINES

CHUNK = 1 << 20
SAMPLE = 1 << 16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What restaurants' systems write besides Unicode: Windows, old Macs, DOS tills. Of 94 single words of menus in four
# languages, 45 were mistaken by charset-normalizer held to these three, 1 by the count below.
_OLD = ("cp1252", "mac_roman", "cp850")
_LETTERS = frozenset("æøåäöüßáéíóúñèêàçîôûëïâÆØÅÄÖÜÉÑÁÍÓÚ")
_SIGNS = frozenset("€£’‘“”–…°½¿¡®´")


class Encoding(Struct, frozen=True):
    """How a file's bytes become text; where some lines are not valid in `name`, `fallback` reads those bytes."""

    name: str
    fallback: str | None = None
    fallback_lines: tuple[int, ...] = ()
    fallback_count: int = 0


def encoding_of(path: Path, head: bytes) -> Encoding:
    """The encoding of a whole file: Unicode where all of it is valid, else the old one its bytes fit best."""
    if name := wide(head):
        return Encoding(name)
    odd, lines, count, others = _not_utf8(path)
    if not odd:
        return Encoding("utf-8")
    old = max(_OLD, key=lambda each: _likelihood(odd.decode(each, "replace")))
    if old == "cp1252" and any(code in odd for code in b"\x81\x8d\x8f\x90\x9d"):
        old = "latin-1"
    return Encoding("utf-8", old, lines, count) if others else Encoding(old)


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


def _likelihood(text: str) -> int:
    """How much a text looks like one of our languages, by its letters beyond ASCII and where in words they stand."""
    score = 0
    for place, letter in enumerate(text):
        if letter.isascii():
            continue
        before, after = text[place - 1 : place].isalpha(), text[place + 1 : place + 2].isalpha()
        if letter in _LETTERS:
            score += _fit(letter, before, after, text[place - 1 : place].isupper())
        elif letter in _SIGNS:
            score += not before or letter in "’”"
        else:
            score -= 3
    return score


def _fit(letter: str, before: bool, after: bool, after_capital: bool) -> int:
    """A capital stands at a word's beginning or after another, a small letter inside; no word is one such letter."""
    if not before:
        return (3 if letter.isupper() else 2) if after else -1
    return 3 if letter.islower() else 2 if after_capital else -3


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


def wide(head: bytes) -> str | None:
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
