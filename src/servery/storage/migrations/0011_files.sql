-- Files that were taken from a folder, so that each is taken once whoever looks, and a kill in between takes none twice.

create table file_taken (
    connection_id bigint not null references connection,
    name text not null,
    digest bytea not null,
    size bigint not null,
    outcome text not null check (outcome in ('done', 'failed')),
    rows integer not null default 0,
    rejected integer not null default 0,
    taken_at timestamptz not null default now(),
    primary key (connection_id, name, digest)
);
