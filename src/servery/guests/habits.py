"""Where a record's person usually sits and what they pay with, by its own system's bookings and checks."""

from typing import LiteralString

from msgspec import Struct, convert, structs

from servery.guests.matching.features import Features

_OFTEN = 3
"""Visits at one table from which it is sat at often; two make it the usual one, once is chance."""
_LATEST = 50
"""Bookings, and as many checks, that are looked at: more say nothing new."""
_PAID = 20
"""The same of which it is looked at how they were paid: a check is read whole for it."""

_SAT: LiteralString = f"""
    select v.venue_id || '/' || v.table_name as place, count(*) as visits from (
        (select visit_id from reservation where source_guest_id = s.id and visit_id is not null and not removed
         order by starts_at desc limit {_LATEST})
        union
        (select visit_id from checks where source_guest_id = s.id and visit_id is not null and not removed
         limit {_LATEST})) own
    join visit v on v.id = own.visit_id
    where v.table_name is not null and v.gone_at is null
    group by 1 having count(*) > 1 order by 2 desc, 1 limit 1"""

# Of a check that several cards paid it is not known whose is whose.
_ONE_CARD: LiteralString = """(
    select min(p ->> 'card') as card from jsonb_array_elements(coalesce(own.body -> 'payments', '[]')) p
    having count(distinct p ->> 'card') = 1)"""

_CARD: LiteralString = f"""
    select one.card from (
        (select body from checks where source_guest_id = s.id and not removed order by id desc limit {_PAID})
        union all
        (select c.body from reservation r join checks c on c.visit_id = r.visit_id
         where r.source_guest_id = s.id and r.visit_id is not null and not r.removed and not c.removed
         order by r.starts_at desc limit {_PAID})) own
    cross join lateral {_ONE_CARD} one
    group by 1 order by count(*) desc, 1 limit 1"""

USUAL: LiteralString = f"""(
    select json_build_object('table', sat.place, 'visits', coalesce(sat.visits, 0), 'card', paid.card)
    from (select) one left join lateral ({_SAT}) sat on true left join lateral ({_CARD}) paid on true
    where sat.place is not null or paid.card is not null)"""
"""Of a record `s` the table it sat at most, with how many visits, and the card that paid most; null for neither."""

# Once over all visits: to ask for each record of a million takes longer.
OF_ALL: LiteralString = f"""(
    select * from (
        select distinct on (id) id, usual_table, case when visits >= {_OFTEN} then usual_table end as usual_table_often
        from (
            select own.id, v.venue_id || '/' || v.table_name as usual_table, count(*) as visits from (
                select source_guest_id as id, visit_id from reservation where visit_id is not null and not removed
                union select source_guest_id, visit_id from checks where visit_id is not null and not removed) own
            join visit v on v.id = own.visit_id
            where own.id is not null and v.table_name is not null and v.gone_at is null
            group by 1, 2 having count(*) > 1) counted
        order by id, visits desc, usual_table) sat
    full join (
        select distinct on (id) id, card from (
            select own.id, one.card, count(*) as checks from (
                select source_guest_id as id, body from checks where source_guest_id is not null and not removed
                union all
                select r.source_guest_id, c.body from reservation r join checks c on c.visit_id = r.visit_id
                where r.source_guest_id is not null and not r.removed and not c.removed) own
            cross join lateral {_ONE_CARD} one group by 1, 2) counted
        order by id, checks desc, card) paid using (id))"""
"""The same of every record that has either, as features have it."""


class Usual(Struct, frozen=True):
    """A table and the visits there; and the processor's token for a card."""

    table: str | None = None
    visits: int = 0
    card: str | None = None


def at_usual(features: Features, usual: Usual | None) -> Features:
    """Features with where somebody usually sits, and what they pay with."""
    if usual is None:
        return features
    often = usual.table if usual.visits >= _OFTEN else None
    return structs.replace(features, usual_table=usual.table, usual_table_often=often, card=usual.card)


def kept_with_usual(body: object, usual: object) -> Features:
    """Features as they are kept of a record, with what `USUAL` says of it."""
    return at_usual(convert(body, Features), convert(usual, Usual | None))
