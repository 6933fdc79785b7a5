"""PostgreSQL restarted every 5 to 40 seconds for a quarter of an hour, under an installation that takes events in."""

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.restartable import restartable
from tests.faults.test_database_restarts import BACK_WITHIN, Sender, held, running, storm

RESTARTS = 40
PAUSE = (5.0, 40.0)


def run() -> bool:
    """Restart, and tell what came of it; True where nothing exited or was lost, and all was soon as before."""
    with TemporaryDirectory() as folder, restartable() as server, running(server, Path(folder)) as installation:
        sender = Sender(installation.hook)
        took = asyncio.run(storm(server, sender, RESTARTS, PAUSE))
        exited = [process.poll() for process in installation.processes if process.poll() is not None]
        until = time.monotonic() + 120
        while held(server.dsn)[2] and time.monotonic() < until:
            time.sleep(0.5)
        events, guests, waiting = held(server.dsn)
    sent = len(sender.acknowledged)
    print(
        f"database restarts: {len(took)} kills, {sent} acknowledged, {max(0, sent - guests)} lost, "
        f"{max(0, events - sent)} duplicated, {waiting} waiting, {len(exited)} exited, "
        f"back to 95 % within {max(took):.1f} s at most",
        flush=True,
    )
    return not exited and events == guests == sent and max(took) < BACK_WITHIN


if __name__ == "__main__":
    raise SystemExit(0 if run() else 1)
