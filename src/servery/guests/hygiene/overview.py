"""All of hygiene at a glance: the lists of a month, how complete profiles are, what grew old."""

from collections.abc import Mapping, Sequence
from datetime import date

from msgspec import Struct

from servery.guests.hygiene import ageing, completeness, mending
from servery.guests.hygiene.ageing import SUGGESTED, Preview, Rule, Run
from servery.guests.hygiene.completeness import Completeness
from servery.guests.hygiene.mending import MendList
from servery.guests.rows import Db


class Overview(Struct, frozen=True, kw_only=True):
    """The lists of a month, the months there are, completeness by venue, and of the whole house month by month.

    `venues` are names by id.
    """

    lists: Sequence[MendList] = ()
    months: Sequence[date] = ()
    completeness: Sequence[Completeness] = ()
    house: Sequence[Completeness] = ()
    venues: Mapping[int, str] = {}


class Aged(Struct, frozen=True, kw_only=True):
    """The rules of ageing, the latest runs, and where it was asked for what the rules would leave out now.

    Where no rule is chosen the preview is as suggested.
    """

    rules: Sequence[Rule]
    runs: Sequence[Run] = ()
    preview: Preview | None = None


async def overview(db: Db, month: date | None = None) -> Overview:
    """Everything of a month, or of the latest."""
    cursor = await db.execute("select id, name from venue")
    names = {row["id"]: row["name"] for row in await cursor.fetchall()}
    return Overview(
        lists=await mending.lists(db, month),
        months=await mending.months(db),
        completeness=await completeness.of_month(db),
        house=await completeness.of_house(db),
        venues=names,
    )


async def aged(db: Db, *, preview: bool) -> Aged:
    """Rules and runs, with a preview where it is asked for: it looks at all guests."""
    rules = await ageing.rules(db)
    months = {rule.kind: rule.months or SUGGESTED[rule.kind] for rule in rules}
    found = await ageing.preview(db, months) if preview else None
    return Aged(rules=rules, runs=await ageing.runs(db), preview=found)
