-- The words that guests are found by, each once: a word that was typed wrongly is looked up here. `near`: hashes of what is
-- left of the word without one or two of its letters; two words that are a slip apart have one of them in common.
-- A word of a tag, a preference, an allergy or a note stands with the mark that it has among a guest's search keys.
create table search_word (
    word text collate "C" primary key,
    near integer[] not null
);
create index search_word_near on search_word using gin (near) with (fastupdate = off);

-- A word goes with the last guest who was found by it, whoever changed or deleted that one. A frequent word is met among a
-- few hundred guests, which is quicker than to find all who have it; a rare one the index knows at once.
create function forget_words(lost text[]) returns void language sql set enable_seqscan = off as $$
    with met as materialized (select search from guest order by id desc limit 400)
    delete from search_word as k using unnest(lost) as i(word)
    where k.word = i.word and case when exists (select from met where search @> array[i.word]) then false
        else not exists (select from guest where search @> array[i.word]) end
$$;
create function forget_words_of_changed() returns trigger language plpgsql as $$
declare
    lost text[];
begin
    select array_agg(key) into lost from (
        select unnest(b.search) as key from before b join after a using (id) where a.search <> b.search
        except select unnest(search) from after) had;
    if lost is not null then
        perform forget_words(lost);
    end if;
    return null;
end $$;
create function forget_words_of_deleted() returns trigger language plpgsql as $$
begin
    perform forget_words(array(select distinct unnest(search) from before));
    return null;
end $$;
create trigger forget_words_changed after update on guest referencing old table as before new table as after
    for each statement execute function forget_words_of_changed();
create trigger forget_words_deleted after delete on guest referencing old table as before
    for each statement execute function forget_words_of_deleted();

-- Guests who were there before are made findable by more than their names in the background, in order of their ids:
-- nobody waits for it. One row while that lasts, none when it is done.
create table search_filling (after_guest bigint not null);
insert into search_filling select 0 where exists (select from guest);

-- A search reads all that waits to be sorted in; four megabytes of it, as is usual, take longer than the search.
alter index guest_search set (gin_pending_list_limit = 256);
