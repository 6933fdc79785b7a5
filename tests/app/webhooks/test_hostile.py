"""Bodies that are too much, too little, too slow, packed, or anything but JSON."""

from __future__ import annotations

import gzip
import json
import random
import socket
from collections.abc import Iterator

import httpx
import pytest

from servery.app import hooks
from tests.app.webhooks.door import (
    BODY,
    event,
    events,
    nothing_stored,
    post,
    rows,
    signed,
)
from tests.calm import Calm

UNREADABLE = {
    "nothing": b"",
    "cut off": BODY[:-20],
    "no JSON": b"hello",
    "NaN": b'{"event_id": NaN}',
    "a lone surrogate": b'{"event_id": "\\ud800", "type": "\\udfff"}',
    "a NUL": b'{"event_id": "a\\u0000b", "type": "\\u0000"}',
    "deep": b'{"event_id":' + b"[" * 10_000,
    "very deep": b'{"a":' * 300_000,
    "a huge number": b'{"event_id": ' + b"9" * 10_000 + b"}",
    "the same name twice": b'{"event_id": "1", "event_id": "2"}',
    "of another form": b'{"event_id": {"x": 1}, "type": [1]}',
    "a long name": b'{"event_id": "' + b"x" * 5000 + b'"}',
    "no text": bytes(range(256)),
    "large": b'{"event_id": "large", "note": "' + b"x" * 1_900_000 + b'"}',
}


def test_what_is_signed_but_cannot_be_read_is_acknowledged_and_kept(client: httpx.Client, database: str, till: int):
    for name, body in UNREADABLE.items():
        since = Calm()
        assert post(client, till, body).status_code == 200, name
        assert since.seconds < 5
    assert [one["body"] for one in events(database)] == list(UNREADABLE.values())
    assert len(rows(database, "select from inbox_work")) == len(UNREADABLE)


def socket_to(client: httpx.Client) -> socket.socket:
    return socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=60)


def test_what_is_too_large_is_refused_before_it_is_read(client: httpx.Client, database: str, till: int):
    with socket_to(client) as wire:
        wire.sendall(f"POST /hooks/{till} HTTP/1.1\r\nhost: x\r\ncontent-length: 2000001\r\n\r\n".encode())
        assert b" 413 " in wire.recv(1000).partition(b"\r\n")[0]
    assert post(client, till, b"x" * 2_000_001).status_code == 413
    assert nothing_stored(database)


def test_what_turns_out_to_be_too_large_is_refused_while_it_comes(client: httpx.Client, database: str, till: int):
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 200_000_000:
            sent += 64_000
            yield b"x" * 64_000

    try:
        answer = client.post(f"/hooks/{till}", content=endless(), headers=signed(b"", str(till)))
        assert answer.status_code == 413
    except httpx.WriteError:
        # The answer came while we still wrote.
        pass
    assert sent < 50_000_000
    assert nothing_stored(database)


def test_a_body_that_is_shorter_than_was_told_leaves_nothing(client: httpx.Client, database: str, till: int):
    signature = signed(BODY, str(till))["x-square-hmacsha256-signature"]
    head = f"POST /hooks/{till} HTTP/1.1\r\nhost: x\r\nx-square-hmacsha256-signature: {signature}\r\n"
    with socket_to(client) as wire:
        wire.sendall(f"{head}content-length: {len(BODY) + 1}\r\n\r\n".encode() + BODY)
        wire.shutdown(socket.SHUT_WR)
        assert b" 200 " not in wire.recv(1000)
    with socket_to(client) as wire:
        # Told too short: what is over is no request.
        wire.sendall(f"{head}content-length: {len(BODY) - 1}\r\n\r\n".encode() + BODY)
        assert b" 401 " in wire.recv(1000)
    assert post(client, till, event(1)).status_code == 200
    assert len(events(database)) == 1


def test_who_sends_slowly_is_let_go(client: httpx.Client, database: str, till: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hooks, "_READ_WITHIN", 0.3)
    with socket_to(client) as wire:
        wire.sendall(f"POST /hooks/{till} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{{".encode())
        assert b" 408 " in wire.recv(1000)
    assert nothing_stored(database)


def test_a_packed_body_is_proved_as_it_came_and_kept_unpacked(client: httpx.Client, database: str, till: int):
    packed = gzip.compress(BODY)
    assert post(client, till, packed, content_encoding="gzip").status_code == 200
    (kept,) = events(database)
    assert json.loads(kept["body"])["event_id"] == kept["key"] == "e-1"
    assert b"4111 1111" not in kept["body"]


def test_a_packed_body_that_breaks_off_hides_no_card(client: httpx.Client, database: str, till: int):
    body = b'{"event_id": "e", "note": "' + b"4111 1111 1111 1111 " * 10_000 + bytes(random.Random(1).randbytes(20_000))
    packed = gzip.compress(body)[:-9000]
    assert post(client, till, packed, content_encoding="gzip").status_code == 200
    (kept,) = events(database)
    assert kept["body"].startswith(b'{"event_id": "e", "note": "[card ')
    assert b"4111 1111" not in kept["body"]


@pytest.mark.parametrize(
    ("body", "coding", "status"),
    [(gzip.compress(b"x" * 50_000_000), "gzip", 413), (b"x", "br", 415), (b"x", "zstd", 415), (b"x", "identity", 200)],
)
def test_other_packings(client: httpx.Client, database: str, till: int, body: bytes, coding: str, status: int):
    assert post(client, till, body, content_encoding=coding).status_code == status
    assert len(events(database)) == (status == 200)
