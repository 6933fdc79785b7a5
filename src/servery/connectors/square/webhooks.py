"""What a Square event says: a customer or payment whole, an order by its id only. Pure."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from servery.connectors.contract import Heard
from servery.errors import Quarantine

ENDED = "customers ended"
"""Under this name `translate` takes a customer's event: it tells which were deleted or merged into another."""


class _Data(Struct, frozen=True):
    """What an event is about."""

    id: str | None = None
    object: dict[str, Raw] | None = None


class _Event(Struct, frozen=True):
    """One event, as Square signs it."""

    type: str
    data: _Data


class _Named(Struct, frozen=True):
    """The ids that an event's object names."""

    id: str | None = None
    order_id: str | None = None
    payment_id: str | None = None


def hear(kind: str, body: Raw) -> Heard:
    """What one event says; of a kind that tells nothing we keep: nothing. Raises Quarantine when unreadable."""
    try:
        event = msgspec.json.decode(body, type=_Event)
        reader = _READERS.get(event.type.partition(".")[0])
        return reader(event, body) if reader else Heard(lane=f"event:{event.type}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Quarantine("This is no event as Square describes it: {reason}.", reason=str(error)) from error


def _object(event: _Event, *names: str) -> Raw:
    held = event.data.object or {}
    found = next((held[name] for name in names if name in held), None)
    if found is None:
        raise Quarantine("Square's event {kind} does not hold what it is about.", kind=event.type)
    return found


def _customer(event: _Event, body: Raw) -> Heard:
    if event.type == "customer.deleted":
        return Heard(lane=f"customer:{event.data.id}", records=((ENDED, body),))
    if event.type not in ("customer.created", "customer.updated"):
        return Heard(lane=f"event:{event.type}")
    customer = _object(event, "customer")
    merged = ((ENDED, body),) if "event_context" in (event.data.object or {}) else ()
    return Heard(lane=f"customer:{_named(customer).id}", records=(("customers", customer), *merged))


def _order(event: _Event, _: Raw) -> Heard:
    # The event holds no more than that there is news of this order.
    if event.type not in ("order.created", "order.updated", "order.fulfillment.updated"):
        return Heard(lane=f"event:{event.type}")
    told = _named(_object(event, event.type.replace(".", "_")))
    return _wanted_order(told.order_id or event.data.id, event)


def _payment(event: _Event, _: Raw) -> Heard:
    payment = _object(event, "payment")
    told = _named(payment)
    return Heard(lane=f"order:{told.order_id or told.id}", records=(("payments", payment),))


def _refund(event: _Event, _: Raw) -> Heard:
    """A refund is an order of its own, which names the one it gives money back for."""
    return _wanted_order(_named(_object(event, "refund")).order_id, event)


def _wanted_order(order_id: str | None, event: _Event) -> Heard:
    if order_id is None:
        return Heard(lane=f"event:{event.type}", news=("orders",))
    return Heard(lane=f"order:{order_id}", wanted=(("orders", order_id),))


def _catalog(event: _Event, _: Raw) -> Heard:
    return Heard(lane="catalog", news=("catalog",))


def _named(record: Raw) -> _Named:
    return msgspec.json.decode(record, type=_Named)


_READERS: dict[str, Callable[[_Event, Any], Heard]] = {
    "customer": _customer,
    "order": _order,
    "payment": _payment,
    "refund": _refund,
    "catalog": _catalog,
    "inventory": _catalog,
}
