-- What staff say is not so is said against whoever said it until then: these records and entries, and no others. What is
-- said afterwards, or by a record that joins later, counts again.
alter table guest_entry
    add column over_records bigint[] not null default '{}',
    add column over_entries bigint[] not null default '{}',
    -- Written while two guests were one, and since they were parted held to be of both: the entry that it repeats.
    add column same_as bigint;
create index guest_entry_same_as on guest_entry (same_as) where same_as is not null;

with denied as (
    select e.id, e.at, e.kind, lower(trim(e.text)) as text, coalesce(g.merged_into, g.id) as whose
    from guest_entry e join guest g on g.id = e.guest_id where not e.present
)
update guest_entry e
set over_records = array(
        select s.id from source_guest s
        cross join jsonb_array_elements(coalesce(s.body -> case d.kind
            when 'allergy' then 'allergies' when 'preference' then 'preferences' when 'tag' then 'tags'
            else 'notes' end, '[]')) as said(value)
        where s.guest_id = d.whose and lower(trim(coalesce(said.value ->> 'text', said.value #>> '{}'))) = d.text),
    over_entries = array(
        select o.id from guest_entry o join guest g on g.id = o.guest_id
        where coalesce(g.merged_into, g.id) = d.whose and o.kind = d.kind and o.present and o.at <= d.at
        and lower(trim(o.text)) = d.text)
from denied d where d.id = e.id;

-- The same of what a guest said of consent.
alter table consent add column same_as bigint;
create index consent_same_as on consent (same_as) where same_as is not null;
create or replace view guest_consent as
select s.guest_id as of_guest,
       not exists (select from field_rule f where f.connection_id = s.connection_id and f.field = 'consent'
                   and f.direction in ('out', 'none')) as heard,
       s.removed as gone, c.*
from source_guest s join consent c on c.source_guest_id = s.id
union all
select g.id, true, false, c.* from guest g join consent c on c.guest_id = g.id where g.merged_into is null
union all
select g.merged_into, true, false, c.* from guest g join consent c on c.guest_id = g.id where g.merged_into is not null;

-- What was said before two were joined and what after it is told apart by when it was written, not by when the
-- transaction that wrote it began: a merge may have waited for its turn.
alter table guest_log add column written_at timestamptz;
update guest_log set written_at = at;
alter table guest_log alter column written_at set default clock_timestamp(), alter column written_at set not null;
alter table guest_entry alter column at set default clock_timestamp();
alter table consent alter column at set default clock_timestamp();

-- Guests of whom a birthday or something that is not so was written are made anew.
insert into guest_to_renew (guest_id, golden)
select coalesce(g.merged_into, g.id), true from guest g
where exists (select from guest_entry e where e.guest_id = g.id and not e.present and e.undone_at is null)
or exists (select from guest_edit e where e.guest_id = g.id and e.field = 'birthday' and e.undone_at is null);
