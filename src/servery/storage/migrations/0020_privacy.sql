-- What guests may ask of whoever keeps their data: to be told, to be forgotten, not to be written to.

-- Each erasure: how much was found and emptied, never of whom. `guest_ids` are numbers that nothing stands behind any more.
create table erasure (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    viewer_kind text not null,
    viewer_id bigint not null,
    reason text not null check (reason in ('request', 'retention', 'restore')),
    guest_ids bigint[] not null default '{}',
    counts jsonb not null default '{}',
    cleaned_at timestamptz
);
create index erasure_guests on erasure using gin (guest_ids);

-- By what somebody who was erased is known when a system tells of them again: hashes under a key that is not in here.
create table erased_key (
    hash bytea primary key,
    erasure_id bigint not null references erasure on delete cascade
);
create index erased_key_erasure on erased_key (erasure_id);

-- What is to be done in each system that knew the guest, and what came of it. `external_id` stands until it is done.
create table erasure_receipt (
    id bigint generated always as identity primary key,
    erasure_id bigint not null references erasure on delete cascade,
    connection_id bigint not null references connection,
    external_id text,
    state text not null check (state in ('due', 'by_hand', 'done', 'refused')),
    outcome text check (outcome in ('deleted', 'anonymised', 'gone', 'by_hand')),
    attempts integer not null default 0,
    next_try_at timestamptz not null default now(),
    error jsonb,
    done_at timestamptz
);
create index erasure_receipt_erasure on erasure_receipt (erasure_id);
create index erasure_receipt_due on erasure_receipt (next_try_at) where state = 'due';

-- Tables that something was emptied in: their files hold it until they are written anew.
create table to_rewrite (
    name text primary key,
    since timestamptz not null default now()
);

-- Who agreed to what, line by line, for ever. A line is a source record's word or, where `source_guest_id` is null, one
-- that a person wrote down for the guest (`by_guest`: as the guest's own).
create table consent (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    guest_id bigint,
    source_guest_id bigint references source_guest on delete cascade,
    channel text not null default 'any' check (channel in ('any', 'email', 'sms', 'phone', 'post')),
    purpose text not null default 'marketing',
    state text not null check (state in ('granted', 'denied', 'unknown')),
    text_version text,
    source text not null,
    by_guest boolean not null default false,
    viewer_kind text not null,
    viewer_id bigint not null,
    check ((guest_id is null) <> (source_guest_id is null))
);
create index consent_guest on consent (guest_id) where guest_id is not null;
create index consent_source_guest on consent (source_guest_id) where source_guest_id is not null;

create function refuse_change_of_consent() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('servery.erasing', true) = 'on' then
        return old;
    end if;
    raise exception 'The ledger of consent is never changed.'
        using errcode = 'insufficient_privilege', table = tg_table_name;
end
$$;
create trigger append_only before update or delete on consent
    for each row execute function refuse_change_of_consent();

-- What a source says of marketing goes into the ledger whenever it says something else.
create function note_consent() returns trigger language plpgsql as $$
begin
    insert into consent (source_guest_id, state, source, viewer_kind, viewer_id)
    select new.id, coalesce(new.body ->> 'marketing', 'unknown'), c.name, 'system', 0
    from connection c where c.id = new.connection_id;
    return null;
end
$$;
create trigger consent_of_new after insert on source_guest
    for each row when (new.body ? 'marketing') execute function note_consent();
create trigger consent_of_changed after update of body on source_guest
    for each row when (old.body ->> 'marketing' is distinct from new.body ->> 'marketing')
    execute function note_consent();
insert into consent (at, source_guest_id, state, source, viewer_kind, viewer_id)
select s.seen_at, s.id, s.body ->> 'marketing', c.name, 'system', 0
from source_guest s join connection c on c.id = s.connection_id where s.body ? 'marketing';

-- What a guest asked for under the law, and until when it is to be answered.
create table subject_request (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('access', 'erasure', 'rectification', 'objection', 'restriction', 'portability')),
    guest_id bigint,
    asked_by text,
    received_on date not null,
    due_on date not null,
    extended_on date,
    extension_reason text,
    closed_at timestamptz,
    outcome text check (outcome in ('done', 'refused', 'withdrawn')),
    opened_by text not null,
    created_at timestamptz not null default now()
);
create index subject_request_open on subject_request (due_on) where closed_at is null;
create index subject_request_guest on subject_request (guest_id) where guest_id is not null;

-- What is not kept for ever: how many months each kind of fact is, where the owner chose so.
create table retention_rule (
    kind text primary key,
    months integer not null check (months between 1 and 600),
    changed_at timestamptz not null default now()
);
create table retention_run (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    kind text not null,
    months integer not null,
    found bigint not null,
    done bigint not null,
    ended_at timestamptz
);
create index retention_run_at on retention_run (id desc);
