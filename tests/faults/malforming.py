"""Feeding senseless payloads, mingled with good ones, to what takes in: of each connector that hears."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from msgspec import Raw, Struct

from servery.app.taking import Source, take
from servery.connectors import registry
from servery.connectors.contract import Page
from servery.storage.pool import Pool, open_pool
from tests.app.inbox import House, check, house
from tests.faults.malformed import payloads as malformed

_AT_ONCE = 200

ORDER = {
    "id": "ord-1", "location_id": "nord", "created_at": "2026-03-06T18:42:10Z", "updated_at": "2026-03-06T18:42:10Z",
    "state": "OPEN", "version": 3, "ticket_name": "T7",
    "line_items": [{"uid": "l1", "name": "Ribeye", "quantity": "1", "total_money": {"amount": 31500, "currency": "DKK"},
                    "base_price_money": {"amount": 31500, "currency": "DKK"}}],
    "total_money": {"amount": 31500, "currency": "DKK"},
}  # fmt: skip
CUSTOMER = {
    "id": "cus-1", "created_at": "2026-03-06T18:42:10Z", "updated_at": "2026-03-06T18:42:10Z", "given_name": "Ida",
    "family_name": "Holm", "email_address": "ida@example.com", "phone_number": "+45 20 30 40 50",
}  # fmt: skip
PAYMENT = {
    "id": "pay-1", "created_at": "2026-03-06T18:42:10Z", "updated_at": "2026-03-06T18:42:10Z", "order_id": "ord-1",
    "location_id": "nord", "status": "COMPLETED", "amount_money": {"amount": 31500, "currency": "DKK"},
    "total_money": {"amount": 31500, "currency": "DKK"}, "source_type": "CASH",
}  # fmt: skip
EVENT = {
    "merchant_id": "M1", "type": "customer.updated", "event_id": "e1", "created_at": "2026-03-06T18:42:10Z",
    "data": {"type": "customer", "id": "cus-1", "object": {"customer": CUSTOMER}},
}  # fmt: skip
KINDS: dict[tuple[str, str], dict[str, Any]] = {
    ("webhook", "customer.updated"): EVENT,
    ("poll", "orders"): ORDER,
    ("poll", "customers"): CUSTOMER,
    ("poll", "payments"): PAYMENT,
}


class Verdict(Struct):
    """What came of it. `slowest` is the longest for which the event loop stood still, in seconds."""

    payloads: int = 0
    mingled: int = 0
    good: int = 0
    aside: int = 0
    applied: int = 0
    tried: int = 0
    """Those that met a fault and are tried again, until they rest."""
    lost: int = 0
    crashes: int = 0
    slowest: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.payloads} malformed: {self.applied} taken in, {self.aside} put aside, {self.tried} tried again, "
            f"{self.lost} lost, "
            f"{self.crashes} crashes, the longest standstill {self.slowest:.2f} s; {self.good} of {self.mingled} good"
        )


async def fuzzed(dsn: str, payloads: int, seed: int, huge: int) -> Verdict:
    """Take in so many malformed payloads of Square's, and as many of a made-up system's between good ones."""
    verdict = Verdict()
    async with open_pool(dsn) as pool, house(pool) as till:
        watch = asyncio.create_task(_watch(verdict))
        bodies = list(malformed(payloads // 2, [check("bad", label="Ida")], seed, huge))
        for start in range(0, len(bodies), _AT_ONCE):
            some = bodies[start : start + _AT_ONCE]
            await till.arrives(check(f"good{start}"), *some, check(f"fine{start}"))
            verdict.mingled += 2
            await _take_all(till, till.source, verdict)
        square = await _square(pool, till)
        for place, ((via, kind), real) in enumerate(KINDS.items()):
            some = list(malformed(payloads // 2 // len(KINDS), [real], seed + place, huge))
            bodies += some
            for start in range(0, len(some), _AT_ONCE):
                await till.arrives(*some[start : start + _AT_ONCE], via=via, kind=kind)
                await _take_all(till, square, verdict)
        watch.cancel()
        verdict.payloads = len(bodies)
        await _count(till, verdict)
    return verdict


async def _square(pool: Pool, till: House) -> Source:
    async def nothing(resource: str, ids: Sequence[str]) -> Page:
        return Page([Raw(b"{}")])

    return Source(till.id, registry.connector("square"), nothing, bytes)


async def _take_all(till: House, source: Source, verdict: Verdict) -> None:
    async with till.pool.connection() as db:
        await db.set_autocommit(True)
        try:
            while await take(db, source):
                pass
        except Exception as error:
            verdict.crashes += 1
            raise AssertionError(f"taking in crashed: {type(error).__name__}") from error
        finally:
            await db.set_autocommit(False)


async def _watch(verdict: Verdict) -> None:
    """How long the event loop stands still at most."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(0.01)
        verdict.slowest = max(verdict.slowest, time.monotonic() - before - 0.01)


async def _count(till: House, verdict: Verdict) -> None:
    found = await till.rows(
        "select count(*) filter (where o.outcome = 'quarantined') as aside, "
        "count(*) filter (where o.outcome <> 'quarantined') as applied, "
        "count(*) filter (where o.outcome is null and w.event_id is null) as lost, count(w.event_id) as tried "
        "from inbox_event e left join inbox_outcome o on o.event_id = e.id and o.day = e.day "
        "left join inbox_work w on w.event_id = e.id where e.connector = 'fake'"
    )
    ((verdict.aside, verdict.applied, verdict.lost, verdict.tried),) = found
    ((verdict.good,),) = await till.rows(
        "select count(*) from checks where external_id like 'good%' or external_id like 'fine%'"
    )
