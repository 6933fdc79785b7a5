"""The time by which things leave: the database's, which all senders share, or one that a test moves on."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

from msgspec import Struct


def _the_databases() -> None:
    return None


class Clock(Struct, frozen=True):
    """`now` gives the instant, or None for the database's own; `sleep` waits for so many seconds.

    `running` tells by its differences how many seconds something took in this process.
    """

    now: Callable[[], datetime | None] = _the_databases
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    running: Callable[[], float] = time.monotonic


REAL = Clock()
"""Time as it passes. Machines may differ about it; the database is one."""

NOW = "coalesce(%(now)s::timestamptz, clock_timestamp())"
"""The instant in SQL, with `Clock.now()` as the parameter `now`."""
