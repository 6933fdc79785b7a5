"""Which records of outside systems are those of our guests: the ones that we made, and the ones that we found."""

from collections.abc import Collection, Mapping

from msgspec import Struct

from servery.storage.pool import Connection as Db


class Ours(Struct, frozen=True):
    """Guests by their records in one system, and what is being written there at this moment.

    `trying` are records to which a try with an unknown end may have written, `making` tells of tries that may have
    made records whose ids are not known yet.
    """

    guests: Mapping[str, int]
    trying: frozenset[str]
    making: bool


async def ours(db: Db, connection_id: int, external_ids: Collection[str]) -> Ours:
    """What the outbox knows of these records of people."""
    cursor = await db.execute(
        "select external_id, subject_id, tried_version is not null as trying from outbox_target "
        "where connection_id = %s and kind = 'guest' and external_id = any(%s)",
        [connection_id, list(external_ids)],
    )
    rows = await cursor.fetchall()
    cursor = await db.execute(
        "select exists (select from outbox_target where connection_id = %s and kind = 'guest' and external_id is null "
        "and tried_version is not null and state <> 'rests') as making",
        [connection_id],
    )
    making = await cursor.fetchone()
    return Ours(
        {row["external_id"]: row["subject_id"] for row in rows},
        frozenset(row["external_id"] for row in rows if row["trying"]),
        bool(making and making["making"]),
    )


# A record that has become another guest's is not written for this one any more.
_ADOPT = """
with best as (
    select t.id, t.external_id as known,
           (select s.external_id from source_guest s
            where s.connection_id = t.connection_id and s.guest_id = coalesce(g.merged_into, g.id)
              and not s.removed and s.revision >= 0
            order by s.external_id = t.external_id desc nulls last, s.id limit 1) as found,
           (select s.guest_id <> coalesce(g.merged_into, g.id) from source_guest s
            where s.connection_id = t.connection_id and s.external_id = t.external_id) as anothers
    from outbox_target t join guest g on g.id = t.subject_id
    where t.connection_id = %s and t.kind = 'guest' and t.subject_id = any(%s) and t.tried_version is null
)
update outbox_target t set external_id = best.found,
    written = case when best.known is null then t.written else '{}' end,
    sent_digest = case when best.known is null then t.sent_digest end
from best where best.id = t.id and best.found is distinct from best.known
    and (best.known is null or coalesce(best.anothers, false))"""


async def adopt(db: Db, connection_id: int, guest_ids: Collection[int]) -> None:
    """Let these guests' targets name the record that the system has of them, where it has one."""
    await db.execute(_ADOPT, [connection_id, sorted(guest_ids)])


async def follow(db: Db, connection_id: int, merged: Mapping[str, str]) -> None:
    """Records that their system merged into others, by id: what was written to the one is kept in the other."""
    await db.execute(
        "update outbox_target t set external_id = i.kept, sent_digest = null "
        "from unnest(%s::text[], %s::text[]) as i(old, kept) "
        "where t.connection_id = %s and t.kind = 'guest' and t.external_id = i.old",
        [list(merged), list(merged.values()), connection_id],
    )
