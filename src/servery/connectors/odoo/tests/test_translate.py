"""Odoo's quirks one by one, and the arithmetic whatever the numbers."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from servery.connectors.odoo import comment
from servery.connectors.odoo.tables import names
from servery.connectors.odoo.taxes import shares
from servery.connectors.odoo.translate import translate
from servery.connectors.odoo.wire import Table
from servery.errors import Quarantine
from servery.model.changes import CheckSeen, GuestSeen, Removed
from servery.model.money import decimals
from servery.model.order import Check, add_up

ORDER: dict[str, Any] = {
    "id": 5, "name": "/", "state": "paid", "date_order": "2026-03-06 20:00:00", "amount_total": 100.0,
    "config_id": [1, "Kroen"], "partner_id": False, "lines": [1], "payment_ids": [], "customer_count": 0,
    "write_date": "2026-03-06 20:00:00",
}  # fmt: skip
LINE: dict[str, Any] = {
    "id": 1, "product_id": [7, "[RIB] Ribeye"], "full_product_name": False, "qty": 1.0, "price_unit": 100.0,
    "price_subtotal": 100.0, "price_subtotal_incl": 100.0, "discount": 0.0, "tax_ids": [],
}  # fmt: skip
PAYMENT: dict[str, Any] = {"id": 1, "amount": 100.0, "payment_method_id": [1, "Card"]}
METHODS = [{"id": 1, "type": "bank"}, {"id": 2, "type": "cash", "is_cash_count": True}, {"id": 3, "type": "pay_later"}]
VAT = {"id": 9, "name": "Moms", "amount": 25.0, "price_include": True}
SALES_TAX = {"id": 8, "name": "Sales tax", "amount": 10.0, "price_include": False}


def told(order: dict[str, Any] | None = None, currency: str = "DKK", place: Any = None, **parts: Any) -> Any:
    bundle = {
        "order": ORDER | (order or {}),
        "place": {"id": "1", "currency": currency, "tip_product": "50", **(place or {})},
        "lines": [LINE],
        "methods": METHODS,
        **parts,
    }
    (change,) = translate("orders", Raw(msgspec.json.encode(bundle)))
    return change


def check(order: dict[str, Any] | None = None, **parts: Any) -> Check:
    change = told(order, **parts)
    assert isinstance(change, CheckSeen)
    assert add_up(change.check).difference == 0
    return change.check


@pytest.mark.parametrize(
    ("state", "status"),
    [("draft", "open"), ("paid", "closed"), ("done", "closed"), ("invoiced", "closed"), ("cancel", "void")],
)
def test_each_state_is_known(state: str, status: str):
    assert check({"state": state}).status == status


def test_a_state_that_nobody_describes_is_kept_aside():
    with pytest.raises(Quarantine, match="fulfilled"):
        told({"state": "fulfilled"})


def test_an_emptied_order_is_taken_back_and_a_later_state_brings_it_again():
    gone = told({"state": "draft", "lines": []}, lines=[])
    assert isinstance(gone, Removed)
    assert told({"state": "draft", "write_date": "2026-03-06 20:00:01"}).revision > gone.revision


def test_within_a_second_the_state_further_on_is_the_later():
    revisions = [told({"state": state}).revision for state in ("draft", "paid", "invoiced", "done")]
    assert revisions == sorted(set(revisions))


def test_a_later_line_or_payment_is_a_later_state():
    line = LINE | {"write_date": "2026-03-06 21:00:00"}
    assert told(lines=[line]).revision > told().revision


def test_nothing_is_said_of_covers_names_and_tables_that_odoo_has_not():
    seen = check()
    assert (seen.covers, seen.number, seen.table, seen.guest_id, seen.server) == (None, None, None, None, None)
    assert check({"name": "Kroen/0007"}).number == "Kroen/0007"
    assert check({"pos_reference": "260-1-000007", "name": "Kroen/0007"}).number == "260-1-000007"


def test_a_name_loses_its_code_and_nothing_else():
    assert check().lines[0].name == "Ribeye"
    shown = LINE | {"full_product_name": "[sic] Ribeye (rød)"}
    assert check(lines=[shown]).lines[0].name == "[sic] Ribeye (rød)"
    bare = LINE | {"product_id": [7, "Vand [0,5 l] stille"]}
    assert check(lines=[bare]).lines[0].name == "Vand [0,5 l] stille"


def test_taxes_in_and_on_the_price():
    inside = LINE | {"price_subtotal": 80.0, "tax_ids": [9]}
    sums = add_up(check(lines=[inside], taxes=[VAT]))
    assert (sums.gross, sums.tax_included, sums.tax_added) == (10000, 2000, 0)
    outside = LINE | {"price_subtotal_incl": 110.0, "tax_ids": [8]}
    sums = add_up(check({"amount_total": 110.0}, lines=[outside], taxes=[SALES_TAX]))
    assert (sums.gross, sums.tax_included, sums.tax_added, sums.total) == (10000, 0, 1000, 11000)
    hidden = LINE | {"price_subtotal_incl": 110.0, "tax_ids": [77]}
    assert add_up(check({"amount_total": 110.0}, lines=[hidden])).tax_added == 1000


def test_a_tip_is_no_sale():
    tip = LINE | {"id": 2, "product_id": [50, "Tips"], "price_unit": 15.0, "price_subtotal": 15.0,
                  "price_subtotal_incl": 15.0}  # fmt: skip
    order = {"amount_total": 115.0, "is_tipped": True, "tip_amount": 15.0}
    seen = check(order, lines=[LINE, tip], payments=[PAYMENT | {"amount": 115.0}])
    assert (add_up(seen).total, seen.payments[0].amount, seen.payments[0].tip, seen.tip) == (10000, 10000, 1500, 0)
    unpaid = check(order | {"amount_total": 100.0}, payments=[PAYMENT])
    assert (unpaid.tip, unpaid.payments[0].tip) == (1500, 0), "told by the order alone"


def test_change_comes_out_of_the_cash():
    paid = [PAYMENT | {"amount": 60.0}, PAYMENT | {"id": 2, "amount": 50.0, "payment_method_id": [2, "Cash"]},
            PAYMENT | {"id": 3, "amount": -10.0, "payment_method_id": [2, "Cash"], "is_change": True}]  # fmt: skip
    seen = check(payments=paid)
    assert [(each.tender, each.amount) for each in seen.payments] == [("card", 6000), ("cash", 4000)]
    on_account = check(payments=[PAYMENT | {"payment_method_id": [3, "Customer Account"]}])
    assert on_account.payments[0].tender == "house_account"


def test_a_discount_below_zero_is_one_of_the_whole_check():
    off = LINE | {"id": 2, "product_id": [60, "10 % off"], "price_unit": -10.0, "price_subtotal": -10.0,
                  "price_subtotal_incl": -10.0}  # fmt: skip
    seen = check({"amount_total": 90.0}, lines=[LINE, off])
    assert [(each.amount, each.kind) for each in seen.discounts] == [(1000, "discount")]
    reward = check({"amount_total": 90.0}, lines=[LINE, off | {"is_reward_line": True}])
    assert reward.discounts[0].kind == "loyalty"


def test_an_exchange_takes_back_and_sells():
    back = LINE | {"id": 2, "qty": -1.0, "price_subtotal": -100.0, "price_subtotal_incl": -100.0,
                   "refunded_orderline_id": [44, "x"]}  # fmt: skip
    wine = LINE | {"id": 3, "price_unit": 130.0, "price_subtotal": 130.0, "price_subtotal_incl": 130.0}
    seen = check({"amount_total": 30.0}, lines=[back, wine], refunded_order=4)
    assert (seen.split_from, add_up(seen).total, add_up(seen).spend) == ("4", 13000, 3000)
    unsigned = back | {"price_subtotal": 100.0, "price_subtotal_incl": 100.0}
    assert add_up(check({"amount_total": 30.0}, lines=[unsigned, wine], refunded_order=4)).refunded == 10000


def test_rounding_is_named_and_more_than_rounding_is_left_to_be_seen():
    seen = check({"amount_total": 100.5}, place={"rounding": 0.5})
    assert [(each.name, each.amount) for each in seen.service_charges] == [("Rounding", 50)]
    change = told({"amount_total": 103.0}, place={"rounding": 0.5})
    assert add_up(change.check).difference == 300


def test_notes_are_text_whichever_way_they_are_kept():
    note = '[{"text": "no onions", "colorIndex": 3}, {"text": "fast"}]'
    seen = check({"internal_note": note, "general_note": "[not a list"}, lines=[LINE | {"note": note}])
    assert seen.lines[0].note == "no onions\nfast"
    assert seen.note == "[not a list\nno onions\nfast"


def test_staffs_words_and_ours_are_kept_apart():
    html = comment.merged("<p>Godt <b>bord</b> &amp; ro</p>", ["ALLERGIES: nuts", "2 < 3"])
    assert comment.theirs(html) == "Godt bord & ro"
    assert comment.ours(html) == ("ALLERGIES: nuts", "2 < 3")
    edited = html.replace("<p>[Servery]", '<p style="margin:0">[Servery]') + "<p>Ring først</p>"
    assert comment.theirs(comment.merged(edited, ["new"])) == "Godt bord & ro\nRing først"
    assert comment.ours(comment.merged(edited, ["new"])) == ("new",)
    assert comment.merged(edited, []) == "<p>Godt <b>bord</b> &amp; ro</p><p>Ring først</p>"


def test_a_partner_who_wants_no_mail_says_so_and_nothing_else_is_consent():
    row = {"id": 1, "name": "Åse", "write_date": "2026-03-06 20:00:00", "lang": "da_DK"}
    (plain,) = translate("partners", Raw(msgspec.json.encode({"partner": row})))
    (quiet,) = translate("partners", Raw(msgspec.json.encode({"partner": row | {"is_blacklisted": True}})))
    assert isinstance(plain, GuestSeen)
    assert isinstance(quiet, GuestSeen)
    assert (plain.guest.marketing, quiet.guest.marketing, plain.guest.language) == ("unknown", "denied", "da")


def test_one_number_on_two_floors_is_told_apart():
    tables = [Table(1, (1, "Main"), 1), Table(2, (2, "Patio"), 1), Table(3, (2, "Patio"), 2), Table(4, False, 9)]
    assert names(tables) == {1: "Main 1", 2: "Patio 1", 3: "2", 4: "9"}
    assert names([Table(1, (1, "Main"), name="T7A"), Table(2, (1, "Main"), name="Bar", active=False)]) == {1: "T7A"}


@given(st.integers(-10_000, 10_000), st.lists(st.decimals(0, 30, places=3), min_size=1, max_size=6))
def test_shares_are_whole(amount: int, weights: list[Decimal]):
    assert sum(shares(amount, weights)) == amount


prices = st.decimals("0.01", 900, places=2)


@given(
    st.lists(
        st.tuples(prices, st.integers(1, 9), st.sampled_from([0, 5, 12.5, 33, 100]), st.sampled_from([None, 8, 9])),
        min_size=1, max_size=8,
    ),
    st.sampled_from(["DKK", "JPY", "KWD"]),
)  # fmt: skip
def test_whatever_is_sold_adds_up(sold: list[tuple[Decimal, int, float, int | None]], currency: str):
    """Lines rounded as Odoo rounds them, in floats as Odoo sends them, to the last unit of any currency."""
    unit = Decimal(1).scaleb(-decimals(currency))
    lines, total = [], Decimal(0)
    for number, (price, quantity, discount, tax) in enumerate(sold):
        charged = (price * quantity * (1 - Decimal(str(discount)) / 100)).quantize(unit, ROUND_HALF_UP)
        factor = Decimal("1.25") if tax == 9 else Decimal("1.1")
        without = (charged / factor).quantize(unit, ROUND_HALF_UP) if tax == 9 else charged
        with_it = (charged * factor).quantize(unit, ROUND_HALF_UP) if tax == 8 else charged
        total += with_it
        lines.append(LINE | {
            "id": number, "qty": float(quantity), "price_unit": float(price), "discount": discount,
            "price_subtotal": float(without), "price_subtotal_incl": float(with_it), "tax_ids": [tax] if tax else [],
        })  # fmt: skip
    seen = check({"amount_total": float(total)}, lines=lines, taxes=[VAT, SALES_TAX], currency=currency)
    assert not seen.service_charges, "no rounding was needed"
    assert add_up(seen).total == int(total / unit)
