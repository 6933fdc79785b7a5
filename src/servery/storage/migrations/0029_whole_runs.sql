-- Work over all guests that somebody asked for and the worker does: look what a run would change (`look`), join whom a
-- look found (`join`), take a run back (`undo`), learn weights (`learn`). `step`: what it is at; `tries`: how often it
-- was begun; a worker that ended in the middle left it at work. `found`: how many of what; `fault`: what went wrong.
-- What happened after step `log_id` of the log, or was said by a system after `as_of`, a look did not see.
create table guest_work (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('look', 'join', 'undo', 'learn')),
    author text not null,
    role text not null,
    asked_at timestamptz not null default now(),
    state text not null default 'waits' check (state in ('waits', 'works', 'done', 'failed', 'left', 'used')),
    step text,
    tries integer not null default 0,
    begun_at timestamptz,
    ended_at timestamptz,
    weights integer,
    look_id bigint references guest_work,
    run_id bigint references match_run,
    log_id bigint,
    as_of timestamptz,
    found jsonb not null default '{}',
    fault jsonb
);
create unique index guest_work_one_at_a_time on guest_work ((true)) where state in ('waits', 'works');

-- What a look found, the least sure first: numbers of guests and records alone, until it is used, left or a day old.
-- `pairs`: of each guest but the first the two records that speak most for it.
create table found_join (
    work_id bigint not null references guest_work on delete cascade,
    place integer not null,
    guest_ids bigint[] not null,
    pairs jsonb not null,
    primary key (work_id, place)
);
create table found_ask (
    work_id bigint not null references guest_work on delete cascade,
    place integer not null,
    one_id bigint not null,
    other_id bigint not null,
    primary key (work_id, place)
);
create table found_part (
    work_id bigint not null references guest_work on delete cascade,
    place integer not null,
    guest_id bigint not null,
    record_id bigint not null,
    primary key (work_id, place)
);

alter table match_run add column undone_by text;
