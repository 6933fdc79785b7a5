-- Who answers for what is held of guests, as the law has guests told: of the house, and of no guest. Always one row.
-- `body`: null while nobody is written down. `before`: what stood there until the last change. `revision`: how many
-- changes there were.
create table controller (
    one boolean primary key default true check (one),
    body jsonb,
    before jsonb,
    revision bigint not null default 0,
    changed_at timestamptz
);
insert into controller default values;
