"""kill -9 of the worker in the middle of a look at all guests: it is begun again, and nothing is half done."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from servery.app.arrive import arrive
from servery.app.shown_runs import RoomRuns
from servery.guests.matching import kept
from servery.guests.matching.work import Work
from servery.model.changes import GuestSeen
from servery.model.viewer import Viewer
from servery.storage.pool import open_pool
from servery.sync import connections
from tests.guests.matching.crowd import crowd
from tests.guests.matching.test_runs import no_rules
from tests.health.processes import Installation, installation, until

VERA = Viewer("person", 7, "Vera", "owner")


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[Installation]:
    with installation(database, tmp_path, {"SERVERY_LEARN_WEIGHTS": "0"}) as made:
        yield made


async def _filled(dsn: str) -> int:
    async with open_pool(dsn, largest=2) as pool:
        async with pool.connection() as db:
            book = await connections.add_connection(db, "book", "fake", {}, None)
            told = [GuestSeen(str(number), 1, guest) for number, (_, guest) in enumerate(crowd(400))]
            await arrive(db, book, await connections.places(db, book), told)
            await no_rules(db)
        return (await RoomRuns(pool).look(VERA)).id


async def _work(dsn: str, work_id: int) -> tuple[Work, int]:
    """The look, and how much of what it found is kept."""
    async with open_pool(dsn, largest=2) as pool, pool.connection() as db:
        return await RoomRuns(pool).work(VERA, work_id), len(await kept.joins(db, work_id))


def test_a_look_whose_worker_was_killed_is_begun_again(database: str, house: Installation):
    look = asyncio.run(_filled(database))
    worker = house.start("worker")

    def state() -> Work:
        return asyncio.run(_work(database, look))[0]

    assert until(lambda: state().step is not None)
    worker.send_signal(signal.SIGKILL)
    worker.wait(60)
    left, joins = asyncio.run(_work(database, look))
    assert (left.state, joins) == ("works", 0)
    house.start("worker")
    assert until(lambda: state().state == "done"), house.log
    done, joins = asyncio.run(_work(database, look))
    assert done.tries == 2
    assert done.found.people == joins > 0
