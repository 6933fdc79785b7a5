"""`servery connect --authorise`: the way to a vendor's page, begun at a terminal and ended in a browser."""

import asyncio
import time
from collections.abc import Mapping

from servery.app import authorise
from servery.cli.shell import give, opened, say, settings
from servery.errors import NeedsPerson
from servery.settings import Settings
from servery.storage.migrate import migrate
from servery.storage.server import database

_LOOK = 2.0
"""Seconds between looks whether somebody has come back."""


def at_the_vendor(connector: str, given: Mapping[str, str], name: str, *, as_json: bool) -> None:
    """Print the address to authorise at, and wait until somebody comes back to the page of this installation.

    NeedsPerson where nobody does in time.
    """
    house = settings()
    with database(house) as dsn:
        migrate(dsn)
        asyncio.run(_wait(dsn, house, connector, given, name, as_json))


async def _wait(dsn: str, house: Settings, connector: str, given: Mapping[str, str], name: str, as_json: bool) -> None:
    async with opened(dsn) as db:
        way = await authorise.begin(db, house, connector, given, name=name)
    if as_json:
        give({"authorise_at": way.url})
    else:
        say(f"Open this address in a browser where you are signed in to {house.public_url}, and agree there:")
        say(way.url)
    until = time.monotonic() + authorise.LASTS.total_seconds()
    while time.monotonic() < until:
        async with opened(dsn) as db:
            if not await authorise.waits(db, way.state):
                say("Somebody came back. Choose the venues in the page that is open now.")
                return
        await asyncio.sleep(_LOOK)
    raise NeedsPerson("Nobody came back in time.", mend="Begin again; servery must be up for the way back.")
