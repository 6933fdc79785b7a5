"""Which way each field goes for a connection, where the owner chose otherwise than the default."""

from collections.abc import Collection, Mapping

import msgspec
from msgspec import Struct

from servery.model.commands import Field
from servery.model.ownership import Direction
from servery.sync.connections import Connection
from servery.sync.rows import Db


class Ruled(Struct, frozen=True):
    """A connection with the directions chosen for it."""

    connection: Connection
    rules: Mapping[Field, Direction]


_RULED = """
select c.id, c.name, c.connector, c.paused, c.settings, c.sealed, c.account, c.created_at,
       coalesce((select jsonb_object_agg(field, direction) from field_rule where connection_id = c.id), '{}') as rules
from connection c where c.removed_at is null and (%(ids)s::bigint[] is null or c.id = any(%(ids)s)) order by c.id"""


async def ruled(db: Db, connection_ids: Collection[int] | None = None) -> list[Ruled]:
    """These connections, or with None all, with what was chosen for them; removed ones are left out."""
    cursor = await db.execute(_RULED, {"ids": None if connection_ids is None else list(connection_ids)})
    return [
        Ruled(msgspec.convert(row, Connection), msgspec.convert(row["rules"], dict[Field, Direction]))
        for row in await cursor.fetchall()
    ]


async def keep_rules(db: Db, connection_id: int, rules: Mapping[Field, Direction | None]) -> None:
    """Choose directions; None goes back to the default."""
    forgotten = [field for field, direction in rules.items() if direction is None]
    chosen = {field: direction for field, direction in rules.items() if direction is not None}
    await db.execute("delete from field_rule where connection_id = %s and field = any(%s)", [connection_id, forgotten])
    await db.execute(
        "insert into field_rule (connection_id, field, direction) select %s, * from unnest(%s::text[], %s::text[]) "
        "on conflict (connection_id, field) do update set direction = excluded.direction",
        [connection_id, list(chosen), list(chosen.values())],
    )
