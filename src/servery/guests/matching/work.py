"""Work over all guests that somebody asks for and the worker does: one at a time, begun again where it broke off."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from servery.errors import Invalid, NotFound, Refuse, ServeryError
from servery.guests.matching import kept
from servery.guests.matching.runs import Preview, Run, standing, weights_of
from servery.guests.merge import author_of
from servery.guests.rows import Db
from servery.model.viewer import Role, Viewer

Kind = Literal["look", "join", "undo", "learn"]
"""To look what a run would change, to join whom a look found, to take a run back, to learn weights."""
State = Literal["waits", "works", "done", "failed", "left", "used"]
"""Looks that are done are `used` by joining whom they found, or `left`."""

HOURS_KEPT = 24
"""How long what a look found is offered: after that guests are others."""
MOST_TRIES = 3
"""So often a work is begun; the third time that its worker ended in the middle is no chance any more."""


class Found(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many of what a work found or did; None where that is nothing of its kind."""

    records: int | None = None
    people: int | None = None
    """Guests that each are to be, or were made, of several."""
    guests: int | None = None
    """Guests that are to go into others, went into others, or are themselves again."""
    asks: int | None = None
    parts: int | None = None
    left: int | None = None
    """Guests that were left as they are: they changed meanwhile."""


class Fault(Struct, frozen=True):
    """What went wrong, to be told in the language of whoever reads it."""

    template: str
    mend: str | None = None
    params: dict[str, str] = {}

    @property
    def error(self) -> ServeryError:
        """It as an error."""
        return ServeryError(self.template, mend=self.mend, **self.params)


class Work(Struct, frozen=True, kw_only=True):
    """One piece of work. `step` is what it is at, `weights` the version that it goes by or learnt."""

    id: int
    kind: Kind
    author: str
    role: Role
    asked_at: datetime
    state: State
    step: str | None
    tries: int
    begun_at: datetime | None
    ended_at: datetime | None
    weights: int | None
    look_id: int | None
    run_id: int | None
    log_id: int | None
    as_of: datetime | None
    found: Found
    fault: Fault | None

    @property
    def under_way(self) -> bool:
        """Whether it waits for the worker or is worked at."""
        return self.state in ("waits", "works")

    @property
    def viewer(self) -> Viewer:
        """On whose behalf it is done."""
        kind, _, number = self.author.partition(":")
        return msgspec.convert({"kind": kind, "id": int(number), "name": "", "role": self.role}, Viewer)


async def look(db: Db, viewer: Viewer, weights: int | None = None) -> Work | None:
    """Ask for a look, by the weights of a version or those that count; None where something is at work already.

    What a look before it found is left. NotFound where there are no such weights.
    """
    if weights is not None:
        await weights_of(db, weights)
    asked = await _ask(db, viewer, "look", weights=weights)
    if asked is not None:
        await _leave(db, "kind = 'look' and state = 'done'", {})
    return asked


async def learn(db: Db, viewer: Viewer) -> Work | None:
    """Ask for weights to be learnt; None where something is at work already."""
    return await _ask(db, viewer, "learn")


async def join(db: Db, viewer: Viewer, look_id: int) -> Work | None:
    """Ask for the guests to be joined whom a look found; None where something is at work already. NotFound, Invalid."""
    found = await work(db, look_id)
    if found.kind != "look" or found.state != "done":
        raise Invalid("What look {id} found is not offered any more.", code="look-gone", mend="Look again.", id=look_id)
    return await _ask(db, viewer, "join", look_id=look_id, weights=found.weights)


async def undo(db: Db, viewer: Viewer, run_id: int) -> Work | None:
    """Ask for a run to be taken back; None where something is at work already. NotFound, Invalid."""
    await standing(db, run_id)
    return await _ask(db, viewer, "undo", run_id=run_id)


async def _ask(db: Db, viewer: Viewer, kind: Kind, **of_what: int | None) -> Work | None:
    given = {"weights": None, "look_id": None, "run_id": None} | of_what
    cursor = await db.execute(
        "insert into guest_work (kind, author, role, weights, look_id, run_id) "
        "values (%(kind)s, %(author)s, %(role)s, %(weights)s, %(look_id)s, %(run_id)s) "
        f"on conflict do nothing returning {_COLUMNS}",
        {"kind": kind, "author": author_of(viewer), "role": viewer.role} | given,
    )
    row = await cursor.fetchone()
    return _work(row) if row else None


async def leave(db: Db, work_id: int) -> Work:
    """Leave a look, and what it found. NotFound, Invalid where it is no look or nothing of it is left."""
    one = await work(db, work_id)
    if one.kind != "look" or not await _leave(
        db, "id = %(id)s and kind = 'look' and state in ('waits', 'works', 'done')", {"id": work_id}
    ):
        raise Invalid("Nothing of work {id} can be left.", code="look-gone", id=work_id)
    return await work(db, work_id)


async def leave_old(db: Db) -> int:
    """Leave looks whose guests are others by now; how many there were."""
    return await _leave(
        db,
        "kind = 'look' and state = 'done' and ended_at < now() - make_interval(hours => %(hours)s)",
        {"hours": HOURS_KEPT},
    )


async def _leave(db: Db, which: str, given: Mapping[str, Any]) -> int:
    cursor = await db.execute(
        f"update guest_work set state = 'left', ended_at = now() where {which} returning id",
        given,
    )
    ids = [row["id"] for row in await cursor.fetchall()]
    await kept.drop(db, ids)
    return len(ids)


async def take(db: Db) -> Work | None:
    """Begin what waits, or begin again what broke off; None where there is nothing. For one worker at a time."""
    cursor = await db.execute(
        "update guest_work set state = 'works', tries = tries + 1, step = null, begun_at = now() "
        f"where state in ('waits', 'works') returning {_COLUMNS}"
    )
    row = await cursor.fetchone()
    return _work(row) if row else None


async def at(db: Db, work_id: int, step: str) -> None:
    """Say what a work is at."""
    await db.execute("update guest_work set step = %s where id = %s and state = 'works'", [step, work_id])


async def looked(db: Db, work_id: int, preview: Preview) -> bool:
    """Keep what a look found; False where somebody left it meanwhile."""
    found = Found(
        records=preview.records,
        people=len(preview.joins),
        guests=sum(len(join) - 1 for join in preview.joins),
        asks=len(preview.asks),
        parts=len(preview.parts),
    )
    if not await ended(db, work_id, found, weights=preview.weights):
        return False
    await db.execute(
        "update guest_work set log_id = %s, as_of = %s where id = %s", [preview.after, preview.at, work_id]
    )
    await kept.keep(db, work_id, preview)
    return True


async def found_by(db: Db, one: Work) -> Preview:
    """What a look found, as a run takes it."""
    assert one.weights is not None
    bare = Preview(one.found.records or 0, one.weights, (), after=one.log_id, at=one.as_of)
    return await kept.preview(db, one.id, bare)


async def joined(db: Db, one: Work, run: Run) -> None:
    """Say that the guests whom a look found are joined, and forget what it found. Refuse where that was said before."""
    assert one.look_id is not None
    wanted = (await work(db, one.look_id)).found
    found = Found(guests=len(run.steps), left=(wanted.guests or 0) - len(run.steps), asks=wanted.asks)
    if not await ended(db, one.id, found, run_id=run.id):
        raise Refuse("Work {id} over all guests was done already.", code="done-already", id=one.id)
    await db.execute("update guest_work set state = 'used' where id = %s", [one.look_id])
    await kept.drop(db, [one.look_id])


async def ended(db: Db, work_id: int, found: Found, **of_what: int | None) -> bool:
    """Say that a work is done; False where it is not at work any more."""
    given = {"weights": None, "run_id": None} | of_what
    cursor = await db.execute(
        "update guest_work set state = 'done', ended_at = now(), step = null, found = %(found)s, "
        "weights = coalesce(%(weights)s, weights), run_id = coalesce(%(run_id)s, run_id) "
        "where id = %(id)s and state = 'works'",
        {"id": work_id, "found": Jsonb(msgspec.to_builtins(found))} | given,
    )
    return bool(cursor.rowcount)


async def failed(db: Db, work_id: int, error: ServeryError) -> None:
    """Say that a work came to nothing, and why."""
    fault = Fault(error.template, error.mend, {name: str(value) for name, value in error.params.items()})
    await db.execute(
        "update guest_work set state = 'failed', ended_at = now(), step = null, fault = %s "
        "where id = %s and state = 'works'",
        [Jsonb(msgspec.to_builtins(fault)), work_id],
    )


async def work(db: Db, work_id: int) -> Work:
    """One piece of work; NotFound."""
    cursor = await db.execute(f"select {_COLUMNS} from guest_work where id = %s", [work_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no work {id} over all guests.", id=work_id)
    return _work(row)


async def offered(db: Db) -> Work | None:
    """The look whose guests may be joined now, if there is one."""
    cursor = await db.execute(
        f"select {_COLUMNS} from guest_work where kind = 'look' and state = 'done' order by id desc limit 1"
    )
    row = await cursor.fetchone()
    return _work(row) if row else None


async def works(db: Db, limit: int, before: int | None = None) -> list[Work]:
    """The latest works, from those before an id."""
    cursor = await db.execute(
        f"select {_COLUMNS} from guest_work where %(before)s::bigint is null or id < %(before)s "
        "order by id desc limit %(limit)s",
        {"limit": limit, "before": before},
    )
    return [_work(row) for row in await cursor.fetchall()]


_COLUMNS = (
    "id, kind, author, role, asked_at, state, step, tries, begun_at, ended_at, weights, look_id, run_id, log_id, "
    "as_of, found, fault"
)


def _work(row: Mapping[str, Any]) -> Work:
    return msgspec.convert(row, Work)
