"""Rules of tags in the database: kept, taken back, and held against guests."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct
from psycopg.errors import UniqueViolation
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from servery.errors import Invalid, NotFound, Refuse
from servery.guests.merge import author_of
from servery.guests.rows import Db
from servery.guests.rows import lock as resolving
from servery.guests.tagging.rule import Condition, Draft, Match, Rule, checked, question
from servery.model.viewer import Viewer


class _Kept(Struct, frozen=True):
    """The column `condition`."""

    match: Match
    conditions: tuple[Condition, ...]


_COUNTED = """
select r.id, r.tag, r.condition, r.author, r.made_at, r.reckoned_at,
       (select count(*) from rule_tag t where t.rule_id = r.id) as guests
from tag_rule r where r.removed_at is null"""


async def rules(db: Db) -> list[Rule]:
    """All rules, by the name of their tag."""
    cursor = await db.execute(f"{_COUNTED} order by lower(r.tag)")
    return [_rule(row) for row in await cursor.fetchall()]


async def rule(db: Db, rule_id: int) -> Rule:
    """One rule; NotFound."""
    cursor = await db.execute(f"{_COUNTED} and r.id = %s", [rule_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no rule {id}.", id=rule_id)
    return _rule(row)


def _rule(row: DictRow) -> Rule:
    kept = msgspec.convert(row.pop("condition"), _Kept)
    return Rule(**row, match=kept.match, conditions=kept.conditions)


async def keep(db: Db, viewer: Viewer, draft: Draft, rule_id: int | None = None) -> int:
    """Keep a new rule, or another wording of one; its id. All guests are held against it later.

    Invalid, NotFound; Invalid too where another rule gives this tag.
    """
    wanted = await _fitting(db, checked(draft))
    kept = Jsonb(msgspec.to_builtins(_Kept(wanted.match, wanted.conditions)))
    try:
        async with db.transaction():
            if rule_id is None:
                cursor = await db.execute(
                    "insert into tag_rule (tag, condition, author) values (%s, %s, %s) returning id",
                    [wanted.tag, kept, author_of(viewer)],
                )
                row = await cursor.fetchone()
                assert row is not None
                return int(row["id"])
            await _change(db, rule_id, "tag = %(tag)s, condition = %(condition)s", tag=wanted.tag, condition=kept)
    except UniqueViolation as error:
        raise Invalid("Another rule gives the tag {tag} already.", field="tag", tag=wanted.tag) from error
    return rule_id


async def _fitting(db: Db, draft: Draft) -> Draft:
    """A rule whose venues and currencies there are here: with others nobody would ever fulfil it. Invalid."""
    cursor = await db.execute("select id, body ->> 'currency' as currency from venue")
    kept = await cursor.fetchall()
    ids, currencies = {row["id"] for row in kept}, {row["currency"] for row in kept}
    for place, one in enumerate(draft.conditions):
        if one.venue_id is not None and one.venue_id not in ids:
            raise Invalid("There is no venue {name}.", field=f"conditions/{place}/venue_id", name=one.venue_id)
        if one.currency is not None and one.currency not in currencies:
            raise Invalid(
                "No venue has the currency {currency}.", field=f"conditions/{place}/currency",
                mend="There are: {known}.", currency=one.currency, known=", ".join(sorted(currencies)) or "–",
            )  # fmt: skip
    return draft


async def remove(db: Db, rule_id: int) -> None:
    """Have a rule give its tag to nobody any more. NotFound."""
    await _change(db, rule_id, "removed_at = now()")


async def undo(db: Db, rule_id: int) -> None:
    """Take the last change of a rule back; once more brings it again. NotFound, Refuse where its tag is taken."""
    try:
        async with db.transaction():
            cursor = await db.execute("select before from tag_rule where id = %s for update", [rule_id])
            row = await cursor.fetchone()
            if row is None:
                raise NotFound("There is no rule {id}.", id=rule_id)
            if row["before"] is None:
                await _change(db, rule_id, "removed_at = case when removed_at is null then now() end", removed=True)
                return
            await _change(
                db,
                rule_id,
                "tag = before ->> 'tag', condition = before -> 'condition', "
                "removed_at = (before ->> 'removed_at')::timestamptz",
                removed=True,
            )
    except UniqueViolation as error:
        raise Refuse("Another rule gives this tag by now.", mend="Change that one first.") from error


async def _change(db: Db, rule_id: int, what: str, *, removed: bool = False, **values: object) -> None:
    """Change a rule; those who have its tag are made anew, for it may be called otherwise now."""
    cursor = await db.execute(
        f"update tag_rule set {what}, reckoned_at = null, "
        "before = jsonb_build_object('tag', tag, 'condition', condition, 'removed_at', removed_at) "
        f"where id = %(id)s {'' if removed else 'and removed_at is null'}",
        {"id": rule_id, **values},
    )
    if not cursor.rowcount:
        raise NotFound("There is no rule {id}.", id=rule_id)
    await db.execute(
        "insert into guest_to_renew (guest_id, golden) select guest_id, true from rule_tag where rule_id = %s",
        [rule_id],
    )


class Preview(Struct, frozen=True):
    """How many would have a tag, get it and lose it, with some of the latter two."""

    count: int
    gained: int
    lost: int
    some_gained: tuple[int, ...]
    some_lost: tuple[int, ...]


async def preview(db: Db, draft: Draft, today: date, rule_id: int | None = None, examples: int = 3) -> Preview:
    """What a rule would do. Invalid."""
    asked = question(await _fitting(db, checked(draft)), today)
    await _room(db)
    cursor = await db.execute(
        f"with holds as materialized ({asked.sql}), "
        "has as (select guest_id as id from rule_tag where rule_id = %(rule)s), "
        "gained as materialized (select id from holds except select id from has), "
        "lost as materialized (select id from has except select id from holds) "
        "select (select count(*) from holds) as count, (select count(*) from gained) as gained, "
        "(select count(*) from lost) as lost, "
        "array(select id from gained order by id limit %(examples)s) as some_gained, "
        "array(select id from lost order by id limit %(examples)s) as some_lost",
        {**asked.values, "rule": rule_id, "examples": examples},
    )
    return msgspec.convert(await cursor.fetchone(), Preview)


_DUE = """
select id, tag, condition, removed_at is not null as removed from tag_rule
where reckoned_at is null or (removed_at is null and reckoned_for is distinct from %s)
order by id limit 1 for update skip locked"""


async def reckon_next(db: Db, today: date) -> int | None:
    """Hold all guests against the next rule that is new, changed, or of yesterday; how many got or lost its tag.

    None where no rule is due. Those guests are then to be made anew (`take`).
    """
    cursor = await db.execute(_DUE, [today])
    row = await cursor.fetchone()
    if row is None:
        return None
    if row["removed"]:
        holds, values = "select id from guest where false", dict[str, Any]()
    else:
        asked = question(_draft(row), today)
        holds, values = asked.sql, asked.values
    # Nobody waits while all guests are looked through: only what came of it is written under the lock.
    await _room(db)
    await db.execute("create temporary table fulfilling (id bigint primary key) on commit drop")
    await db.execute(f"insert into fulfilling {holds}", values)
    await resolving(db)
    cursor = await db.execute(_BRING_ALL, {"rule": row["id"]})
    await db.execute("update tag_rule set reckoned_at = now(), reckoned_for = %s where id = %s", [today, row["id"]])
    return cursor.rowcount


async def _room(db: Db) -> None:
    """Let this transaction put all guests side by side in memory: on the disk it takes several times as long."""
    await db.execute("set local work_mem = '128MB'")
    await db.execute("set local jit = off")


def _draft(row: DictRow) -> Draft:
    kept = msgspec.convert(row["condition"], _Kept)
    return Draft(tag=row["tag"], conditions=kept.conditions, match=kept.match)


_BRING_ALL = """
with gone as (
    delete from rule_tag r where rule_id = %(rule)s and not exists (select from fulfilling f where f.id = r.guest_id)
    returning guest_id
), come as (
    insert into rule_tag (rule_id, guest_id)
    select %(rule)s, g.id from fulfilling f join guest g on g.id = f.id and g.merged_into is null
    on conflict do nothing returning guest_id
)
insert into guest_to_renew (guest_id, golden)
select guest_id, true from gone union all select guest_id, true from come"""


async def reckon_some(db: Db, guest_ids: Collection[int], today: date) -> set[int]:
    """Hold these guests against every rule; those who got or lost a tag. The caller holds the lock of `guests.rows`."""
    cursor = await db.execute("select id, tag, condition from tag_rule where removed_at is null order by id")
    changed: set[int] = set()
    for row in await cursor.fetchall():
        asked = question(_draft(row), today, some=True)
        found = await db.execute(
            _BRING_SOME.format(holds=asked.sql), {**asked.values, "rule": row["id"], "ids": list(guest_ids)}
        )
        changed |= {one["guest_id"] for one in await found.fetchall()}
    return changed


_BRING_SOME = """
with fulfilling as materialized ({holds}), gone as (
    delete from rule_tag where rule_id = %(rule)s and guest_id = any(%(ids)s)
    and guest_id not in (select id from fulfilling) returning guest_id
), come as (
    insert into rule_tag (rule_id, guest_id) select %(rule)s, id from fulfilling
    on conflict do nothing returning guest_id
)
select guest_id from gone union select guest_id from come"""


async def note_changed(db: Db) -> None:
    """Note whom this transaction changed in something that rules go by; they are held against the rules later.

    By the rows that carry its time, as what must leave is found.
    """
    await db.execute(_NOTE_CHANGED)


_NOTE_CHANGED = """
insert into guest_to_renew (guest_id)
select guest_id from (
    select id as guest_id from guest where updated_at = now()
    union select guest_id from source_guest where id in (
        select source_guest_id from visit where updated_at = now()
        union select source_guest_id from reservation where seen_at = now()
        union select v.source_guest_id from checks c join visit v on v.id = c.visit_id where c.seen_at = now())
) as changed
where guest_id is not null and exists (select from tag_rule where removed_at is null)"""


async def take(db: Db, most: int) -> Mapping[int, bool]:
    """Some guests that are waiting, for this transaction alone: whether their golden fields are to be made anew."""
    cursor = await db.execute(
        "delete from guest_to_renew where ctid = any(array("
        "select ctid from guest_to_renew limit %s for update skip locked)) returning guest_id, golden",
        [most],
    )
    found: dict[int, bool] = {}
    for row in await cursor.fetchall():
        found[row["guest_id"]] = found.get(row["guest_id"], False) or row["golden"]
    return found


async def living(db: Db, guest_ids: Collection[int]) -> list[int]:
    """Those of these guests who are there and not absorbed."""
    cursor = await db.execute(
        "select id from guest where id = any(%s) and merged_into is null order by id", [list(guest_ids)]
    )
    return [row["id"] for row in await cursor.fetchall()]


async def channels(db: Db) -> Sequence[str]:
    """The channels that bookings of late came through, for choosing one."""
    cursor = await db.execute(
        "select distinct body ->> 'channel' as name "
        "from (select body from reservation order by id desc limit 5000) late "
        "where body ->> 'channel' <> '' order by 1 limit 50"
    )
    return [row["name"] for row in await cursor.fetchall()]
