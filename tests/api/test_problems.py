"""What goes wrong is told as RFC 9457 has it: where, what, and never what is inside."""

import httpx
import pytest

from servery.app import site
from servery.settings import Settings
from servery.web.live import Live
from tests.api.conftest import serving, sql


@pytest.mark.parametrize(
    ("path", "query", "pointer", "code"),
    [
        ("/reservations", {"limit": 0}, "/query/limit", "invalid"),
        ("/reservations", {"limit": 201}, "/query/limit", "invalid"),
        ("/reservations", {"limit": "many"}, "/query/limit", "invalid"),
        ("/reservations", {"status": "asleep"}, "/query/status", "invalid"),
        ("/reservations", {"business_date": "6/3/2026"}, "/query/business_date", "invalid"),
        ("/checks", {"venue_id": 2**63}, "/query/venue_id", "invalid"),
        ("/checks", {"updated_since": "2026-03-06T18:00:00"}, "/query/updated_since", "invalid"),
        ("/visits", {"cursor": "nonsense"}, "/query/cursor", "wrong-cursor"),
        ("/visits", {"cursor": "æ"}, "/query/cursor", "wrong-cursor"),
        ("/visits", {"bussiness_date": "2026-03-06"}, "/query/bussiness_date", "unknown-parameter"),
        ("/visits/1", {"limit": 5}, "/query/limit", "unknown-parameter"),
        ("/guests", {"q": "anna", "updated_since": "2026-03-06T18:00:00Z"}, "/query/q", "invalid"),
        ("/guests", {"format": "xml"}, "/query/format", "invalid"),
        (f"/guests/{2**63}", {}, "/path/guest_id", "invalid"),
    ],
)
def test_what_cannot_be_accepted_is_pointed_at(ask, path, query, pointer, code):
    answer = ask(path, **query)
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (400, 400, code)
    assert [fault["pointer"] for fault in problem["errors"]] == [pointer]
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("kind", "venues reservations checks visits guests menus connections".split())
def test_what_does_not_exist_is_not_found(ask, kind):
    answer = ask(f"/{kind}/4711")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_visits_of_nobody_are_not_found_as_csv_either(ask):
    assert ask("/guests/4711/visits").status_code == 404
    assert ask("/guests/4711/visits", format="csv").status_code == 404


@pytest.mark.parametrize("path", ["/nothing", "/venues/abc", "/venues/1/nothing"])
def test_a_path_that_is_none_is_not_found(ask, path):
    answer = ask(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_another_method_is_told_which_there_are(address):
    answer = httpx.post(f"{address}/api/v1/venues")
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert "GET" in answer.headers["allow"]


def test_our_own_fault_tells_nothing_of_the_inside(own, ask_own, caplog):
    sql(own, """update checks set body = '{"secret word": 1}'""")
    answer = ask_own("/checks/1")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert problem["request_id"] in caplog.text


def test_a_database_that_refuses_is_worth_another_try(own, ask_own):
    assert ask_own("/venues").status_code == 200
    sql(own, "create function refuse() returns trigger language plpgsql as $$ begin "
        "raise exception 'secret words' using errcode = '57P03'; end $$")  # fmt: skip
    sql(own, "create trigger refuse before insert on guest_look for each row execute function refuse()")
    answer = ask_own("/guests/1")
    assert (answer.status_code, answer.json()["code"]) == (503, "database-away")
    assert int(answer.headers["retry-after"]) > 0
    assert "secret" not in answer.text


def test_beside_the_pages_each_tells_errors_in_its_own_way(shared, tmp_path):
    settings = Settings(home=tmp_path, port=0, public_url="http://127.0.0.1", database_url=shared)
    with serving(shared, lambda pool: site.create(settings, pool, Live())) as address:
        unknown = httpx.get(f"{address}/api/v1/nothing")
        assert (unknown.json()["code"], unknown.status_code) == ("not-found", 404)
        assert httpx.get(f"{address}/api/v1/venues").json()["code"] == "key-missing"
        page = httpx.get(f"{address}/nothing")
        assert (page.status_code, page.headers["content-type"].split(";")[0]) == (404, "text/html")
        assert httpx.get(f"{address}/api/v1/openapi.json").json()["openapi"].startswith("3.1")
