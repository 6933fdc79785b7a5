"""Reading from one connection: pages of records, taken in set by set and kept as they came."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Literal

from msgspec import Raw, Struct
from psycopg_pool import AsyncConnectionPool

from servery.connectors.contract import Account, Connector, Page, Resource, Session, Span, pages
from servery.errors import ServeryError
from servery.model.changes import Applied, Change, state_key
from servery.sync import connections, state
from servery.sync.places import Place
from servery.sync.rows import Db
from servery.sync.understanding import Known, Understood, beyond_us, not_understood, says_too_much, together, understood

Arrive = Callable[[Db, int, Mapping[str, Place], Sequence[Change]], Awaitable[Applied]]
"""What takes changes into the house, in the transaction of the connection it is given (`app.arrive`)."""
Pool = AsyncConnectionPool[Db]

Via = Literal["poll", "backfill", "reconcile"]
Keep = Callable[[Db, Via, str, Sequence[Understood]], Awaitable[None]]
"""What keeps records of a resource as they came, and aside where they have an error (`app.keeping`)."""

SET = 500
"""Records from which on pages are taken in together."""


class Reader(Struct, frozen=True, kw_only=True):
    """One connection being read."""

    pool: Pool
    connection_id: int
    connector: Connector
    session: Session
    account: Account
    history_days: int
    arrive: Arrive
    keep: Keep


async def read_sets(reader: Reader, via: Via, resource: Resource, span: Span | None) -> AsyncIterator[list[Understood]]:
    """Read a span set by set, each taken in whole before it is given; the vendor prepares the next pages meanwhile."""
    async with reader.pool.connection() as db:
        places = await connections.places(db, reader.connection_id)
    coming = _sets(pages(reader.connector, reader.session, resource, reader.account, span))
    records = await anext(coming, None)
    while records is not None:
        following = asyncio.ensure_future(anext(coming, None))
        try:
            yield await take_in(reader, via, resource, places, records)
            records = await following
        finally:
            following.cancel()


async def _sets(coming: AsyncIterator[Page]) -> AsyncIterator[list[Raw]]:
    """The records of small pages put together: a day's visits are formed anew after each set, not after each page."""
    records: list[Raw] = []
    try:
        async for page in coming:
            records += page.records
            if len(records) >= SET:
                yield records
                records = []
    except ServeryError:
        # What came before the failure is taken in all the same.
        if records:
            yield records
        raise
    if records:
        yield records


async def take_in(
    reader: Reader, via: Via, resource: Resource, places: Mapping[str, Place], records: list[Raw]
) -> list[Understood]:
    """Bring a set of records into the house in one transaction, and keep them as they came; what each of them says."""
    known = Known(places, frozenset(one.external_id for one in reader.account.locations))
    told = understood(reader.connector, resource.name, known, records)
    async with reader.pool.connection() as db:
        await together(db, [one for one in told if one.error is None], partial(_arrived, reader, db, places), _aside)
        await reader.keep(db, via, resource.name, told)
        of_past = via == "backfill"
        await state.read_records(db, reader.connection_id, resource.name, len(records), of_past=of_past)
    return told


async def _arrived(reader: Reader, db: Db, places: Mapping[str, Place], told: Sequence[Understood]) -> None:
    changes = [change for one in told for change in one.changes]
    effects = (await reader.arrive(db, reader.connection_id, places, changes)).effects
    for one in told:
        one.effects = effects.intersection(map(state_key, one.changes))


def _aside(told: Understood, error: Exception) -> None:
    """Keep a record aside at once, whatever the fault: the next poll tries it again."""
    told.stage = "apply"
    told.error = beyond_us(error) if says_too_much(error) else not_understood(error)
