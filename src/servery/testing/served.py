"""Serves an ASGI application on a real socket of this machine, for tests of clients against simulators."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from anyio.from_thread import start_blocking_portal
from granian.constants import Interfaces
from granian.server.embed import Server

from servery.connectors.contract import Asgi


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
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serving(app, port)):
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def serving(
    app: Callable[..., Awaitable[None]], port: int, interface: Interfaces = Interfaces.ASGI
) -> AsyncIterator[None]:
    """Serve `app`, an ASGI application, in the running loop from now, when it answers, until the block ends."""
    server = Server(app, port=port, interface=interface, log_enabled=False, websockets=False)
    task = asyncio.create_task(server.serve())
    try:
        await _until_listening(port, task)
        yield
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        await task


async def _until_listening(port: int, task: "asyncio.Task[None]") -> None:
    while not await _listens(port):
        if task.done():
            raise RuntimeError(f"nothing came up on port {port}") from task.exception()
        await asyncio.sleep(0.01)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
