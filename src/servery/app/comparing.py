"""Who is who, as the pages show it: both guests side by side, cut to what the viewer may see."""

from collections.abc import Mapping
from typing import Any, cast

from servery.accounts.audit import acted, looked
from servery.app import merging
from servery.app.arrive import tell_pages
from servery.errors import NotFound
from servery.guests.apart import are_apart
from servery.guests.born import born
from servery.guests.edits import EditField, Said
from servery.guests.golden import golden
from servery.guests.log import Step, as_seen, living
from servery.guests.matching.features import born_on
from servery.guests.matching.guard import house
from servery.guests.rows import records_of
from servery.guests.say import said
from servery.guests.suggest import Suggestion, put_off, suggestion_count, suggestions
from servery.model.guest import Golden
from servery.model.money import Money
from servery.model.viewer import Viewer
from servery.profile.provenance import provenance
from servery.profile.story import Story, stories
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.web.suggestions.page import CHOSEN, Answer, Pair, Queue, Row, RowKind, SamePerson, Side

_SHOWN = 10
"""Pairs on the page at a time."""


class RoomSamePerson(SamePerson):
    """Who is who, over the rooms; each call is a transaction of its own."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def queue(self, viewer: Viewer, after: int | None = None) -> Queue:
        """What is open, from the likeliest or behind a suggestion."""
        async with self._pool.connection() as db:
            found = await suggestions(db, _SHOWN + 1, after)
            shown = [await _pair(db, viewer, one.guest_id, one.other_id, one) for one in found[:_SHOWN]]
            further = found[_SHOWN - 1].id if len(found) > _SHOWN else None
            count = await suggestion_count(db)
            return Queue(shown, count.counted, further, is_long=count.more)

    async def put_off(self, viewer: Viewer, suggestion_id: int, days: int) -> None:
        """Ask of a pair again in so many days; with 0 at once."""
        async with self._pool.connection() as db:
            await put_off(db, suggestion_id, days)
            await acted(db, viewer, "suggestion-put-off", f"suggestion:{suggestion_id}", {"days": days})
            await tell_pages(db, ["guests"])

    async def pair(self, viewer: Viewer, one_id: int, other_id: int) -> Pair:
        """Two guests side by side."""
        async with self._pool.connection() as db:
            one, other = sorted([await living(db, one_id), await living(db, other_id)])
            if one == other:
                raise NotFound("{one} and {other} are one guest already.", one=one_id, other=other_id)
            return await _pair(db, viewer, one, other)

    async def decide(self, viewer: Viewer, one_id: int, other_id: int, answer: Answer) -> tuple[int, int]:
        """Say that two guests are one, or that they are not, for ever."""
        async with self._pool.connection() as db:
            if not answer.same:
                return _left(await merging.said_apart(db, viewer, one_id, other_id, seen=answer.seen))
            fields = cast(Mapping[EditField, Any], answer.chosen)
            step = await merging.merged(
                db, viewer, one_id, other_id, chosen=fields, seen=answer.seen, anyway=answer.anyway
            )
            return _left(step)

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
        rows=_rows(one, other, await _both(db, one_id, other_id)),
        suggestion_id=open_.id if open_ else None,
        probability=open_.told if open_ else None,
        reasons=open_.reasons if open_ else (),
        seen=await as_seen(db, one_id, other_id),
        apart=open_ is None and await are_apart(db, one_id, other_id),
        housemates=_may_share_a_house(one, other, open_),
    )


def _may_share_a_house(one: Story, other: Story, open_: Suggestion | None) -> bool:
    levels = {reason.comparison: reason.level for reason in open_.reasons} if open_ else {}
    return house(one.name, other.name, levels, born(born_on(one.birthday), born_on(other.birthday))) is not None


def _rows(one: Story, other: Story, both: Golden) -> tuple[Row, ...]:
    rows = (Row(kind, _said(one, kind), _said(other, kind), _left_to_rules(both, kind)) for kind in _ROWS)
    return tuple(row for row in rows if row.one or row.other)


async def _both(db: Db, one_id: int, other_id: int) -> Golden:
    """What the guest would be if the two were one, and nobody chose anything."""
    records, words = await records_of(db, [one_id, other_id]), await said(db, [one_id, other_id])
    edits = sorted((edit for each in words.values() for edit in each.edits.values()), key=lambda edit: edit.at)
    whole = Said({edit.field: edit for edit in edits})
    return golden([record for each in records.values() for record in each], whole)


def _left_to_rules(both: Golden, kind: RowKind) -> str:
    return (both.value_of(kind) if kind in CHOSEN else None) or ""


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
        return story.birthday.written() if story.birthday else ""
    single = {
        "loyalty": story.loyalty_id,
        "table": f"{table.name} ({table.venue})" if table else None,
        "dish": dish.name if dish else None,
    }
    return (single[kind] if kind in single else getattr(story, kind)) or ""
