-- Merging that can be taken back at any time, and what people said of who is not who.

-- Beside which record the rules put this one: where that one is parted from the guest, this one goes along.
alter table source_guest add column joined_with bigint;

-- One id for each step: `kept` are the records that the survivor had, `undone_by` the line that took this one back.
alter table guest_log
    add column kept bigint[] not null default '{}',
    add column undone_by bigint references guest_log,
    add column detail jsonb not null default '{}';
create index guest_log_standing on guest_log (other_id) where action = 'merged' and undone_by is null;
create index guest_log_merged on guest_log (guest_id) where action = 'merged' and undone_by is null;
create index guest_log_at on guest_log using brin (at);
create index source_guest_merged on source_guest (connection_id, merged_into) where merged_into is not null;
create index guest_merged on guest (merged_into) where merged_into is not null;

-- Two records that are not the same person's: a person said so in the line `log_id`. It holds for the rules, for sources
-- and for runs over the whole base, until a person says otherwise.
create table not_same (
    one_id bigint not null references source_guest on delete cascade,
    other_id bigint not null references source_guest on delete cascade,
    log_id bigint not null references guest_log,
    primary key (one_id, other_id),
    check (one_id < other_id)
);
create index not_same_other on not_same (other_id);

-- Two records that may well be one person's, as a score says. It is open while they are two guests' and nobody said that
-- they are not the same person. `reasons` are what the score is made of.
create table suggestion (
    id bigint generated always as identity primary key,
    one_id bigint not null references source_guest on delete cascade,
    other_id bigint not null references source_guest on delete cascade,
    probability double precision not null,
    reasons jsonb not null default '[]',
    made_at timestamptz not null default now(),
    unique (one_id, other_id),
    check (one_id < other_id)
);
create index suggestion_likeliest on suggestion (probability desc, id);
create index suggestion_other on suggestion (other_id);

-- An e-mail or a phone under which so many guests are known that it tells nobody from anybody: a company's, a desk's.
create table crowded_contact (
    contact text primary key,
    since timestamptz not null default now()
);

-- A step is told to whoever wants to know of merges: its line in the log is what is sent.
alter table outbox_target drop constraint outbox_target_kind_check;
alter table outbox_target add constraint outbox_target_kind_check check (kind in ('guest', 'party', 'visit', 'merge'));
