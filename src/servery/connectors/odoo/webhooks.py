"""What Odoo's automation rules send: which record changed, and whatever fields their author ticked.

They are not signed, so a token in the address is all that tells them from anybody else's, and what they say of a record
is never believed: it is asked for.
"""

import msgspec
from msgspec import Raw, Struct

from servery.connectors.contract import Heard
from servery.errors import Quarantine

_RECORDS = {"pos.order": "orders", "res.partner": "partners"}
_NEWS = {
    "pos.order.line": "orders",
    "pos.payment": "orders",
    "product.template": "products",
    "product.product": "products",
    "product.combo": "products",
    "pos.category": "products",
    "restaurant.table": "tables",
    "restaurant.floor": "tables",
}
_ORDER_OF = {"pos.order.line": "order_id", "pos.payment": "pos_order_id"}


class _Told(Struct):
    """What every such delivery holds, and the link of a line or a payment to its order where that was ticked."""

    model: str = msgspec.field(name="_model")
    id: int = msgspec.field(name="_id")
    order_id: int | bool | None = None
    pos_order_id: int | bool | None = None


def hear(kind: str, body: Raw) -> Heard:
    """The record to ask for, or the resource that has news."""
    try:
        told = msgspec.json.decode(body, type=_Told)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Quarantine(
            "This is not what an automation rule of Odoo sends ({kind}).", kind=type(error).__name__,
            mend="Let the rule send a webhook notification, not run code of its own.",
        ) from error  # fmt: skip
    if resource := _RECORDS.get(told.model):
        return Heard(lane=f"{resource}:{told.id}", wanted=((resource, str(told.id)),))
    order = getattr(told, _ORDER_OF.get(told.model, ""), None)
    if isinstance(order, int) and not isinstance(order, bool):
        return Heard(lane=f"orders:{order}", wanted=(("orders", str(order)),))
    if news := _NEWS.get(told.model):
        return Heard(lane=news, news=(news,))
    raise Quarantine("Servery reads no {model} of Odoo's.", model=told.model[:60])
