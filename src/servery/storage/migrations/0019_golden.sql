-- What staff say of a guest themselves. A row belongs to the guest under whose id it was said: where that one is absorbed
-- it counts for the survivor, and it is that one's again when the merge is taken back.

-- One field. `value` null: nothing is known. `over`: what each record said then, as a hash; one that says something else
-- afterwards has changed, and is heard. `step_id`: chosen in that merge, and gone with it.
create table guest_edit (
    id bigint generated always as identity primary key,
    guest_id bigint not null references guest on delete cascade,
    field text not null,
    value jsonb,
    over jsonb not null default '{}',
    at timestamptz not null default now(),
    author text not null,
    step_id bigint references guest_log,
    undone_at timestamptz
);
create index guest_edit_guest on guest_edit (guest_id) where undone_at is null;

-- One entry of a list. `present` false: staff say that it is not so. A note for tonight holds on its business date alone.
create table guest_entry (
    id bigint generated always as identity primary key,
    guest_id bigint not null references guest on delete cascade,
    kind text not null check (kind in ('allergy', 'preference', 'tag', 'note', 'tonight')),
    text text not null,
    present boolean not null default true,
    business_date date,
    at timestamptz not null default now(),
    author text not null,
    undone_at timestamptz,
    check ((kind = 'tonight') = (business_date is not null))
);
create index guest_entry_guest on guest_entry (guest_id) where undone_at is null;

-- Tags that guests have as long as a condition holds, and who has them now.
create table tag_rule (
    id bigint generated always as identity primary key,
    tag text not null unique,
    condition jsonb not null,
    made_at timestamptz not null default now(),
    author text not null,
    reckoned_at timestamptz
);
create table rule_tag (
    rule_id bigint not null references tag_rule on delete cascade,
    guest_id bigint not null references guest on delete cascade,
    primary key (rule_id, guest_id)
);
create index rule_tag_guest on rule_tag (guest_id);
