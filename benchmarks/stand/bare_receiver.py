"""The least that a durable acknowledgement takes: a body is read, stored in the same group commit, and answered.

`python -m benchmarks.stand.bare_receiver PORT DSN`. It proves nothing, looks at nothing and knows no event twice.
"""

import asyncio
import sys
from typing import Any
from uuid import uuid4

from granian.constants import Interfaces
from granian.server.embed import Server

from servery.inbox.receive import Arrival, Intake
from servery.storage.pool import open_pool


class Receiver:
    """Hands each body to the intake."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """One request."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if body:
            key = str(uuid4())
            one = Arrival(connection_id=1, connector="bare", kind="", key=key, headers={}, body=body)
            await self._intake.store([one])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


async def _serve(port: int, dsn: str) -> None:
    async with open_pool(dsn) as pool:
        intake = Intake(pool)
        server = Server(Receiver(intake), port=port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False)
        await asyncio.gather(server.serve(), intake.run())


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))
