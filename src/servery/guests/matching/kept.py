"""What a look at all guests found, kept by the numbers of guests and records until it is used or left."""

from collections.abc import Collection, Sequence
from itertools import islice

import msgspec
from msgspec import Struct, structs

from servery.guests.matching.explained import scores
from servery.guests.matching.found import Ask, Why
from servery.guests.matching.runs import Preview, weights_of
from servery.guests.matching.score import Reason
from servery.guests.matching.weights import Weights
from servery.guests.rows import Db
from servery.guests.suggest import CERTAIN

_SURE = 1000.0
"""Bits of what nobody scored: records that were one already."""


class FoundJoin(Struct, frozen=True):
    """Guests that are one, oldest first; `pairs` say why, of each but the first, None where no pair speaks for it."""

    place: int
    guest_ids: tuple[int, ...]
    pairs: tuple[Why | None, ...]


class Because(Struct, frozen=True):
    """Why a guest would be one with the oldest: how likely that is, as people are told, and what speaks for it."""

    guest_id: int
    probability: float
    reasons: tuple[Reason, ...]


class ToldJoin(Struct, frozen=True):
    """Guests that would be one, oldest first, with why."""

    place: int
    guest_ids: tuple[int, ...]
    because: tuple[Because, ...]


async def keep(db: Db, work_id: int, found: Preview) -> None:
    """Keep what a look found, the least sure first."""
    joins = sorted(found.joins, key=lambda join: (_least(join, found), join))
    told = ([found.why.get(guest) for guest in join[1:]] for join in joins)
    async with db.cursor() as cursor:
        async with cursor.copy("copy found_join (work_id, place, guest_ids, pairs) from stdin") as copy:
            for place, (join, pairs) in enumerate(zip(joins, told, strict=True), start=1):
                await copy.write_row((work_id, place, list(join), msgspec.json.encode(pairs).decode()))
        async with cursor.copy("copy found_ask (work_id, place, one_id, other_id) from stdin") as copy:
            for place, ask in enumerate(found.asks, start=1):
                await copy.write_row((work_id, place, ask.one, ask.other))
        async with cursor.copy("copy found_part (work_id, place, guest_id, record_id) from stdin") as copy:
            for place, (guest, record) in enumerate(found.parts, start=1):
                await copy.write_row((work_id, place, guest, record))


def _least(join: tuple[int, ...], found: Preview) -> float:
    return min(found.why[guest].bits if guest in found.why else _SURE for guest in islice(join, 1, None))


async def preview(db: Db, work_id: int, bare: Preview) -> Preview:
    """What a look found as a run takes it, from that without its guests; scores of whom to ask are as of now."""
    found = await joins(db, work_id)
    why = {
        guest: pair
        for join in found
        for guest, pair in zip(join.guest_ids[1:], join.pairs, strict=True)
        if pair is not None
    }
    pairs = await asks(db, work_id)
    scored = await scores(db, pairs, await weights_of(db, bare.weights))
    return structs.replace(
        bare,
        joins=tuple(sorted(join.guest_ids for join in found)),
        asks=tuple(Ask(*pair, scored[pair]) for pair in pairs if pair in scored),
        parts=tuple(await parts(db, work_id)),
        why=why,
    )


async def joins(db: Db, work_id: int, limit: int | None = None, after: int = 0) -> list[FoundJoin]:
    """Those who are one, the least sure first, behind a place."""
    cursor = await db.execute(
        "select place, guest_ids, pairs from found_join where work_id = %s and place > %s order by place limit %s",
        [work_id, after, limit],
    )
    return msgspec.convert(await cursor.fetchall(), list[FoundJoin])


async def told(db: Db, found: Sequence[FoundJoin], by: Weights) -> list[ToldJoin]:
    """Joins with why, as their records are now."""
    scored = await scores(db, {(pair.one, pair.other) for join in found for pair in join.pairs if pair}, by)
    return [
        ToldJoin(
            join.place,
            join.guest_ids,
            tuple(
                Because(guest, min(score.probability, CERTAIN), score.reasons)
                for guest, pair in zip(join.guest_ids[1:], join.pairs, strict=True)
                if pair and (score := scored.get((pair.one, pair.other))) is not None
            ),
        )
        for join in found
    ]


async def asks(db: Db, work_id: int, limit: int | None = None, after: int = 0) -> list[tuple[int, int]]:
    """Pairs of records of which a person would be asked, the likeliest first, behind a place."""
    cursor = await db.execute(
        "select one_id, other_id from found_ask where work_id = %s and place > %s order by place limit %s",
        [work_id, after, limit],
    )
    return [(row["one_id"], row["other_id"]) for row in await cursor.fetchall()]


async def parts(db: Db, work_id: int, limit: int | None = None, after: int = 0) -> list[tuple[int, int]]:
    """Guests, each with a record that is like none of its others, behind a place."""
    cursor = await db.execute(
        "select guest_id, record_id from found_part where work_id = %s and place > %s order by place limit %s",
        [work_id, after, limit],
    )
    return [(row["guest_id"], row["record_id"]) for row in await cursor.fetchall()]


async def where_from(db: Db, record_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Of records the name of their connection, and what they are called there."""
    cursor = await db.execute(
        "select s.id, c.name, s.external_id from source_guest s join connection c on c.id = s.connection_id "
        "where s.id = any(%s)",
        [list(record_ids)],
    )
    return {row["id"]: (row["name"], row["external_id"]) for row in await cursor.fetchall()}


async def drop(db: Db, work_ids: Collection[int]) -> None:
    """Forget what looks found."""
    for table in _TABLES:
        await db.execute(f"delete from {table} where work_id = any(%s)", [list(work_ids)])


_TABLES: Sequence[str] = ("found_join", "found_ask", "found_part")
