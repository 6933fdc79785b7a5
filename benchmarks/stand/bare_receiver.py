"""The least that a durable acknowledgement takes: a body is read, written in a commit that many share, and answered.

`python -m benchmarks.stand.bare_receiver PORT DSN`. It proves nothing, looks at nothing, and knows no event twice.
"""

import asyncio
import sys
from typing import Any

import psycopg
from granian.constants import Interfaces
from granian.server.embed import Server

_INSERT = "insert into bare_event (body) select * from unnest(%b::bytea[])"


class Receiver:
    """Gathers bodies while the last ones are being committed."""

    def __init__(self, db: psycopg.AsyncConnection) -> None:
        self._db = db
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._woken = asyncio.Event()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """One request."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if body:
            stored = asyncio.get_running_loop().create_future()
            self._waiting.append((body, stored))
            self._woken.set()
            await stored
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def write(self) -> None:
        """Commit what waits, for ever."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while batch := self._waiting[:500]:
                del self._waiting[: len(batch)]
                await self._db.execute(_INSERT, [[body for body, _ in batch]])
                await self._db.commit()
                for _, stored in batch:
                    stored.set_result(None)


async def _serve(port: int, dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn) as db:
        await db.execute(
            "create table if not exists bare_event (id bigint generated always as identity primary key, "
            "received_at timestamptz default now(), body bytea not null)"
        )
        await db.execute("alter table bare_event alter column body set storage external")
        await db.commit()
        receiver = Receiver(db)
        writing = asyncio.create_task(receiver.write())
        server = Server(receiver, port=port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False)
        await asyncio.gather(server.serve(), writing)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))
