-- How long the reading of a past really takes, without pauses: the stretches that were timed, and the seconds they took.
-- Stretches read before this was kept are not among them.
alter table sync_state
    add column stretches_timed integer not null default 0,
    add column backfill_seconds double precision not null default 0,
    -- When something of the past was last read: a past that stands still holds up nobody else.
    add column backfill_moved_at timestamptz;

-- Guests who changed while a past was being read: every system is told of them when it is, once and not for each visit.
create table guest_waiting (
    guest_id bigint primary key references guest on delete cascade
);
-- Who was left out so far is not known any more: everybody is looked at once.
insert into guest_waiting
select id from guest where merged_into is null
and exists (select from sync_state where backfill_since is not null and backfill_done_at is null);
