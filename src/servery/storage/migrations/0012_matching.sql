-- What of each source record is compared, made anew when `version` is behind the code's; `keys`: where it is looked up.
create table match_features (
    source_guest_id bigint primary key references source_guest on delete cascade,
    version integer not null,
    body jsonb not null,
    keys bigint[] not null
);
create index match_features_keys on match_features using gin (keys) with (fastupdate = off);

-- Every training's weights; the newest counts.
create table match_weights (
    version integer primary key generated always as identity,
    trained_at timestamptz not null default now(),
    records bigint not null,
    body jsonb not null
);

-- Whole runs over all guests: what each changed, and whether it was taken back.
create table match_run (
    id bigint generated always as identity primary key,
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    author text not null,
    weights integer,
    records bigint not null,
    undone_at timestamptz,
    -- [source record, guest before, guest after] for each record that moved.
    moves jsonb not null default '[]'
);
