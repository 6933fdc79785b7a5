"""Runs over all guests that were done, and the versions of the weights: when, by whom, from how much."""

from datetime import datetime

import msgspec
from msgspec import Struct

from servery.errors import NotFound
from servery.guests.matching.weights import shipped
from servery.guests.rows import Db


class GuestRun(Struct, frozen=True, kw_only=True):
    """A run that was carried out: by which weights, on how many records, how many guests went into others."""

    id: int
    at: datetime
    author: str
    weights: int
    records: int
    guests: int
    undone_at: datetime | None
    undone_by: str | None


class GuestWeights(Struct, frozen=True):
    """One version of the weights; 0 are the shipped ones. `counts`: those that runs and arrivals go by now."""

    version: int
    trained_at: datetime
    records: int
    counts: bool


_RUN = "id, at, author, weights, records, cardinality(steps) as guests, undone_at, undone_by"


async def runs(db: Db, limit: int, before: int | None = None) -> list[GuestRun]:
    """The latest runs, from those before an id."""
    cursor = await db.execute(
        f"select {_RUN} from match_run where %(before)s::bigint is null or id < %(before)s "
        "order by id desc limit %(limit)s",
        {"limit": limit, "before": before},
    )
    return msgspec.convert(await cursor.fetchall(), list[GuestRun])


async def run(db: Db, run_id: int) -> GuestRun:
    """One run; NotFound."""
    cursor = await db.execute(f"select {_RUN} from match_run where id = %s", [run_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no run {id} over all guests.", id=run_id)
    return msgspec.convert(row, GuestRun)


async def versions(db: Db) -> list[GuestWeights]:
    """All versions, the latest first, the shipped weights last."""
    cursor = await db.execute(
        "select version, trained_at, records, version = max(version) over () as counts from match_weights "
        "order by version desc"
    )
    learnt = msgspec.convert(await cursor.fetchall(), list[GuestWeights])
    first = shipped()
    return [*learnt, GuestWeights(first.version, first.trained_at, first.records, not learnt)]
