"""Why two records are held to be one person's: their score with its reasons, as the records are now."""

from collections.abc import Collection, Mapping, Sequence

from servery.guests.habits import USUAL, kept_with_usual
from servery.guests.matching.features import Features
from servery.guests.matching.found import Why
from servery.guests.matching.score import Scored, scored
from servery.guests.matching.weights import Weights
from servery.guests.rows import Db

Pair = tuple[int, int]
_AT_ONCE = 1000
"""Pairs that are scored while nobody else's work is done."""

_FEATURES = f"""
select s.id, f.body, {USUAL} as usual from source_guest s join match_features f on f.source_guest_id = s.id
where s.id = any(%s) and not s.removed"""


async def scores(db: Db, pairs: Collection[Pair], by: Weights) -> dict[Pair, Scored]:
    """The scores of these pairs of records; those of whom a record is gone are left out."""
    found: dict[Pair, Scored] = {}
    listed = list(pairs)
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        features = await _features(db, sorted({record for pair in some for record in pair}))
        found |= {
            (one, other): scored(features[one], features[other], by)
            for one, other in some
            if one in features and other in features
        }
    return found


async def explained(db: Db, joins: Sequence[tuple[int, ...]], why: Mapping[int, Why], by: Weights) -> dict[int, Scored]:
    """For each guest of these joins but the first the score of the pair that speaks most for it."""
    pairs = {guest: (why[guest].one, why[guest].other) for _, *others in joins for guest in others if guest in why}
    told = await scores(db, set(pairs.values()), by)
    return {guest: told[pair] for guest, pair in pairs.items() if pair in told}


async def _features(db: Db, record_ids: Sequence[int]) -> dict[int, Features]:
    cursor = await db.execute(_FEATURES, [record_ids])
    return {row["id"]: kept_with_usual(row["body"], row["usual"]) for row in await cursor.fetchall()}
