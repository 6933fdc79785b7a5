"""What automation rules send is a hint: which record to ask for."""

import msgspec
import pytest
from msgspec import Raw

from servery.connectors.odoo.webhooks import hear
from servery.errors import Quarantine


def said(model: str, number: int = 7, **ticked: object) -> Raw:
    return Raw(msgspec.json.encode({"_action": "Tell(#1)", "_id": number, "_model": model, **ticked}))


def test_an_order_or_a_contact_is_asked_for():
    assert hear("pos.order", said("pos.order")).wanted == (("orders", "7"),)
    assert hear("res.partner", said("res.partner", name="Åse")).wanted == (("partners", "7"),)


def test_a_line_names_its_order_where_that_was_ticked():
    told = hear("pos.order.line", said("pos.order.line", order_id=12))
    assert (told.lane, told.wanted) == ("orders:12", (("orders", "12"),))
    assert hear("pos.payment", said("pos.payment")).news == ("orders",)
    assert hear("pos.payment", said("pos.payment", pos_order_id=False)).news == ("orders",)


def test_what_stands_in_a_list_is_read_anew():
    assert hear("", said("product.template")).news == ("products",)
    assert hear("", said("restaurant.table")).news == ("tables",)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"_model": "pos.order"}', b"[" * 10_000, bytes(said("sale.order"))])
def test_anything_else_is_kept_aside(body: bytes):
    with pytest.raises(Quarantine):
        hear("", Raw(body))
