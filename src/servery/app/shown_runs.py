"""Runs over all guests as pages and API show them, and what they ask for: each call is a transaction of its own."""

from collections.abc import Awaitable, Callable, Collection, Sequence

from servery.accounts.audit import acted, looked
from servery.api.problem import AtWork
from servery.app.arrive import tell_pages
from servery.app.over_all import RUNS
from servery.errors import Forbidden
from servery.guests.log import names_of_authors
from servery.guests.matching import history, kept, work
from servery.guests.matching.runs import weights_of
from servery.guests.matching.work import Work
from servery.model.viewer import Viewer
from servery.profile.listing import GuestRow, guest_rows
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.web.runs.sources import Join, Look, Odd, Runs, Shown

_JOINS = 20
_PARTS = 20
_RUNS = 20
"""How many of each a page shows."""


class RoomRuns(Runs):
    """For whose role merges guests; everybody else is refused."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def shown(self, viewer: Viewer, after: int = 0) -> Shown:
        """All of the page; of what a look found those behind a place."""
        _demand(viewer)
        async with self._pool.connection() as db:
            latest = next(iter(await work.works(db, 1)), None)
            offered = await work.offered(db)
            runs = await history.runs(db, _RUNS)
            authors = {one.author for one in runs} | {one.undone_by for one in runs if one.undone_by}
            authors |= {one.author for one in (latest, offered) if one}
            return Shown(
                latest=latest,
                look=await _look(db, viewer, offered, after) if offered else None,
                runs=runs,
                weights=await history.versions(db),
                names=await names_of_authors(db, authors),
            )

    async def work(self, viewer: Viewer, work_id: int) -> Work:
        """One piece of work."""
        _demand(viewer)
        async with self._pool.connection() as db:
            return await work.work(db, work_id)

    async def works(self, viewer: Viewer, limit: int, before: int | None) -> Sequence[Work]:
        """The latest pieces of work."""
        _demand(viewer)
        async with self._pool.connection() as db:
            return await work.works(db, limit, before)

    async def joins(self, viewer: Viewer, work_id: int, limit: int, after: int) -> Sequence[kept.ToldJoin]:
        """Who would be one, with why, behind a place."""
        _demand(viewer)
        async with self._pool.connection() as db:
            told = await _joins(db, await work.work(db, work_id), limit, after)
            await looked(db, viewer, {guest for join in told for guest in join.guest_ids}, "api")
            return told

    async def asks(self, viewer: Viewer, work_id: int, limit: int, after: int) -> Sequence[tuple[int, int]]:
        """Records of which a person would be asked, behind a place."""
        _demand(viewer)
        async with self._pool.connection() as db:
            return await kept.asks(db, (await work.work(db, work_id)).id, limit, after)

    async def parts(self, viewer: Viewer, work_id: int, limit: int, after: int) -> Sequence[tuple[int, int]]:
        """Guests, each with a record like none of its others, behind a place."""
        _demand(viewer)
        async with self._pool.connection() as db:
            return await kept.parts(db, (await work.work(db, work_id)).id, limit, after)

    async def runs(self, viewer: Viewer, limit: int, before: int | None) -> Sequence[history.GuestRun]:
        """The latest runs."""
        _demand(viewer)
        async with self._pool.connection() as db:
            return await history.runs(db, limit, before)

    async def weights(self, viewer: Viewer) -> Sequence[history.GuestWeights]:
        """The versions of the weights, the latest first."""
        _demand(viewer)
        async with self._pool.connection() as db:
            return await history.versions(db)

    async def look(self, viewer: Viewer, weights: int | None = None) -> Work:
        """Ask for a look."""
        return await self._asked(viewer, lambda db: work.look(db, viewer, weights))

    async def learn(self, viewer: Viewer) -> Work:
        """Ask for weights to be learnt."""
        return await self._asked(viewer, lambda db: work.learn(db, viewer))

    async def join(self, viewer: Viewer, look_id: int) -> Work:
        """Ask for the guests to be joined whom a look found."""
        return await self._asked(viewer, lambda db: work.join(db, viewer, look_id))

    async def undo(self, viewer: Viewer, run_id: int) -> Work:
        """Ask for a run to be taken back."""
        return await self._asked(viewer, lambda db: work.undo(db, viewer, run_id))

    async def leave(self, viewer: Viewer, look_id: int) -> Work:
        """Leave a look and what it found."""
        return await self._asked(viewer, lambda db: work.leave(db, look_id))

    async def _asked(self, viewer: Viewer, ask: Callable[[Db], Awaitable[Work | None]]) -> Work:
        _demand(viewer)
        async with self._pool.connection() as db:
            one = await ask(db)
            if one is None:
                raise AtWork(
                    "Something is at work over all guests already.", mend="Wait until it is done, or leave that look."
                )
            await acted(db, viewer, f"guests-{one.kind}-{_SAID[one.state]}", f"guest-work:{one.id}")
            await tell_pages(db, [RUNS])
        return one


_SAID = {"waits": "asked", "left": "left"}


async def _look(db: Db, viewer: Viewer, one: Work, after: int) -> Look:
    told = await _joins(db, one, _JOINS + 1, after)
    rows = await _rows(db, viewer, {guest for join in told[:_JOINS] for guest in join.guest_ids})
    return Look(
        work=one,
        joins=[Join(join, tuple(rows[guest] for guest in join.guest_ids if guest in rows)) for join in told[:_JOINS]],
        further=told[_JOINS - 1].place if len(told) > _JOINS else None,
        after=after,
        parts=await _parts(db, viewer, one),
    )


async def _joins(db: Db, one: Work, limit: int, after: int) -> list[kept.ToldJoin]:
    found = await kept.joins(db, one.id, limit, after)
    return await kept.told(db, found, await weights_of(db, one.weights or 0))


async def _parts(db: Db, viewer: Viewer, one: Work) -> tuple[Odd, ...]:
    found = await kept.parts(db, one.id, _PARTS)
    rows = await _rows(db, viewer, {guest for guest, _ in found})
    named = await kept.where_from(db, [record for _, record in found])
    return tuple(Odd(rows[guest], *named[record]) for guest, record in found if guest in rows and record in named)


async def _rows(db: Db, viewer: Viewer, guest_ids: Collection[int]) -> dict[int, GuestRow]:
    """Guests as this viewer may see them; the looks at them are written down."""
    await looked(db, viewer, guest_ids, "page")
    return await guest_rows(db, viewer, sorted(guest_ids))


def _demand(viewer: Viewer) -> None:
    if not viewer.may("merge_guests"):
        raise Forbidden("The role {role} does not include this.", role=viewer.role)
