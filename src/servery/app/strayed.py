"""Events that a vendor's application sent for an account before anybody connected it: they find home when it is."""

from collections import defaultdict

from servery.app.addresses import merchants_of
from servery.connectors.contract import Manifest
from servery.inbox.claim import ARRIVED
from servery.inbox.naming import named
from servery.storage.pool import Connection as Db


async def bring_home(db: Db, manifest: Manifest) -> int:
    """Give events that were nobody's to the connections of their accounts, and have them taken in; how many."""
    if manifest.webhook is None or manifest.webhook.merchant_path is None:
        return 0
    cursor = await db.execute(
        "select event_id, body from quarantine where connector = %s and connection_id is null and stage = 'route' "
        "and resolved_at is null order by event_id for update",
        [manifest.name],
    )
    merchants, found = await merchants_of(db, manifest), defaultdict(list)
    for row in await cursor.fetchall():
        (merchant,) = named(bytes(row["body"]), manifest.webhook.merchant_path)
        # The oldest of several connections to one account: what it brings, the others' polls bring too.
        for owner in merchants.get(merchant or "", [])[:1]:
            found[owner].append(row["event_id"])
    for owner, events in found.items():
        await db.execute(_GIVE, {"owner": owner, "events": events})
    if found:
        await db.execute("select pg_notify(%s, '')", [ARRIVED])
    return sum(map(len, found.values()))


_GIVE = """
with given as (
    update quarantine set connection_id = %(owner)s where event_id = any(%(events)s) returning event_id, day
), told as (
    update inbox_event e set connection_id = %(owner)s from given where e.id = given.event_id and e.day = given.day
)
insert into inbox_work (event_id, day, connection_id) select event_id, day, %(owner)s from given
on conflict (event_id) do nothing"""
