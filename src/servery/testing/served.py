"""Serves an ASGI application on a real socket of this machine, for tests of clients against simulators."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from granian.constants import Interfaces
from granian.server.embed import Server

from servery.connectors.contract import Asgi

_START_SECONDS = 60.0


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(app: Asgi) -> Iterator[str]:
    """Serve `app` on a free port until the block ends; yields its base URL without a final slash."""
    port = free_port()
    loop = asyncio.new_event_loop()
    server = Server(app, port=port, interface=Interfaces.ASGI, log_enabled=False, websockets=False)
    thread = threading.Thread(target=_serve, args=(loop, server), name=f"served-{port}", daemon=True)
    thread.start()
    try:
        _wait_until_listening(port, thread)
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join()


def _serve(loop: asyncio.AbstractEventLoop, server: Server) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(server.serve())
    finally:
        loop.close()


def _wait_until_listening(port: int, thread: threading.Thread) -> None:
    until = time.monotonic() + _START_SECONDS
    while thread.is_alive() and time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise RuntimeError(f"nothing came up on port {port}")
