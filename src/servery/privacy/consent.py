"""Who agreed to what: a ledger to which lines are only added. What nobody said is no consent."""

from collections.abc import Collection, Mapping, Sequence

import msgspec
from msgspec import Struct

from servery.errors import Invalid, NotFound
from servery.model.consent import CHANNELS, MARKETING, Channel, Line, by_channel, standing
from servery.model.guest import Consent
from servery.model.viewer import Viewer
from servery.storage.pool import Connection as Db

__all__ = [
    "CHANNELS", "MARKETING", "PURPOSES", "Channel", "Ledger", "Line", "Said", "ledger", "ledgers", "opened",
    "standing", "write",
]  # fmt: skip

PURPOSES = (MARKETING, "allergies")
"""What guests are asked to agree to: to be written to, and that allergies are kept, which tell of their health."""
_LONGEST = 100


class Ledger(Struct, frozen=True, kw_only=True):
    """A guest's ledger as it is read. `who` are the names of those who wrote lines down, by kind and id."""

    guest_id: int
    lines: tuple[Line, ...]
    who: Mapping[str, str] = {}

    def by_channel(self, purpose: str = MARKETING) -> Mapping[Channel, Consent]:
        """What holds now for each channel."""
        return by_channel(self.lines, purpose)

    def written_by(self, line: Line) -> str:
        """Who wrote a line down."""
        return self.who.get(f"{line.viewer_kind}:{line.viewer_id}", "Servery")


async def opened(db: Db, guest_id: int) -> Ledger:
    """A guest's ledger, with the names of who wrote it. NotFound when there is no such guest."""
    lines = await ledger(db, guest_id)
    cursor = await db.execute("select coalesce(merged_into, id) as id from guest where id = %s", [guest_id])
    row = await cursor.fetchone()
    return Ledger(guest_id=row["id"] if row else guest_id, lines=tuple(lines), who=await _names(db, lines))


async def _names(db: Db, lines: Sequence[Line]) -> dict[str, str]:
    cursor = await db.execute(
        "select 'person:' || id as who, name from person where id = any(%(person)s) "
        "union all select 'key:' || id, name from api_key where id = any(%(key)s)",
        {kind: [one.viewer_id for one in lines if one.viewer_kind == kind] for kind in ("person", "key")},
    )
    return {row["who"]: row["name"] for row in await cursor.fetchall()}


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


_LINES = """
select c.*, exists (
    select from consent o join guest g on g.id = o.guest_id
    where (o.id = c.same_as or o.same_as = coalesce(c.same_as, c.id)) and coalesce(g.merged_into, g.id) <> c.of_guest
) as of_both
from guest_consent c where of_guest = any(%s) order by id"""


def _line(row: dict[str, object]) -> Line:
    return msgspec.convert({name: row[name] for name in Line.__struct_fields__ if name in row}, Line)


class Said(Struct, frozen=True, kw_only=True):
    """What a guest said: of which channel and purpose, having seen which text, and where or how (`source`)."""

    state: Consent
    channel: Channel = "any"
    purpose: str = MARKETING
    text_version: str | None = None
    source: str = "guest"


async def write(db: Db, viewer: Viewer, guest_id: int, said: Said) -> Line:
    """Write down what a guest said, for ever. NotFound where there is no such guest.

    Invalid for a purpose that nobody asks consent for, and for consent to an unnamed text.
    """
    if said.purpose not in PURPOSES:
        raise Invalid(
            "Nobody is asked for consent to {purpose}.", field="purpose", mend="Choose one of: {known}.",
            purpose=said.purpose, known=", ".join(PURPOSES),
        )  # fmt: skip
    if said.state == "granted" and not (said.text_version or "").strip():
        raise Invalid(
            "Which text did the guest agree to?", field="text_version",
            mend="Name its version: without it nobody can show later what they agreed to.",
        )  # fmt: skip
    cursor = await db.execute(
        "insert into consent "
        "(guest_id, channel, purpose, state, text_version, source, by_guest, viewer_kind, viewer_id) "
        "select coalesce(merged_into, id), %s, %s, %s, %s, %s, true, %s, %s from guest where id = %s returning *",
        [said.channel, said.purpose, said.state, said.text_version, said.source[:_LONGEST], viewer.kind, viewer.id,
         guest_id],
    )  # fmt: skip
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no guest {id}.", id=guest_id)
    return _line(row)
