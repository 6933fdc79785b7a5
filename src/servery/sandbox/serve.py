"""The simulators over HTTP on this machine, in one process, until told to stop."""

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from socket import SO_REUSEADDR, SOL_SOCKET, socket

from granian.constants import Interfaces
from granian.server.embed import Server
from msgspec import Struct

from servery.connectors.contract import Asgi
from servery.errors import Invalid
from servery.sandbox.live import Live
from servery.sandbox.world import World

HOST = "127.0.0.1"
SQUARE_TOKEN = "sandbox-token"
RESOS_KEY = "sandbox-key"
ODOO = {"database": "restaurant", "login": "servery@example.com", "api_key": "sandbox-key"}
_STOP_SECONDS = 0.5


class Offer(Struct, frozen=True):
    """One simulator to serve: on which port, and what a connection to it has to be set to."""

    app: Asgi
    port: int
    settings: dict[str, str]


def square(world: World, port: int) -> Offer:
    """The till as Square."""
    from servery.connectors.square.simulator import simulator

    settings = {"base_url": f"http://{HOST}:{port}", "access_token": SQUARE_TOKEN}
    return Offer(simulator(world.pos, SQUARE_TOKEN), port, settings)


def resos(world: World, port: int) -> Offer:
    """The book as resOS."""
    from servery.connectors.resos.simulator import simulator

    settings = {"base_url": f"http://{HOST}:{port}/v1", "api_key": RESOS_KEY}
    return Offer(simulator(world.book, RESOS_KEY), port, settings)


def odoo(world: World, port: int) -> Offer:
    """The till as Odoo, in the newest version that is simulated."""
    from servery.connectors.odoo.simulator import simulator

    settings = {"base_url": f"http://{HOST}:{port}", **ODOO}
    play = simulator(world.pos, database=ODOO["database"], login=ODOO["login"], api_key=ODOO["api_key"])
    # Years of sales take a while to become records: not while the first asker waits.
    play.refresh()
    return Offer(play, port, settings)


OFFERS: Mapping[str, Callable[[World, int], Offer]] = {"square": square, "odoo": odoo, "resos": resos}
"""The simulators there are, by their connectors' names."""
AT_TABLES = ("odoo",)
"""Those of tills that know tables and covers."""


def serve(world: World, offers: Sequence[Offer], live_seconds: float, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C.

    `ready` is called once every port answers. Time always passes in the world; with `live_seconds` above zero
    something unplanned happens that often, too.
    """
    asyncio.run(_serve(world, offers, live_seconds, ready))


async def _serve(world: World, offers: Sequence[Offer], live_seconds: float, ready: Callable[[], None]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    servers = [_server(offer) for offer in offers]
    serving = [asyncio.create_task(server.serve()) for server in servers]
    for offer, task in zip(offers, serving, strict=True):
        await _answering(offer.port, task)
    ready()
    passing = asyncio.create_task(_time_passes(world, live_seconds))
    told = asyncio.create_task(stop.wait())
    await asyncio.wait([told, passing, *serving], return_when=asyncio.FIRST_COMPLETED)
    for server in servers:
        server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait(serving, timeout=_STOP_SECONDS)
    if passing.done():
        passing.result()


def _server(offer: Offer) -> Server:
    return Server(offer.app, address=HOST, port=offer.port, interface=Interfaces.ASGINL, log_enabled=False)


def claim(port: int) -> None:
    """Make sure that a port of this machine is free before anything is made for it. Invalid where it is taken."""
    with socket() as tried:
        # A port whose last user has just gone is free for a server.
        tried.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        try:
            tried.bind((HOST, port))
        except OSError as error:
            raise Invalid(
                "Port {port} of this machine cannot be listened on: {reason}.",
                field="port",
                port=port,
                reason=error.strerror,
                mend="Choose another, or stop the program that uses it.",
            ) from error


async def _answering(port: int, serving: "asyncio.Task[None]") -> None:
    """Wait until the port is listened on; a server that ended instead says why."""
    while not serving.done():
        with suppress(ConnectionRefusedError):
            _, writer = await asyncio.open_connection(HOST, port)
            writer.close()
            return
        await asyncio.sleep(0.02)
    serving.result()


async def _time_passes(world: World, live_seconds: float) -> None:
    live = Live(world)
    while True:
        await asyncio.sleep(live_seconds or 1.0)
        now = datetime.now(UTC)
        if live_seconds:
            live.step(now)
        else:
            world.advance(now)
