"""An outside system that takes guests over HTTP, as little of one as there can be: in a test's own loop, or a process.

`PUT /guests/OUR_ID` takes a state and ignores one that it had (mode key). `POST /guests` always makes a new record, and
`PUT /records/ID` changes one, `GET /guests/OUR_ID` tells what there is of ours (mode look_up). `GET /state` gives all.
"""

import argparse
import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec


class Asked(NamedTuple):
    """One request. `at` by a clock that never goes back."""

    at: float
    method: str
    path: str
    body: dict[str, Any]


class Fault(NamedTuple):
    """What goes wrong with one request: an answer that is no success, or none at all; `done` although it was done.

    The answer comes some seconds `after`, or when it is `let` go.
    """

    status: int | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    done: bool = False
    after: float = 0.0
    let: asyncio.Event | None = None


class Receiver:
    """What the system holds, what it was asked, and what will go wrong next."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.asked: list[Asked] = []
        self.faults: deque[Fault | None] = deque()
        self.always: Callable[[Asked], Fault | None] = lambda _: None
        self.slow = 0.0

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """The records of each of our ids."""
        found: dict[str, list[dict[str, Any]]] = {}
        for one in self.records.values():
            found.setdefault(one["our_id"], []).append(one)
        return found

    def does(self, asked: Asked) -> tuple[int, Any]:
        """Carry out a request: the answer's status and body."""
        _, kind, *rest = asked.path.split("/")
        if kind == "state":
            return 200, self.state()
        if asked.method == "GET":
            return 200, self.state().get(rest[0], [])
        if asked.method == "POST":
            record = self._new(asked.body)
        elif kind == "records":
            record = self._changed(self.records[rest[0]], asked.body)
        else:
            before = self.state().get(rest[0])
            record = self._changed(before[0], asked.body) if before else self._new(asked.body)
        return 200, record

    def _new(self, body: dict[str, Any]) -> dict[str, Any]:
        record = {"id": f"r{len(self.records)}", **body, "versions": [body["version"]]}
        self.records[record["id"]] = record
        return record

    def _changed(self, record: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        if body["version"] not in record["versions"]:
            record |= body | {"versions": [*record["versions"], body["version"]]}
        return record

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *headers = head.decode().split("\r\n")
                method, path, _ = line.split(" ")
                lengths = [int(one.split(":")[1]) for one in headers if one.lower().startswith("content-length:")]
                content = await reader.readexactly(lengths[0]) if lengths else b""
                body = msgspec.json.decode(content) if content else {}
                if not await self._answer(Asked(time.monotonic(), method, path, body), writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        if asked.path != "/state":
            self.asked.append(asked)
        fault = (self.faults.popleft() if self.faults else None) or self.always(asked)
        status, answer = self.does(asked) if fault is None or fault.done else (0, {})
        if fault:
            await asyncio.sleep(fault.after)
            if fault.let is not None:
                await fault.let.wait()
            if fault.status is None:
                return False
            status = fault.status
        await asyncio.sleep(self.slow)
        body = msgspec.json.encode(answer)
        told = {"content-length": str(len(body)), **(fault.headers if fault else {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        writer.write(f"HTTP/1.1 {status} Told\r\n{lines}\r\n".encode() + body)
        await writer.drain()
        return True


@asynccontextmanager
async def serving(receiver: Receiver, port: int = 0) -> AsyncIterator[str]:
    """Serve in this loop; yields the base URL."""
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port)
    host, taken = server.sockets[0].getsockname()
    try:
        yield f"http://{host}:{taken}"
    finally:
        server.close()


def sometimes(rng: random.Random, share: float) -> Callable[[Asked], Fault | None]:
    """Faults of every kind, in this share of the requests that change something."""
    kinds = [
        Fault(503),
        Fault(429, {"retry-after": "0.05"}),
        Fault(None),
        Fault(None, done=True),
        Fault(500, done=False),
    ]

    def fault(asked: Asked) -> Fault | None:
        return rng.choice(kinds) if asked.method in ("PUT", "POST") and rng.random() < share else None

    return fault


async def _main(port: int, slow: float, share: float) -> None:
    receiver = Receiver()
    receiver.slow = slow
    receiver.always = sometimes(random.Random(port), share)
    async with serving(receiver, port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--slow", type=float, default=0.0)
    parser.add_argument("--faults", type=float, default=0.0)
    given = parser.parse_args()
    asyncio.run(_main(given.port, given.slow, given.faults))
