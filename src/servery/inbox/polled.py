"""Records that were asked for and not sent: kept as they came, once, in the transaction that takes them in."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from hashlib import blake2b
from typing import Literal

from msgspec import Struct

from servery.errors import ServeryError
from servery.inbox import quarantine
from servery.inbox.claim import Db
from servery.inbox.outcomes import Became, note
from servery.inbox.quarantine import Aside, Stage, reason_of

Redact = Callable[[bytes], bytes]
"""Takes card numbers out of a record."""
Via = Literal["poll", "backfill", "reconcile", "file"]


class Read(Struct, frozen=True, kw_only=True):
    """One record as it was read: of which records it speaks, and why it could not be taken in."""

    body: bytes
    records: Collection[tuple[str, str]] = ()
    stage: Stage = "translate"
    error: ServeryError | None = None


class Source(Struct, frozen=True):
    """Where records come from."""

    connection_id: int
    connector: str
    via: Via
    kind: str
    """The resource's name: what `translate` is given with a record."""


async def keep(db: Db, source: Source, redact: Redact, read: Sequence[Read]) -> None:
    """Keep records whose very bytes did not come before, and aside those with an error."""
    by_key = {_key(source.kind, body): (one, body) for one in read for body in (redact(one.body),)}
    if not by_key:
        return
    new = await _new(db, source.connection_id, list(by_key))
    stored = await _store(db, source, {key: by_key[key][1] for key in by_key if key in new})
    became, aside = [], []
    for key, (event_id, day) in stored.items():
        one, body = by_key[key]
        outcome: Literal["quarantined", "applied"] = "quarantined" if one.error else "applied"
        became.append(Became(event_id=event_id, day=day, outcome=outcome, records=one.records))
        if one.error:
            aside.append(Aside(event_id=event_id, day=day, body=body, stage=one.stage, reason=reason_of(one.error)))
    await note(db, source.connection_id, became)
    await quarantine.put_aside(db, aside)
    again = {key: one for key, (one, _) in by_key.items() if key not in new}
    failed = {key: reason_of(one.error) for key, one in again.items() if one.error}
    await quarantine.still_aside(db, source.connection_id, failed)
    if well := again.keys() - failed:
        await quarantine.settled(db, source.connection_id, well)


def _key(kind: str, body: bytes) -> str:
    return f"{kind}:{blake2b(body, digest_size=16).hexdigest()}"


async def _new(db: Db, connection_id: int, keys: Sequence[str]) -> set[str]:
    cursor = await db.execute(
        "insert into inbox_seen (connection_id, key) select %s, unnest(%s::text[]) "
        "on conflict do nothing returning key",
        [connection_id, keys],
    )
    return {row["key"] for row in await cursor.fetchall()}


async def _store(db: Db, source: Source, bodies: Mapping[str, bytes]) -> dict[str, tuple[int, date]]:
    """Store bodies by key; the events' ids and days by key."""
    if not bodies:
        return {}
    cursor = await db.execute(
        "insert into inbox_event (day, connection_id, connector, via, kind, key, body) "
        "select (now() at time zone 'UTC')::date, %s, %s, %s, %s, key, body "
        "from unnest(%s::text[], %b::bytea[]) as i(key, body) returning id, day, key",
        [source.connection_id, source.connector, source.via, source.kind, list(bodies), list(bodies.values())],
    )
    return {row["key"]: (row["id"], row["day"]) for row in await cursor.fetchall()}
