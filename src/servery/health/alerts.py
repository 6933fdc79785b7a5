"""Who is told when something breaks, and what each of them is owed. What is owed is sent until it is sent.

A critical repair is told once when it has stood for a while, once a day while it stands, and once when it is mended.
Nothing that is told holds personal data: a repair names systems, numbers and reasons alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, get_args
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from servery.errors import Invalid, NotFound, ServeryError
from servery.health.repairs import REOPENS
from servery.storage.pool import Connection as Db

STANDS = timedelta(minutes=5)
"""How long a repair stands before anybody is told: most outages end sooner, by themselves."""
REMINDED = timedelta(days=1)
DIGEST_HOUR = 7
"""UTC hour from which the day's digest is sent."""
WAITS = (30, 120, 600, 3600, 3 * 3600)
"""Seconds between tries to send; the last repeats."""
TRIES = 30
LEASE = timedelta(minutes=2)
"""Whoever sends has so long; then somebody else may."""

What = Literal["opened", "reminder", "closed", "digest", "test"]
ReceiverKind = Literal["email", "webhook"]
Least = Literal["critical", "warning"]
"""What is told at once: only what is critical, or what will be as well."""
LEASTS: tuple[Least, ...] = get_args(Least)
_LONGEST_ADDRESS = 500


class Receiver(Struct, frozen=True, kw_only=True):
    """Somebody who is told. `sealed` is the secret that signs what a webhook gets; `error` why the last try failed."""

    id: int
    kind: ReceiverKind
    address: str
    sealed: bytes | None
    least: Least
    digest: bool
    language: str
    created_at: datetime
    error: dict[str, str] | None


class Owed(Struct, frozen=True, kw_only=True):
    """One thing to tell one receiver. `id` is the same at every try: by it a receiver knows a repeat."""

    id: UUID
    receiver_id: int
    repair_id: int | None
    what: What
    turn: int
    due_at: datetime
    attempts: int


_RECEIVER = ", ".join(Receiver.__struct_fields__)


def receiver_kind(address: str) -> ReceiverKind:
    """Whether an address is an e-mail's or a webhook's. Invalid where it is neither."""
    plain = address.isprintable() and " " not in address and len(address) <= _LONGEST_ADDRESS
    if plain and "://" in address:
        parts = urlsplit(address)
        if parts.scheme in {"http", "https"} and parts.hostname and not (parts.username or parts.password):
            return "webhook"
    elif plain and address.count("@") == 1 and all(address.split("@")) and "." in address.split("@")[1]:
        return "email"
    raise Invalid(
        "This is neither an e-mail address nor the address of a webhook.",
        field="address",
        mend="Write it as you@example.com or https://example.com/alerts.",
    )


async def add(db: Db, address: str, *, least: Least, digest: bool, language: str) -> int:
    """Tell somebody from now on. Raises Invalid where the address is none, or is told already."""
    kind = receiver_kind(address)
    cursor = await db.execute(
        "insert into alert_receiver (kind, address, least, digest, language) values (%s, %s, %s, %s, %s) "
        "on conflict (kind, address) do nothing returning id",
        [kind, address, least, digest, language],
    )
    row = await cursor.fetchone()
    if row is None:
        raise Invalid("This address is told already.", field="address")
    return int(row["id"])


async def keep_secret(db: Db, receiver_id: int, sealed: bytes) -> None:
    """Keep the encrypted secret that signs what a webhook gets."""
    await db.execute("update alert_receiver set sealed = %s where id = %s", [sealed, receiver_id])


async def anything_sealed(db: Db) -> bool:
    """Whether any secret is kept, of a receiver or of a system: its key must then be there."""
    cursor = await db.execute(
        "select exists (select from alert_receiver where sealed is not null) "
        "or exists (select from connection where sealed is not null) "
        "or exists (select from application where sealed is not null) as found"
    )
    row = await cursor.fetchone()
    return bool(row and row["found"])


async def change(db: Db, receiver_id: int, *, least: Least, digest: bool) -> None:
    """Choose what somebody is told. Raises NotFound."""
    cursor = await db.execute(
        "update alert_receiver set least = %s, digest = %s where id = %s", [least, digest, receiver_id]
    )
    if not cursor.rowcount:
        raise _nobody(receiver_id)


async def remove(db: Db, receiver_id: int) -> None:
    """Tell somebody no more. Raises NotFound."""
    cursor = await db.execute("delete from alert_receiver where id = %s", [receiver_id])
    if not cursor.rowcount:
        raise _nobody(receiver_id)


async def receivers(db: Db) -> list[Receiver]:
    """Everybody who is told, in the order in which they were added."""
    cursor = await db.execute(f"select {_RECEIVER} from alert_receiver order by id")
    return [msgspec.convert(row, Receiver) for row in await cursor.fetchall()]


async def receiver(db: Db, receiver_id: int) -> Receiver:
    """One of them. Raises NotFound."""
    cursor = await db.execute(f"select {_RECEIVER} from alert_receiver where id = %s", [receiver_id])
    row = await cursor.fetchone()
    if row is None:
        raise _nobody(receiver_id)
    return msgspec.convert(row, Receiver)


def _nobody(receiver_id: int) -> NotFound:
    return NotFound("There is nobody with the number {id} to be told.", id=receiver_id)


async def owe(db: Db, now: datetime) -> None:
    """Write down what everybody is owed by now. Doing so again adds nothing."""
    wanted = (
        "from repair r join alert_receiver a on (r.severity = 'critical' or (a.least = 'warning' "
        "and r.severity = 'warning')) "
    )
    heard = "r.ignored_at is null and (r.snoozed_until is null or r.snoozed_until <= %(now)s) "
    times = {"now": now, "stands": STANDS, "reminded": REMINDED, "settled": REOPENS}
    insert = "insert into alert (receiver_id, repair_id, what, turn, due_at) "
    await db.execute(
        f"{insert}select a.id, r.id, 'opened', 0, %(now)s {wanted}"
        f"where r.closed_at is null and r.opened_at <= %(now)s - %(stands)s and {heard}on conflict do nothing",
        times,
    )
    await db.execute(
        f"{insert}select o.receiver_id, r.id, 'reminder', floor(extract(epoch from %(now)s - r.opened_at) "
        "/ extract(epoch from %(reminded)s::interval))::int, %(now)s "
        "from alert o join repair r on r.id = o.repair_id where o.what = 'opened' and r.closed_at is null "
        f"and r.opened_at <= %(now)s - %(reminded)s and {heard}on conflict do nothing",
        times,
    )
    await db.execute(
        f"{insert}select o.receiver_id, r.id, 'closed', 0, %(now)s from alert o join repair r on r.id = o.repair_id "
        "where o.what = 'opened' and r.closed_at <= %(now)s - %(settled)s on conflict do nothing",
        times,
    )
    if now.hour >= DIGEST_HOUR:
        await db.execute(
            f"{insert}select a.id, null, 'digest', (%(now)s at time zone 'UTC')::date - date '2000-01-01', %(now)s "
            "from alert_receiver a where a.digest and exists (select from repair where closed_at is null "
            "and severity <> 'notice') on conflict do nothing",
            times,
        )


async def owe_test(db: Db, receiver_id: int, now: datetime) -> UUID:
    """Owe somebody a word to see that it reaches them. Raises NotFound."""
    await receiver(db, receiver_id)
    cursor = await db.execute(
        "insert into alert (receiver_id, what, turn, due_at) select %(id)s, 'test', count(*)::int, %(now)s "
        "from alert where receiver_id = %(id)s and what = 'test' returning id",
        {"id": receiver_id, "now": now},
    )
    row = await cursor.fetchone()
    assert row is not None
    found: UUID = row["id"]
    return found


async def claim(db: Db, now: datetime, limit: int = 20, only: UUID | None = None) -> list[Owed]:
    """Take some of what is due, for LEASE: whoever else asks meanwhile is given other things."""
    cursor = await db.execute(
        "update alert set attempts = attempts + 1, due_at = %(until)s where id in (select id from alert "
        "where sent_at is null and due_at <= %(now)s and attempts < %(tries)s "
        "and (%(only)s::uuid is null or id = %(only)s) "
        f"order by due_at limit %(limit)s for update skip locked) returning {', '.join(Owed.__struct_fields__)}",
        {"now": now, "until": now + LEASE, "tries": TRIES, "limit": limit, "only": only},
    )
    return [msgspec.convert(row, Owed) for row in await cursor.fetchall()]


async def sent(db: Db, owed: Owed, now: datetime) -> None:
    """It was told."""
    await db.execute("update alert set sent_at = %s where id = %s", [now, owed.id])
    await db.execute("update alert_receiver set error = null where id = %s and error is not null", [owed.receiver_id])


async def failed(db: Db, owed: Owed, error: ServeryError, now: datetime) -> None:
    """It could not be told: it is tried again later, and the page says why."""
    again = now + timedelta(seconds=WAITS[min(owed.attempts - 1, len(WAITS) - 1)])
    await db.execute("update alert set due_at = %s where id = %s", [again, owed.id])
    await db.execute(
        "update alert_receiver set error = %s where id = %s",
        [Jsonb({"code": error.code, "message": error.told()}), owed.receiver_id],
    )
