"""Who is who, as the pages show it: both guests side by side, cut to what the viewer may see."""

from collections.abc import Mapping
from typing import Any, cast

from servery.accounts.audit import looked
from servery.app import merging
from servery.errors import NotFound
from servery.guests.edits import EditField
from servery.guests.log import Step, living
from servery.guests.suggest import Suggestion, suggestion_count, suggestions
from servery.model.guest import Birthday
from servery.model.money import Money
from servery.model.viewer import Viewer
from servery.profile.provenance import provenance
from servery.profile.story import Story, stories
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.web.suggestions.page import Pair, Queue, Row, RowKind, SamePerson, Side

_SHOWN = 10
"""Pairs on the page at a time."""


class RoomSamePerson(SamePerson):
    """Who is who, over the rooms; each call is a transaction of its own."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def queue(self, viewer: Viewer) -> Queue:
        """What is open."""
        async with self._pool.connection() as db:
            found = await suggestions(db, _SHOWN)
            return Queue([await _pair(db, viewer, one.guest_id, one.other_id, one) for one in found],
                         await suggestion_count(db))  # fmt: skip

    async def pair(self, viewer: Viewer, one_id: int, other_id: int) -> Pair:
        """Two guests side by side."""
        async with self._pool.connection() as db:
            one, other = sorted([await living(db, one_id), await living(db, other_id)])
            if one == other:
                raise NotFound("{one} and {other} are one guest already.", one=one_id, other=other_id)
            return await _pair(db, viewer, one, other)

    async def decide(
        self, viewer: Viewer, one_id: int, other_id: int, same: bool, chosen: Mapping[str, Any]
    ) -> tuple[int, int]:
        """Say that two guests are one, with the values `chosen`, or that they are not, for ever."""
        async with self._pool.connection() as db:
            if same:
                fields = cast(Mapping[EditField, Any], chosen)
                return _left(await merging.merged(db, viewer, one_id, other_id, chosen=fields))
            return _left(await merging.said_apart(db, viewer, one_id, other_id))

    async def part(self, viewer: Viewer, guest_id: int, record_id: int) -> tuple[int, int]:
        """Take a record out of a guest."""
        async with self._pool.connection() as db:
            return _left(await merging.parted(db, viewer, guest_id, [record_id]))

    async def undo(self, viewer: Viewer, step_id: int) -> tuple[int, int]:
        """Take a step back."""
        async with self._pool.connection() as db:
            return _left(await merging.taken_back(db, viewer, step_id))


def _left(step: Step) -> tuple[int, int]:
    return step.id, step.guest_id


async def _pair(db: Db, viewer: Viewer, one_id: int, other_id: int, open_: Suggestion | None = None) -> Pair:
    told = await stories(db, viewer, [one_id, other_id])
    await looked(db, viewer, [one_id, other_id], "page")
    one, other = told[one_id], told[other_id]
    return Pair(
        one=await _side(db, viewer, one),
        other=await _side(db, viewer, other),
        rows=_rows(one, other),
        suggestion_id=open_.id if open_ else None,
        probability=open_.probability if open_ else None,
        reasons=open_.reasons if open_ else (),
    )


def _rows(one: Story, other: Story) -> tuple[Row, ...]:
    rows = (Row(kind, _said(one, kind), _said(other, kind)) for kind in _ROWS)
    return tuple(row for row in rows if row.one or row.other)


async def _side(db: Db, viewer: Viewer, story: Story) -> Side:
    known = await provenance(db, viewer, story.id)
    last = story.figures.last
    return Side(
        id=story.id,
        name=story.name or story.reference,
        vip=story.vip,
        records=tuple(dict.fromkeys(one.connection for one in known.records)),
        visits=story.figures.visits,
        last_visit=last.day if last else None,
        spend=tuple(Money(one.total, one.currency) for one in story.spend),
        birthday=story.birthday,
    )


_ROWS: tuple[RowKind, ...] = (
    "name", "email", "phone", "birthday", "postcode", "city", "company", "language", "loyalty", "allergies",
    "preferences", "tags", "table", "dish",
)  # fmt: skip


def _said(story: Story, kind: RowKind) -> str:
    table, dish = story.figures.table, story.favourites.dish
    several = {"allergies": story.allergies, "preferences": story.preferences, "tags": story.tags}
    if kind in several:
        return ", ".join(several[kind])
    if kind == "birthday":
        return _written(story.birthday)
    single = {
        "loyalty": story.loyalty_id,
        "table": f"{table.name} ({table.venue})" if table else None,
        "dish": dish.name if dish else None,
    }
    return (single[kind] if kind in single else getattr(story, kind)) or ""


def _written(birthday: Birthday | None) -> str:
    """As ISO 8601 has it: so it is read again when it is chosen."""
    if birthday is None:
        return ""
    year = f"{birthday.year:04}" if birthday.year else "-"
    return f"{year}-{birthday.month:02}-{birthday.day:02}"
