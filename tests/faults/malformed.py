"""Payloads that are signed and make no sense: a real one damaged in every way, as the inbox gets them."""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

Damage = Callable[[Random, dict[str, Any]], bytes]

_ODD: list[Any] = [
    None, True, -1, 2**70, -(2**200), 10**400, 1e308, "", " ", "\0", "null", "𝔘𝔫𝔦", [], {}, [[[]]], {"id": []},
    "9" * 5_000, "2026-13-45T99:99:99Z", "x" * 100_000,
]  # fmt: skip


def payloads(wanted: int, real: list[dict[str, Any]], seed: int, huge: int = 10_000_000) -> Iterator[bytes]:
    """So many damaged payloads. One in a thousand has `huge` bytes."""
    draw = Random(seed)
    for number in range(wanted):
        record = json.loads(json.dumps(draw.choice(real)))
        damage = _huge(huge) if number % 1_000 == 17 else draw.choice(_DAMAGES)
        yield damage(draw, record)


def _text(record: object) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode(errors="surrogatepass")


def _truncated(draw: Random, record: dict[str, Any]) -> bytes:
    body = _text(record)
    return body[: draw.randrange(len(body))]


def _flipped(draw: Random, record: dict[str, Any]) -> bytes:
    body = bytearray(_text(record))
    for _ in range(draw.randint(1, 8)):
        body[draw.randrange(len(body))] = draw.randrange(256)
    return bytes(body)


def _wrong_type(draw: Random, record: dict[str, Any]) -> bytes:
    _replace(draw, record, draw.choice(_ODD))
    return _text(record)


def _replace(draw: Random, record: Any, value: Any) -> None:
    """Put a value in the place of one, somewhere in a record."""
    keys = list(record) if isinstance(record, dict) else list(range(len(record)))
    key = draw.choice(keys)
    if isinstance(record[key], dict | list) and record[key] and draw.random() < 0.8:
        _replace(draw, record[key], value)
    else:
        record[key] = value


def _deep(draw: Random, record: dict[str, Any]) -> bytes:
    opened = draw.choice([b"[", b'{"a":'])
    depth = draw.choice([100, 1_000, 10_000])
    closed = b"1" + (b"]" if opened == b"[" else b"}") * depth
    inner = opened * depth + (closed if draw.random() < 0.5 else b"")
    return b'{"lane":"x","records":' + inner + b"}" if draw.random() < 0.5 else inner


def _numbers(draw: Random, record: dict[str, Any]) -> bytes:
    odd = draw.choice(
        [b"NaN", b"Infinity", b"-Infinity", b"1e9999", b"-0", b"9" * 400, b"9" * 6_000, b"0x1F", b"1_000"]
    )
    body = _text(record)
    return body.replace(b"1", odd, 1)


def _surrogates(draw: Random, record: dict[str, Any]) -> bytes:
    odd = draw.choice([b"\\ud800", b"\\udfff\\ud800", b"\xed\xa0\x80", b"\\u0000", b"\xff\xfe", b"\\uD83D"])
    body = _text(record)
    at = body.index(b'"') + 1
    places = [place for place in range(len(body)) if body[place : place + 1] == b'"']
    at = draw.choice(places) + 1 if draw.random() < 0.9 else at
    return body[:at] + odd + body[at:]


def _twice(draw: Random, record: dict[str, Any]) -> bytes:
    body = _text(record)
    return b"{" + body[1:-1] + b"," + _text({next(iter(record)): draw.choice(_ODD)})[1:]


def _shape(draw: Random, record: dict[str, Any]) -> bytes:
    return draw.choice(
        [b"", b"null", b"[]", b"{}", b'"text"', b"7", b"\xef\xbb\xbf{}", b"<xml/>", b"a=b&c=d", b"\0" * 50]
    )


def _huge(size: int) -> Damage:
    def make(draw: Random, record: dict[str, Any]) -> bytes:
        filled = draw.choice(["a", "€", '"'])
        wide = json.dumps(list(range(size // 8))) if draw.random() < 0.3 else json.dumps(filled * (size // 3))
        return b'{"padding":' + wide.encode() + b"," + _text(record)[1:]

    return make


_DAMAGES: list[Damage] = [
    _truncated, _truncated, _flipped, _flipped, _wrong_type, _wrong_type, _wrong_type, _deep, _numbers, _surrogates,
    _twice, _shape,
]  # fmt: skip
