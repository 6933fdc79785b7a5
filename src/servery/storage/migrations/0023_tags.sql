-- Tags by rule that can be taken back, and which value of a field is a guest's own where the owner chose so.

alter table tag_rule drop constraint tag_rule_tag_key;
-- `before`: the rule as it was until its last change, null where it was none. `reckoned_for`: the business date on which
-- all guests were last held against it.
alter table tag_rule
    add column removed_at timestamptz,
    add column before jsonb,
    add column reckoned_for date;
create unique index tag_rule_tag on tag_rule (lower(tag)) where removed_at is null;
alter table rule_tag add column since timestamptz not null default now();

-- Guests of whom something changed that rules go by, and with `golden` those whose golden fields are to be made anew. One
-- may stand here several times: so nobody waits for anybody to write it down.
create table guest_to_renew (
    guest_id bigint not null,
    golden boolean not null default false
);

-- A visit that became another guest's, or nobody's, is one less for whose it was.
create function renew_former_guest() returns trigger language plpgsql as $$
begin
    insert into guest_to_renew (guest_id)
    select guest_id from source_guest where id = old.source_guest_id and guest_id is not null;
    return null;
end
$$;
create trigger renew_former_guest after update of source_guest_id on visit
    for each row when (old.source_guest_id is not null and old.source_guest_id is distinct from new.source_guest_id)
    execute function renew_former_guest();

-- The fields whose value is chosen otherwise than by default.
create table survivorship_rule (
    field text primary key,
    rule text not null check (rule in ('owner', 'recent', 'complete')),
    connection_id bigint references connection,
    changed_at timestamptz not null default now(),
    check ((rule = 'owner') = (connection_id is not null))
);
