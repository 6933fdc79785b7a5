-- How many records each connection brought, counted as they come and go: to count them anew for each look at a page takes
-- the longer the more there are. Who writes a connection's records waits for its lock, so nobody waits for a count.
create table record_count (
    connection_id bigint not null references connection,
    kind text not null,
    n bigint not null,
    primary key (connection_id, kind)
) with (fillfactor = 50);

create function count_records() returns trigger language plpgsql as $$
begin
    insert into record_count as counted (connection_id, kind, n)
    select connection_id, tg_argv[0], case tg_op when 'INSERT' then count(*) else -count(*) end
    from changed group by connection_id order by connection_id
    on conflict (connection_id, kind) do update set n = counted.n + excluded.n;
    return null;
end $$;

create trigger counted_in after insert on source_guest referencing new table as changed
    for each statement execute function count_records('guest');
create trigger counted_out after delete on source_guest referencing old table as changed
    for each statement execute function count_records('guest');
create trigger counted_in after insert on reservation referencing new table as changed
    for each statement execute function count_records('reservation');
create trigger counted_out after delete on reservation referencing old table as changed
    for each statement execute function count_records('reservation');
create trigger counted_in after insert on checks referencing new table as changed
    for each statement execute function count_records('check');
create trigger counted_out after delete on checks referencing old table as changed
    for each statement execute function count_records('check');

insert into record_count (connection_id, kind, n)
select connection_id, 'guest', count(*) from source_guest group by 1 union all
select connection_id, 'reservation', count(*) from reservation group by 1 union all
select connection_id, 'check', count(*) from checks group by 1;
