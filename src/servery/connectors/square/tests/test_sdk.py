"""Square's own client package finds nothing odd about the simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from square import Square
from square.core.api_error import ApiError

from servery.connectors.square.simulator import simulator
from servery.connectors.square.tests import plays
from servery.model.order import Payment
from servery.testing.served import served

LOCATION = "LKROEN0000001"


@contextmanager
def client(base_url: str, token: str = plays.TOKEN) -> Iterator[Square]:
    with httpx.Client() as http:
        yield Square(token=token, base_url=base_url, httpx_client=http)


@pytest.fixture(scope="module")
def square(base_url: str) -> Iterator[Square]:
    with client(base_url) as reader:
        yield reader


def test_it_reads_the_account(square):
    [place] = square.locations.list().locations
    assert (place.id, place.timezone, place.currency) == (LOCATION, "Europe/Copenhagen", "DKK")
    assert square.merchants.get(merchant_id="me").merchant.business_name == "Kroen"


def test_it_reads_the_catalogue(square):
    objects = list(square.catalog.list())
    assert {each.type for each in objects} == {"ITEM", "CATEGORY", "TAX", "MODIFIER_LIST"}
    [ribeye] = [each for each in objects if each.id == "ITEMRIBEYE"]
    assert ribeye.item_data.variations[0].item_variation_data.price_money.amount == 24500


def test_it_reads_orders(square):
    found = square.orders.search(location_ids=[LOCATION], limit=100).orders
    assert len(found) == 7
    paid = square.orders.get(order_id="CHKPAID").order
    assert paid.line_items[0].quantity == "2"
    assert paid.total_money.amount == sum(each.amount_money.amount for each in paid.tenders)


def test_it_pages_through_payments():
    play = plays.stage()
    for number in range(250):
        at = datetime.now(UTC) - timedelta(hours=number)
        only = Payment(amount=1000, tender="card", external_id=f"PAY{number}", at=at)
        play.checks.put(f"C{number}", plays.dinner(payments=(only,)), at, at)
    with served(simulator(play)) as url, client(url) as square:
        found = [each.id for each in square.payments.list(location_id=LOCATION)]
    assert found == [f"PAY{number}" for number in range(250)], "newest first, each once"


def test_it_reads_customers(square):
    assert {each.id for each in square.customers.list()} == {"CUSTJENSEN", "CUSTINSTANT"}
    found = square.customers.search(query={"filter": {"phone_number": {"exact": "20 12 34 56"}}}).customers
    assert [each.birthday for each in found] == ["0000-02-29"]


def test_it_understands_the_errors(base_url):
    with client(base_url, "wrong") as stranger, pytest.raises(ApiError) as told:
        stranger.locations.list()
    assert told.value.status_code == 401
