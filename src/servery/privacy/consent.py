"""Who agreed to what: a ledger to which lines are only added. What nobody said is no consent."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from servery.errors import NotFound
from servery.model.guest import Consent
from servery.model.viewer import Viewer
from servery.storage.pool import Connection as Db

Channel = Literal["any", "email", "sms", "phone", "post"]
CHANNELS: tuple[Channel, ...] = ("any", "email", "sms", "phone", "post")
MARKETING = "marketing"


class Line(Struct, frozen=True, kw_only=True):
    """One line: at which time, of which source, what was said. `by_guest`: the guest's own word, written down by us."""

    id: int
    at: datetime
    channel: Channel
    purpose: str
    state: Consent
    text_version: str | None
    source: str
    by_guest: bool


async def ledger(db: Db, guest_id: int) -> list[Line]:
    """All lines of a guest, the oldest first."""
    return (await ledgers(db, [guest_id])).get(guest_id, [])


async def ledgers(db: Db, guest_ids: Collection[int]) -> dict[int, list[Line]]:
    """The lines of guests, by guest: their records' and their own, those of absorbed guests among them."""
    cursor = await db.execute(_LINES, {"ids": list(guest_ids)})
    found: dict[int, list[Line]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row["of"], []).append(msgspec.convert({name: row[name] for name in _NAMES}, Line))
    return found


_NAMES = Line.__struct_fields__
_LINES = """
select l.*, g.id as of from guest g
join lateral (
    select c.* from source_guest s join consent c on c.source_guest_id = s.id where s.guest_id = g.id
    union all
    select c.* from consent c where c.guest_id = g.id
    union all
    select c.* from guest o join consent c on c.guest_id = o.id where o.merged_into = g.id
) l on true
where g.id = any(%(ids)s) order by l.id"""


def standing(lines: Iterable[Line], channel: Channel = "any", purpose: str = MARKETING) -> Consent:
    """What holds now: the guest's own word until a source says something else after it, and of sources the strictest.

    A denial for all channels holds for each; unknown is no consent.
    """
    told = [one for one in lines if one.purpose == purpose and one.channel in ("any", channel)]
    own = max((one.id for one in told if one.by_guest), default=0)
    latest: dict[tuple[str, str], Consent] = {}
    for one in told:
        if one.id >= own:
            latest[one.source, one.channel] = one.state
    states = set(latest.values())
    if "denied" in states:
        return "denied"
    return "granted" if "granted" in states else "unknown"


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
    """Write down what a guest said, with the version of the text they saw. NotFound when there is no such guest."""
    cursor = await db.execute(
        "insert into consent "
        "(guest_id, channel, purpose, state, text_version, source, by_guest, viewer_kind, viewer_id) "
        "select coalesce(merged_into, id), %s, %s, %s, %s, %s, true, %s, %s from guest where id = %s returning *",
        [channel, purpose, state, text_version, source, viewer.kind, viewer.id, guest_id],
    )
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no guest {id}.", id=guest_id)
    return msgspec.convert({name: row[name] for name in _NAMES}, Line)
