"""The real application over a real database, with its worker, in a thread: for the pages that join systems."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from servery.accounts.people import add
from servery.accounts.sessions import open_session
from servery.app import engine, site
from servery.app.set_up import working
from servery.model.viewer import SYSTEM, Role
from servery.settings import Settings
from servery.storage.pool import Pool, open_pool
from servery.testing.served import free_port, serving
from servery.web.live import Live, listen

Done = TypeVar("Done")


class House:
    """An installation that serves and reads. `sign_in` gives the cookie of a session."""

    def __init__(self, dsn: str, home: Path, portal: BlockingPortal) -> None:
        home.mkdir(exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = Settings(home=home, port=self.port, public_url=self.url, database_url=dsn)
        self._dsn, self._portal = dsn, portal

    @asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """Serve and work until the block ends."""
        live, stop = Live(), asyncio.Event()
        async with open_pool(self._dsn, largest=12) as pool:
            self._pool = pool
            works = [
                asyncio.create_task(engine.run(pool, self.settings.home, stop)),
                asyncio.create_task(working.run(pool, self.settings, stop)),
                asyncio.create_task(listen(live, self._dsn)),
            ]
            async with serving(site.create(self.settings, pool, live), self.port):
                yield
                stop.set()
                live.stop()
            for task in works:
                task.cancel()
            await asyncio.gather(*works, return_exceptions=True)

    def does(self, deed: Callable[[Pool], Awaitable[Done]]) -> Done:
        """Have something done with the house's database."""
        return self._portal.call(deed, self._pool)

    def sign_in(self, role: Role = "owner") -> str:
        """A session's token, of a new person with this role."""

        async def enter(pool: Pool) -> str:
            async with pool.connection() as db:
                person = await add(db, SYSTEM, name="Rosa", email=f"{role}@example.com", role=role)
                return (await open_session(db, person.viewer, device="test")).reveal()

        return self.does(enter)


@contextmanager
def house(dsn: str, home: Path) -> Iterator[House]:
    """An installation for the time of a block, in a thread with a loop of its own."""
    with start_blocking_portal() as portal:
        one = House(dsn, home, portal)
        with portal.wrap_async_context_manager(one.living()):
            yield one
