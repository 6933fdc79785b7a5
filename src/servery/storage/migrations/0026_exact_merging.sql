-- Merging is exact: what people said of who is not who outlives a merge, and holds for records that join later.

-- Each step says it for itself: taking one back leaves what another said. `one_by`, `other_by`: the record of the same
-- guest of which it was said, where it holds for this one because it joined that guest.
alter table not_same drop constraint not_same_pkey;
alter table not_same
    add column one_by bigint,
    add column other_by bigint,
    add primary key (one_id, other_id, log_id);
create index not_same_log on not_same (log_id);

-- Pairs that a person's merge `lifted_by` made one: what was said of them holds again as soon as they are two.
create table not_same_lifted (
    one_id bigint not null references source_guest on delete cascade,
    other_id bigint not null references source_guest on delete cascade,
    log_id bigint not null references guest_log,
    one_by bigint,
    other_by bigint,
    lifted_by bigint not null references guest_log,
    primary key (one_id, other_id, log_id),
    check (one_id < other_id)
);
create index not_same_lifted_other on not_same_lifted (other_id);
create index not_same_lifted_log on not_same_lifted (log_id);
create index not_same_lifted_by on not_same_lifted (lifted_by);

-- What was said of some records of two guests holds for all of them.
insert into not_same (one_id, other_id, log_id, one_by, other_by)
select distinct on (1, 2, 3) least(x.id, y.id), greatest(x.id, y.id), n.log_id,
       case when x.id < y.id then nullif(a.id, x.id) else nullif(b.id, y.id) end,
       case when x.id < y.id then nullif(b.id, y.id) else nullif(a.id, x.id) end
from not_same n
join source_guest a on a.id = n.one_id join source_guest b on b.id = n.other_id
join source_guest x on x.guest_id = a.guest_id join source_guest y on y.guest_id = b.guest_id
where a.guest_id <> b.guest_id
on conflict do nothing;

-- The story of one guest, and what is said of one record, by index.
create index guest_log_other on guest_log (other_id);
create index guest_log_records on guest_log using gin (source_guest_ids);
create index guest_log_undone_by on guest_log (undone_by) where undone_by is not null;
create index guest_edit_step on guest_edit (step_id) where step_id is not null;
-- By the record that a source merged into another: the source may take it back.
create index guest_log_at_source on guest_log (((detail ->> 'record')::bigint))
    where action = 'merged' and author = 'source' and undone_by is null;

-- Only what a person can decide is asked: likely, and something besides the name agrees. `later`: not before then.
alter table suggestion add column later timestamptz;
delete from suggestion where probability < 0.9 or not exists (
    select from jsonb_array_elements(case jsonb_typeof(reasons) when 'array' then reasons else '[]' end) r
    where r ->> 'comparison' not in ('given', 'family', 'name') and (r ->> 'weight')::float8 > 0);
