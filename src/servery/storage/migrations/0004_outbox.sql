-- What each outside system is to hold: one row for each object there. The transaction that changes a guest, a booking or
-- a visit marks the row due; what is sent is composed when it is sent, so that a backlog never sends what is outdated.

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
    error jsonb,
    unique (connection_id, kind, subject_id)
);
create index outbox_due on outbox_target (connection_id, next_try_at, id) where state in ('due', 'ambiguous');
create index outbox_external on outbox_target (connection_id, kind, external_id) where external_id is not null;
create index outbox_subject on outbox_target (kind, subject_id);

-- Every attempt: what we asked and what they answered, without personal data. Partitions of one UTC day.
create table outbox_attempt (
    day date not null,
    id bigint generated always as identity,
    target_id bigint not null,
    connection_id bigint not null,
    at timestamptz not null default now(),
    version bigint not null,
    outcome text not null check (outcome in ('sent', 'unchanged', 'found', 'retry', 'ambiguous', 'needs_person', 'refused')),
    milliseconds integer not null,
    error jsonb,
    primary key (day, id)
) partition by range (day);
create index outbox_attempt_target on outbox_attempt (target_id, id desc);
create index outbox_attempt_connection on outbox_attempt (connection_id, at desc);

-- A connection's breaker and the windows of its limits, shared by all processes that send.
create table outbox_gate (
    connection_id bigint primary key references connection,
    failures integer not null default 0,
    open_until timestamptz,
    windows jsonb not null default '[]'
);
