-- How the house is: since when something fails, what happened hour by hour, which processes live, what waits for a person
-- and who is told.

alter table sync_state add column failing_since timestamptz;

-- An hour of a connection by day and night is read from what arrived and left in it: few rows of many.
create index inbox_event_received on inbox_event using brin (received_at);
create index inbox_outcome_at on inbox_outcome using brin (at);

-- One hour of one connection. Counts of the running hour and the one before it are made anew as long as they may change;
-- `watched_seconds` is how long somebody watched, `down_seconds` how long of it the connection did not work.
create table health_hour (
    connection_id bigint not null references connection,
    hour timestamptz not null,
    received bigint not null default 0,
    applied bigint not null default 0,
    quarantined bigint not null default 0,
    sent bigint not null default 0,
    failed bigint not null default 0,
    watched_seconds integer not null default 0,
    down_seconds integer not null default 0,
    primary key (connection_id, hour)
);

-- When the house was last looked over, and how long that look counts for; one row.
create table health_turn (
    only_one boolean primary key default true check (only_one),
    at timestamptz not null,
    counted_at timestamptz not null
);

-- Processes that work for this database; one that ends in order takes its row with it. `skew` is its clock less the
-- database's, in seconds.
create table process (
    id uuid primary key,
    kind text not null check (kind in ('web', 'worker')),
    host text not null,
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    skew double precision not null default 0,
    disk_free bigint,
    disk_size bigint
);

-- Something that is not well: one row for each time that it was so. `cause` is what makes two of them the same.
create table repair (
    id bigint generated always as identity primary key,
    cause text not null,
    kind text not null,
    severity text not null check (severity in ('critical', 'warning', 'notice')),
    connection_id bigint references connection,
    params jsonb not null default '{}',
    trouble jsonb,
    since timestamptz not null,
    opened_at timestamptz not null,
    closed_at timestamptz,
    snoozed_until timestamptz,
    ignored_at timestamptz
);
create unique index repair_open on repair (cause) where closed_at is null;
create index repair_closed on repair (cause, closed_at desc) where closed_at is not null;

-- Who is told: an e-mail address, or the address of a webhook with the sealed secret that signs what it gets.
create table alert_receiver (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('email', 'webhook')),
    address text not null,
    sealed bytea,
    least text not null default 'critical' check (least in ('critical', 'warning')),
    digest boolean not null default false,
    language text not null default 'en',
    created_at timestamptz not null default now(),
    error jsonb,
    unique (kind, address)
);

-- What each of them is owed. `turn` counts the reminders of one repair; a digest's is its day.
create table alert (
    id uuid primary key default gen_random_uuid(),
    receiver_id bigint not null references alert_receiver on delete cascade,
    repair_id bigint references repair,
    what text not null check (what in ('opened', 'reminder', 'closed', 'digest', 'test')),
    turn integer not null default 0,
    due_at timestamptz not null,
    attempts integer not null default 0,
    sent_at timestamptz,
    unique nulls not distinct (receiver_id, repair_id, what, turn)
);
create index alert_due on alert (due_at) where sent_at is null;

-- When the last backup was made is asked at every look; the audit holds it, among much else.
create index action_backup on action (at) where action = 'backup-made';
