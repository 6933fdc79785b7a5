-- What the daily comparison with each source came to: the last one for each business date, and all that it mended.
-- `gone` are ids of ours that the source did not give this time; where it cannot be asked for one, twice gone is gone.
create table reconciliation (
    connection_id bigint not null references connection,
    venue_id bigint not null references venue,
    resource text not null,
    business_date date not null,
    at timestamptz not null default now(),
    theirs integer not null,
    their_total bigint not null,
    ours integer not null,
    our_total bigint not null,
    missing integer not null,
    stale integer not null,
    removed integer not null,
    mended integer not null,
    gone text[] not null default '{}',
    primary key (connection_id, resource, business_date, venue_id)
);
create index reconciliation_day on reconciliation (business_date);
