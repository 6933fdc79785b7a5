-- Venues, connections, and every record that outside systems send, each once per (connection, external id).
-- A record keeps its universal struct as `body`; columns beside it exist only to find, join or add up.

create table venue (
    id bigint generated always as identity primary key,
    name text not null,
    name_key text not null unique,
    body jsonb not null,
    created_at timestamptz not null default now()
);

create table connection (
    id bigint generated always as identity primary key,
    name text not null unique,
    connector text not null,
    paused boolean not null default false,
    removed_at timestamptz,
    settings jsonb not null default '{}',
    sealed bytea,
    account jsonb,
    created_at timestamptz not null default now()
);

-- Which venue a location of an outside account is.
create table venue_link (
    connection_id bigint not null references connection,
    location text not null,
    venue_id bigint not null references venue,
    primary key (connection_id, location)
);

create table guest (
    id bigint generated always as identity primary key,
    merged_into bigint references guest,
    name text,
    sort_key bytea not null default '',
    search text[] not null default '{}',
    golden jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index guest_search on guest using gin (search);
create index guest_sorted on guest (sort_key, id) where merged_into is null;
create index guest_updated on guest (updated_at, id);

-- One person as one system knows them. `guest_id` is the cluster; `link` says why it is in it. `parts`: for one that
-- comes in parts, which of its fields are of an older revision than the row's.
create table source_guest (
    id bigint generated always as identity primary key,
    connection_id bigint not null references connection,
    external_id text not null,
    revision bigint not null,
    digest bytea not null default '',
    body jsonb not null default '{}',
    parts jsonb,
    removed boolean not null default false,
    merged_into text,
    email_key text,
    phone_key text,
    guest_id bigint references guest,
    link jsonb,
    seen_at timestamptz not null default now(),
    unique (connection_id, external_id)
);
create index source_guest_cluster on source_guest (guest_id);
create index source_guest_email on source_guest (email_key) where email_key is not null;
create index source_guest_phone on source_guest (phone_key) where phone_key is not null;

-- What was done to the clusters, for ever.
create table guest_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    action text not null,
    guest_id bigint not null,
    other_id bigint,
    source_guest_ids bigint[] not null default '{}',
    author text not null,
    reason text not null
);
create index guest_log_guest on guest_log (guest_id);

create table visit (
    id bigint generated always as identity primary key,
    venue_id bigint not null references venue,
    business_date date not null,
    starts_at timestamptz not null,
    ends_at timestamptz,
    walk_in boolean not null,
    covers integer,
    covers_source text,
    source_guest_id bigint references source_guest,
    table_name text,
    spend bigint not null default 0,
    net_sales bigint not null default 0,
    tips bigint not null default 0,
    currency text not null,
    merged_into bigint references visit,
    gone_at timestamptz,
    updated_at timestamptz not null default now()
);
create index visit_updated on visit (updated_at, id);
create index visit_day on visit (venue_id, business_date);
create index visit_guest on visit (source_guest_id, starts_at desc) where source_guest_id is not null;

create table reservation (
    id bigint generated always as identity primary key,
    venue_id bigint not null references venue,
    connection_id bigint not null references connection,
    external_id text not null,
    revision bigint not null,
    digest bytea not null,
    removed boolean not null default false,
    business_date date not null,
    starts_at timestamptz not null,
    status text not null,
    party_size integer not null,
    table_keys text[] not null default '{}',
    source_guest_id bigint references source_guest,
    visit_id bigint references visit,
    body jsonb not null,
    seen_at timestamptz not null default now(),
    unique (connection_id, external_id)
);
create index reservation_day on reservation (venue_id, business_date);
create index reservation_guest on reservation (source_guest_id, starts_at desc) where source_guest_id is not null;
create index reservation_seen on reservation (seen_at, id);
create index reservation_external on reservation (external_id);
create index reservation_visit on reservation (visit_id) where visit_id is not null;

-- `own_payments`: the check's own record of its payments, where ones sent apart took their places in `body`.
-- `parts`: for a check that comes in parts, which of its fields and lines are of an older revision than the row's.
create table checks (
    id bigint generated always as identity primary key,
    venue_id bigint not null references venue,
    connection_id bigint not null references connection,
    external_id text not null,
    revision bigint not null,
    digest bytea not null,
    removed boolean not null default false,
    merged_into text,
    business_date date not null,
    opened_at timestamptz not null,
    closed_at timestamptz,
    status text not null,
    label text,
    table_name text,
    covers integer,
    total bigint not null,
    net_sales bigint not null,
    tips bigint not null,
    refunded bigint not null,
    difference bigint not null,
    currency text not null,
    split_from text,
    -- A record that only gives back money paid on another check: it belongs to that one's visit, whenever it comes.
    refund_of text generated always as (case when total = 0 and refunded > 0 then split_from end) stored,
    reservation_told text,
    source_guest_id bigint references source_guest,
    visit_id bigint references visit,
    match jsonb,
    candidates jsonb,
    body jsonb not null,
    own_payments jsonb,
    parts jsonb,
    seen_at timestamptz not null default now(),
    unique (venue_id, connection_id, external_id)
);
create index checks_source on checks (connection_id, external_id);
create index checks_guest on checks (source_guest_id) where source_guest_id is not null;
create index checks_day on checks (venue_id, business_date);
create index checks_seen on checks (seen_at, id);
create index checks_refund on checks (venue_id, connection_id, refund_of) where refund_of is not null;
create index checks_visit on checks (visit_id) where visit_id is not null;
create index checks_number on checks ((body ->> 'number')) where body ->> 'number' is not null;
create index checks_differ on checks (venue_id, business_date) where difference <> 0;
create index checks_ambiguous on checks (venue_id, business_date) where candidates is not null;

-- Payments that their source sends apart from the check; they join its body when both are here.
create table payment (
    id bigint generated always as identity primary key,
    connection_id bigint not null references connection,
    external_id text not null,
    check_external_id text not null,
    revision bigint not null,
    digest bytea not null,
    removed boolean not null default false,
    guest_external_id text,
    body jsonb not null,
    seen_at timestamptz not null default now(),
    unique (connection_id, external_id)
);
create index payment_check on payment (connection_id, check_external_id);

-- What sources said of the end of their records, also of records that we have not seen yet: a record is `removed` as
-- long as its own revision is not newer than the one here.
create table removal (
    connection_id bigint not null references connection,
    kind text not null,
    external_id text not null,
    revision bigint not null,
    merged_into text,
    primary key (connection_id, kind, external_id)
);

create table venue_table (
    venue_id bigint not null references venue,
    connection_id bigint not null references connection,
    revision bigint not null,
    position integer not null,
    name text not null,
    table_key text not null,
    seats integer,
    area text,
    external_id text,
    primary key (venue_id, connection_id, position)
);

create table menu (
    id bigint generated always as identity primary key,
    venue_id bigint references venue,
    connection_id bigint not null references connection,
    external_id text not null,
    revision bigint not null,
    digest bytea not null,
    body jsonb not null,
    unique nulls not distinct (connection_id, external_id, venue_id)
);

-- The menu laid flat: what can be on a line, by the id that lines carry and by name.
create table menu_item (
    menu_id bigint not null references menu on delete cascade,
    position integer not null,
    external_id text,
    name text not null,
    name_key text not null,
    category text,
    kind text not null,
    price bigint,
    primary key (menu_id, position)
);
create index menu_item_external on menu_item (external_id);
create index menu_item_name on menu_item (name_key);

-- How far each resource of each connection has been read.
create table sync_state (
    connection_id bigint not null references connection,
    resource text not null,
    polled_until timestamptz,
    backfill_until timestamptz,
    backfill_since timestamptz,
    spans_done jsonb not null default '[]',
    backfill_started_at timestamptz,
    backfill_done_at timestamptz,
    records bigint not null default 0,
    last_ok_at timestamptz,
    attempts integer not null default 0,
    next_try_at timestamptz,
    error jsonb,
    primary key (connection_id, resource)
);
