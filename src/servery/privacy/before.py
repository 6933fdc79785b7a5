"""Who is about to be erased: what somebody looks at before the one deed that nobody can take back."""

from hashlib import blake2b

import msgspec
from msgspec import Struct

from servery.errors import Invalid, NotFound
from servery.privacy.person import Held, everything_of
from servery.storage.pool import Connection as Db


class HeldRecord(Struct, frozen=True):
    """One system's record of them."""

    connection: str
    external_id: str
    name: str | None


class Before(Struct, frozen=True, kw_only=True):
    """A guest before their erasure. `absorbed` goes with them; `seen` goes back with the deed."""

    guest_id: int
    name: str | None
    absorbed: tuple[int, ...]
    records: tuple[HeldRecord, ...]
    bookings: int
    checks: int
    seen: str


async def before(db: Db, guest_id: int) -> Before:
    """Who would be erased, by the guest's own id now. NotFound when there is none."""
    held = await everything_of(db, guest_id)
    cursor = await db.execute(
        "select id, name from guest where id = any(%s) and merged_into is null", [list(held.guest_ids)]
    )
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no guest {id}.", id=guest_id)
    cursor = await db.execute("select id, name from connection")
    names = {one["id"]: one["name"] for one in await cursor.fetchall()}
    return Before(
        guest_id=row["id"],
        name=row["name"],
        absorbed=tuple(one for one in held.guest_ids if one != row["id"]),
        records=tuple(HeldRecord(names[one.connection_id], one.external_id, one.guest.name) for one in held.records),
        bookings=len(held.bookings),
        checks=len(held.checks),
        seen=_seen(held),
    )


def _seen(held: Held) -> str:
    whole = msgspec.json.encode((held.guest_ids, sorted(one.id for one in held.records)))
    return blake2b(whole, digest_size=12).hexdigest()


async def refuse_other(db: Db, guest_id: int, held: Held, seen: str | None) -> None:
    """Invalid where the guest is part of another by now, or is made of other records than those that were looked at."""
    cursor = await db.execute("select merged_into from guest where id = %s", [guest_id])
    row = await cursor.fetchone()
    if row and row["merged_into"]:
        raise Invalid(
            "Guest {id} is a part of guest {other} now.", code="changed-meanwhile", id=guest_id,
            other=row["merged_into"], mend="Look at that guest, and erase them if it is who you mean.",
        )  # fmt: skip
    if seen is not None and seen != _seen(held):
        raise Invalid(
            "Guest {id} changed since you looked: records came or went.", code="changed-meanwhile", id=guest_id,
            mend="Look again at who it is.",
        )  # fmt: skip
