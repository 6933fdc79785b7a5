"""How each connection's sending stands."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from servery.storage.pool import Connection as Db


class Leaving(Struct, frozen=True, kw_only=True):
    """How the sending over one connection stands.

    `waiting` counts what is still to be sent, `ambiguous` those of them that must be looked up first, `oldest` is since
    when the longest of them waits. `open_until` is set while the other side is given a rest, `failing_since` while it
    fails, `stopped` while a person must mend something first (the error as it is kept). `error_share` is the share of
    the last 24 hours' tries that failed, None where there were none.
    """

    connection_id: int
    waiting: int = 0
    ambiguous: int = 0
    refused: int = 0
    held: int = 0
    oldest: datetime | None = None
    next_attempt: datetime | None = None
    last_sent: datetime | None = None
    failing_since: datetime | None = None
    open_until: datetime | None = None
    stopped: dict[str, Any] | None = None
    last_error: dict[str, Any] | None = None
    error_share: float | None = None


_STATUS = """
select c.id as connection_id, coalesce(t.waiting, 0) as waiting, coalesce(t.ambiguous, 0) as ambiguous,
       coalesce(t.refused, 0) as refused, coalesce(t.held, 0) as held, t.oldest, s.last_sent,
       case when g.stopped is null then greatest(t.next_attempt, g.open_until) end as next_attempt,
       g.failing_since, g.open_until, g.stopped, a.last_error, a.error_share
from connection c
left join outbox_gate g on g.connection_id = c.id
left join lateral (
    select count(*) filter (where state in ('due', 'ambiguous')) as waiting,
           count(*) filter (where state = 'ambiguous') as ambiguous,
           count(*) filter (where state = 'refused') as refused,
           count(*) filter (where state = 'held') as held,
           min(marked_at) filter (where state in ('due', 'ambiguous')) as oldest,
           min(next_try_at) filter (where state in ('due', 'ambiguous')) as next_attempt
    from outbox_target where connection_id = c.id and state <> 'rests'
) t on true
left join lateral (
    select max(at) filter (where outcome = 'sent') as last_sent from outbox_attempt
    where connection_id = c.id and day >= current_date - 1
) s on true
left join lateral (
    select (count(*) filter (where error is not null))::float / nullif(count(*), 0) as error_share,
           (array_agg(error order by at desc) filter (where error is not null))[1] as last_error
    from outbox_attempt where connection_id = c.id and day >= current_date - 1 and at > now() - interval '24 hours'
) a on true
where c.removed_at is null and exists (select from outbox_target where connection_id = c.id)
order by c.id"""


async def status(db: Db) -> list[Leaving]:
    """How sending stands, for each connection that is to hold anything of ours."""
    cursor = await db.execute(_STATUS)
    return [msgspec.convert(row, Leaving) for row in await cursor.fetchall()]
