-- Keeping guests' data clean: what grew old is left out of golden fields, and what a person should mend is listed.

-- After how many months without confirmation a kind of fact is left out; none by default.
create table ageing_rule (
    kind text primary key check (kind in ('phone', 'email', 'address', 'preference', 'allergy', 'note', 'tonight')),
    months integer not null check (months between 6 and 600),
    changed_at timestamptz not null default now()
);

-- Each time something was left out. `rules`: the months by kind. `counts`: how many facts by kind.
create table ageing_run (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    author text not null,
    rules jsonb not null,
    counts jsonb not null default '{}',
    undone_at timestamptz
);

-- One word of a record, or of staff, that is left out until `heard_at`: it was said anew, its guest came again, or the
-- run was taken back. The record itself stays as it is. `value_hash`: which entry of a list.
create table aged_fact (
    id bigint generated always as identity primary key,
    run_id bigint not null references ageing_run,
    kind text not null,
    source_guest_id bigint references source_guest on delete cascade,
    entry_id bigint references guest_entry on delete cascade,
    edit_id bigint references guest_edit on delete cascade,
    value_hash bytea,
    confirmed_at timestamptz not null,
    at timestamptz not null default now(),
    heard_at timestamptz,
    check (num_nonnulls(source_guest_id, entry_id, edit_id) = 1)
);
create index aged_fact_record on aged_fact (source_guest_id) where source_guest_id is not null;
create index aged_fact_entry on aged_fact (entry_id) where entry_id is not null;
create index aged_fact_edit on aged_fact (edit_id) where edit_id is not null;
create index aged_fact_run on aged_fact (run_id);

-- Who comes again confirms what their record says, and what staff wrote of them.
create function hear_of_guest_again() returns trigger language plpgsql as $$
declare
    whose bigint;
begin
    if not exists (select from aged_fact) then
        return null;
    end if;
    select guest_id into whose from source_guest where id = new.source_guest_id;
    with theirs as (
        select whose as id union all select id from guest where merged_into = whose
    ), again as (
        select id from aged_fact where source_guest_id = new.source_guest_id and heard_at is null
        union all
        select f.id from theirs t join guest_entry e on e.guest_id = t.id
        join aged_fact f on f.entry_id = e.id where f.heard_at is null
        union all
        select f.id from theirs t join guest_edit e on e.guest_id = t.id
        join aged_fact f on f.edit_id = e.id where f.heard_at is null
    ), heard as (
        update aged_fact a set heard_at = now() from again where a.id = again.id returning 1
    )
    insert into guest_to_renew (guest_id, golden) select whose, true from heard where whose is not null limit 1;
    return null;
end
$$;
create trigger hear_of_booking after insert or update of starts_at, source_guest_id on reservation
    for each row when (new.source_guest_id is not null and not new.removed) execute function hear_of_guest_again();
create trigger hear_of_visit after insert or update of starts_at, source_guest_id on visit
    for each row when (new.source_guest_id is not null) execute function hear_of_guest_again();

-- A record that its system changed is heard as a whole.
create function hear_record_again() returns trigger language plpgsql as $$
begin
    update aged_fact set heard_at = now() where source_guest_id = new.id and heard_at is null;
    return null;
end
$$;
create trigger hear_of_record after update of revision on source_guest
    for each row when (old.revision is distinct from new.revision) execute function hear_record_again();

-- What a person should mend, month by month and venue by venue; a list without a venue is of guests who were at none.
-- `counts`: how many guests by fault, also where not all of them are listed.
create table mend_list (
    id bigint generated always as identity primary key,
    month date not null,
    venue_id bigint references venue,
    made_at timestamptz not null default now(),
    looked_at timestamptz not null default now(),
    guests bigint not null,
    counts jsonb not null default '{}',
    unique nulls not distinct (month, venue_id)
);
create table mend_item (
    list_id bigint not null references mend_list on delete cascade,
    guest_id bigint not null references guest on delete cascade,
    fault text not null,
    visits integer not null default 0,
    mended_at timestamptz,
    primary key (list_id, fault, guest_id)
);
create index mend_item_guest on mend_item (guest_id);

-- How complete profiles were, month by month: of the guests seen in the twelve months before, how many have each field.
-- Without a venue: of the whole house.
create table completeness (
    month date not null,
    venue_id bigint references venue,
    guests bigint not null,
    known jsonb not null,
    reckoned_at timestamptz not null default now(),
    unique nulls not distinct (month, venue_id)
);
