"""A connection whose setting up nobody finished is written nothing: somebody is told, and of nothing else."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from servery.app.watching import UNFINISHED_LONG, look_now, unfinished
from servery.health import watch
from servery.health.repairs import Repair, loud, needs_person, repairs, said
from servery.model.ownership import KIND_OF
from servery.storage.pool import Connection as Db
from servery.storage.pool import open_pool
from servery.sync import connections, pace
from servery.sync.fields import keep_rules
from servery.sync.pace import Rhythm
from servery.web.connections.health import RepairRow

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db(database: str) -> AsyncIterator[Db]:
    async with open_pool(database) as pool, pool.connection() as db:
        yield db


@pytest.fixture
async def till(db: Db) -> int:
    """A till that was just connected."""
    till = await connections.add_connection(db, "The till", "square", {}, None)
    await pace.hold_back(db, till)
    return till


async def found(db: Db) -> list[Repair]:
    await look_now(db)
    return await repairs(db)


async def test_it_is_a_repair_that_leads_to_the_step_that_is_left(db, till):
    (one,) = await found(db)
    assert (one.kind, one.severity) == ("unfinished", "notice"), "who is at it needs no alert"
    what, mend = said(one)
    assert what == "Setting up The till is not finished: nothing is written to it."
    assert mend.endswith("servery connections pace NAME --from now")
    assert RepairRow(one, quiet=False).path == f"/connections/{till}/set-up"
    assert needs_person([one], await watch.clock(db)), "nothing is written before somebody says so"


async def test_after_a_day_it_alerts_as_the_same_repair(db, till):
    (first,) = await found(db)
    await db.execute("update connection set created_at = now() - %s::interval", [UNFINISHED_LONG])
    (later,) = await found(db)
    assert (later.id, later.kind, later.severity) == (first.id, "unfinished_long", "warning")


@pytest.mark.parametrize(
    "how", ["never, for the time being", "from now on", "from a day on", "paused", "removed", "nothing goes out"]
)
async def test_it_ends_when_somebody_has_decided(db, till, how):
    assert await found(db)
    now = await watch.clock(db)
    if how == "never, for the time being":
        await pace.gone_through(db, till, "pace")
    elif how == "from now on":
        await pace.keep_rhythm(db, till, Rhythm(live_from=now))
    elif how == "from a day on":
        await pace.keep_rhythm(db, till, Rhythm(live_from=now + timedelta(days=3)))
    elif how == "paused":
        await connections.pause(db, till, True)
    elif how == "removed":
        await connections.remove(db, till)
    else:
        await keep_rules(db, till, dict.fromkeys(KIND_OF, "in"))
    assert [one.kind for one in await found(db)] == []


async def test_who_put_it_off_hears_nothing(db, till):
    (one,) = await found(db)
    await db.execute("update repair set ignored_at = now() where id = %s", [one.id])
    assert loud(await found(db), await watch.clock(db)) == []


async def test_one_that_was_never_held_back_is_finished(db):
    await connections.add_connection(db, "Till", "square", {}, None)
    assert await unfinished(db, await watch.clock(db)) == []
