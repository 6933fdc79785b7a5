-- Who was erased may come back, and what is under way while somebody is erased is waited for.

-- `kind`: what a hash is of. `let_in_at`: since when the person is welcome again, and only what is new of them.
alter table erased_key
    add column kind text not null default 'other' check (kind in ('guest', 'contact', 'card', 'other')),
    add column let_in_at timestamptz;

-- Which line of the log beside the database tells of this erasure: a backup that knows it already needs it no more.
alter table erasure add column line uuid unique;

-- Somebody was let in again: who decided it, or that they booked anew. Never of whom.
create table let_in (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    reason text not null check (reason in ('booked', 'asked', 'restore')),
    viewer_kind text not null,
    viewer_id bigint not null,
    erasure_ids bigint[] not null
);
create index let_in_erasures on let_in using gin (erasure_ids);

-- What was being sent of somebody when they were erased, or was sent with an unknown end: looked after until it is known.
create table erasure_awaited (
    target_id bigint primary key references outbox_target on delete cascade,
    erasure_id bigint not null references erasure on delete cascade,
    next_look_at timestamptz not null default now()
);
create index erasure_awaited_erasure on erasure_awaited (erasure_id);

-- `way`: a record is deleted there, a message tells the other side, files that we put there are written anew.
alter table erasure_receipt add column way text not null default 'record' check (way in ('record', 'message', 'files'));
alter table erasure_receipt drop constraint erasure_receipt_outcome_check;
alter table erasure_receipt add constraint erasure_receipt_outcome_check
    check (outcome in ('deleted', 'anonymised', 'gone', 'by_hand', 'told', 'removed'));

-- An erasure is told to whoever was told of the guest, and takes what it says from its receipts.
alter table outbox_target drop constraint outbox_target_kind_check;
alter table outbox_target add constraint outbox_target_kind_check
    check (kind in ('guest', 'party', 'visit', 'merge', 'erasure'));

-- The ledger cannot be emptied as a whole either.
create or replace function refuse_change_of_consent() returns trigger language plpgsql as $$
begin
    if tg_op in ('DELETE', 'TRUNCATE') and current_setting('servery.erasing', true) = 'on' then
        return old;
    end if;
    raise exception 'The ledger of consent is never changed.'
        using errcode = 'insufficient_privilege', table = tg_table_name;
end
$$;
create trigger never_emptied before truncate on consent
    for each statement execute function refuse_change_of_consent();

-- The ledger by guest: each line under the id that its guest has now. `heard`: this source may speak of consent here, and
-- its record is not gone. By this alone anybody says what a guest agreed to.
create view guest_consent as
select s.guest_id as of_guest,
       not exists (select from field_rule f where f.connection_id = s.connection_id and f.field = 'consent'
                   and f.direction in ('out', 'none')) as heard,
       s.removed as gone, c.*
from source_guest s join consent c on c.source_guest_id = s.id
union all
select g.id, true, false, c.* from guest g join consent c on c.guest_id = g.id where g.merged_into is null
union all
select g.merged_into, true, false, c.* from guest g join consent c on c.guest_id = g.id where g.merged_into is not null;
