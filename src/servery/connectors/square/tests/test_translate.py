"""What Square's orders and payments mean, one quirk at a time."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from servery.connectors.square.translate import translate
from servery.errors import Quarantine
from servery.model.changes import Change, CheckSeen, PaymentSeen, Removed
from servery.model.order import Check, Discount, Payment, Refund, ServiceCharge, Tax, add_up

CREATED = "2026-03-06T18:30:00.000Z"
UPDATED = "2026-03-06T20:30:00.123Z"


def money(amount: int | None, currency: str = "DKK") -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


def seen(resource: str, record: Any) -> Change:
    [change] = translate(resource, Raw(msgspec.json.encode(record)))
    return change


def check_seen(**parts: Any) -> CheckSeen:
    order = {
        "id": "O1",
        "location_id": "L1",
        "created_at": CREATED,
        "updated_at": UPDATED,
        "state": "COMPLETED",
        "closed_at": UPDATED,
        "total_money": money(0),
    }
    change = seen("orders", order | parts)
    assert isinstance(change, CheckSeen)
    return change


def check(**parts: Any) -> Check:
    return check_seen(**parts).check


def item(amount: int, **parts: Any) -> dict[str, Any]:
    return {
        "uid": "U1",
        "name": "Ribeye",
        "quantity": "1",
        "base_price_money": money(amount),
        "variation_total_price_money": money(amount),
    } | parts


def test_an_order_is_a_check_without_table_or_covers():
    found = check_seen(ticket_name="7 Jensen", customer_id="C1", line_items=[item(24500)], total_money=money(24500))
    assert (found.external_id, found.location, found.revision) == ("O1", "L1", 1772829000123000)
    assert found.check.label == "7 Jensen"
    assert (found.check.table, found.check.covers, found.check.server) == (None, None, None)
    assert found.check.guest_id == "C1"
    assert found.check.opened_at == datetime(2026, 3, 6, 18, 30, tzinfo=UTC)
    assert add_up(found.check).difference == 0


@pytest.mark.parametrize(("state", "status"), [("OPEN", "open"), ("COMPLETED", "closed"), ("CANCELED", "void")])
def test_states(state, status):
    assert check(state=state).status == status


def test_a_draft_is_nothing_yet():
    order = {"id": "O1", "location_id": "L1", "created_at": CREATED, "updated_at": UPDATED, "state": "DRAFT"}
    assert translate("orders", Raw(msgspec.json.encode(order))) == []


def test_a_cancelled_order_is_worth_nothing_whatever_it_states():
    void = check(state="CANCELED", line_items=[item(24500)], total_money=money(24500))
    assert add_up(void).total == add_up(void).difference == 0


def test_a_reopened_check_is_a_later_state_of_the_same():
    closed = check_seen()
    reopened = check_seen(state="OPEN", closed_at=None, updated_at="2026-03-06T20:31:00Z")
    assert reopened.external_id == closed.external_id
    assert reopened.revision > closed.revision
    assert (reopened.check.status, reopened.check.closed_at) == ("open", None)


def test_an_offline_sale_keeps_the_time_it_was_rung_up():
    late = check_seen(updated_at="2026-03-09T16:30:00Z")
    assert late.check.opened_at == datetime(2026, 3, 6, 18, 30, tzinfo=UTC)


def test_modifiers_count_once_for_each_of_the_line():
    modifier = {"name": "Peber", "base_price_money": money(1500), "total_price_money": money(3000)}
    line = item(49000, quantity="2", base_price_money=money(24500), modifiers=[modifier])
    [ribeye] = check(line_items=[line], total_money=money(52000)).lines
    assert (ribeye.amount, ribeye.unit_price, ribeye.quantity) == (49000, 24500, Decimal(2))
    assert (ribeye.modifiers[0].amount, ribeye.modifiers[0].quantity) == (3000, Decimal(2))


def test_prices_that_square_leaves_out_are_worked_out():
    modifier = {"name": "Ost", "quantity": "2", "base_price_money": money(500)}
    line = {"quantity": "1.5", "base_price_money": money(333), "modifiers": [modifier]}
    [found] = check(line_items=[line], total_money=None).lines
    assert (found.name, found.amount) == ("Custom amount", 500), "499.5 is rounded up"
    assert found.modifiers[0].amount == 1500
    assert check(line_items=[line], total_money=None).total is None


def test_a_price_of_nothing_at_all_is_nothing():
    assert check(line_items=[{"quantity": "1", "name": "Vand", "base_price_money": None}]).lines[0].amount == 0
    assert check(line_items=[item(0, variation_total_price_money={"amount": None})]).lines[0].amount == 0


@pytest.mark.parametrize(
    ("name", "variation", "shown"),
    [("Husets røde", "Glas", "Husets røde (Glas)"), ("Ribeye", "Regular", "Ribeye"), (None, None, "Custom amount")],
)
def test_a_variation_is_named_where_it_says_something(name, variation, shown):
    assert check(line_items=[item(1, name=name, variation_name=variation)]).lines[0].name == shown


def test_a_discount_of_the_whole_order_counts_once():
    discount = {"uid": "D", "name": "Torsdag", "scope": "ORDER", "percentage": "10", "applied_money": money(300)}
    shares = [200, 100]
    lines = [
        item(gross, applied_discounts=[{"discount_uid": "D", "applied_money": money(share)}])
        for gross, share in zip([2000, 1000], shares, strict=True)
    ]
    found = check(line_items=lines, discounts=[discount], total_money=money(2700))
    assert [line.discounts[0].amount for line in found.lines] == shares
    assert found.discounts == ()
    assert add_up(found).difference == 0


def test_what_of_a_discount_no_line_carries_stands_on_the_check():
    discount = {"uid": "D", "name": "Kupon", "applied_money": money(300)}
    lines = [item(1000, applied_discounts=[{"discount_uid": "D", "applied_money": money(100)}])]
    assert check(line_items=lines, discounts=[discount]).discounts == (Discount("Kupon", 200),)


def test_a_full_discount_is_a_comp_and_a_reward_is_loyalty():
    comp = {"uid": "D", "name": "Fejl", "percentage": "100.0", "applied_money": money(1000)}
    reward = {"uid": "R", "name": "Stamkunde", "reward_ids": ["x"], "applied_money": money(0)}
    applied = [{"discount_uid": uid, "applied_money": money(amount)} for uid, amount in (("D", 1000), ("R", 0))]
    [line] = check(line_items=[item(1000, applied_discounts=applied)], discounts=[comp, reward]).lines
    assert [each.kind for each in line.discounts] == ["comp", "loyalty"]


def test_taxes_inside_and_on_top():
    taxes = [
        {"uid": "T1", "name": "Moms", "type": "INCLUSIVE", "percentage": "25", "applied_money": money(400)},
        {"uid": "T2", "name": "City", "type": "ADDITIVE", "percentage": "1.5"},
    ]
    line = item(2000, applied_taxes=[{"tax_uid": "T2", "applied_money": money(30)}])
    found = check(line_items=[line], taxes=taxes, total_money=money(2030))
    assert found.taxes == (
        Tax("Moms", 400, included=True, rate=Decimal(25)),
        Tax("City", 30, included=False, rate=Decimal("1.5")),
    )
    assert add_up(found).difference == 0
    assert add_up(found).net_sales == 1600


def test_service_charges_gratuity_and_cash_rounding():
    charges = [
        {"name": "Selskab", "type": "CUSTOM", "applied_money": money(500)},
        {"name": "Gratuity", "type": "AUTO_GRATUITY", "amount_money": money(300)},
    ]
    found = check(
        line_items=[item(1002)],
        service_charges=charges,
        rounding_adjustment={"amount_money": money(-2)},
        total_money=money(1800),
    )
    assert found.service_charges == (
        ServiceCharge("Selskab", 500),
        ServiceCharge("Gratuity", 300, gratuity=True),
        ServiceCharge("Cash rounding", -2),
    )
    assert add_up(found).difference == 0


def test_split_tenders_and_tips_apart_from_the_total():
    tenders = [
        {
            "id": "P1",
            "type": "CARD",
            "amount_money": money(1150),
            "tip_money": money(150),
            "customer_id": "C9",
            "card_details": {"status": "CAPTURED", "card": {"fingerprint": "fp"}},
        },
        {"id": "P2", "type": "CASH", "amount_money": money(1000)},
        {"id": "P3", "type": "NO_SALE"},
        {"id": "P4", "type": "CARD", "amount_money": money(9), "card_details": {"status": "FAILED"}},
    ]
    found = check(line_items=[item(2000)], tenders=tenders, total_money=money(2150), total_tip_money=money(150))
    assert found.payments == (
        Payment(amount=1000, tip=150, tender="card", external_id="P1", card="fp"),
        Payment(amount=1000, tender="cash", external_id="P2"),
    )
    sums = add_up(found)
    assert (sums.total, sums.paid, sums.tips, sums.difference) == (2000, 2000, 150, 0)
    assert found.guest_id == "C9"


def test_a_late_tip_changes_the_tip_and_not_the_total():
    tender = {"id": "P1", "type": "CARD", "amount_money": money(2000)}
    before = check(line_items=[item(2000)], tenders=[tender], total_money=money(2000))
    tipped = tender | {"amount_money": money(2300), "tip_money": money(300)}
    after = check(line_items=[item(2000)], tenders=[tipped], total_money=money(2300), total_tip_money=money(300))
    assert (before.total, after.total) == (2000, 2000)
    assert add_up(after).tips == 300


def test_a_tip_that_no_tender_names_is_kept():
    assert check(total_money=money(100), total_tip_money=money(100)).tip == 100


def test_a_refund_after_close_is_a_check_of_its_own_tied_to_the_first():
    refund = {"id": "R1", "reason": "kold", "amount_money": money(600), "status": "APPROVED", "created_at": UPDATED}
    failed = refund | {"id": "R2", "status": "FAILED"}
    found = check(
        returns=[{"source_order_id": "O0"}],
        return_amounts={"total_money": money(1200), "tip_money": money(100)},
        refunds=[refund, failed],
    )
    assert found.split_from == "O0"
    at = datetime(2026, 3, 6, 20, 30, 0, 123000, tzinfo=UTC)
    assert found.refunds == (Refund(500, at, "kold", "R1"),), "the tip went back too, and is no refund of sales"
    assert (found.tip, add_up(found).spend, add_up(found).difference) == (-100, -500, 0)


def test_an_exchange_gives_goods_for_goods():
    found = check(
        line_items=[item(1000)],
        total_money=money(1000),
        returns=[{"source_order_id": "O0"}],
        return_amounts={"total_money": money(1000)},
    )
    assert add_up(found).spend == 0


def test_a_gift_card_sold_is_a_debt_and_no_sale():
    card = item(50000, name="Gavekort", item_type="GIFT_CARD")
    found = check(line_items=[item(1000), card], total_money=money(51000))
    assert [line.name for line in found.lines] == ["Ribeye"]
    assert (add_up(found).total, add_up(found).difference) == (1000, 0)


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 4800), ("KWD", 12345)])
def test_minor_units_are_taken_as_they_are(currency, amount):
    line = item(amount, base_price_money=money(amount, currency), variation_total_price_money=money(amount, currency))
    found = check(line_items=[line], total_money=money(amount, currency))
    assert (found.currency, add_up(found).total) == (currency, amount)


def test_how_the_food_left_the_house():
    found = check(fulfillments=[{"type": "PICKUP"}], source={"name": "Webshop"}).order
    assert found is not None
    assert (found.service_mode, found.channel) == ("collection", "Webshop")
    assert check().order is None


def test_a_stranger_in_the_record_is_let_pass():
    assert check(new_in_2027={"a": [1]}, line_items=[item(1) | {"seat": 4}]).lines[0].amount == 1


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": "2026-03-06T18:30:00"}, "created_at"),
        ({"line_items": [{"quantity": "two"}]}, "quantity"),
        ({"state": "FROZEN"}, "FROZEN"),
        ({"total_money": {"amount": 5}}, "currency"),
        ({"taxes": [{"percentage": "much"}]}, "much"),
    ],
)
def test_what_cannot_be_understood_is_kept_aside(parts, why):
    with pytest.raises(Quarantine) as told:
        check(**parts)
    assert why in told.value.told()


def test_a_payment_by_itself():
    change = seen(
        "payments",
        {
            "id": "P1",
            "updated_at": UPDATED,
            "created_at": CREATED,
            "order_id": "O1",
            "status": "COMPLETED",
            "source_type": "CARD",
            "amount_money": money(1000),
            "tip_money": money(150),
            "customer_id": "C1",
            "card_details": {"card": {"fingerprint": "fp", "card_brand": "VISA"}},
        },
    )
    at = datetime(2026, 3, 6, 18, 30, tzinfo=UTC)
    paid = Payment(amount=1000, tip=150, tender="card", external_id="P1", at=at, card="fp")
    assert change == PaymentSeen("P1", 1772829000123000, "O1", paid, "C1")


@pytest.mark.parametrize(
    ("parts", "tender"),
    [
        ({"source_type": "CASH"}, "cash"),
        ({"source_type": "SQUARE_ACCOUNT"}, "house_account"),
        ({"source_type": "EXTERNAL", "external_details": {"type": "FOOD_VOUCHER"}}, "voucher"),
        ({"source_type": "CARD", "card_details": {"card": {"card_brand": "SQUARE_GIFT_CARD"}}}, "gift_card"),
        ({"source_type": "WALLET"}, "other"),
    ],
)
def test_kinds_of_payment(parts, tender):
    change = seen("payments", {"id": "P", "updated_at": UPDATED, "order_id": "O", "status": "APPROVED"} | parts)
    assert isinstance(change, PaymentSeen)
    assert change.payment.tender == tender


def test_a_payment_that_came_to_nothing_is_taken_back():
    record = {"id": "P1", "updated_at": UPDATED, "order_id": "O1", "status": "CANCELED"}
    assert seen("payments", record) == Removed("P1", 1772829000123000, "payment")
    pending = Raw(msgspec.json.encode(record | {"status": "PENDING"}))
    assert translate("payments", pending) == []
