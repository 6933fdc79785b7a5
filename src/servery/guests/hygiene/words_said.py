"""The question by which old facts are found: every word that is said of a guest, by whom, and when it was confirmed."""

from typing import LiteralString

# Of records by their revision, which is a time in microseconds where it is none of these a version (`modified_at`).
_RECORD_AT: LiteralString = """case when s.revision > 864000000000000 and s.revision < 8640000000000000
    then to_timestamp(s.revision / 1000000.0) else s.seen_at end"""

# What records say of kinds that are one value, and of kinds that are lists. A system that is silent on a field by the
# owner's choice says nothing.
_OF_RECORDS: LiteralString = f"""
records as materialized (
    select s.id, s.guest_id, s.connection_id, s.body, greatest({_RECORD_AT}, u.at) as confirmed_at
    from source_guest s left join used u on u.source_guest_id = s.id
    where s.guest_id is not null
), said_by_records as (
    select r.guest_id, m.kind, m.member as key, r.body ->> m.member as value, r.confirmed_at,
           r.id as source_guest_id, null::bigint as entry_id, null::bigint as edit_id, null::bytea as value_hash
    from (values ('phone', 'phone', 'contact'), ('email', 'email', 'contact'), ('address', 'postcode', 'contact'),
                 ('address', 'city', 'contact')) as m(kind, member, field)
    join rule on rule.kind = m.kind
    join records r on r.body ->> m.member is not null
    where not exists (select from silent x where x.connection_id = r.connection_id and x.field = m.field)
    union all
    select r.guest_id, m.kind, lower(btrim(v.value)), v.value, r.confirmed_at, r.id, null, null,
           sha256(convert_to(v.value, 'UTF8'))
    from (values ('preference', 'preferences', 'preferences'), ('allergy', 'allergies', 'allergies'))
        as m(kind, member, field)
    join rule on rule.kind = m.kind
    join records r on r.body ? m.member
    cross join lateral jsonb_array_elements_text(r.body -> m.member) as v(value)
    where not exists (select from silent x where x.connection_id = r.connection_id and x.field = m.field)
    union all
    select r.guest_id, 'note', lower(btrim(v.note ->> 'text')), v.note ->> 'text', r.confirmed_at, r.id, null, null,
           sha256(convert_to(v.note ->> 'text', 'UTF8'))
    from rule join records r on r.body ? 'notes'
    cross join lateral jsonb_array_elements(r.body -> 'notes') as v(note)
    where rule.kind = 'note'
      and not exists (select from silent x where x.connection_id = r.connection_id and x.field = 'notes')
)"""

# What staff wrote; of a field the last word. A note for tonight is as old as its night.
_OF_STAFF: LiteralString = """
came as materialized (
    select s.guest_id, max(u.at) as at from used u join source_guest s on s.id = u.source_guest_id group by 1
), said_by_staff as (
    select g.id as guest_id, e.kind, case when e.kind = 'tonight' then e.id::text else lower(btrim(e.text)) end as key,
           e.text as value,
           case when e.kind = 'tonight' then e.business_date::timestamptz else greatest(e.at, c.at) end as confirmed_at,
           null::bigint as source_guest_id, e.id as entry_id, null::bigint as edit_id, null::bytea as value_hash
    from guest_entry e join rule on rule.kind = e.kind
    join guest o on o.id = e.guest_id join guest g on g.id = coalesce(o.merged_into, o.id)
    left join came c on c.guest_id = g.id
    where e.present and e.undone_at is null
    union all
    select l.guest_id, l.kind, l.field, l.value, greatest(l.at, c.at), null, null, l.id, null from (
        select distinct on (g.id, e.field) g.id as guest_id, m.kind, e.field, e.value #>> '{}' as value, e.at, e.id
        from guest_edit e
        join (values ('phone', 'phone'), ('email', 'email'), ('address', 'postcode'), ('address', 'city'))
            as m(kind, member) on m.member = e.field
        join rule on rule.kind = m.kind
        join guest o on o.id = e.guest_id join guest g on g.id = coalesce(o.merged_into, o.id)
        left join guest_log step on step.id = e.step_id
        where e.undone_at is null and step.undone_by is null
        order by g.id, e.field, e.at desc, e.id desc
    ) l left join came c on c.guest_id = l.guest_id
    where l.value is not null
)"""

# A word that was left out and heard again was confirmed then.
_WORDS: LiteralString = """
words as materialized (
    select w.*, greatest(w.confirmed_at, b.heard_at) as at, coalesce(b.out, false) as out
    from (select * from said_by_records union all select * from said_by_staff) w
    left join (
        select source_guest_id, entry_id, edit_id, kind, value_hash,
               max(heard_at) as heard_at, bool_or(heard_at is null) as out
        from aged_fact group by 1, 2, 3, 4, 5
    ) b on (coalesce(b.source_guest_id, 0), coalesce(b.entry_id, 0), coalesce(b.edit_id, 0), b.kind,
            coalesce(b.value_hash, ''))
         = (coalesce(w.source_guest_id, 0), coalesce(w.entry_id, 0), coalesce(w.edit_id, 0), w.kind,
            coalesce(w.value_hash, ''))
), old as (
    select w.guest_id, w.kind, w.key from words w join rule on rule.kind = w.kind
    group by w.guest_id, w.kind, w.key, rule.before having max(w.at) < rule.before
)"""

# What golden fields do not say (staff said that it is not so) cannot go from them.
_IS_SAID: LiteralString = """case w.kind
    when 'tonight' then true
    when 'note' then exists (select from jsonb_array_elements(g.golden -> 'notes') v
                             where lower(btrim(v ->> 'text')) = w.key)
    when 'preference' then exists (select from jsonb_array_elements(g.golden -> 'preferences') v
                                   where lower(v ->> 'value') = w.key)
    when 'allergy' then exists (select from jsonb_array_elements(g.golden -> 'allergies') v
                                where lower(v ->> 'value') = w.key)
    else g.golden ? w.key end"""

FACTS: LiteralString = f"""
with rule as materialized (
    select kind, now() - make_interval(months => months) as before
    from unnest(%(kinds)s::text[], %(months)s::integer[]) as r(kind, months)
), silent as materialized (
    select connection_id, field from field_rule where direction in ('out', 'none')
), used as materialized (
    select source_guest_id, max(at) as at from (
        select source_guest_id, starts_at as at from reservation where source_guest_id is not null and not removed
        union all
        select source_guest_id, starts_at from visit where source_guest_id is not null and gone_at is null
    ) u group by 1
), {_OF_RECORDS}, {_OF_STAFF}, {_WORDS}
select w.guest_id, w.kind, w.key, w.value, w.at as confirmed_at, w.source_guest_id, w.entry_id, w.edit_id, w.value_hash
from words w join old using (guest_id, kind, key) join guest g on g.id = w.guest_id
where not w.out and g.merged_into is null and {_IS_SAID}"""
"""One row for each word that is to go: those of a fact all of whose words are older than the rule for its kind."""
