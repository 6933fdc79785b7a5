-- Answers to requests that carry an Idempotency-Key, so that a repeat does nothing twice. The key itself is not kept: by
-- it alone the fingerprint of a body, which may hold credentials, can be made again. Without an answer the first is still
-- at work.

create table asked_once (
    asked_by text not null,
    key_hash bytea not null,
    fingerprint bytea not null,
    asked_at timestamptz not null default now(),
    status integer,
    answer bytea,
    primary key (asked_by, key_hash)
);

create index asked_once_asked_at on asked_once (asked_at);
