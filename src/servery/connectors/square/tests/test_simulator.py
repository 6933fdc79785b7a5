"""The simulator is Square to whoever asks it: shapes, limits and errors as Square's description has them."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from servery.connectors.square.simulator import simulator
from servery.connectors.square.tests import plays
from servery.model.order import Check, Line, Tax
from servery.testing.served import served
from servery.testing.stage import Stage

LOCATION = "LKROEN0000001"


@pytest.fixture(scope="module")
def http(base_url: str):
    with httpx.Client(base_url=base_url, headers={"Authorization": f"Bearer {plays.TOKEN}"}) as client:
        yield client


def ask(http: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    response = http.request(method, path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize(
    ("method", "path", "body", "schema"),
    [
        ("GET", "/v2/locations", None, "ListLocationsResponse"),
        ("GET", f"/v2/locations/{LOCATION}", None, "RetrieveLocationResponse"),
        ("GET", "/v2/merchants", None, "ListMerchantsResponse"),
        ("GET", "/v2/merchants/me", None, "RetrieveMerchantResponse"),
        ("POST", "/v2/orders/search", {"location_ids": [LOCATION]}, "SearchOrdersResponse"),
        ("POST", "/v2/orders/search", {"location_ids": [LOCATION], "return_entries": True}, "SearchOrdersResponse"),
        ("POST", "/v2/orders/batch-retrieve", {"order_ids": ["CHKPAID", "nothing"]}, "BatchRetrieveOrdersResponse"),
        ("GET", "/v2/orders/CHKREFUNDED", None, "RetrieveOrderResponse"),
        ("GET", "/v2/payments?begin_time=2020-01-01T00:00:00Z", None, "ListPaymentsResponse"),
        ("GET", "/v2/payments/PAYgift_card", None, "GetPaymentResponse"),
        ("GET", "/v2/refunds?begin_time=2020-01-01T00:00:00Z", None, "ListPaymentRefundsResponse"),
        ("POST", "/v2/customers/search", {"count": True}, "SearchCustomersResponse"),
        ("GET", "/v2/customers?sort_field=CREATED_AT", None, "ListCustomersResponse"),
        ("GET", "/v2/customers/CUSTJENSEN", None, "RetrieveCustomerResponse"),
        ("GET", "/v2/catalog/list", None, "ListCatalogResponse"),
        ("POST", "/v2/catalog/search", {"object_types": ["ITEM"]}, "SearchCatalogObjectsResponse"),
    ],
)
def test_every_answer_is_as_square_describes_it(http, as_square, method, path, body, schema):
    answer = ask(http, method, path, body)
    assert answer
    as_square(schema, answer)


def test_what_the_public_api_lacks_is_nowhere_in_its_answers(http):
    text = http.post("/v2/orders/search", json={"location_ids": [LOCATION]}).text
    assert "Mette" not in text
    assert "covers" not in text
    assert "table" not in text.replace("taxable", "")
    assert "Fortrudt" not in text, "voided lines are not shown"
    assert '"version"' not in text, "orders rung up at a till have none"
    assert '"ticket_name":"Bord 7 Jensen og hele hans sto"' in text, "thirty characters and no more"


def test_an_order_s_money_adds_up(http):
    order = ask(http, "GET", "/v2/orders/CHKPAID")["order"]
    lines = sum(line["total_money"]["amount"] for line in order["line_items"])
    charges, tips = order["total_service_charge_money"]["amount"], order["total_tip_money"]["amount"]
    assert order["total_money"]["amount"] == lines + charges + tips
    assert order["total_tax_money"]["amount"] == sum(line["total_tax_money"]["amount"] for line in order["line_items"])
    assert order["total_discount_money"]["amount"] == sum(
        each["applied_money"]["amount"] for each in order["discounts"]
    )
    assert sum(tender["amount_money"]["amount"] for tender in order["tenders"]) == order["total_money"]["amount"]


def test_a_line_names_what_the_catalogue_sells(http):
    [ribeye, wine, fish] = ask(http, "GET", "/v2/orders/CHKPAID")["order"]["line_items"]
    assert (ribeye["catalog_object_id"], ribeye["variation_name"]) == ("VARRIBEYE", "Regular")
    assert ribeye["modifiers"][0]["catalog_object_id"] == "MODPEPPER"
    assert (wine["variation_name"], fish["item_type"]) == ("Glas", "CUSTOM_AMOUNT")


def test_a_refund_is_an_order_of_its_own_and_marks_its_payment(http):
    refund = ask(http, "GET", "/v2/refunds?begin_time=2020-01-01T00:00:00Z")["refunds"][0]
    order = ask(http, "GET", f"/v2/orders/{refund['order_id']}")["order"]
    assert order["returns"][0]["source_order_id"] == "CHKREFUNDED"
    assert order["total_money"]["amount"] == 0
    assert order["net_amounts"]["total_money"]["amount"] == -5000
    payment = ask(http, "GET", f"/v2/payments/{refund['payment_id']}")["payment"]
    assert payment["refund_ids"] == [refund["id"]]


def test_inclusive_tax_is_taken_out_of_gross_sales_where_square_does_so():
    for country, gross in (("DK", 2000), ("JP", 1600)):
        play = plays.stage(country)
        line = Line(name="Te", amount=2000, unit_price=2000)
        tax = Tax("Moms", 400, included=True)
        play.checks.put("C", Check(currency="DKK", opened_at=plays.DINNER, lines=(line,), taxes=(tax,)), plays.DINNER)
        with served(simulator(play)) as url:
            shown = httpx.get(f"{url}/v2/orders/C", headers={"Authorization": f"Bearer {plays.TOKEN}"}).json()
        [item] = shown["order"]["line_items"]
        assert item["gross_sales_money"]["amount"] == gross
        assert item["total_money"]["amount"] == 2000


def test_the_deleted_and_the_nameless_are_not_listed(http):
    ids = {each["id"] for each in ask(http, "POST", "/v2/customers/search", {})["customers"]}
    assert ids == {"CUSTJENSEN", "CUSTINSTANT"}
    assert http.get("/v2/customers/CUSTGONE").status_code == 404


def problem(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["errors"][0]["code"]


def test_strangers_and_unknown_things_get_square_s_errors(http, as_square):
    stranger = httpx.get(f"{http.base_url}/v2/locations", headers={"Authorization": "Bearer other"})
    assert problem(stranger) == (401, "UNAUTHORIZED")
    as_square("Error", stranger.json()["errors"][0])
    assert problem(http.get("/v2/orders/none")) == (404, "NOT_FOUND")
    assert problem(http.get("/v2/loyalty")) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/v2/orders/search", {}, "MISSING_REQUIRED_PARAMETER"),
        ("/v2/orders/search", {"location_ids": [LOCATION] * 11}, "ARRAY_LENGTH_TOO_LONG"),
        ("/v2/orders/search", {"location_ids": ["elsewhere"]}, "INVALID_VALUE"),
        ("/v2/orders/search", {"location_ids": [LOCATION], "limit": 1001}, "VALUE_TOO_HIGH"),
        ("/v2/orders/search", {"location_ids": [LOCATION], "limit": 0}, "VALUE_TOO_LOW"),
        ("/v2/orders/search", {"location_ids": [LOCATION], "cursor": "rubbish"}, "INVALID_CURSOR"),
        ("/v2/orders/search", {"location_ids": [LOCATION], "limit": "many"}, "BAD_REQUEST"),
        ("/v2/orders/batch-retrieve", {"order_ids": ["x"] * 101}, "ARRAY_LENGTH_TOO_LONG"),
        ("/v2/customers/search", {"limit": 101}, "VALUE_TOO_HIGH"),
    ],
)
def test_questions_out_of_bounds_are_refused(http, path, body, code):
    assert problem(http.post(path, json=body)) == (400, code)


def test_a_time_filter_must_be_sorted_by_the_same_time(http):
    times = {"updated_at": {"start_at": "2026-01-01T00:00:00Z"}}
    query = {"filter": {"date_time_filter": times}, "sort": {"sort_field": "CREATED_AT"}}
    assert problem(http.post("/v2/orders/search", json={"location_ids": [LOCATION], "query": query}))[0] == 400
    query["sort"] = {"sort_field": "UPDATED_AT"}
    assert http.post("/v2/orders/search", json={"location_ids": [LOCATION], "query": query}).status_code == 200


def test_a_cursor_holds_only_for_its_own_query(http):
    first = ask(http, "POST", "/v2/orders/search", {"location_ids": [LOCATION], "limit": 2})
    again = {"location_ids": [LOCATION], "cursor": first["cursor"]}
    rest = ask(http, "POST", "/v2/orders/search", again)
    assert not {each["id"] for each in first["orders"]} & {each["id"] for each in rest["orders"]}
    assert len(first["orders"]) + len(rest["orders"]) == 7, "six sales and one return"
    other = again | {"query": {"filter": {"state_filter": {"states": ["OPEN"]}}}}
    assert problem(http.post("/v2/orders/search", json=other)) == (400, "INVALID_CURSOR")


def test_an_offline_sale_shows_its_own_time_and_the_one_it_arrived():
    play = plays.stage()
    play.checks.put("LATE", plays.dinner(), plays.DINNER + timedelta(hours=70), plays.DINNER)
    with served(simulator(play)) as url:
        order = httpx.get(f"{url}/v2/orders/LATE", headers={"Authorization": f"Bearer {plays.TOKEN}"}).json()["order"]
    assert order["created_at"] == "2026-03-06T18:30:00.000Z"
    assert order["updated_at"] == "2026-03-09T16:30:00.000Z"


def test_changes_on_the_stage_show_at_once():
    play = plays.full_stage()
    with served(simulator(play)) as url:
        headers = {"Authorization": f"Bearer {plays.TOKEN}"}
        assert httpx.get(f"{url}/v2/orders/CHKOPEN", headers=headers).json()["order"]["state"] == "OPEN"
        play.checks.put("CHKOPEN", plays.dinner(), plays.DINNER + timedelta(hours=3))
        assert httpx.get(f"{url}/v2/orders/CHKOPEN", headers=headers).json()["order"]["state"] == "COMPLETED"


def test_too_many_questions_are_answered_429():
    with served(simulator(plays.stage(), requests_per_second=2)) as url:
        headers = {"Authorization": f"Bearer {plays.TOKEN}"}
        answers = [httpx.get(f"{url}/v2/locations", headers=headers) for _ in range(4)]
    assert answers[0].status_code == 200
    assert problem(answers[-1]) == (429, "RATE_LIMITED")
    assert answers[-1].headers["Retry-After"] == "1"


def test_payments_reach_back_a_year_unless_told_otherwise(full: Stage):
    later = plays.DINNER + timedelta(days=500)
    with served(simulator(full, now=lambda: later)) as url:
        headers = {"Authorization": f"Bearer {plays.TOKEN}"}
        assert httpx.get(f"{url}/v2/payments", headers=headers).json() == {}
        told = httpx.get(f"{url}/v2/payments?begin_time=2020-01-01T00:00:00Z", headers=headers).json()
    assert told["payments"]


def test_the_oracle_catches_a_field_square_does_not_have(http, as_square):
    answer = ask(http, "GET", "/v2/orders/CHKPAID")
    answer["order"]["covers"] = 2
    with pytest.raises(AssertionError, match="covers"):
        as_square("RetrieveOrderResponse", answer)
