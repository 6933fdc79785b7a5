-- What arrived, as it came. Rows of `inbox_event` are written once and never changed but for `body` when a closed day is
-- packed; what is still to be done with one stands in `inbox_work`, what became of it in `inbox_outcome`.
-- Partitions are of one UTC day, made ahead and dropped by retention as a whole. `connection_id` has no foreign key: each
-- group of events would lock rows of `connection`, which are never deleted; it is null where nobody knows the merchant.

create sequence inbox_event_id;

create table inbox_event (
    day date not null,
    id bigint not null default nextval('inbox_event_id'),
    connection_id bigint,
    connector text not null,
    via text not null check (via in ('webhook', 'poll', 'backfill', 'reconcile', 'file')),
    kind text not null default '',
    key text not null,
    headers jsonb not null default '{}',
    packed boolean not null default false,
    body bytea not null,
    received_at timestamptz not null default now(),
    -- By id first: events are listed by it over all days, and found without their day.
    primary key (id, day)
) partition by range (day);
create index inbox_event_connection on inbox_event (connection_id, id desc);
alter table inbox_event alter column body set storage external;

-- Which events came already. `key` is the vendor's id of the event, or a hash of its bytes.
create table inbox_seen (
    connection_id bigint not null,
    key text not null,
    seen_at timestamptz not null default now(),
    primary key (connection_id, key)
);
create index inbox_seen_at on inbox_seen using brin (seen_at);

-- Events that are still to be taken in. `lane` is set where an earlier event of the same object failed.
create table inbox_work (
    event_id bigint primary key,
    day date not null,
    connection_id bigint not null,
    lane text,
    attempts integer not null default 0,
    next_try_at timestamptz not null default now(),
    error jsonb
);
create index inbox_work_due on inbox_work (connection_id, next_try_at, event_id);
create index inbox_work_lane on inbox_work (connection_id, lane) where lane is not null;

-- What became of an event.
create table inbox_outcome (
    day date not null,
    event_id bigint not null,
    outcome text not null check (outcome in ('applied', 'unchanged', 'quarantined', 'dismissed')),
    lane text,
    at timestamptz not null default now(),
    primary key (event_id, day)
) partition by range (day);

-- Which records an event speaks of: by it a person's data is found in what came, and the events of an order.
create table inbox_record (
    day date not null,
    event_id bigint not null,
    connection_id bigint not null,
    kind text not null,
    external_id text not null,
    primary key (event_id, day, kind, external_id)
) partition by range (day);
create index inbox_record_of on inbox_record (connection_id, external_id);

-- What could not be taken in, until a person has dealt with it. It keeps its own bytes, longer than the inbox does.
create table quarantine (
    id bigint generated always as identity primary key,
    event_id bigint not null,
    day date not null,
    connection_id bigint references connection,
    connector text not null,
    via text not null,
    kind text not null,
    key text not null default '',
    headers jsonb not null default '{}',
    body bytea not null,
    stage text not null check (stage in ('route', 'read', 'translate', 'apply')),
    lane text,
    attempts integer not null default 0,
    reason jsonb not null,
    at timestamptz not null default now(),
    resolved_at timestamptz,
    resolution text check (resolution in ('replayed', 'dismissed')),
    unique (event_id, day)
);
create index quarantine_open on quarantine (connection_id, id) where resolved_at is null;
create index quarantine_key on quarantine (connection_id, key) where resolved_at is null;

-- Makes the partitions of a day where they are missing, of every table that is parted by days. Each is made beside its
-- table and then attached, which waits for nobody who reads or writes the table.
create function make_day(wanted date) returns void language plpgsql as $$
declare
    parent text;
    part text;
begin
    for parent in
        select c.relname from pg_partitioned_table p join pg_class c on c.oid = p.partrelid
        where p.partstrat = 'r' and c.relnamespace = current_schema()::regnamespace order by 1
    loop
        part := parent || '_' || to_char(wanted, 'YYYYMMDD');
        continue when to_regclass(part) is not null;
        execute format('lock table %I in share update exclusive mode', parent);
        continue when to_regclass(part) is not null;
        execute format('create table %I (like %I including defaults including constraints including indexes '
                       'including storage)', part, parent);
        execute format('alter table %I attach partition %I for values from (%L) to (%L)',
                       parent, part, wanted, wanted + 1);
    end loop;
end $$;
