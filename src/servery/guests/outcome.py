"""What was decided of records, written at once: one statement, however many records and guests."""

from collections.abc import Iterable, Mapping, Sequence

from servery.guests.arrived import Arrived
from servery.guests.candidates import FEATURES, KEEP_FEATURES, features_row
from servery.guests.found_by import words_of
from servery.guests.golden import Record, golden
from servery.guests.resolve import Decision
from servery.guests.rows import GOLDEN_COLUMNS, Db, as_json, golden_row
from servery.guests.vocabulary import learn

# A new guest is written whole: its records all came in this set, and nobody has said anything of it yet.
_WRITE = f"""
with fresh as materialized (
    select nextval('guest_id_seq') as id, i.*
    from json_to_recordset(%(fresh)s::json) as i(thought_of bigint, {GOLDEN_COLUMNS})
), made as (
    insert into guest (id, name, sort_key, search, golden) overriding system value
    select id, name, sort_key, search, golden from fresh
), told as (
    select * from json_to_recordset(%(features)s::json) as i({FEATURES})
), compared as ({KEEP_FEATURES})
update source_guest as s set email_key = i.email, phone_key = i.phone, guest_id = i.guest_id,
    joined_with = case when s.guest_id = i.guest_id and s.link is not null then s.joined_with else i.beside end,
    link = case when s.guest_id = i.guest_id and s.link is not null then s.link
           else jsonb_build_object('by', i.by, 'author', 'rules') || coalesce(i.scored, '{{}}') end
from (
    select i.id, coalesce(fresh.id, i.guest_id) as guest_id, i.email, i.phone, i.by, i.beside, i.scored
    from json_to_recordset(%(records)s::json) as i(
        id bigint, guest_id bigint, email text, phone text, by text, beside bigint, scored jsonb)
    left join fresh on fresh.thought_of = i.guest_id
) i
where s.id = i.id
  and ((s.guest_id, s.email_key, s.phone_key) is distinct from (i.guest_id, i.email, i.phone) or s.link is null)
returning s.id, s.guest_id"""


async def write(
    db: Db,
    arrived: Sequence[Arrived],
    decisions: Iterable[Decision],
    guest_of: Mapping[int, int],
    fresh: Iterable[int],
    locale: str,
) -> dict[int, int]:
    """Put each record into its guest, with the reason, and keep by what it is found.

    `guest_of` has the guest of each record; `fresh` are those among them that are only thought of so far: they are made
    (names sort as `locale` sorts). Returns each record's guest in the end.
    """
    records = {guest: _heard([one for one in arrived if guest_of[one.known.id] == guest]) for guest in fresh}
    made = {guest: golden(heard) for guest, heard in records.items()}
    by_id = {one.record_id: one for one in decisions}
    cursor = await db.execute(
        _WRITE,
        {
            "fresh": as_json(
                [{"thought_of": guest} | golden_row(one, records[guest], locale) for guest, one in made.items()]
            ),
            "features": as_json([features_row(one.known.id, one.features) for one in arrived]),
            "records": as_json([_record(one, by_id[one.known.id], guest_of[one.known.id]) for one in arrived]),
        },
    )
    written = {row["id"]: row["guest_id"] for row in await cursor.fetchall()}
    await learn(db, {word for guest, one in made.items() for word in words_of(one, records[guest])})
    return {**guest_of, **written}


def _heard(records: Sequence[Arrived]) -> list[Record]:
    return [one.record for one in records if not one.removed] or [one.record for one in records]


def _record(one: Arrived, decision: Decision, guest_id: int) -> dict[str, object]:
    return {
        "id": one.known.id,
        "email": one.keys.email,
        "phone": one.keys.phone,
        "guest_id": guest_id,
        "by": decision.by,
        # What staff say is no record.
        "beside": decision.beside if (decision.beside or 0) > 0 else None,
        "scored": decision.scored,
    }
