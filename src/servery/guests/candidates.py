"""Which records an arrived one is compared with, and what of each is compared, kept beside them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, LiteralString

from msgspec import Struct, convert

from servery.guests.apart import APART, Pair, pairs_in
from servery.guests.arrived import Arrived
from servery.guests.corrected import SAID, as_known
from servery.guests.habits import USUAL, kept_with_usual
from servery.guests.keys import Keys
from servery.guests.matching.blocking import keys_of
from servery.guests.matching.features import VERSION, Features, born_on
from servery.guests.matching.weights import Weights, shipped, trained
from servery.guests.resolve import Known
from servery.guests.rows import SETTLED, Db, as_json
from servery.model.guest import Birthday

_PER_KEY = 20
"""Records looked at for one key: where more share it, it is a frequent name, and other keys tell more."""
_OF_ONE_GUEST = 200
"""Records of a guest that are looked at, the latest: more of a taker-away's orders say nothing new."""


class Candidate(Struct, frozen=True):
    """A record that may be the same person's."""

    id: int
    features: Features


class Found(Struct, frozen=True):
    """What there is around a set of records: `related` are all records of the guests who come into question.

    What staff corrected is among them. `candidates` are the records that each one is compared with, `apart` the pairs
    that are not the same person's.
    """

    related: list[Known]
    candidates: dict[int, list[Candidate]]
    apart: frozenset[Pair]


# Materialized: for a few rows of very many the planner would else read the table until it has met enough of them.
_LOOK = f"""
with arrived as materialized (select json_array_elements_text(%(arrived)s::json)::bigint as id),
found as materialized (
    select distinct asked.id as asked, c.id
    from json_to_recordset(%(asked)s::json) as asked(id bigint, key bigint) cross join lateral (
        with sharing as materialized (select source_guest_id as id from match_features where keys @> array[asked.key])
        select id from sharing where id not in (select id from arrived) limit {_PER_KEY}) c),
near as (
    select s.guest_id from json_array_elements_text(%(emails)s::json) as k(email)
    join source_guest s on s.email_key = k.email
    union select s.guest_id from json_array_elements_text(%(phones)s::json) as k(phone)
    join source_guest s on s.phone_key = k.phone
    union select c.guest_id from json_array_elements_text(%(emails)s::json) as k(email)
    join guest_said c on c.email_key = k.email
    union select c.guest_id from json_array_elements_text(%(phones)s::json) as k(phone)
    join guest_said c on c.phone_key = k.phone
    union select s.guest_id from found join source_guest s using (id)
    union select s.guest_id from arrived join source_guest s using (id))
select r.*, f.asked, m.body as features, h.usual, {SAID}
from near cross join lateral (
    select s.id, s.body ->> 'name' as name, s.body -> 'birthday' as birthday, s.email_key, s.phone_key, s.guest_id,
           {APART} as apart, coalesce((s.body ->> 'one_time')::boolean, false) as one_time, {SETTLED} as settled
    from source_guest s where s.guest_id = near.guest_id order by s.id desc limit {_OF_ONE_GUEST}) r
left join (select id, array_agg(asked) as asked from found group by id) f using (id)
left join match_features m on m.source_guest_id = f.id
left join guest_said c on c.guest_id = r.guest_id
left join lateral (select {USUAL} as usual from (select f.id) s) h on %(habits)s
order by r.id"""


async def look(db: Db, arrived: Sequence[Arrived]) -> Found:
    """All that is known of the guests with whom these records share an e-mail, a phone, or a key of their features."""
    keys = {one.known.id: keys_of(one.compared) for one in arrived if not one.known.one_time}
    cursor = await db.execute(
        _LOOK,
        {
            "arrived": as_json([one.known.id for one in arrived]),
            "asked": as_json([{"id": id_, "key": key} for id_, each in keys.items() for key in each]),
            "emails": as_json({one.known.keys.email for one in arrived} - {None}),
            # Where nobody of them is known to sit or pay so, it is not asked of others either.
            "habits": any(one.compared.usual_table or one.compared.card for one in arrived),
            "phones": as_json({one.known.keys.phone for one in arrived} - {None}),
        },
    )
    found = await cursor.fetchall()
    related = [
        Known(row["id"], row["name"], Keys(row["email_key"], row["phone_key"]), row["guest_id"], row["one_time"],
              row["settled"], born=said_born(row["birthday"]))
        for row in found
    ]  # fmt: skip
    candidates = _among(arrived, keys)
    for row in found:
        for asked in row["asked"] or ():
            candidates[asked].append(_candidate(row))
    return Found([*related, *as_known(found)], candidates, pairs_in(found))


def said_born(birthday: object) -> str | None:
    """A birthday of a record's body, as deciding compares it."""
    return born_on(convert(birthday, Birthday)) if birthday else None


def _candidate(row: Mapping[str, Any]) -> Candidate:
    return Candidate(row["id"], kept_with_usual(row["features"], row["usual"]))


def _among(arrived: Iterable[Arrived], keys: Mapping[int, Iterable[int]]) -> dict[int, list[Candidate]]:
    """Records that arrived together and share a key."""
    features = {one.known.id: one.compared for one in arrived}
    sharing: dict[int, list[int]] = defaultdict(list)
    for record_id, each in keys.items():
        for key in each:
            sharing[key].append(record_id)
    found: dict[int, list[Candidate]] = defaultdict(list)
    for record_id, each in keys.items():
        others = {other for key in each for other in islice(sharing[key], _PER_KEY + 1)} - {record_id}
        found[record_id] = [Candidate(other, features[other]) for other in sorted(others)]
    return found


FEATURES: LiteralString = "id bigint, version bigint, body jsonb, keys bigint[]"
KEEP_FEATURES: LiteralString = """
insert into match_features (source_guest_id, version, body, keys) select id, version, body, keys from told
on conflict (source_guest_id) do update set version = excluded.version, body = excluded.body, keys = excluded.keys
where (match_features.version, match_features.body) <> (excluded.version, excluded.body)"""
"""Keeps rows `told` of `FEATURES`: what is compared of records, and where they are found."""


def features_row(record_id: int, features: Features) -> dict[str, object]:
    """Features of a record as `KEEP_FEATURES` takes them."""
    return {"id": record_id, "version": VERSION, "body": features, "keys": keys_of(features)}


async def keep_features(db: Db, made: Mapping[int, Features]) -> None:
    """Keep what is compared of these records, and where they are found."""
    told = [features_row(record_id, features) for record_id, features in made.items()]
    await db.execute(
        f"with told as (select * from json_to_recordset(%s::json) as i({FEATURES})) {KEEP_FEATURES}", [as_json(told)]
    )


async def weights(db: Db, trained_at: datetime | None) -> Weights:
    """The weights that were trained then, or for never the shipped ones."""
    if trained_at is None:
        return shipped()
    if (known := _last_read.get(trained_at)) is not None:
        return known
    cursor = await db.execute("select body from match_weights where trained_at = %s", [trained_at])
    row = await cursor.fetchone()
    assert row is not None
    _last_read.clear()
    return _last_read.setdefault(trained_at, trained(row["body"]))


async def latest_weights(db: Db) -> Weights:
    """The weights that count: those of the latest training, or the shipped ones."""
    cursor = await db.execute("select trained_at from match_weights order by version desc limit 1")
    latest = await cursor.fetchone()
    return await weights(db, latest["trained_at"] if latest else None)


_last_read: dict[datetime, Weights] = {}
"""By when they were trained: reading them for each arrival would take longer than deciding."""
