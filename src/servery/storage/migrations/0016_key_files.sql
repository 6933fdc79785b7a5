-- By what the key files that all machines share are known again, without telling the keys: a machine with others would
-- give other marks to the same card, and refuse forms that another one made.
create table key_file (
    name text primary key,
    proof bytea not null
);
