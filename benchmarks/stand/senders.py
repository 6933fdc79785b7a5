"""Sends signed webhooks as fast as they are acknowledged, from a process of its own, and says what it cost itself.

`python -m benchmarks.stand.senders` reads what to do as JSON from its standard input, and answers on its output.
"""

import asyncio
import base64
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from uuid import uuid4

import msgspec
from msgspec import Struct


class Task(Struct, frozen=True, kw_only=True):
    """What to send where. `url` is signed as Square does; `size` is of a body, in bytes."""

    port: int
    path: str
    url: str
    secret: str
    size: int
    requests: int
    lines: int


class Sent(Struct, frozen=True, kw_only=True):
    """What came of it. `seconds` from the first request to the last answer; `processor` of the sender itself."""

    seconds: float
    processor: float
    acknowledged: int
    waits: list[float]
    """Milliseconds of each request, sorted."""

    @property
    def rate(self) -> float:
        """Acknowledgements for each second."""
        return self.acknowledged / self.seconds

    def within(self, share: float) -> float:
        """Milliseconds within which this share of the answers came."""
        return self.waits[min(len(self.waits) - 1, int(share * len(self.waits)))]


def send(port: int, path: str, url: str, secret: str, *, size: int, requests: int, lines: int) -> Sent:
    """Send that many different events over that many open lines, each the next when the last is acknowledged."""
    task = Task(port=port, path=path, url=url, secret=secret, size=size, requests=requests, lines=lines)
    command = [sys.executable, "-m", "benchmarks.stand.senders"]
    done = subprocess.run(command, input=msgspec.json.encode(task), stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Sent)


def _requests(task: Task) -> list[bytes]:
    line = {"uid": "LINE0001", "name": "Ribeye", "quantity": "1", "base_price_money": {"amount": 28500}, "note": "rare"}
    head = {"merchant_id": "M", "type": "order.updated", "created_at": "2026-11-21T18:00:00Z"}
    lines = [line] * (task.size // len(json.dumps(line)))
    return [_request(task, {"event_id": str(uuid4()), **head, "lines": lines}) for _ in range(task.requests)]


def _request(task: Task, event: dict[str, object]) -> bytes:
    body = msgspec.json.encode(event)
    proof = base64.b64encode(hmac.digest(task.secret.encode(), task.url.encode() + body, "sha256")).decode()
    head = (
        f"POST {task.path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"x-square-hmacsha256-signature: {proof}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Line(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, requests: Iterator[bytes], waits: list[float], over: "asyncio.Future[None]") -> None:
        self._requests, self._waits, self._over = requests, waits, over
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.next()

    def next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._over.set_result(None)
            return
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if b"\r\n\r\n" not in self._answer:
            return
        if not self._answer.startswith(b"HTTP/1.1 200"):
            self._over.set_exception(RuntimeError(f"answered {self._answer[:300]!r}"))
            return
        self._answer = b""
        self._waits.append(1000 * (time.perf_counter() - self._began))
        self.next()


async def _send(task: Task, requests: Sequence[bytes]) -> Sent:
    loop, coming = asyncio.get_running_loop(), iter(requests)
    waits: list[float] = []
    overs = [loop.create_future() for _ in range(task.lines)]
    before, began = time.process_time(), time.perf_counter()
    for over in overs:
        await loop.create_connection(partial(_Line, coming, waits, over), "127.0.0.1", task.port)
    await asyncio.gather(*overs)
    seconds, processor = time.perf_counter() - began, time.process_time() - before
    return Sent(seconds=seconds, processor=processor, acknowledged=len(waits), waits=sorted(waits))


def _main() -> None:
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    sent = asyncio.run(_send(task, _requests(task)))
    sys.stdout.buffer.write(msgspec.json.encode(sent))


if __name__ == "__main__":
    _main()
