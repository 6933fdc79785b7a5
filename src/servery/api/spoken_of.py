"""Which records an event must speak of to be found by an order or a guest: one answer for API, pages and commands.

It stands with the API because that is the lowest of the three: no room knows guests, records and the audit.
"""

from collections.abc import Sequence

from servery.accounts.audit import Purpose, looked
from servery.guests.search import find
from servery.model.viewer import Viewer
from servery.storage.pool import Connection as Db
from servery.sync.finding import subjects_of_guest, subjects_of_order

_FOUND = 20
"""Guests of a name whose events are listed."""


async def spoken_of(
    db: Db, viewer: Viewer, purpose: Purpose, *, order: str | None, guest: str | None
) -> tuple[Sequence[tuple[int, str]], ...]:
    """For an order's number or id, and for a guest's id or name, the records of each: all that is given counts.

    That guests were looked at is written down.
    """
    groups = []
    if order is not None:
        groups.append(await subjects_of_order(db, order))
    if guest is not None:
        ids = await _guests(db, viewer, guest)
        await looked(db, viewer, ids, purpose)
        groups.append([subject for one in ids for subject in await subjects_of_guest(db, one)])
    return tuple(groups)


async def _guests(db: Db, viewer: Viewer, guest: str) -> list[int]:
    # More digits than an id can have are a phone number, perhaps.
    if guest.isascii() and guest.isdecimal() and len(guest) < 19:
        cursor = await db.execute("select id from guest where id = %s", [int(guest)])
        return [row["id"] for row in await cursor.fetchall()]
    return [one.id for one in await find(db, viewer, guest, _FOUND)]
