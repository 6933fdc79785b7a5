-- What of each source record is compared, made anew when `version` is behind the code's; `keys`: where it is looked up.
create table match_features (
    source_guest_id bigint primary key references source_guest on delete cascade,
    version bigint not null,
    body jsonb not null,
    keys bigint[] not null
);
create index match_features_keys on match_features using gin (keys) with (fastupdate = off);

-- Every training's weights; the newest counts.
create table match_weights (
    version bigint primary key generated always as identity,
    trained_at timestamptz not null default now(),
    records bigint not null,
    body jsonb not null
);

-- Runs over all guests: the steps of the log that each wrote, and whether it was taken back.
create table match_run (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    author text not null,
    weights integer not null,
    records bigint not null,
    steps bigint[] not null default '{}',
    undone_at timestamptz
);
