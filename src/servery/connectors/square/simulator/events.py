"""Square's webhooks: what it would send of what stands on a stage, signed as it signs."""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import httpx
import msgspec
from msgspec import structs

from servery.connectors.square.simulator import payment, sale
from servery.connectors.square.simulator.answers import Json, identifier, rfc3339
from servery.connectors.square.simulator.people import customer_of, is_listed, merchant_id
from servery.model.guest import SourceGuest
from servery.model.order import Check
from servery.testing.stage import Stage, Staged

Event = tuple[str, bytes]
"""An event's type and its body."""


def events(stage: Stage, since: datetime | None = None) -> Iterator[Event]:
    """The events of the last state of each record that changed at `since` or later, as Square sends them.

    The body holds customers and payments whole, orders by id, version and state only.
    """
    for guest in stage.guests.modified(since):
        if is_listed(guest.record):
            yield _customer(stage, guest, {})
    for check in stage.checks.modified(since):
        yield _order(stage, check)
        yield from _payments(stage, check)
        yield from _refunds(stage, check)


def merge(stage: Stage, old_ids: Sequence[str], new_id: str, at: datetime) -> list[Event]:
    """Somebody merges customers into a new one: what stands on the stage changes, and these events are sent."""
    old = [found for each in old_ids if (found := stage.guests.get(each))]
    stage.guests.put(new_id, _together([each.record for each in old]), at)
    for each in old_ids:
        stage.guests.delete(each, at)
    context = {"event_context": {"merge": {"from_customer_ids": list(old_ids), "to_customer_id": new_id}}}
    changed = [found for each in (new_id, *old_ids) if (found := stage.guests.get(each))]
    return [_customer(stage, each, context) for each in changed]


def _together(guests: Sequence[SourceGuest]) -> SourceGuest:
    whole = guests[0]
    for other in guests[1:]:
        for name in ("name", "given_name", "family_name", "email", "phone", "birthday", "company"):
            if not getattr(whole, name):
                whole = structs.replace(whole, **{name: getattr(other, name)})
        whole = structs.replace(whole, notes=tuple(dict.fromkeys((*whole.notes, *other.notes))))
    return whole


def signed(body: bytes, key: str, url: str) -> dict[str, str]:
    """The headers of a delivery to `url`: the signature is over the address and the body."""
    digest = hmac.new(key.encode(), url.encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "x-square-hmacsha256-signature": base64.b64encode(digest).decode(),
        "square-environment": "Production",
        "user-agent": "Square Connect v2",
    }


async def deliver(
    http: httpx.AsyncClient, url: str, key: str, sent: Sequence[Event], signed_for: str | None = None
) -> list[int]:
    """Post events to a notification URL one after another and give the statuses of the answers.

    `signed_for` is the address that the subscription names, where the events travel by another.
    """
    answers = []
    for _, body in sent:
        answer = await http.post(url, content=body, headers=signed(body, key, signed_for or url))
        answers.append(answer.status_code)
    return answers


def _customer(stage: Stage, guest: Staged[SourceGuest], context: Json) -> Event:
    kind = "customer.deleted" if guest.deleted else "customer.created" if guest.version == 1 else "customer.updated"
    return _event(stage, kind, guest, ("customer", guest.external_id), {"customer": customer_of(guest)} | context)


def _order(stage: Stage, check: Staged[Check]) -> Event:
    name = "order_created" if check.version == 1 else "order_updated"
    told: Json = {
        "order_id": check.external_id,
        "location_id": stage.location_id,
        "state": sale.state_of(check.record),
        "created_at": rfc3339(check.created_at),
    }
    if check.version > 1:
        told["updated_at"] = rfc3339(check.modified_at)
    return _event(stage, name.replace("_", "."), check, (name, check.external_id), {name: told})


def _payments(stage: Stage, check: Staged[Check]) -> Iterator[Event]:
    for place in range(len(check.record.payments)):
        body = payment.payment_of(check, place, stage.location_id)
        kind = "payment.created" if check.version == 1 else "payment.updated"
        yield _event(stage, kind, check, ("payment", body["id"]), {"payment": body})


def _refunds(stage: Stage, check: Staged[Check]) -> Iterator[Event]:
    for place in range(len(check.record.refunds)):
        body = payment.refund_of(check, place, stage.location_id)
        yield _event(stage, "refund.created", check, ("refund", body["id"]), {"refund": body})


def _event(stage: Stage, kind: str, about: Staged[Any], named: tuple[str, str], held: Json) -> Event:
    made, object_id = named
    body = {
        "merchant_id": merchant_id(stage),
        "type": kind,
        "event_id": identifier("event", kind, object_id, about.version, length=36),
        "created_at": rfc3339(about.modified_at),
        "data": {"type": made, "id": object_id, "object": held},
    }
    return kind, msgspec.json.encode(body)
