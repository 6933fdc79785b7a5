"""The worker's part in runs over all guests, and what pages show of it."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from servery.api.problem import AtWork
from servery.app import over_all
from servery.app.arrive import arrive
from servery.app.shown_runs import RoomRuns
from servery.app.sources import RoomSources
from servery.errors import Forbidden, Invalid
from servery.guests.join import refresh
from servery.guests.matching import base, kept, work
from servery.model.changes import GuestSeen
from servery.model.viewer import Viewer
from servery.settings import read_settings
from servery.storage.pool import open_pool
from servery.sync import connections
from tests.guests.matching.crowd import crowd
from tests.guests.matching.test_runs import IDA, no_rules
from tests.guests.told import guest_of, living_ids, people, seen, tell, two_systems

pytestmark = pytest.mark.anyio
VERA = Viewer("person", 7, "Vera", "owner")


@pytest.fixture
async def pool(database):
    async with open_pool(database) as pool:
        async with pool.connection() as db:
            till, book = await two_systems(db)
            await tell(db, till, seen("1", "Ida Holm", "ida.holm@x.dk", "+4520123456", **IDA))
            await tell(db, book, seen("2", "Ida Holm", "ida.holm@x.dk", "+4520123456", **IDA))
            await tell(db, book, seen("9", "Bo Berg", "bo@x.dk"))
            await no_rules(db)
            await refresh(db, await living_ids(db), "da_DK")
        yield pool


@pytest.fixture
def runs(pool):
    return RoomRuns(pool)


async def known(pool):
    async with pool.connection() as db:
        return await people(db)


async def test_a_look_is_done_by_the_worker_joined_and_taken_back(pool, runs):
    assert await over_all.do_next(pool) is False
    look = await runs.look(VERA)
    with pytest.raises(AtWork, match="already"):
        await runs.look(VERA)
    assert (await runs.shown(VERA)).latest.state == "waits"
    assert await over_all.do_next(pool) is True
    shown = await runs.shown(VERA)
    assert shown.look and shown.look.work.id == look.id
    [join] = shown.look.joins
    assert [guest.name for guest in join.guests] == ["Ida Holm", "Ida Holm"]
    assert [guest.phone for guest in join.guests] == ["+4520123456"] * 2
    await runs.join(VERA, look.id)
    assert await over_all.do_next(pool) is True
    assert await known(pool) == [["1", "2"], ["9"]]
    shown = await runs.shown(VERA)
    assert (shown.look, shown.latest.found.guests, shown.latest.found.left) == (None, 1, 0)
    [run] = shown.runs
    assert (run.author, run.guests, run.undone_at) == ("person:7", 1, None)
    await runs.undo(VERA, run.id)
    assert await over_all.do_next(pool) is True
    assert await known(pool) == [["1"], ["2"], ["9"]]
    [run] = (await runs.shown(VERA)).runs
    assert run.undone_at and run.undone_by == "person:7"
    with pytest.raises(Invalid, match="already"):
        await runs.undo(VERA, run.id)


@asynccontextmanager
async def idle_worker(pool, monkeypatch, look):
    """The service, which looks by itself every so many seconds and has found nothing yet."""
    looks, do_next, stop = [], over_all.do_next, asyncio.Event()

    async def seen(*given):
        looks.append(await do_next(*given))
        return looks[-1]

    monkeypatch.setattr(over_all, "do_next", seen)
    monkeypatch.setattr(over_all, "_LOOK", look)
    service = asyncio.create_task(over_all.run(pool, read_settings({}), stop))
    async with asyncio.timeout(60):
        # Once as it begins, and once as it begins to hear.
        while looks[:2] != [False, False]:
            await asyncio.sleep(0.01)
        yield
        stop.set()
        await service


async def done(runs, work_id):
    async with asyncio.timeout(60):
        while (await runs.work(VERA, work_id)).state != "done":
            await asyncio.sleep(0.02)


async def test_an_idle_worker_hears_that_something_is_asked_for(pool, runs, monkeypatch):
    async with idle_worker(pool, monkeypatch, look=3600.0):
        await done(runs, (await runs.look(VERA)).id)


async def test_what_is_asked_for_unheard_is_found_within_a_minute(pool, runs, monkeypatch):
    assert over_all._LOOK < 60
    async with idle_worker(pool, monkeypatch, look=0.05):
        async with pool.connection() as db:
            asked = await work.look(db, VERA)
        assert asked
        await done(runs, asked.id)


async def test_the_log_of_a_guest_says_why_a_run_joined_it(pool, runs):
    look = await runs.look(VERA)
    await over_all.do_next(pool)
    await runs.join(VERA, look.id)
    await over_all.do_next(pool)
    async with pool.connection() as db:
        guest = await guest_of(db, "1")
    [line] = (await RoomSources(pool).guest(VERA, guest)).log
    assert (line.run, line.probability) == ((await runs.runs(VERA, 1, None))[0].id, 0.99)
    assert {"email", "phone", "birthday"} <= {reason.comparison for reason in line.reasons}


async def test_what_a_look_is_at_is_written_down_while_it_goes_on(pool, runs, monkeypatch):
    met = asyncio.Event()
    go_on, loop = asyncio.Event(), asyncio.get_running_loop()
    joins = base.joins

    def slowly(copied, weights, step, engine):
        step("Scoring pairs")
        loop.call_soon_threadsafe(met.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(60)
        return joins(copied, weights, step, engine)

    monkeypatch.setattr("servery.guests.matching.base.joins", slowly)
    look = await runs.look(VERA)
    doing = asyncio.create_task(over_all.do_next(pool))
    await asyncio.wait_for(met.wait(), 60)
    async with asyncio.timeout(60):
        while (await runs.work(VERA, look.id)).step != "Scoring pairs":
            await asyncio.sleep(0.02)
    # Another worker leaves it alone meanwhile.
    assert await over_all.do_next(pool) is False
    assert (await runs.work(VERA, look.id)).tries == 1
    await runs.leave(VERA, look.id)
    go_on.set()
    assert await doing is True
    assert (await runs.work(VERA, look.id)).state == "left"
    assert (await runs.shown(VERA)).look is None


async def test_what_broke_off_too_often_is_told_so(pool, runs):
    look = await runs.look(VERA)
    async with pool.connection() as db:
        for _ in range(work.MOST_TRIES):
            await work.take(db)
    await over_all.do_next(pool)
    one = await runs.work(VERA, look.id)
    assert one.state == "failed" and "broke off 3 times" in one.fault.error.told()
    assert await runs.look(VERA)


async def test_weights_are_learnt_and_chosen(pool, runs):
    async with pool.connection() as db:
        book = await connections.add_connection(db, "old book", "fake", {}, None)
        told = [GuestSeen(f"c{number}", 1, guest) for number, (_, guest) in enumerate(crowd(60))]
        await arrive(db, book, await connections.places(db, book), told)
    await runs.learn(VERA)
    await over_all.do_next(pool)
    learnt = (await runs.works(VERA, 1, None))[0]
    assert (learnt.state, learnt.weights) == ("done", 1)
    assert [(one.version, one.counts) for one in await runs.weights(VERA)] == [(1, True), (0, False)]
    by_shipped = await runs.look(VERA, 0)
    await over_all.do_next(pool)
    assert (await runs.work(VERA, by_shipped.id)).weights == 0


async def test_what_cannot_be_learnt_is_told(pool, runs, monkeypatch):
    async def senseless(db):
        raise Invalid("The weights that were learnt make no sense: {names}.", names="phone")

    monkeypatch.setattr("servery.app.over_all.learn_alone", senseless)
    asked = await runs.learn(VERA)
    await over_all.do_next(pool)
    one = await runs.work(VERA, asked.id)
    assert (one.state, one.fault.error.told()) == ("failed", "The weights that were learnt make no sense: phone.")


async def test_an_erasure_leaves_numbers_alone_in_what_a_look_found(pool, runs):
    look = await runs.look(VERA)
    await over_all.do_next(pool)
    async with pool.connection() as db:
        rows = [
            row["whole"]
            for table in ("found_join", "found_ask", "found_part", "guest_work")
            for row in await (await db.execute(f"select t::text as whole from {table} t")).fetchall()
        ]
        assert rows and not [row for row in rows if "ida" in row.lower() or "20123456" in row]
        gone = await guest_of(db, "2")
        await db.execute("delete from source_guest where guest_id = %s", [gone])
        await db.execute("delete from guest where id = %s", [gone])
        assert await kept.joins(db, look.id)
    [join] = (await runs.shown(VERA)).look.joins
    assert [guest.id for guest in join.guests] == [join.told.guest_ids[0]]
    assert join.told.because == ()
    await runs.join(VERA, look.id)
    await over_all.do_next(pool)
    assert (await runs.works(VERA, 1, None))[0].found.left == 1


@pytest.mark.parametrize("role", ["server", "marketer", "integrator"])
async def test_who_may_not_merge_sees_and_does_nothing(runs, role):
    stranger = Viewer("person", 8, "Sam", role)
    for asked in (runs.shown(stranger), runs.look(stranger), runs.learn(stranger), runs.join(stranger, 1),
                  runs.undo(stranger, 1), runs.leave(stranger, 1), runs.works(stranger, 1, None)):  # fmt: skip
        with pytest.raises(Forbidden):
            await asked
