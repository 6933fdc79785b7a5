"""The process that works behind the pages: one task for each service, for as long as the process lives."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from servery.app import (
    catching_up,
    elsewhere,
    engine,
    findable,
    incoming,
    learning,
    leaving,
    over_all,
    retaining,
    scheduled,
    tagging,
    tidying,
    upkeep,
    watching,
)
from servery.app.calls import either
from servery.app.set_up import working
from servery.app.supervise import stop_event
from servery.settings import Settings
from servery.storage.pool import Pool, open_pool

log = logging.getLogger(__name__)

Service = Callable[[Pool, Settings, asyncio.Event], Awaitable[None]]
"""Works until the event is set."""

_AFTER_A_FAULT = 5.0
"""Seconds of rest after a fault of our own."""
_UNTIL_THE_DATABASE_IS_BACK = 0.5
_TO_END = 2.6
"""Seconds that services have to end what is under way: less than the watching process waits."""

SERVICES: dict[str, Service] = {
    "catching up": catching_up.run,
    "reading": lambda pool, settings, stop: engine.run(pool, settings.home, stop),
    "incoming": incoming.run,
    "folders": scheduled.run,
    "leaving": leaving.run,
    "watching": watching.run,
    "setting up": working.run,
    "upkeep": upkeep.run,
    "searching": findable.run,
    "erasing": elsewhere.run,
    "retention": retaining.run,
    "tidying": tidying.run,
    "tagging": tagging.run,
    "learning": learning.run,
    "over all guests": over_all.run,
}
"""What a worker does, side by side. Several workers share it: each service takes only what no other has taken."""


async def work(settings: Settings, dsn: str) -> None:
    """Run all services until a signal asks to stop."""
    stop = stop_event()
    async with open_pool(dsn, largest=20) as pool:
        await _run_all(pool, settings, stop)


async def _run_all(pool: Pool, settings: Settings, stop: asyncio.Event) -> None:
    services = [
        asyncio.create_task(_keep_running(name, run, pool, settings, stop), name=name) for name, run in SERVICES.items()
    ]
    await stop.wait()
    # One that waits for a database that is away would wait longer than whoever stops us does.
    _, late = await asyncio.wait(services, timeout=_TO_END)
    for service in late:
        service.cancel()
    await asyncio.gather(*services, return_exceptions=True)


async def _keep_running(name: str, run: Service, pool: Pool, settings: Settings, stop: asyncio.Event) -> None:
    """Begin a service again after a fault: one service's must not stop the others."""
    while not stop.is_set():
        try:
            await run(pool, settings, stop)
        except (OperationalError, PoolTimeout) as error:
            # Somebody restarts PostgreSQL: all goes on when it is back, and the page says when each last did.
            log.warning("%s: the database does not answer (%s)", name, type(error).__name__)
            await either(stop, timeout=_UNTIL_THE_DATABASE_IS_BACK)
        except Exception:
            log.exception("%s failed; it begins again in %.0f s", name, _AFTER_A_FAULT)
            await either(stop, timeout=_AFTER_A_FAULT)
