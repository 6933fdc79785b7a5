"""The process that serves pages and API."""

import asyncio
import gc
import os

from granian.constants import Interfaces
from granian.server.embed import Server

from servery.app import hooks, site, watching
from servery.app.logs import Observed
from servery.app.metrics import Requests
from servery.app.supervise import STOP_SECONDS, stop_event
from servery.connectors.contract import Asgi
from servery.errors import NeedsPerson
from servery.settings import Settings
from servery.storage.pool import open_pool
from servery.web.live import Live, listen


async def serve(settings: Settings, dsn: str) -> None:
    """Serve pages and API until a signal asks to stop. NeedsPerson when the port is taken."""
    live = Live()
    stop = stop_event()
    async with open_pool(dsn) as pool, hooks.receiving(pool, settings, dsn) as door:
        listening = asyncio.create_task(listen(live, dsn))
        watched = asyncio.create_task(watching.run_beside_pages(pool, settings, stop))
        try:
            requests = Requests()
            application = Observed(site.create(settings, pool, live, requests), requests.seen)
            # What is loaded stays: to look it through for garbage would hold up every answer for 50 ms.
            gc.collect()
            gc.freeze()
            await _serve_until(stop, settings, hooks.before(door, application, requests.seen), live)
        finally:
            listening.cancel()
            stop.set()
            await asyncio.wait([listening, watched], timeout=STOP_SECONDS)


async def _serve_until(stop: asyncio.Event, settings: Settings, application: Asgi, live: Live) -> None:
    server = Server(
        application,
        address=os.environ.get("SERVERY_ADDRESS", "127.0.0.1"),
        port=settings.port,
        interface=Interfaces.ASGINL,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    await asyncio.wait([serving, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    live.stop()
    if serving.done():
        _tell_failure(serving, settings.port)
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait([serving], timeout=STOP_SECONDS)


def _tell_failure(serving: "asyncio.Task[None]", port: int) -> None:
    error = serving.exception()
    raise NeedsPerson(
        "Port {port} cannot be listened on.",
        field="SERVERY_PORT",
        port=port,
        mend="Stop the program that uses it, or set SERVERY_PORT to another.",
    ) from error
