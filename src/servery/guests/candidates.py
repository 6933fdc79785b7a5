"""Which records an arrived one is compared with, and what of each is compared, kept beside them."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from servery.guests.matching.blocking import keys_of
from servery.guests.matching.features import VERSION, Features
from servery.guests.matching.weights import Weights, shipped
from servery.guests.rows import Db

_PER_KEY = 20
"""Records looked at for one key: where more share it, it is a frequent name, and other keys tell more."""


class Candidate(Struct, frozen=True):
    """A record that may be the same person's."""

    id: int
    features: Features


async def keep_features(db: Db, made: Mapping[int, Features]) -> None:
    """Keep what is compared of these records, and where they are found."""
    await db.execute(
        "insert into match_features (source_guest_id, version, body, keys) "
        "select i.id, %s, i.body::jsonb, array(select jsonb_array_elements_text(i.keys::jsonb)::bigint) "
        "from unnest(%s::bigint[], %s::text[], %s::text[]) as i(id, body, keys) "
        "on conflict (source_guest_id) do update set version = excluded.version, body = excluded.body, "
        "keys = excluded.keys where (match_features.version, match_features.body) <> (excluded.version, excluded.body)",
        [
            VERSION,
            list(made),
            [msgspec.json.encode(one).decode() for one in made.values()],
            [msgspec.json.encode(keys_of(one)).decode() for one in made.values()],
        ],
    )


# Materialized: for a few rows of very many the planner would else read the table until it has met enough of them.
_SHARING = """
select distinct i.id as asked, c.source_guest_id as id, c.body
from unnest(%s::bigint[], %s::bigint[]) as i(id, key) cross join lateral (
    with sharing as materialized (select source_guest_id, body from match_features where keys @> array[i.key])
    select * from sharing where source_guest_id <> i.id limit %s) c
order by 1, 2"""


async def candidates(db: Db, made: Mapping[int, Features]) -> dict[int, list[Candidate]]:
    """For each of these records the others that share a key with it, themselves and records of this set included."""
    asked = [(record_id, key) for record_id, features in made.items() for key in keys_of(features)]
    if not asked:
        return {}
    cursor = await db.execute(_SHARING, [[record_id for record_id, _ in asked], [key for _, key in asked], _PER_KEY])
    found: dict[int, list[Candidate]] = {}
    for row in await cursor.fetchall():
        candidate = Candidate(row["id"], msgspec.convert(row["body"], Features))
        found.setdefault(row["asked"], []).append(candidate)
    return found


async def weights(db: Db) -> Weights:
    """The weights that count: those of the latest training, or the shipped ones."""
    cursor = await db.execute("select version, trained_at from match_weights order by version desc limit 1")
    latest = await cursor.fetchone()
    if latest is None:
        return shipped()
    if (known := _last_read.get(latest["trained_at"])) is not None:
        return known
    cursor = await db.execute("select body from match_weights where version = %s", [latest["version"]])
    row = await cursor.fetchone()
    assert row is not None
    _last_read.clear()
    return _last_read.setdefault(latest["trained_at"], msgspec.convert(row["body"], Weights))


_last_read: dict[datetime, Weights] = {}
"""By when they were trained: reading them for each arrival would take longer than deciding."""
