"""What pages, API and commands ask of hygiene: what is to be mended, how complete profiles are, what grew old."""

from datetime import date

from msgspec import structs

from servery.accounts.audit import acted, looked
from servery.app.arrive import tell_pages
from servery.app.saying import edited
from servery.app.tagging import today
from servery.errors import Forbidden
from servery.guests.hygiene import ageing, completeness, mending
from servery.guests.hygiene.ageing import Kind, Run
from servery.guests.hygiene.faults import Fault
from servery.guests.hygiene.mending import Item, Listed
from servery.guests.hygiene.overview import Aged, Overview, aged, overview
from servery.guests.merge import author_of
from servery.model.viewer import Right, Viewer
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool


async def tidy(db: Db, *, anew: bool = False) -> None:
    """Make this month's lists where there are none (or `anew`), else look at them again; reckon completeness."""
    day = await today(db)
    month = day.replace(day=1)
    if anew or month not in await mending.months(db):
        if not await mending.months(db):
            await db.execute(_WRITTEN_BADLY)
        await mending.make(db, month, day)
    else:
        await mending.look_again(db, month, day)
    await completeness.reckon(db, month)
    await tell_pages(db, ["guests"])


# Guests who were there before names were written consistently: once, when the first list is made.
_WRITTEN_BADLY = """
insert into guest_to_renew (guest_id, golden)
select id, true from guest where merged_into is null and name <> '' and lower(name) <> upper(name)
and (name = upper(name) or name = lower(name) or name like '%,%' or name <> btrim(name) or name like '%  %')"""


async def leave_out_by_rules(db: Db, viewer: Viewer) -> Run | None:
    """Have what is older than the chosen rules left out; None where there is nothing, or no rule."""
    chosen = {rule.kind: rule.months for rule in await ageing.rules(db) if rule.months is not None}
    run = await ageing.leave_out(db, chosen, author_of(viewer)) if chosen else None
    if run is not None:
        await acted(db, viewer, "facts-aged", f"ageing-run:{run.id}", {"facts": sum(run.counts.values())})
    return run


class RoomHygiene:
    """The room's answers, for whose role mends guests; rules of ageing are for who makes rules."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def shown(self, viewer: Viewer, month: date | None = None) -> Overview:
        """Everything of a month, or of the latest."""
        _demand(viewer, "mend_guests")
        async with self._pool.connection() as db:
            return await overview(db, month)

    async def items(
        self, viewer: Viewer, list_id: int, fault: Fault | None = None, limit: int = 50, offset: int = 0
    ) -> Listed:
        """A list with what stands on it; without contact details for who may not see them. NotFound."""
        _demand(viewer, "mend_guests")
        async with self._pool.connection() as db:
            found = await mending.listed(db, list_id, fault, limit=limit, offset=offset)
            await looked(db, viewer, {one.guest_id for one in found.items}, "list")
        return structs.replace(found, items=tuple(_cut(one, viewer) for one in found.items))

    async def accept(self, viewer: Viewer, guest_id: int) -> int:
        """Write the address that was probably meant, as staff's word; the id of the edit. NotFound, Invalid."""
        _demand(viewer, "mend_guests")
        _demand(viewer, "edit_guests")
        async with self._pool.connection() as db:
            edit_id = await edited(db, viewer, guest_id, {"email": await mending.meant(db, guest_id)})
            await mending.look_at(db, guest_id, await today(db))
        return edit_id

    async def look(self, viewer: Viewer) -> None:
        """Look now: at this month's lists again, or for the first time."""
        _demand(viewer, "mend_guests")
        async with self._pool.connection() as db:
            await tidy(db)
            await acted(db, viewer, "guests-looked-over", "guests:0")

    async def old(self, viewer: Viewer, *, preview: bool = False) -> Aged:
        """The rules of ageing with what was left out, and with `preview` what would go now."""
        _demand(viewer, "make_rules")
        async with self._pool.connection() as db:
            found = await aged(db, preview=preview)
            if found.preview is None:
                return found
            cut = _without_hidden(found.preview, viewer)
            await looked(db, viewer, {one.guest_id for one in cut.oldest}, "list")
            return structs.replace(found, preview=cut)

    async def choose(self, viewer: Viewer, kind: Kind, months: int | None) -> None:
        """Leave a kind of fact out after so many months, or never. Invalid."""
        _demand(viewer, "make_rules")
        async with self._pool.connection() as db:
            await ageing.choose(db, kind, months)
            await acted(db, viewer, "ageing-chosen", f"ageing:{kind}", {"months": months})

    async def leave_out(self, viewer: Viewer) -> Run | None:
        """Have the chosen rules done now; None where nothing is that old."""
        _demand(viewer, "make_rules")
        async with self._pool.connection() as db:
            return await leave_out_by_rules(db, viewer)

    async def undo(self, viewer: Viewer, run_id: int) -> Run:
        """Take a run back. NotFound, Invalid."""
        _demand(viewer, "make_rules")
        async with self._pool.connection() as db:
            run = await ageing.undo(db, run_id)
            await acted(db, viewer, "ageing-undone", f"ageing-run:{run_id}")
        return run


def _cut(item: Item, viewer: Viewer) -> Item:
    if viewer.may("see_contact"):
        return item
    return structs.replace(item, email=None, phone=None, meant=None)


def _without_hidden(found: ageing.Preview, viewer: Viewer) -> ageing.Preview:
    return structs.replace(found, oldest=tuple(one for one in found.oldest if viewer.may(ageing.SEEN_WITH[one.kind])))


def _demand(viewer: Viewer, right: Right) -> None:
    if not viewer.may(right):
        raise Forbidden("The role {role} does not include this.", role=viewer.role)
