"""The real application over a real database, with its worker, in a thread: for the pages that join systems."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

from servery.accounts.people import add
from servery.accounts.sessions import open_session
from servery.app import engine, site
from servery.app.set_up import working
from servery.model.viewer import SYSTEM, Role
from servery.settings import Settings
from servery.storage.pool import Pool, open_pool
from servery.testing.served import free_port
from servery.web.live import Live, listen
from tests.api.conftest import _listens


class House:
    """An installation that serves and reads. `sign_in` gives the cookie of a session."""

    def __init__(self, dsn: str, home: Path) -> None:
        home.mkdir(exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = Settings(home=home, port=self.port, public_url=self.url, database_url=dsn)
        self.loop = asyncio.new_event_loop()
        self._dsn = dsn
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._failure: Exception | None = None

    async def run(self) -> None:
        """Serve and work until told to stop."""
        live = Live()
        async with open_pool(self._dsn, largest=12) as pool:
            self.pool = pool
            server = Server(
                site.create(self.settings, pool, live), port=self.port, interface=Interfaces.ASGI, log_enabled=False,
                websockets=False,
            )  # fmt: skip
            serving = asyncio.create_task(server.serve())
            working_ = [
                asyncio.create_task(engine.run(pool, self.settings.home, self._stop)),
                asyncio.create_task(working.run(pool, self.settings, self._stop)),
                asyncio.create_task(listen(live, self._dsn)),
            ]
            while not serving.done() and not await _listens(self.port):
                await asyncio.sleep(0.01)
            self._ready.set()
            await self._stop.wait()
            live.stop()
            server.stop()
            await serving
            for task in working_:
                task.cancel()
            await asyncio.gather(*working_, return_exceptions=True)

    def start(self) -> None:
        """Begin, and come back when it answers."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(60)
        if self._failure:
            raise self._failure

    def _run(self) -> None:
        try:
            self.loop.run_until_complete(self.run())
        except Exception as failure:  # noqa: BLE001 - told by whoever waits for it
            self._failure = failure
            self._ready.set()

    def stop(self) -> None:
        """End, and wait for it."""
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        self.loop.close()

    def sign_in(self, role: Role = "owner") -> str:
        """A session's token, of a new person with this role."""

        async def enter(pool: Pool) -> str:
            async with pool.connection() as db:
                person = await add(db, SYSTEM, name="Rosa", email=f"{role}@example.com", role=role)
                return (await open_session(db, person.viewer, device="test")).reveal()

        return asyncio.run_coroutine_threadsafe(enter(self.pool), self.loop).result(30)


@contextmanager
def house(dsn: str, home: Path) -> Iterator[House]:
    """An installation for the time of a block."""
    one = House(dsn, home)
    one.start()
    try:
        yield one
    finally:
        one.stop()
