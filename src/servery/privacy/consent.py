"""Who agreed to what: a ledger to which lines are only added. What nobody said is no consent."""

from collections.abc import Collection

import msgspec

from servery.errors import Invalid, NotFound
from servery.model.consent import CHANNELS, MARKETING, Channel, Line, standing
from servery.model.guest import Consent
from servery.model.viewer import Viewer
from servery.storage.pool import Connection as Db

__all__ = ["CHANNELS", "MARKETING", "Channel", "Line", "ledger", "ledgers", "standing", "write"]

_LONGEST = 100


async def ledger(db: Db, guest_id: int) -> list[Line]:
    """All lines of a guest, the oldest first. NotFound when there is no such guest."""
    cursor = await db.execute("select coalesce(merged_into, id) as id from guest where id = %s", [guest_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no guest {id}.", id=guest_id)
    return (await ledgers(db, [row["id"]])).get(row["id"], [])


async def ledgers(db: Db, guest_ids: Collection[int]) -> dict[int, list[Line]]:
    """The lines of guests, by guest: their records' and their own, those of absorbed guests among them."""
    cursor = await db.execute(_LINES, [list(guest_ids)])
    found: dict[int, list[Line]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row["of_guest"], []).append(_line(row))
    return found


_LINES = "select * from guest_consent where of_guest = any(%s) order by id"


def _line(row: dict[str, object]) -> Line:
    return msgspec.convert({name: row[name] for name in Line.__struct_fields__ if name in row}, Line)


async def write(
    db: Db,
    viewer: Viewer,
    guest_id: int,
    state: Consent,
    *,
    channel: Channel = "any",
    purpose: str = MARKETING,
    text_version: str | None = None,
    source: str = "guest",
) -> Line:
    """Write down what a guest said: where or how (`source`), and the version of the text they saw.

    NotFound when there is no such guest, Invalid for a consent to a text that nobody names.
    """
    if state == "granted" and not (text_version or "").strip():
        raise Invalid(
            "Which text did the guest agree to?", field="text_version",
            mend="Name its version: without it nobody can show later what they agreed to.",
        )  # fmt: skip
    cursor = await db.execute(
        "insert into consent "
        "(guest_id, channel, purpose, state, text_version, source, by_guest, viewer_kind, viewer_id) "
        "select coalesce(merged_into, id), %s, %s, %s, %s, %s, true, %s, %s from guest where id = %s returning *",
        [channel, purpose, state, text_version, source[:_LONGEST], viewer.kind, viewer.id, guest_id],
    )
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no guest {id}.", id=guest_id)
    return _line(row)
