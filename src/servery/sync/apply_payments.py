"""Applying the payments that some sources send apart from the checks they pay."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from servery.model.changes import Applied, PaymentSeen
from servery.sync import rows
from servery.sync.apply_checks import settle
from servery.sync.judge import State, judged, note_all, revisions, state
from servery.sync.places import Place

_JSON = msgspec.json.Encoder()


async def apply_payments(
    db: rows.Db, connection_id: int, places: Mapping[str, Place], changes: Sequence[PaymentSeen], applied: Applied
) -> None:
    """Keep separately sent payments, and bring them into the checks they pay where those are already here."""
    if not changes:
        return
    states = [
        (state(one.external_id, one.revision, _JSON.encode((one.check_id, one.payment, one.guest_id))), one)
        for one in changes
    ]
    held = await rows.held(db, "payment", connection_id, [one.external_id for one in changes])
    sorted_ = judged(held, states)
    write = [*sorted_["created"], *sorted_["updated"]]
    checks = await rows.paid_by(db, connection_id, [seen.external_id for seen, _ in sorted_["updated"]])
    table = [_payment_row(seen, one) for seen, one in write]
    await rows.put(db, "payment", rows.PAYMENT, "connection_id, external_id", connection_id, table)
    await rows.refresh(db, "payment", revisions(sorted_["refreshed"], held))
    note_all(applied, held, states, sorted_)
    applied.days |= await settle(db, connection_id, places, checks | {one.check_id for _, one in write})


def _payment_row(seen: State, change: PaymentSeen) -> tuple[Any, ...]:
    body = _JSON.encode(change.payment).decode()
    return seen.external_id, change.check_id, seen.revision, seen.digest, change.guest_id, body
