-- Setting a connection up: what was entered and proved before its venues are chosen, the steps that were gone through,
-- the days that wait to be matched anew, and how a connection was proved to work.

create table set_up (
    id bigint generated always as identity primary key,
    connector text not null,
    name text not null,
    given bytea,
    account jsonb not null,
    connection_id bigint references connection,
    created_at timestamptz not null default now()
);

alter table connection add column steps_done text[] not null default '{}';

-- Business days whose tables were paired otherwise since they were matched.
create table day_to_form (
    venue_id bigint not null references venue,
    business_date date not null,
    asked_at timestamptz not null default now(),
    primary key (venue_id, business_date)
);

-- Whom an authorisation is for: it opens to one session only, or to whoever the command line sent.
alter table authorisation add column name text not null default '';

create table verification (
    id bigint generated always as identity primary key,
    connection_id bigint not null references connection,
    write boolean not null,
    wait integer not null default 600,
    asked_at timestamptz not null default now(),
    leased_until timestamptz,
    ended_at timestamptz,
    stopped boolean not null default false,
    steps jsonb not null default '[]'
);
create index verification_connection on verification (connection_id, id desc);
create index verification_open on verification (id) where ended_at is null;

-- What a verification put into an outside system. Written before it is put there, so that it is taken away again even
-- where we die in between.
create table planted (
    our_id uuid primary key,
    connection_id bigint not null references connection,
    verification_id bigint not null references verification,
    command jsonb not null,
    external_id text,
    at timestamptz not null default now(),
    cleared_at timestamptz,
    attempts integer not null default 0,
    next_try_at timestamptz not null default now(),
    error jsonb
);
create index planted_open on planted (next_try_at) where cleared_at is null;
