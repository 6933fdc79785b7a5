-- Who may sign in or call the API, and what they looked at and changed.
-- Tokens are kept as SHA-256 only: whoever reads this database can use none of them.

create table person (
    id bigint generated always as identity primary key,
    name text not null,
    email text not null,
    email_key text not null unique,
    role text not null check (role in ('host', 'server', 'manager', 'marketer', 'owner', 'integrator')),
    language text check (language in ('en', 'da', 'de', 'es')),
    password_hash text,
    created_at timestamptz not null default now(),
    deactivated_at timestamptz
);

-- A link signs its person in once.
create table sign_in_link (
    token_hash bytea primary key,
    person_id bigint not null references person,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz
);
create index sign_in_link_person on sign_in_link (person_id);

-- Attempts by password in the window that began at `since`. `key` is a hash: of an e-mail that need not be anybody's
-- here, or of an address.
create table sign_in_attempt (
    key bytea primary key,
    since timestamptz not null default now(),
    attempts integer not null default 1
);
create index sign_in_attempt_since on sign_in_attempt (since);

-- A browser that is signed in. How long it stays so is counted from `last_seen`.
create table session (
    id bigint generated always as identity primary key,
    token_hash bytea not null unique,
    person_id bigint not null references person,
    device text not null default '',
    created_at timestamptz not null default now(),
    last_seen timestamptz not null default now()
);
create index session_person on session (person_id);

create table api_key (
    id bigint generated always as identity primary key,
    name text not null,
    role text not null check (role in ('host', 'server', 'manager', 'marketer', 'owner', 'integrator')),
    prefix text not null,
    token_hash bytea not null unique,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    last_used timestamptz,
    revoked_at timestamptz
);

-- Each look at a guest. No reference to guest: a line outlives an erased guest, and a look at many is one quick insert.
create table guest_look (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    viewer_kind text not null,
    viewer_id bigint not null,
    guest_id bigint not null,
    purpose text not null
);
create index guest_look_guest on guest_look (guest_id, id desc);
-- Rows come in order of time and are many: a few pages of BRIN find an old span as well as a large B-tree would.
create index guest_look_at on guest_look using brin (at);

-- Each change that somebody is answerable for: who may sign in, keys, connections.
create table action (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    viewer_kind text not null,
    viewer_id bigint not null,
    action text not null,
    subject text not null,
    detail jsonb not null default '{}'
);

-- The audit only grows. Retention deletes what is older than the instant it names for its own transaction:
--   set local servery.audit_kept_since = '2025-01-01T00:00:00Z'
create function refuse_change_of_audit() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and old.at < nullif(current_setting('servery.audit_kept_since', true), '')::timestamptz then
        return old;
    end if;
    raise exception 'The audit is never changed.' using errcode = 'insufficient_privilege', table = tg_table_name;
end
$$;

create function refuse_truncation_of_audit() returns trigger language plpgsql as $$
begin
    raise exception 'The audit is never changed.' using errcode = 'insufficient_privilege', table = tg_table_name;
end
$$;

create trigger append_only before update or delete on guest_look
    for each row execute function refuse_change_of_audit();
create trigger append_only before update or delete on action
    for each row execute function refuse_change_of_audit();
create trigger never_emptied before truncate on guest_look execute function refuse_truncation_of_audit();
create trigger never_emptied before truncate on action execute function refuse_truncation_of_audit();
