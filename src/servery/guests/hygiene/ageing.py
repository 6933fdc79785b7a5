"""What grew old: facts that nobody confirmed for long are left out of golden fields, by rules, with a way back.

A fact is confirmed when its system changes the record that says it, and when its guest books or comes under that
record; what staff wrote, by every booking and visit of the guest. It goes only where all who say it are that old.
Records stay as they are.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, get_args

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from servery.errors import Invalid, NotFound
from servery.guests.hygiene.words_said import FACTS
from servery.guests.rows import Db
from servery.model.viewer import Right

Kind = Literal["phone", "email", "address", "preference", "allergy", "note", "tonight"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SUGGESTED: Mapping[Kind, int] = {
    "phone": 36, "email": 36, "address": 48, "preference": 36, "allergy": 120, "note": 48, "tonight": 12,
}  # fmt: skip
"""Months to begin with, where somebody wants a rule; there is none until somebody does."""
SEEN_WITH: Mapping[Kind, Right] = {
    "phone": "see_contact", "email": "see_contact", "address": "see_contact", "preference": "see_notes",
    "allergy": "see_allergies", "note": "see_notes", "tonight": "see_notes",
}  # fmt: skip
LEAST, MOST = 6, 600


class Rule(Struct, frozen=True):
    """After so many months without confirmation a kind of fact is left out; None: never."""

    kind: Kind
    months: int | None
    suggested: int


class Old(Struct, frozen=True):
    """One fact that would go, or went: whose, what, and when it was last confirmed."""

    kind: Kind
    guest_id: int
    name: str | None
    value: str
    confirmed_at: datetime


class Preview(Struct, frozen=True):
    """What rules would leave out now: how many facts by kind, and the oldest of each kind."""

    counts: Mapping[Kind, int]
    oldest: tuple[Old, ...]


class Run(Struct, frozen=True, kw_only=True):
    """One time that facts were left out. `rules` are months by kind, `counts` facts by kind."""

    id: int
    at: datetime
    author: str
    rules: Mapping[Kind, int]
    counts: Mapping[Kind, int]
    undone_at: datetime | None


async def rules(db: Db) -> list[Rule]:
    """All kinds, with what was chosen."""
    cursor = await db.execute("select kind, months from ageing_rule")
    chosen = {row["kind"]: row["months"] for row in await cursor.fetchall()}
    return [Rule(kind, chosen.get(kind), SUGGESTED[kind]) for kind in KINDS]


async def choose(db: Db, kind: Kind, months: int | None) -> None:
    """Leave a kind out after so many months, or with None never. Invalid for a time that is too short or too long."""
    if months is None:
        await db.execute("delete from ageing_rule where kind = %s", [kind])
        return
    if not LEAST <= months <= MOST:
        raise Invalid("Choose from {least} to {most} months.", field="months", least=LEAST, most=MOST)
    await db.execute(
        "insert into ageing_rule (kind, months) values (%s, %s) "
        "on conflict (kind) do update set months = excluded.months, changed_at = now()",
        [kind, months],
    )


async def preview(db: Db, chosen: Mapping[Kind, int], some: int = 20) -> Preview:
    """What these rules would leave out now, and `some` of each kind; nothing is changed."""
    await _find(db, chosen)
    cursor = await db.execute(
        "select f.*, g.name from (select kind, guest_id, min(value) as value, max(confirmed_at) as confirmed_at, "
        "row_number() over (partition by kind order by max(confirmed_at), guest_id, key) as place "
        "from aged_now group by kind, guest_id, key) f join guest g on g.id = f.guest_id "
        "where place <= %s order by kind, place",
        [some],
    )
    oldest = msgspec.convert(await cursor.fetchall(), list[Old])
    return Preview(await _counted(db), tuple(oldest))


async def leave_out(db: Db, chosen: Mapping[Kind, int], author: str) -> Run | None:
    """Leave out what these rules find; None where it is nothing. Golden fields follow in the background."""
    await _find(db, chosen)
    counts = await _counted(db)
    if not counts:
        return None
    cursor = await db.execute(
        "insert into ageing_run (author, rules, counts) values (%s, %s, %s) returning *",
        [author, Jsonb(dict(chosen)), Jsonb(dict(counts))],
    )
    run = msgspec.convert(await cursor.fetchone(), Run)
    await db.execute(
        "insert into aged_fact (run_id, kind, source_guest_id, entry_id, edit_id, value_hash, confirmed_at) "
        "select %s, kind, source_guest_id, entry_id, edit_id, value_hash, confirmed_at from aged_now",
        [run.id],
    )
    # Each booking looks whether it confirms one of these: not by reading them all, as a planner does of an empty table.
    await db.execute("analyze aged_fact")
    await db.execute("insert into guest_to_renew (guest_id, golden) select distinct guest_id, true from aged_now")
    return run


async def undo(db: Db, run_id: int) -> Run:
    """Let everything that a run left out be heard again; it counts as confirmed now. NotFound, Invalid when it was."""
    cursor = await db.execute("select * from ageing_run where id = %s for update", [run_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no run {id}.", id=run_id)
    if row["undone_at"] is not None:
        raise Invalid("Run {id} is taken back already.", field="run", id=run_id)
    await db.execute(_HEAR_AGAIN, {"run": run_id})
    cursor = await db.execute("update ageing_run set undone_at = now() where id = %s returning *", [run_id])
    return msgspec.convert(await cursor.fetchone(), Run)


async def runs(db: Db, limit: int = 20) -> list[Run]:
    """The latest runs."""
    cursor = await db.execute("select * from ageing_run order by id desc limit %s", [limit])
    return msgspec.convert(await cursor.fetchall(), list[Run])


async def _find(db: Db, chosen: Mapping[Kind, int]) -> None:
    """Every word that is to go, in the table `aged_now` of this transaction."""
    await db.execute("drop table if exists pg_temp.aged_now")
    await db.execute(
        f"create temporary table aged_now on commit drop as {FACTS}",
        {"kinds": list(chosen), "months": list(chosen.values())},
    )


async def _counted(db: Db) -> dict[Kind, int]:
    cursor = await db.execute(
        "select kind, count(*) as found from (select distinct kind, guest_id, key from aged_now) f group by kind"
    )
    return {row["kind"]: row["found"] for row in await cursor.fetchall()}


_HEAR_AGAIN = """
with heard as (
    update aged_fact set heard_at = now() where run_id = %(run)s and heard_at is null
    returning source_guest_id, entry_id, edit_id
)
insert into guest_to_renew (guest_id, golden)
select coalesce(g.merged_into, g.id), true from heard h
left join source_guest s on s.id = h.source_guest_id
left join guest_entry n on n.id = h.entry_id
left join guest_edit e on e.id = h.edit_id
join guest g on g.id = coalesce(s.guest_id, n.guest_id, e.guest_id)"""
