-- What staff corrected of a guest, as that by which the next record is known: a row for each guest of whom they wrote a
-- name, an e-mail or a phone that holds. `name` is what the guest is called, whoever says it.
create table guest_said (
    guest_id bigint primary key references guest on delete cascade,
    name text,
    email_key text,
    phone_key text
);
create index guest_said_email on guest_said (email_key) where email_key is not null;
create index guest_said_phone on guest_said (phone_key) where phone_key is not null;

insert into guest_said (guest_id, name, email_key, phone_key)
select id, name,
       case when golden -> 'email' ->> 'source' = '0' then lower(golden -> 'email' ->> 'value') end,
       case when golden -> 'phone' ->> 'source' = '0' then golden -> 'phone' ->> 'value' end
from guest
where merged_into is null and '0' in (
    golden -> 'name' ->> 'source', golden -> 'email' ->> 'source', golden -> 'phone' ->> 'source');
