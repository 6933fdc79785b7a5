"""Card numbers are taken out of what arrives, before it is first written.

A number counts as a card's where it has the length and the first digits of an issuer and its check digit (Luhn) is
right, in one piece or parted by spaces, dashes or the like. What an owner or a vendor declared to be an id is left. In
its place stays a keyed hash, `[card 4f3a9b2c71d0]`, by which two mentions of one card can be told to be the same.
JSON stays JSON: a number becomes a string.
"""

import heapq
import hmac
import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

_SHORTEST, _LONGEST = 13, 19
"""Digits of a card number, ISO/IEC 7812."""
_MOST_GROUPS = 500
"""Groups of digits in a row that are looked at one by one. What is longer nobody wrote: it is taken out whole."""

# First digits from, to (equally long), and the lengths of the number, as the issuers' registries and processors give
# them. Maestro's whole range (50, 56 to 69) is left out but for the ranges in use: it would take in too much else.
_ISSUERS: tuple[tuple[int, int, frozenset[int]], ...] = (
    (4, 4, frozenset({13, 16, 18, 19})),  # Visa
    (51, 55, frozenset({16})),  # Mastercard
    (2221, 2720, frozenset({16})),
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),
    (300, 305, frozenset({14, 16, 17, 18, 19})),  # Diners Club
    (309, 309, frozenset({14, 16})),
    (36, 36, frozenset({14, 15, 16, 17, 18, 19})),
    (38, 39, frozenset({14, 16, 17, 18, 19})),
    (6011, 6011, frozenset({16, 17, 18, 19})),  # Discover
    (644, 649, frozenset({16, 17, 18, 19})),
    (65, 65, frozenset({16, 17, 18, 19})),
    (3528, 3589, frozenset({16, 17, 18, 19})),  # JCB
    (62, 62, frozenset({16, 17, 18, 19})),  # UnionPay
    (81, 81, frozenset({16, 17, 18, 19})),
    (5018, 5020, frozenset({13, 14, 15, 16, 17, 18, 19})),  # Maestro; 5019 is Dankort
    (5038, 5038, frozenset({13, 14, 15, 16, 17, 18, 19})),
    (5893, 5893, frozenset({13, 14, 15, 16, 17, 18, 19})),
    (6304, 6304, frozenset({16, 17, 18, 19})),
    (6759, 6759, frozenset({13, 14, 15, 16, 17, 18, 19})),
    (6761, 6763, frozenset({13, 14, 15, 16, 17, 18, 19})),
    (2200, 2204, frozenset({16, 17, 18, 19})),  # Mir
    (508, 508, frozenset({16})),  # RuPay
    (60, 60, frozenset({16})),
    (9792, 9792, frozenset({16})),  # Troy
)
_LENGTHS: dict[bytes, frozenset[int]] = {}
for _first, _last, _lengths in _ISSUERS:
    for _prefix in range(_first, _last + 1):
        _LENGTHS[str(_prefix).encode()] = _lengths

_PARTING = b" \t\x00-.+_" + bytes(range(0x80, 0x100))
_PARTING_ESCAPED = _PARTING + b"\\u%tabcdefABCDEF"
_MARKS = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x2E for byte in range(256))
_RUN_OF_MARKS = b"0" * _SHORTEST

_GAP = (
    rb"(?:[ \t\x00\-.+_]|\xc2\xa0|\xe2\x80[\x87-\x8b\x90-\x95\xaf]|\xe2\x88\x92"
    rb"|%20|%2[dD]|%09|\\t|\\u00[aA]0|\\u20[01][0-9a-fA-F]|\\u202[fF]|\\u2212){1,3}+"
)
_PLAIN = re.compile(rb"(?<![0-9])(?P<run>[0-9](?:(?:%b)?+[0-9]){12,})" % _GAP)
_DIGIT = rb"(?:[0-9]|(?<!\\)\\u003[0-9]|%3[0-9])"
_ESCAPED = re.compile(
    # An escape that is no digit is stepped over whole: its own digits do not belong to the number behind it.
    rb"(?P<run>%b(?:(?:%b)?+%b){12,})|\\u[0-9a-fA-F]{4}|%%[0-9a-fA-F]{2}|%b+" % (_DIGIT, _GAP, _DIGIT, _DIGIT)
)
_GROUP = re.compile(rb"(?P<group>%b+)|%b" % (_DIGIT, _GAP))
_UNIT = re.compile(_DIGIT)

_TOKEN = re.compile(
    # A string that does not end goes to the end of the body, or a hostile one would be searched again and again.
    rb'(?P<string>"(?:[^"\\]++|\\.)*+(?:"|\\?\Z))(?P<names>\s*+:)?+|(?P<number>-?[0-9][0-9.eE+\-]*+)|[\[\]{}]',
    re.DOTALL,
)


class _Card(NamedTuple):
    start: int
    end: int
    digits: bytes


def redact(body: bytes, id_fields: Collection[str], key: bytes) -> bytes:
    """A body without card numbers. `id_fields` are names of JSON members whose values are ids and stay as they are.

    Takes a few microseconds for 4 kB where nothing looks like one. What is redacted once stays as it is.
    """
    if not _may_hold(body):
        return body
    cards = list(_cards(body))
    if not cards:
        return body
    edits = _in_json(body, cards, id_fields) if body.lstrip()[:1] in (b"{", b"[", b'"') else _plainly(cards)
    parts, end = [], 0
    for start, stop, digits, quote in edits:
        parts += [body[end:start], quote, _told(digits, key), quote]
        end = stop
    return b"".join((*parts, body[end:]))


def redact_text(text: str, key: bytes) -> str:
    """A short text, such as a header's value, without card numbers."""
    if len(text) < _SHORTEST:
        return text
    body = text.encode("utf-8", "surrogateescape")
    return redact(body, (), key).decode("utf-8", "surrogateescape") if _may_hold(body) else text


def redact_headers(headers: Mapping[str, str], key: bytes) -> dict[str, str]:
    """Headers that are kept, without card numbers."""
    return {name: redact_text(value, key) for name, value in headers.items()}


def is_card(digits: bytes) -> bool:
    """Whether these digits are a card number: an issuer's prefix and length, and the check digit."""
    lengths = next((_LENGTHS[digits[:size]] for size in (4, 3, 2, 1) if digits[:size] in _LENGTHS), frozenset[int]())
    return len(digits) in lengths and _luhn(digits)


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def _luhn(digits: bytes) -> bool:
    from_right = digits[::-1]
    total = sum(from_right[::2]) - 0x30 * len(from_right[::2])
    return (total + sum(_DOUBLED[digit - 0x30] for digit in from_right[1::2])) % 10 == 0


def _may_hold(body: bytes) -> bool:
    """Whether thirteen digits stand in a row when all that could part them is left out: seldom, and told quickly."""
    return _RUN_OF_MARKS in body.translate(_MARKS, _PARTING_ESCAPED if _has_escapes(body) else _PARTING)


def _has_escapes(body: bytes) -> bool:
    return b"\\u" in body or b"%" in body


def _cards(body: bytes) -> Iterator[_Card]:
    """The cards in order, none of them twice."""
    cards = _in_runs(body, _PLAIN)
    if _has_escapes(body):
        # Both readings: a percent sign before a card's number is not always an escape.
        cards = heapq.merge(_in_runs(body, _ESCAPED), cards)
    end = 0
    for card in cards:
        if card.start >= end and not _in_hexadecimal(body, card):
            yield card
            end = card.end


_HEXADECIMAL = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32,}")
_LONGEST_LOOKED_AT = 128


def _in_hexadecimal(body: bytes, card: _Card) -> bool:
    """Whether it stands within a UUID or a digest: of those one in some thousands holds what looks like a card's."""
    start = max(0, card.start - _LONGEST_LOOKED_AT)
    around = _HEXADECIMAL.finditer(body, start, card.end + _LONGEST_LOOKED_AT)
    found = ((match.start(), match.end(), match.group()) for match in around)
    return any(begin <= card.start and card.end <= end and not _is_decimal(text) for begin, end, text in found)


def _is_decimal(text: bytes) -> bool:
    return text.replace(b"-", b"").isdigit()


def _in_runs(body: bytes, pattern: re.Pattern[bytes]) -> Iterator[_Card]:
    for match in pattern.finditer(body):
        if match.lastgroup:
            yield from _in_run(body, *match.span())


def _in_run(body: bytes, start: int, end: int) -> Iterator[_Card]:
    """The cards in a run of digits and gaps: they begin and end where a group of digits does."""
    found = (match for match in _GROUP.finditer(body, start, end) if match["group"] is not None)
    groups = [(match.start(), match.end(), _digits_of(match.group())) for match in found]
    if len(groups) > _MOST_GROUPS:
        yield _Card(start, end, b"".join(digits for _, _, digits in groups))
        return
    at = 0
    while at < len(groups):
        after = _longest_from(body, groups, at)
        if after is None:
            at += 1
            continue
        digits = b"".join(digits for _, _, digits in groups[at:after])
        yield _Card(groups[at][0], groups[after - 1][1], digits)
        at = after


def _longest_from(body: bytes, groups: list[tuple[int, int, bytes]], at: int) -> int | None:
    """The index after the last group of the longest card number that begins with the group at an index."""
    digits, best = b"", None
    for index in range(at, len(groups)):
        digits += groups[index][2]
        if len(digits) > _LONGEST:
            break
        if len(digits) >= _SHORTEST and is_card(digits) and _is_written_so(body, groups[at : index + 1]):
            best = index + 1
    return best


def _is_written_so(body: bytes, groups: list[tuple[int, int, bytes]]) -> bool:
    """Points part the digits of amounts, coordinates and versions: they part a card's only in groups of some size."""
    has_points = b"." in body[groups[0][0] : groups[-1][1]]
    return not has_points or (len(groups) >= 3 and all(len(digits) >= 3 for _, _, digits in groups[:-1]))


def _digits_of(group: bytes) -> bytes:
    return group if group.isdigit() else bytes(unit[-1] for unit in _UNIT.findall(group))


_Edit = tuple[int, int, bytes, bytes]
"""From, to, the digits, and the quotation mark to be put around what takes their place."""


def _plainly(cards: list[_Card]) -> list[_Edit]:
    return [(card.start, card.end, card.digits, b"") for card in cards]


def _in_json(body: bytes, cards: list[_Card], id_fields: Collection[str]) -> list[_Edit]:
    """What is to be replaced in a JSON text; in one that is none, all the same."""
    ids = {name.encode() for name in id_fields}
    values = _values(body)
    edits: list[_Edit] = []
    value = next(values, None)
    for card in cards:
        while value is not None and value.end <= card.start:
            value = next(values, None)
        if value is None or not value.start <= card.start < card.end <= value.end:
            edits.append((card.start, card.end, card.digits, b""))
        elif value.name not in ids:
            whole = value.is_number
            span = (value.start, value.end) if whole else (card.start, card.end)
            edits.append((*span, card.digits, b'"' if whole else b""))
    return edits


class _Value(NamedTuple):
    """A string or a number of a JSON text; `name` is the member that it belongs to (None: it is a name itself)."""

    start: int
    end: int
    is_number: bool
    name: bytes | None


def _values(body: bytes) -> Iterator[_Value]:
    names: list[bytes | None] = [None]
    for match in _TOKEN.finditer(body):
        kind = match.lastgroup
        if kind == "names":
            names[-1] = match["string"][1:-1]
            yield _Value(*match.span("string"), False, None)
        elif kind is not None:
            yield _Value(*match.span(), kind == "number", names[-1])
        elif match.group() in (b"{", b"["):
            # What stands in a list belongs to the member that holds the list.
            names.append(None if match.group() == b"{" else names[-1])
        elif len(names) > 1:
            names.pop()


def _told(digits: bytes, key: bytes) -> bytes:
    return b"[card %b]" % hmac.digest(key, digits, "sha256")[:6].hex().encode()
