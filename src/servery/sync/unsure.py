"""People's records that came while we were writing to their system: what of them is ours is seen afterwards."""

from collections.abc import Collection, Mapping

import msgspec

from servery.model.guest import SourceGuest
from servery.sync.judge import state
from servery.sync.rows import Db


async def remember(db: Db, connection_id: int, held: Mapping[str, SourceGuest]) -> None:
    """Remember records, by external id, with what they said of their own before."""
    await db.execute(
        "insert into unsure_guest (connection_id, external_id, held) select %s, i.external_id, i.held::jsonb "
        "from unnest(%s::text[], %s::text[]) as i(external_id, held) on conflict do nothing",
        [connection_id, list(held), [msgspec.json.encode(one).decode() for one in held.values()]],
    )


async def waiting(db: Db) -> list[int]:
    """The connections that have such records."""
    cursor = await db.execute("select distinct connection_id from unsure_guest order by 1")
    return [row["connection_id"] for row in await cursor.fetchall()]


async def remembered(db: Db, connection_id: int) -> dict[str, SourceGuest]:
    """The records of a connection that are unsure, with what they said of their own before."""
    cursor = await db.execute("select external_id, held from unsure_guest where connection_id = %s", [connection_id])
    return {row["external_id"]: msgspec.convert(row["held"], SourceGuest) for row in await cursor.fetchall()}


async def correct(db: Db, connection_id: int, bodies: Mapping[str, bytes]) -> list[int]:
    """Let records say this and no more, as if they had come so; the ids of those that change."""
    digests = [state(external_id, 0, body).digest for external_id, body in bodies.items()]
    cursor = await db.execute(
        "update source_guest s set body = i.body::jsonb, digest = i.digest, seen_at = now() "
        "from unnest(%s::text[], %s::text[], %s::bytea[]) as i(external_id, body, digest) "
        "where s.connection_id = %s and s.external_id = i.external_id and s.digest <> i.digest returning s.id",
        [list(bodies), [body.decode() for body in bodies.values()], digests, connection_id],
    )
    return [row["id"] for row in await cursor.fetchall()]


async def forget(db: Db, connection_id: int, external_ids: Collection[str], *, all_old: bool) -> None:
    """Forget records that are sure now; with `all_old` those as well that nothing written has turned out to be."""
    await db.execute(
        "delete from unsure_guest where connection_id = %s "
        "and (external_id = any(%s) or (%s and at < now() - interval '1 minute'))",
        [connection_id, list(external_ids), all_old],
    )
