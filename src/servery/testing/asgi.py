"""What simulators do with ASGI alike: live as long as their server, take a body whole, count a second's requests."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

Receive = Callable[..., Awaitable[Any]]
Send = Callable[..., Awaitable[None]]


async def live(receive: Receive, send: Send) -> None:
    """Say yes to the server's start and end."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def body_of(receive: Receive) -> bytes:
    """The whole body of a request."""
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def in_time(lately: deque[float], moment: float, limit: float) -> bool:
    """Whether a request at this moment is within so many in any second; `lately` holds when others were admitted."""
    while lately and lately[0] <= moment - 1:
        lately.popleft()
    if len(lately) >= limit:
        return False
    lately.append(moment)
    return True
