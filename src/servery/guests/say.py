"""Staff's own words of guests in the database: said, heard, taken back."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from operator import attrgetter
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from servery.errors import Invalid, NotFound
from servery.guests import rows
from servery.guests.edits import NOTHING, Edit, EditField, Entry, EntryKind, Said, checked, checked_text, digest, sound
from servery.guests.finding import goldens
from servery.guests.golden import as_one, texts, told
from servery.guests.keys import phone_key
from servery.guests.listening import listened
from servery.guests.log import living
from servery.guests.merge import author_of
from servery.guests.rows import Db
from servery.model.guest import Birthday
from servery.model.viewer import Viewer

# One statement for both: of most guests nobody said anything.
_SAID = """
with whose as (
    select coalesce(g.merged_into, g.id) as whose, g.id
    from json_array_elements_text(%s::json) as i(id) join guest g on g.id = i.id::bigint
    union select g.merged_into, g.id
    from json_array_elements_text(%s::json) as i(id) join guest g on g.merged_into = i.id::bigint
)
select whose.whose, true as edited, to_jsonb(said) as told, said.at, said.id,
       exists (select from aged_fact a where a.edit_id = said.id and a.heard_at is null) as aged
from whose join guest_edit said on said.guest_id = whose.id left join guest_log step on step.id = said.step_id
where said.undone_at is null and step.undone_by is null
union all
select whose.whose, false, to_jsonb(said) || jsonb_build_object('name', coalesce(
           (select p.name from person p where said.author = 'person:' || p.id),
           (select k.name from api_key k where said.author = 'key:' || k.id), 'Servery'),
           'of_both', said.same_as is not null or exists (
               select from guest_entry o join guest g on g.id = o.guest_id
               where o.same_as = said.id and coalesce(g.merged_into, g.id) <> whose.whose)), said.at, said.id, false
from whose join guest_entry said on said.guest_id = whose.id
where said.undone_at is null
  and not exists (select from aged_fact a where a.entry_id = said.id and a.heard_at is null)
order by at, id"""


async def said(db: Db, guest_ids: Collection[int]) -> dict[int, Said]:
    """What staff say of these guests, and said of those that they absorbed; who is not spoken of is left out."""
    edits: dict[int, dict[str, Edit]] = {}
    entries: dict[int, list[Entry]] = {}
    ids = rows.as_json(list(guest_ids))
    cursor = await db.execute(_SAID, [ids, ids])
    for row in await cursor.fetchall():
        if row["edited"]:
            # What grew old is known no more; what records said before it stays overruled.
            told = row["told"] | ({"value": None} if row["aged"] else {})
            edits.setdefault(row["whose"], {})[told["field"]] = msgspec.convert(told, Edit)
        else:
            entries.setdefault(row["whose"], []).append(msgspec.convert(row["told"], Entry))
    return {one: Said(edits.get(one, {}), _once(entries.get(one, ()))) for one in edits.keys() | entries.keys()}


def _once(entries: Sequence[Entry]) -> list[Entry]:
    """Of an entry and those that repeat it the first: their guests are one again."""
    firsts: dict[int, int] = {}
    for one in sorted(entries, key=attrgetter("id")):
        firsts.setdefault(one.same_as or one.id, one.id)
    return [one for one in entries if firsts[one.same_as or one.id] == one.id]


async def edit(
    db: Db, viewer: Viewer, guest_id: int, values: Mapping[EditField, Any], step_id: int | None = None
) -> int:
    """Say what these fields are from now on; the id of the edit. Golden fields are the caller's to make anew.

    With `step_id` it was chosen in that merge, and goes with it. NotFound for nobody, Invalid with the field.
    """
    current = await living(db, guest_id)
    records = (await rows.records_of(db, [current], aged=False)).get(current, [])
    edit_id = 0
    for field, value in values.items():
        kept = await _kept(db, field, value, chosen=step_id is not None)
        over = {} if field == "pronunciation" else {str(one.id): digest(field, told(field, one)) for one in records}
        cursor = await db.execute(
            "insert into guest_edit (guest_id, field, value, over, author, step_id) values (%s, %s, %s, %s, %s, %s) "
            "returning id",
            [current, field, None if kept is None else Jsonb(kept), Jsonb(over), author_of(viewer), step_id],
        )
        row = await cursor.fetchone()
        edit_id = row["id"] if row else 0
    return edit_id


async def demand_said(db: Db, guest_ids: Collection[int], values: Mapping[EditField, Any]) -> None:
    """Invalid with the field where none of these guests has such a value: who chooses between two writes no third."""
    known = (await goldens(db, guest_ids)).values()
    for field, value in values.items():
        wanted = digest(field, _written(await _readable(db, field, checked(field, value))))
        if wanted not in {digest(field, one.value_of(field)) for one in known}:
            raise Invalid(
                "Neither guest has this value.", code="of-neither", field=field,
                mend="Choose one of both values; write another one once they are one guest.",
            )  # fmt: skip


def _written(value: Any) -> Any:
    return msgspec.convert(value, Birthday).written() if isinstance(value, Mapping) else value


async def _kept(db: Db, field: EditField, value: Any, *, chosen: bool) -> Any:
    """A value as it is kept. What is chosen of two guests is one that a record has, however odd."""
    if chosen:
        return await _readable(db, field, checked(field, value))
    return sound(field, value, await _countries(db) if field == "phone" else ())


async def _readable(db: Db, field: EditField, value: Any) -> Any:
    """A phone number as E.164, where it is one in the country of all venues or has its country code; else as it is."""
    if field != "phone" or value is None:
        return value
    countries = await _countries(db)
    return phone_key(value, countries.pop() if len(countries) == 1 else None) or value


async def _countries(db: Db) -> set[str | None]:
    """The countries that the venues are in."""
    cursor = await db.execute("select distinct body ->> 'time_zone' as zone from venue")
    return {rows.country_of(row["zone"]) for row in await cursor.fetchall()}


async def take_back_edit(db: Db, edit_id: int) -> int:
    """Forget an edit, with the fields changed together with it: what held before holds again; the guest's id.

    NotFound where there is none, or it is taken back already.
    """
    cursor = await db.execute(
        "update guest_edit e set undone_at = now() from guest_edit one join guest g on g.id = one.guest_id "
        "where one.id = %s and e.undone_at is null "
        "and (e.guest_id, e.at, e.author) = (one.guest_id, one.at, one.author) "
        "returning coalesce(g.merged_into, g.id) as guest_id",
        [edit_id],
    )
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no edit {id} to take back.", id=edit_id)
    guest_id: int = row["guest_id"]
    return guest_id


async def enter(
    db: Db,
    viewer: Viewer,
    guest_id: int,
    kind: EntryKind,
    text: str,
    *,
    present: bool = True,
    business_date: date | None = None,
    today: date | None = None,
) -> int:
    """Write an entry, or with `present` false that something is not so; the entry's id. Invalid, NotFound.

    With `today`, the business date that it is now, a note for tonight cannot be of an earlier one.
    """
    if (kind == "tonight") != (business_date is not None):
        raise Invalid("A note for tonight needs its business date, and nothing else has one.", field="business_date")
    if business_date is not None and today is not None and business_date < today:
        raise Invalid("That evening is over: a note for tonight is of today or of a coming day.", field="business_date")
    current, text = await living(db, guest_id), checked_text(text)
    over = ([], []) if present else await _who_say(db, current, kind, text)
    cursor = await db.execute(
        "insert into guest_entry (guest_id, kind, text, present, business_date, author, over_records, over_entries) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s) returning id",
        [current, kind, text, present, business_date, author_of(viewer), *over],
    )
    row = await cursor.fetchone()
    assert row is not None
    entry_id: int = row["id"]
    return entry_id


async def _who_say(db: Db, guest_id: int, kind: EntryKind, text: str) -> tuple[list[int], list[int]]:
    """The records and the entries of a guest that say something now."""
    records = (await rows.records_of(db, [guest_id], aged=False)).get(guest_id, [])
    entries = (await said(db, [guest_id])).get(guest_id, NOTHING).of(kind)
    saying = [one.id for one in records if as_one(text) in map(as_one, texts(kind, one.guest))]
    return saying, [one.id for one in entries if one.present and as_one(one.text) == as_one(text)]


async def heard(db: Db, guest_ids: Collection[int]) -> dict[int, Said]:
    """What staff say of these guests (`said`), once their records were listened to: what these changed is kept."""
    found = await said(db, guest_ids)
    records = await rows.records_of(db, list(found), aged=False) if found else {}
    after = {one: listened(words, records.get(one, ())) for one, words in found.items()}
    for one, words in after.items():
        await _keep_heard(db, found[one], words)
    return after


async def _keep_heard(db: Db, before: Said, after: Said) -> None:
    for field, edit in after.edits.items():
        if edit != before.edits[field]:
            await db.execute("update guest_edit set over = over || %s where id = %s", [Jsonb(edit.over), edit.id])
    for was, entry in zip(before.entries, after.entries, strict=True):
        if was != entry:
            await db.execute(
                "update guest_entry set over_records = %s where id = %s", [list(entry.over_records), entry.id]
            )


async def take_back_entry(db: Db, entry_id: int, *, again: bool = False) -> int:
    """Strike an entry out, or with `again` let it stand once more; the guest's id. NotFound where there is none."""
    cursor = await db.execute(
        "update guest_entry e set undone_at = case when %s then null else now() end from guest g "
        "where e.id = %s and g.id = e.guest_id returning coalesce(g.merged_into, g.id) as guest_id",
        [again, entry_id],
    )
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no entry {id}.", id=entry_id)
    guest_id: int = row["guest_id"]
    return guest_id
