"""Runs over all guests and what follows from them: visits matched anew, open pages, the audit."""

from collections.abc import Callable

from servery.accounts.audit import acted
from servery.app.arrive import sorting_locale, tell_pages
from servery.guests.matching import runs
from servery.model.viewer import Viewer
from servery.storage.pool import Connection as Db
from servery.sync.tables import form_later
from servery.visits.rows import days_of_guests


async def run_over_all(db: Db, viewer: Viewer, wanted: runs.Preview) -> runs.Run:
    """Join the guests of a preview."""
    return await _done(db, viewer, "run", await runs.carry_out(db, wanted, viewer, await sorting_locale(db)))


async def run_taken_back(
    db: Db, viewer: Viewer, run_id: int, step_of: Callable[[int, int], None] = lambda *_: None
) -> runs.Run:
    """Take a run back as a whole; `step_of` hears how many of how many guests are done. NotFound, Invalid."""
    back = await runs.undo(db, viewer, run_id, await sorting_locale(db), step_of)
    return await _done(db, viewer, "run-undone", back)


async def _done(db: Db, viewer: Viewer, what: str, run: runs.Run) -> runs.Run:
    await acted(db, viewer, f"guests-{what}", f"run:{run.id}", {"steps": len(run.steps)})
    await form_later(db, sorted(await days_of_guests(db, list(run.moved)), key=lambda day: day[1], reverse=True))
    await tell_pages(db, ["guests"])
    return run
