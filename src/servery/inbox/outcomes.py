"""What became of events, and of which records they speak."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Literal

from msgspec import Struct

from servery.inbox.claim import Db
from servery.inbox.partitions import ensure, today

Outcome = Literal["applied", "unchanged", "quarantined", "dismissed"]


class Became(Struct, frozen=True, kw_only=True):
    """One event with its outcome. `records` are kind and external id of what it speaks of."""

    event_id: int
    day: date
    outcome: Outcome
    lane: str | None = None
    records: Collection[tuple[str, str]] = ()


async def note(db: Db, connection_id: int, events: Sequence[Became]) -> None:
    """Write outcomes down; the latest of an event counts."""
    if not events:
        return
    for day in {one.day for one in events if one.day < today()}:
        # What rests in quarantine outlives its day.
        await ensure(db, day)
    await db.execute(
        "insert into inbox_outcome (day, event_id, outcome, lane, at) "
        "select i.*, clock_timestamp() from unnest(%s::date[], %s::bigint[], %s::text[], %s::text[]) as i "
        "on conflict (day, event_id) do update set outcome = excluded.outcome, lane = excluded.lane, at = excluded.at",
        [
            [one.day for one in events],
            [one.event_id for one in events],
            [one.outcome for one in events],
            [one.lane for one in events],
        ],
    )
    await _note_records(db, connection_id, list(_records(events)))


def _records(events: Iterable[Became]) -> Iterable[tuple[date, int, str, str]]:
    for one in events:
        for kind, external_id in one.records:
            if len(external_id) <= _LONGEST_ID:
                yield one.day, one.event_id, kind, external_id


_LONGEST_ID = 500
"""Characters of an id that is found again: no system's are nearly as long, and an index holds no more than 2 kB."""


async def _note_records(db: Db, connection_id: int, rows: Sequence[tuple[date, int, str, str]]) -> None:
    if rows:
        days, events, kinds, ids = map(list, zip(*rows, strict=True))
        await db.execute(
            "insert into inbox_record (day, event_id, connection_id, kind, external_id) "
            "select day, event_id, %s, kind, external_id "
            "from unnest(%s::date[], %s::bigint[], %s::text[], %s::text[]) as i(day, event_id, kind, external_id) "
            "on conflict do nothing",
            [connection_id, days, events, kinds, ids],
        )
