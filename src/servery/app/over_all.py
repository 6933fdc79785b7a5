"""The worker's part in runs over all guests: what somebody asked for is done here, one at a time, with its progress."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from servery.app.arrive import CHANGED, tell_pages
from servery.app.calls import Calls, either, listen
from servery.app.learning import learn_alone
from servery.app.whole_runs import run_over_all, run_taken_back
from servery.errors import NeedsPerson, Refuse
from servery.guests.matching import runs, work
from servery.guests.matching.conditions import Engine
from servery.guests.matching.work import Kind, Work
from servery.settings import Settings
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool, by_itself

log = logging.getLogger(__name__)

RUNS = "runs"
"""What open pages and idle workers are told of: work over all guests."""
_LOOK = 30.0
"""Seconds between looks where nobody called: what another worker broke off calls nobody."""
_LOCK = 0xA116
"""Whoever holds it works; it goes with its session, also where a worker is killed."""

Step = Callable[[str], None]


async def run(pool: Pool, settings: Settings, stop: asyncio.Event) -> None:
    """Do what is asked until told to stop."""
    calls = Calls()
    listening = asyncio.create_task(listen(pool, CHANGED, calls.call))
    try:
        while not stop.is_set():
            called = calls.expect(RUNS)
            if not await do_next(pool, settings.matching):
                await either(called, stop, timeout=_LOOK)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def do_next(pool: Pool, engine: Engine = "duckdb") -> bool:
    """Do what somebody asked for, or what broke off; False where there is nothing, or another worker is at it."""
    async with by_itself(pool) as db:
        cursor = await db.execute("select pg_try_advisory_lock(%s) as mine", [_LOCK])
        row = await cursor.fetchone()
        if not row or not row["mine"]:
            return False
        try:
            if await work.leave_old(db):
                await tell_pages(db, [RUNS])
            one = await work.take(db)
            if one is not None:
                await _do(pool, db, one, engine)
        finally:
            if not db.broken:
                await db.execute("select pg_advisory_unlock(%s)", [_LOCK])
    return one is not None


async def _do(pool: Pool, db: Db, one: Work, engine: Engine) -> None:
    await tell_pages(db, [RUNS])
    try:
        if one.tries > work.MOST_TRIES:
            raise _broken_off()
        async with _progress(pool, one.id) as step:
            await _DEEDS[one.kind](pool, one, step, engine)
    except (Refuse, NeedsPerson) as error:
        log.warning("work %d over all guests (%s): %s", one.id, one.kind, error.told())
        await work.failed(db, one.id, error)
    finally:
        if not db.broken:
            await tell_pages(db, [RUNS])


def _broken_off() -> Refuse:
    return Refuse(
        "It broke off {times} times, and nothing was changed.",
        code="broken-off",
        mend="The log of the worker says why. For a million guests it needs 3 GB of memory.",
        times=work.MOST_TRIES,
    )


@asynccontextmanager
async def _progress(pool: Pool, work_id: int) -> AsyncIterator[Step]:
    """What says, from any thread, what a work is at: it is written down and told to open pages."""
    loop, steps = asyncio.get_running_loop(), asyncio.Queue[str | None]()

    async def note() -> None:
        while (step := await steps.get()) is not None:
            async with pool.connection() as db:
                await work.at(db, work_id, step)
                await tell_pages(db, [RUNS])

    def say(step: str) -> None:
        loop.call_soon_threadsafe(steps.put_nowait, step)

    noting = asyncio.create_task(note())
    try:
        yield say
    finally:
        # Behind what was said last; in the middle of a statement nothing is ended.
        loop.call_soon(steps.put_nowait, None)
        await asyncio.gather(noting, return_exceptions=True)


async def _look(pool: Pool, one: Work, step: Step, engine: Engine) -> None:
    async with by_itself(pool) as db:
        found = await runs.preview(db, step, engine, one.weights)
    async with pool.connection() as db:
        if await work.looked(db, one.id, found):
            log.info("look %d: %d joins among %d records", one.id, len(found.joins), found.records)


async def _join(pool: Pool, one: Work, step: Step, _: Engine) -> None:
    assert one.look_id is not None
    step("Joining")
    async with pool.connection() as db:
        found = await work.found_by(db, await work.work(db, one.look_id))
        await work.joined(db, one, await run_over_all(db, one.viewer, found))


async def _undo(pool: Pool, one: Work, step: Step, _: Engine) -> None:
    assert one.run_id is not None
    async with pool.connection() as db:
        done = await run_taken_back(db, one.viewer, one.run_id, lambda number, of: step(f"{number}/{of}"))
        await work.ended(db, one.id, work.Found(guests=len(done.steps), left=len(done.left)))


async def _learn(pool: Pool, one: Work, step: Step, _: Engine) -> None:
    step("Learning")
    async with by_itself(pool) as db:
        learnt = await learn_alone(db)
    async with pool.connection() as db:
        await work.ended(db, one.id, work.Found(records=learnt.records), weights=learnt.version)


_DEEDS: dict[Kind, Callable[[Pool, Work, Step, Engine], Awaitable[None]]] = {
    "look": _look,
    "join": _join,
    "undo": _undo,
    "learn": _learn,
}
