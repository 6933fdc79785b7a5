-- From which version on what leaves is counted. A restore raises it above every version that was ever given: the other
-- side knows a repeat by our id and the version, and would take what is newest for what it has already.
alter table installation add column first_version bigint not null default 1;
