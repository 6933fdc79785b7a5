"""Letting somebody in again who was erased: a new beginning, of which nothing from before the erasure becomes a part.

Their records and contacts are welcome from now on. Bookings, checks and payments that were emptied stay nobody's, and
what a system still holds from before is cut to who they are and how to reach them.

Whose name only may be another spelling of an erased one is let in under that name alone: it may be one of the family.
"""

from collections.abc import Collection, Sequence
from typing import Literal

from servery.errors import NotFound
from servery.model.guest import SourceGuest
from servery.model.viewer import Viewer
from servery.privacy import log
from servery.privacy.keyed import Key
from servery.storage.pool import Connection as Db

Reason = Literal["booked", "asked"]
"""They booked anew themselves, or asked the house for it."""


async def erasures_of(db: Db, key: Key, person: SourceGuest) -> list[int]:
    """The erasures by which this person is kept out. NotFound where nobody of this name and contact is.

    With a name only who had this name: a family shares a phone.
    """
    cursor = await db.execute(
        "select distinct erasure_id from erased_key where hash = any(%b) and let_in_at is null order by 1",
        [list(key.contacts(person))],
    )
    found = [row["erasure_id"] for row in await cursor.fetchall()]
    if not found:
        raise NotFound(
            "Nobody of this name with this e-mail address or phone number is kept out.", code="not-kept-out",
            mend="Write both as they were: the name whole, and the contact that the person had then.",
        )  # fmt: skip
    return found


async def let_in(db: Db, key: Key, viewer: Viewer, reason: Reason, erasure_ids: Collection[int]) -> int:
    """Let in again whom these erasures keep out, in the caller's transaction; the number of this line.

    It is written into the log beside the database too, so that no restore keeps them out again.
    """
    cursor = await db.execute(
        "update erased_key set let_in_at = now() where erasure_id = any(%s) and kind <> 'other' and let_in_at is null "
        "returning hash",
        [list(erasure_ids)],
    )
    hashes = [bytes(row["hash"]) for row in await cursor.fetchall()]
    line = await _noted(db, viewer, reason, erasure_ids)
    log.write_let_in(key.home, key, hashes)
    return line


async def _noted(db: Db, viewer: Viewer, reason: Reason, erasure_ids: Collection[int]) -> int:
    cursor = await db.execute(
        "insert into let_in (reason, viewer_kind, viewer_id, erasure_ids) values (%s, %s, %s, %s) returning id",
        [reason, viewer.kind, viewer.id, sorted(erasure_ids)],
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row["id"])


async def let_in_as(db: Db, key: Key, viewer: Viewer, reason: Reason, people: Sequence[tuple[SourceGuest, int]]) -> int:
    """Let in people under these very names and contacts, each kept out by an erasure; the number of this line.

    Whoever was erased stays out under every other name.
    """
    hashes = {found: erasure_id for person, erasure_id in people for found in key.contacts(person)}
    await db.execute(
        "insert into erased_key (hash, kind, erasure_id, let_in_at) select i.hash, 'contact', i.erasure_id, now() "
        "from unnest(%b::bytea[], %s::bigint[]) as i(hash, erasure_id) "
        "on conflict (hash) do update set let_in_at = coalesce(erased_key.let_in_at, now())",
        [list(hashes), list(hashes.values())],
    )
    line = await _noted(db, viewer, reason, set(hashes.values()))
    log.write_let_in(key.home, key, list(hashes), {found for person, _ in people for found in key.alike(person)})
    return line


async def let_in_who_asks(db: Db, key: Key, viewer: Viewer, person: SourceGuest) -> int:
    """Let in again who asks for it, in the caller's transaction; the number of this line. NotFound as `erasures_of`."""
    try:
        return await let_in(db, key, viewer, "asked", await erasures_of(db, key, person))
    except NotFound:
        cursor = await db.execute(
            "select max(erasure_id) as id from erased_key where hash = any(%b) and let_in_at is null",
            [list(key.alike(person))],
        )
        row = await cursor.fetchone()
        if row is None or row["id"] is None:
            raise
        return await let_in_as(db, key, viewer, "asked", [(person, row["id"])])


async def let_in_as_logged(db: Db, line: log.Line) -> None:
    """Do in a restored database what a line of the log says; whom a later erasure keeps out stays out."""
    if line.known_by:
        # Of a name that was let in alone nothing is kept but this line.
        await db.execute(
            "insert into erased_key (hash, kind, erasure_id) select i.hash, 'contact', k.id "
            "from unnest(%(hashes)b::bytea[]) as i(hash), "
            "(select max(erasure_id) as id from erased_key where hash = any(%(known_by)b)) as k "
            "where k.id is not null on conflict do nothing",
            {
                "hashes": [bytes.fromhex(one) for one in line.let_in],
                "known_by": [bytes.fromhex(one) for one in line.known_by],
            },
        )
    await db.execute(
        "update erased_key k set let_in_at = %(at)s from erasure e where e.id = k.erasure_id and e.at <= %(at)s "
        "and k.let_in_at is null and k.hash = any(%(hashes)b)",
        {"at": line.at, "hashes": [bytes.fromhex(one) for one in line.let_in]},
    )
