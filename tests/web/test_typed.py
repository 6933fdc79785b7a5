"""What was typed to find a guest is in no address, and found again where one goes back or loads again."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from litestar.testing import TestClient

from servery.web.render import environment
from tests.web.preview import Preview
from tests.web.test_pages import rows_of, signed_in, token_in

NAME = "Mette Sørensen +4520000001"


@pytest.fixture
def client():
    with TestClient(Preview().app, base_url="http://servery.test") as client:
        client.follow_redirects = False
        yield signed_in(client)


def sent(client, path, **form):
    return client.post(path, data={"_csrf_token": token_in(client.get("/tonight")), **form})


@pytest.mark.parametrize("path", ["/guests", "/guests/13/same", "/events"])
def test_a_search_leads_to_an_address_without_its_text(client, path):
    answer = sent(client, path, q=NAME, guest=NAME)
    where = urlsplit(answer.headers["location"])
    assert (answer.status_code, where.path, [*parse_qs(where.query)]) == (303, path, ["typed"])
    for _ in range(2):
        again = client.get(answer.headers["location"])
        assert again.status_code == 200
        assert f'value="{NAME}"' in again.text
        addresses = re.findall(r'(?:href|action|hx-\w+)="([^"]*)"', again.text)
        assert not [one for one in addresses if "Mette" in one or "4520000001" in one]


def test_one_goes_back_to_the_search_before(client):
    first = sent(client, "/guests", q="Mette").headers["location"]
    second = sent(client, "/guests", q="Sam").headers["location"]
    assert first != second
    assert "Mette Sørensen" in client.get(first).text
    assert "Mette Sørensen" not in client.get(second).text
    assert sent(client, "/guests", q="Mette").headers["location"] == first


def test_a_search_for_nothing_is_the_list(client):
    assert sent(client, "/guests", q="  ").headers["location"] == "/guests"


def test_what_is_found_is_a_file_too(client):
    where = sent(client, "/guests", q="Mette").headers["location"]
    [address] = re.findall(r'href="(/guests\.csv\?[^"]*)"', client.get(where).text)
    assert [row[0] for row in rows_of(client.get(address))[1:]] == ["Mette Sørensen"]


@pytest.mark.parametrize("path", ["/guests", "/guests.csv", "/guests/13/same", "/events"])
@pytest.mark.parametrize("cookie", [None, "not ours", "WyJhIl0="])
def test_a_search_that_is_no_longer_kept_is_not_taken_for_all(client, path, cookie):
    if cookie:
        client.cookies.set("servery_typed", cookie)
    answer = client.get(path, params={"typed": "gone"})
    assert answer.status_code == 404
    assert "no longer kept" in answer.text


def test_events_of_a_guest_are_asked_by_number_in_an_address_and_by_nothing_else(client):
    assert client.get("/events?guest=13").status_code == 200
    assert client.get("/events?guest=Mette").status_code == 422
    where = sent(client, "/events", guest="Mette", state="quarantined", order="1042").headers["location"]
    assert re.fullmatch(r"/events\?state=quarantined&order=1042&typed=[\w-]+", where)


def test_the_cookie_stays_small_and_goes_with_who_signs_out(client):
    last = [sent(client, "/guests", q="ж" * 199 + str(number)).headers["location"] for number in range(10)][-1]
    kept = client.cookies["servery_typed"]
    assert len(kept) < 3500
    assert client.get(last).status_code == 200
    said = sent(client, "/sign-out").headers.get_list("set-cookie")
    assert any(one.startswith("servery_typed=") and "Max-Age=0" in one for one in said)


def test_no_page_asks_by_an_address_for_what_people_type():
    """The names of systems and of faults, and a number of months, are no guest's."""
    harmless = {("set_up/systems.html", "q"), ("hygiene/list.html", "fault"), ("privacy/old.html", "months")}
    fields = {
        (template, name)
        for template in environment().list_templates(extensions=["html"])
        for form in re.findall(r"<form[^>]*method=\"get\".*?</form>", _source(template), re.DOTALL)
        for name in re.findall(r'<(?:input|select|textarea)[^>]* name="(\w+)"', form)
    }
    assert fields == harmless


def _source(template):
    loader = environment().loader
    assert loader is not None
    return loader.get_source(environment(), template)[0]
