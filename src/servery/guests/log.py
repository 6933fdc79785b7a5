"""The log of guests: each step says which records went where, who had them go and why, so that it can be taken back."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, Literal

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from servery.errors import NotFound
from servery.guests.matching.score import Scored
from servery.guests.rows import Db
from servery.guests.together import hold_for_both

Action = Literal["merged", "unmerged", "apart", "lifted"]
"""Guests became one, or were parted; a person said that they are not the same one, or took that back."""


class Step(Struct, frozen=True, kw_only=True):
    """One line of the log. `guest_id` is who had all the records (merged) or was left (unmerged).

    `moved` are the records that went from one to the other, `kept` those that the survivor had before. `author` is
    rules, source, or kind and id of a viewer. Of a run over all guests: its number, and the score it joined them for.
    """

    id: int
    at: datetime
    action: Action
    guest_id: int
    other_id: int
    author: str
    reason: str
    moved: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    undone_by: int | None = None
    run: int | None = None
    score: Scored | None = None


async def records_in(db: Db, guest_id: int) -> list[int]:
    """The ids of a guest's source records."""
    cursor = await db.execute("select id from source_guest where guest_id = %s order by id", [guest_id])
    return [row["id"] for row in await cursor.fetchall()]


async def absorb(
    db: Db, guest_id: int, other_id: int, reason: str, author: str, detail: Mapping[str, Any] | None = None
) -> Step:
    """Move all records of another guest to this one; the absorbed id answers with it for ever.

    What the rules joined they may part again; where another `author` says that the guests are one, all stay together
    (`STANDING`).
    """
    kept, moved = await records_in(db, guest_id), await records_in(db, other_id)
    await db.execute("update source_guest set guest_id = %s where id = any(%s)", [guest_id, moved])
    await db.execute(
        "update guest set merged_into = %s, search = '{}', updated_at = now() where id = %s or merged_into = %s",
        [guest_id, other_id, other_id],
    )
    await _touch(db, [guest_id])
    return await note(
        db, "merged", (guest_id, other_id), author=author, reason=reason, moved=moved, kept=kept, detail=detail
    )


async def restore(db: Db, step: Step, going: Collection[int], reason: str, author: str) -> Step:
    """Give these records back to the guest that a merge absorbed, which lives again with all that it had absorbed."""
    current = await living(db, step.other_id)
    await hold_for_both(db, current, step.other_id, step.moved)
    await db.execute("update source_guest set guest_id = %s where id = any(%s)", [step.other_id, list(going)])
    links = await _parted_again(db, step, going)
    back = await note(
        db, "unmerged", (current, step.other_id), author=author, reason=reason, moved=going, detail={"links": links}
    )
    await mark_undone(db, step.id, back.id)
    await db.execute(
        "with recursive under(id) as (select %(id)s::bigint union "
        "select l.other_id from guest_log l join under on l.guest_id = under.id "
        "where l.action = 'merged' and l.undone_by is null) "
        # Its golden fields, with what makes it findable, are to be made anew.
        "update guest as g set merged_into = nullif(%(id)s, g.id), updated_at = now(), golden = '{}' "
        "from under where g.id = under.id",
        {"id": step.other_id},
    )
    await _touch(db, [current])
    return back


async def _parted_again(db: Db, step: Step, going: Collection[int]) -> list[dict[str, Any]]:
    """Records that were taken out by hand and put back by this merge are out by hand again; why they were where."""
    cursor = await db.execute(
        "select s.id, s.link, s.joined_with, l.author from guest_log l "
        "cross join jsonb_to_recordset(l.detail -> 'links') as was(id bigint) join source_guest s on s.id = was.id "
        "where l.undone_by = %s and l.action = 'unmerged' and l.other_id = %s and s.id = any(%s)",
        [step.id, step.other_id, list(going)],
    )
    rows = await cursor.fetchall()
    for row in rows:
        await _by_hand(db, [row["id"]], row.pop("author"))
    return rows


async def _by_hand(db: Db, record_ids: Collection[int], author: str) -> None:
    await db.execute(
        "update source_guest set joined_with = null, link = jsonb_build_object('by', null, 'author', %s::text) "
        "where id = any(%s)",
        [author, list(record_ids)],
    )


async def move_out(db: Db, guest_id: int, new_id: int, going: Collection[int], reason: str, author: str) -> Step:
    """Put these records of a guest into a new one, where they stay: a person said so."""
    await hold_for_both(db, guest_id, new_id, going)
    cursor = await db.execute("select id, link, joined_with from source_guest where id = any(%s)", [list(going)])
    links = await cursor.fetchall()
    await db.execute("update source_guest set guest_id = %s where id = any(%s)", [new_id, list(going)])
    await _by_hand(db, going, author)
    await _touch(db, [guest_id])
    return await note(
        db, "unmerged", (guest_id, new_id), author=author, reason=reason, moved=going, detail={"links": links}
    )


async def as_before(db: Db, parted: Step, again: Step) -> None:
    """Records that were parted are together `again`: why each was where it was, and what was chosen, is as it was."""
    await db.execute(
        "update source_guest s set link = was.link, joined_with = was.joined_with from guest_log l "
        "cross join jsonb_to_recordset(l.detail -> 'links') as was(id bigint, link jsonb, joined_with bigint) "
        "where l.id = %s and s.id = was.id and s.guest_id = %s",
        [parted.id, again.guest_id],
    )
    await db.execute(
        "update guest_edit set step_id = %s where step_id = ("
        "select l.id from guest_edit e join guest_log l on l.id = e.step_id "
        "where l.other_id = %s and l.undone_by is not null order by e.id desc limit 1)",
        [again.id, parted.other_id],
    )


# The last time that a record was parted from others since; where that took all that is under the merge along, the merge
# itself still holds.
_PARTED = """select from (
    select l.other_id from guest_log l where l.id > %(id)s and l.action = 'unmerged'
    and l.source_guest_ids @> array[s.id] and {which} order by l.id desc limit 1) last
where not exists (select from up where up.id = last.other_id)"""
# Whom the rules put elsewhere and back are beside that record anew.
_GOING = f"""
with recursive up(id) as (
    select %(guest)s::bigint union select l.guest_id from guest_log l join up on l.other_id = up.id
    where l.action = 'merged' and l.undone_by is null
), going(id) as (
    select s.id from source_guest s where s.guest_id = %(now)s and s.id = any(%(moved)s)
    and not exists ({_PARTED.format(which="true")})
    union select s.id from source_guest s join going on s.joined_with = going.id
    where s.guest_id = %(now)s and not s.id = any(%(kept)s)
    and not exists ({_PARTED.format(which="l.author <> 'rules'")})
)
select id from going order by id"""


async def going_along(db: Db, step: Step) -> list[int]:
    """Which records leave if this merge is taken back: those it moved, and those that came beside one of them later.

    Who was parted from the others since is in this guest, if at all, by a later word, which holds.
    """
    cursor = await db.execute(
        _GOING,
        {
            "now": await living(db, step.other_id),
            "id": step.id,
            "guest": step.guest_id,
            "moved": list(step.moved),
            "kept": list(step.kept),
        },
    )
    return [row["id"] for row in await cursor.fetchall()]


async def living(db: Db, guest_id: int) -> int:
    """The id that a guest has now; NotFound when there never was one."""
    cursor = await db.execute("select coalesce(merged_into, id) as id from guest where id = %s", [guest_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no guest {id}.", id=guest_id)
    found: int = row["id"]
    return found


async def note(
    db: Db,
    action: Action,
    guests: tuple[int, int],
    *,
    author: str,
    reason: str,
    moved: Iterable[int] = (),
    kept: Iterable[int] = (),
    detail: Mapping[str, Any] | None = None,
) -> Step:
    """Write one line: of the guest that remains, and of the other."""
    cursor = await db.execute(
        "insert into guest_log (action, guest_id, other_id, source_guest_ids, kept, author, reason, detail) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s) returning " + _COLUMNS,
        [action, *guests, sorted(moved), sorted(kept), author, reason, Jsonb(dict(detail or {}))],
    )
    row = await cursor.fetchone()
    return msgspec.convert(row, Step)


async def mark_undone(db: Db, log_id: int, by: int) -> None:
    """Say which later line took one back."""
    await db.execute("update guest_log set undone_by = %s where id = %s", [by, log_id])


async def step(db: Db, log_id: int) -> Step:
    """One line of the log; NotFound when there is none."""
    cursor = await db.execute(f"select {_COLUMNS} from guest_log where id = %s", [log_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no step {id} in the log of guests.", id=log_id)
    return msgspec.convert(row, Step)


async def steps(db: Db, log_ids: Collection[int]) -> list[Step]:
    """These lines of the log, without those that are of no two guests."""
    cursor = await db.execute(
        f"select {_COLUMNS} from guest_log where id = any(%s) and other_id is not null", [list(log_ids)]
    )
    return msgspec.convert(await cursor.fetchall(), list[Step])


async def standing(db: Db, absorbed_id: int) -> Step:
    """The merge by which this guest was absorbed; NotFound where it was not, or was parted again."""
    cursor = await db.execute(
        f"select {_COLUMNS} from guest_log where other_id = %s and action = 'merged' and undone_by is null "
        "order by id desc limit 1",
        [absorbed_id],
    )
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("Guest {id} is not merged into another.", id=absorbed_id)
    return msgspec.convert(row, Step)


async def merged_at_source(db: Db, record_ids: Collection[int]) -> list[Step]:
    """The merges that stand because a source merged one of these records into another, which are alive there now."""
    cursor = await db.execute(
        f"select {_COLUMNS} from guest_log where action = 'merged' and author = 'source' and undone_by is null and "
        "(detail ->> 'record')::bigint in (select id from source_guest where id = any(%s) and merged_into is null "
        "and not removed) order by id desc",
        [list(record_ids)],
    )
    return msgspec.convert(await cursor.fetchall(), list[Step])


async def steps_of(db: Db, guest_id: int, limit: int = 100) -> list[Step]:
    """What was done to a guest and to those it absorbed, the latest first."""
    cursor = await db.execute(
        f"select {_COLUMNS} from guest_log where guest_id = any(%(of)s) or other_id = any(%(of)s) "
        "order by id desc limit %(limit)s",
        {"of": await _with_absorbed(db, guest_id), "limit": limit},
    )
    return msgspec.convert(await cursor.fetchall(), list[Step])


async def as_seen(db: Db, one_id: int, other_id: int) -> str:
    """What somebody who looks at two guests decides on, in short: their records, and what was said of them so far."""
    cursor = await db.execute(
        "select array(select id from source_guest where guest_id = %(one)s order by 1) as one, "
        "array(select id from source_guest where guest_id = %(other)s order by 1) as other, "
        "(select max(id) from guest_log where guest_id = any(%(both)s)) as last, "
        "(select max(id) from guest_log where other_id = any(%(both)s)) as last_other",
        {"one": one_id, "other": other_id, "both": [one_id, other_id]},
    )
    return blake2b(msgspec.json.encode(await cursor.fetchone()), digest_size=12).hexdigest()


async def latest(db: Db) -> int:
    """The number of the last line; 0 where there is none."""
    cursor = await db.execute("select coalesce(max(id), 0) as id from guest_log")
    row = await cursor.fetchone()
    return int(row["id"]) if row else 0


async def names_of_authors(db: Db, authors: Collection[str]) -> dict[str, str]:
    """The names of the people and keys among these authors."""
    cursor = await db.execute(
        "select 'person:' || id as author, name from person where 'person:' || id = any(%(of)s) "
        "union all select 'key:' || id, name from api_key where 'key:' || id = any(%(of)s)",
        {"of": list(authors)},
    )
    names = {one: "Servery" for one in authors if one.startswith("system:")}
    return names | {row["author"]: row["name"] for row in await cursor.fetchall()}


async def _with_absorbed(db: Db, guest_id: int) -> list[int]:
    cursor = await db.execute("select id from guest where id = %s or merged_into = %s", [guest_id, guest_id])
    return [row["id"] for row in await cursor.fetchall()]


async def _touch(db: Db, guest_ids: Collection[int]) -> None:
    """A guest with other records has changed, also where no golden field did: its visits are others."""
    await db.execute("update guest set updated_at = now() where id = any(%s)", [list(guest_ids)])


_COLUMNS = (
    "id, at, action, guest_id, other_id, author, reason, source_guest_ids as moved, kept, undone_by, "
    "(detail ->> 'run')::bigint as run, detail -> 'score' as score"
)
