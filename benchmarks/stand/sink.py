"""A system that takes whatever is sent to it, at as little cost as there can be: a process of its own."""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psutil
from msgspec import Struct

from servery.testing.served import free_port

_ANSWER = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"id":"r1"}'


class Sink(Struct, frozen=True):
    """Where it listens, and its process."""

    url: str
    process: int

    def processor_seconds(self) -> float:
        """Seconds of processor time that it has used."""
        used = psutil.Process(self.process).cpu_times()
        return float(used.user + used.system)


@contextmanager
def sink() -> Iterator[Sink]:
    """A sink, gone afterwards."""
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", "benchmarks.stand.sink", str(port)]) as process:
        url = f"http://127.0.0.1:{port}"
        while True:
            try:
                httpx.post(url, content=b"x")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        try:
            yield Sink(url, process.pid)
        finally:
            process.kill()


class _Taking(asyncio.Protocol):
    def __init__(self) -> None:
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (whole := _whole(self._received)) is not None:
            self._received = self._received[whole:]
            assert self._transport is not None
            self._transport.write(_ANSWER)


def _whole(received: bytes) -> int | None:
    """How many bytes the first request has, None where it is not all there."""
    head, end, _ = received.partition(b"\r\n\r\n")
    _, named, rest = head.lower().partition(b"content-length:")
    size = len(head) + len(end) + (int(rest.split(b"\r\n")[0]) if named else 0)
    return size if end and len(received) >= size else None


async def _main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Taking, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    asyncio.run(_main(parser.parse_args().port))
