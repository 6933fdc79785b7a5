-- What the owner chooses for a connection beyond its credentials.

-- live: as it happens; batch: at the times in `batch_at` (minutes after midnight, venue time); hybrid: both.
alter table connection
    add column pace text not null default 'live' check (pace in ('live', 'batch', 'hybrid')),
    add column batch_at integer[] not null default '{}',
    add column live_from timestamptz,
    add column spare_service boolean not null default false,
    add column verified_at timestamptz,
    add column looked_at timestamptz;

-- Which way a field goes, where the owner chose otherwise than the default.
create table field_rule (
    connection_id bigint not null references connection,
    field text not null,
    direction text not null check (direction in ('in', 'out', 'both', 'none')),
    primary key (connection_id, field)
);

-- A table of one system that is a table of the venue under another name. `table_key` null: it is none of them.
create table table_pair (
    connection_id bigint not null references connection,
    venue_id bigint not null references venue,
    their_key text not null,
    their_name text not null,
    table_key text,
    primary key (connection_id, venue_id, their_key)
);

-- A vendor's application: its id and secrets are the same for all connections to that vendor.
create table application (
    connector text primary key,
    settings jsonb not null default '{}',
    sealed bytea,
    updated_at timestamptz not null default now()
);

-- Somebody sent to a vendor to authorise us. `given` holds what was entered before, sealed.
create table authorisation (
    state_hash bytea primary key,
    connector text not null,
    connection_id bigint references connection,
    person_id bigint references person,
    verifier text,
    given bytea not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);

-- People's records that came from a system while we were writing there. `held` is what they said of their own before.
create table unsure_guest (
    connection_id bigint not null references connection,
    external_id text not null,
    held jsonb not null default '{}',
    at timestamptz not null default now(),
    primary key (connection_id, external_id)
);

-- Guests whose golden fields are to be made anew, since the owner chose who speaks for a field: done up to this guest.
create table recomputing (
    connection_id bigint primary key references connection,
    total integer not null,
    done integer not null default 0,
    after_guest bigint not null default 0,
    started_at timestamptz not null default now()
);

-- Whom a guest has absorbed: what was told of them somewhere is told of the guest now.
create index guest_absorbed on guest (merged_into) where merged_into is not null;
