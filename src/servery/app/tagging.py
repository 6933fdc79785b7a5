"""Tags by rule, from end to end: kept and tried out by people, held against guests in the background."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime

from servery.accounts.audit import acted, looked
from servery.app.arrive import sorting_locale, tell_pages
from servery.app.calls import either
from servery.app.marking import mark_changed
from servery.errors import Forbidden
from servery.guests.join import refresh
from servery.guests.rows import lock as resolving
from servery.guests.tagging import rows
from servery.guests.tagging.rule import Draft, Effect, Named, Rule
from servery.model.venue import business_date
from servery.model.viewer import Viewer
from servery.profile.listing import guest_rows
from servery.settings import Settings
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.venues.rows import venues

AT_ONCE = 1000
"""Guests of one transaction."""
_LOOK = 2.0
"""Seconds between two looks for guests who changed, and for rules."""


async def today(db: Db) -> date:
    """The business date by which rules reckon: that of the first venue."""
    found = await venues(db)
    first = min(found, key=lambda one: one.id, default=None)
    now = datetime.now(UTC)
    return business_date(now, first.venue.time_zone, first.venue.cutoff) if first else now.date()


async def effect(db: Db, viewer: Viewer, draft: Draft, rule_id: int | None = None) -> Effect:
    """What keeping a rule would do; the guests named are written down as looked at. Forbidden, Invalid."""
    demand(viewer)
    found = await rows.preview(db, draft, await today(db), rule_id)
    shown = [*found.some_gained, *found.some_lost]
    names = await guest_rows(db, viewer, shown)
    await looked(db, viewer, shown, "list")

    def named(ids: Sequence[int]) -> tuple[Named, ...]:
        return tuple(Named(one, names[one].name or names[one].reference) for one in ids if one in names)

    return Effect(
        guests=found.count,
        gained=found.gained,
        lost=found.lost,
        some_gained=named(found.some_gained),
        some_lost=named(found.some_lost),
    )


async def keep(db: Db, viewer: Viewer, draft: Draft, rule_id: int | None = None) -> int:
    """Keep a rule; its id. Guests get and lose its tag in the background. Forbidden, Invalid, NotFound."""
    demand(viewer)
    kept = await rows.keep(db, viewer, draft, rule_id)
    await _done(db, viewer, "tag-rule-kept", kept)
    return kept


async def remove(db: Db, viewer: Viewer, rule_id: int) -> None:
    """Remove a rule; nobody has its tag by it any more. Forbidden, NotFound."""
    demand(viewer)
    await rows.remove(db, rule_id)
    await _done(db, viewer, "tag-rule-removed", rule_id)


async def undo(db: Db, viewer: Viewer, rule_id: int) -> None:
    """Take the last change of a rule back. Forbidden, NotFound, Refuse."""
    demand(viewer)
    await rows.undo(db, rule_id)
    await _done(db, viewer, "tag-rule-undone", rule_id)


async def listed(db: Db, viewer: Viewer) -> list[Rule]:
    """All rules. Forbidden."""
    demand(viewer)
    return await rows.rules(db)


async def one(db: Db, viewer: Viewer, rule_id: int) -> Rule:
    """One rule. Forbidden, NotFound."""
    demand(viewer)
    return await rows.rule(db, rule_id)


def demand(viewer: Viewer) -> None:
    """Let pass who may make rules; Forbidden for everybody else."""
    if not viewer.may("make_rules"):
        raise Forbidden("The role {role} does not include this.", role=viewer.role)


async def _done(db: Db, viewer: Viewer, action: str, rule_id: int) -> None:
    await acted(db, viewer, action, f"tag-rule:{rule_id}")
    await tell_pages(db, ["guests"])


async def run(pool: Pool, settings: Settings, stop: asyncio.Event) -> None:
    """Hold guests against the rules until told to stop: those who changed, or all when a rule or the day did."""
    while not stop.is_set():
        busy = await reckon(pool) + await renew(pool)
        if not busy:
            await either(stop, timeout=_LOOK)


async def reckon(pool: Pool) -> int:
    """Hold all guests against the next rule that is due; how many rules that were."""
    async with pool.connection() as db:
        found = await rows.reckon_next(db, await today(db))
        if found is not None:
            await tell_pages(db, ["guests"])
    return int(found is not None)


async def renew(pool: Pool, most: int = AT_ONCE) -> int:
    """Hold guests who changed against the rules, and make the golden fields of those anew whom that concerns."""
    async with pool.connection() as db:
        waiting = await rows.take(db, most)
        if not waiting:
            return 0
        await resolving(db)
        changed = await rows.reckon_some(db, waiting.keys(), await today(db))
        anew = await rows.living(db, changed | {guest_id for guest_id, golden in waiting.items() if golden})
        if anew:
            await refresh(db, anew, await sorting_locale(db))
            await tell_pages(db, ["guests"])
            await mark_changed(db)
    return len(waiting)
