"""At which table a record's person usually sits, by the visits that its own system's bookings and checks are of."""

from typing import LiteralString

from msgspec import Struct, structs

from servery.guests.matching.features import Features

_OFTEN = 3
"""Visits at one table from which it is sat at often; two make it the usual one, once is chance."""
_LATEST = 50
"""Bookings, and as many checks, that are looked at: more say nothing new."""

USUAL: LiteralString = f"""(
    select json_build_object('table', v.venue_id || '/' || v.table_name, 'visits', count(*)) from (
        (select visit_id from reservation where source_guest_id = s.id and visit_id is not null and not removed
         order by starts_at desc limit {_LATEST})
        union
        (select visit_id from checks where source_guest_id = s.id and visit_id is not null and not removed
         limit {_LATEST})) own
    join visit v on v.id = own.visit_id
    where v.table_name is not null and v.gone_at is null
    group by v.venue_id, v.table_name having count(*) > 1 order by count(*) desc, v.venue_id, v.table_name limit 1)"""
"""Of a record `s` the table that it sat at most, with how many visits; null where it sat at none twice."""

# Once over all visits: to ask for each record of a million takes longer.
OF_ALL: LiteralString = f"""(
    select distinct on (id) id, usual_table, case when visits >= {_OFTEN} then usual_table end as usual_table_often
    from (
        select own.id, v.venue_id || '/' || v.table_name as usual_table, count(*) as visits from (
            select source_guest_id as id, visit_id from reservation where visit_id is not null and not removed
            union select source_guest_id, visit_id from checks where visit_id is not null and not removed) own
        join visit v on v.id = own.visit_id
        where own.id is not null and v.table_name is not null and v.gone_at is null
        group by own.id, v.venue_id, v.table_name having count(*) > 1) counted
    order by id, visits desc, usual_table)"""
"""The same of every record that has a usual table, as features have it."""


class Usual(Struct, frozen=True):
    """A table and the visits there."""

    table: str
    visits: int


def at_usual(features: Features, usual: Usual | None) -> Features:
    """Features with where somebody usually sits."""
    if usual is None:
        return features
    often = usual.table if usual.visits >= _OFTEN else None
    return structs.replace(features, usual_table=usual.table, usual_table_often=often)
