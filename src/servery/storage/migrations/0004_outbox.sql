-- Which installation this is, for ever: restored from a backup it is still the same, and so are the ids it gives.
create table installation (
    id uuid not null default gen_random_uuid(),
    only_one boolean primary key default true check (only_one)
);
insert into installation default values;

-- What each outside system is to hold: one row for each object there. The transaction that changes a guest, a booking or
-- a visit marks the row due; what is sent is composed when it is sent, so that a backlog never sends what is outdated.
-- `tried_version` and `tried_digest` stand from just before a state is sent until its end is known: where they outlive
-- the lease, nobody knows whether it went through, and it is looked up before anything else is sent.
-- `marked_at` is since when something waits to be sent.

create table outbox_target (
    id bigint generated always as identity primary key,
    connection_id bigint not null references connection,
    kind text not null check (kind in ('guest', 'party', 'visit')),
    subject_id bigint not null,
    our_id uuid not null,
    external_id text,
    version bigint not null default 1,
    sent_version bigint not null default 0,
    sent_digest bytea,
    sent_at timestamptz,
    written jsonb not null default '{}',
    skipped text[] not null default '{}',
    state text not null default 'due' check (state in ('due', 'ambiguous', 'rests', 'refused', 'held')),
    marked_at timestamptz not null default now(),
    attempts integer not null default 0,
    next_try_at timestamptz not null default now(),
    leased_until timestamptz,
    fence bigint not null default 0,
    tried_version bigint,
    tried_digest bytea,
    error jsonb,
    unique (connection_id, kind, subject_id)
) with (fillfactor = 70);
create index outbox_due on outbox_target (connection_id, next_try_at, id) where state in ('due', 'ambiguous');
create index outbox_external on outbox_target (connection_id, kind, external_id) where external_id is not null;
create index outbox_subject on outbox_target (kind, subject_id);
create index outbox_waiting on outbox_target (connection_id, state) where state <> 'rests';

-- Every attempt: what we tried and how it ended, without personal data. Partitions of one UTC day.
create table outbox_attempt (
    day date not null,
    id bigint generated always as identity,
    target_id bigint not null,
    connection_id bigint not null,
    at timestamptz not null default now(),
    version bigint not null,
    outcome text not null
        check (outcome in ('sent', 'found', 'absent', 'retry', 'ambiguous', 'needs_person', 'refused')),
    milliseconds integer not null,
    error jsonb,
    primary key (day, id)
) partition by range (day);
create index outbox_attempt_target on outbox_attempt (target_id, id desc);
create index outbox_attempt_connection on outbox_attempt (connection_id, at desc);

-- What holds a connection's sending back, shared by all processes that send: its breaker (until `open_until` nothing is
-- sent, then one object as a probe), what a person must mend first (`stopped`, as long as the credentials are those of
-- `stopped_for`), and the requests made in the windows of its limits.
create table outbox_gate (
    connection_id bigint primary key references connection,
    failures integer not null default 0,
    failing_since timestamptz,
    open_until timestamptz,
    stopped jsonb,
    stopped_for bytea,
    windows jsonb not null default '{}'
);
