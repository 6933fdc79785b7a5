"""Every page over HTTP: what each role sees, what goes wrong, and what protects them."""

import csv
import io
import re

import httpx
import pytest
from litestar.testing import TestClient

from servery.model.viewer import ROLES
from tests.web.preview import PASSWORD, Preview

PAGES = ("/tonight", "/guests", "/guests/13", "/connections", "/events")
ALLOWED = {
    "host": {"/tonight", "/guests", "/guests/13", "/connections"},
    "server": {"/tonight", "/guests", "/guests/13"},
    "manager": set(PAGES),
    "marketer": {"/guests", "/guests/13", "/connections"},
    "owner": set(PAGES),
    "integrator": {"/guests", "/guests/13", "/connections", "/events"},
}


@pytest.fixture
def client(preview):
    with TestClient(preview.app, base_url="http://servery.test") as client:
        client.follow_redirects = False
        yield client


def signed_in(client, role="owner"):
    client.cookies.set("servery_session", role)
    return client


def token_in(answer):
    found = re.search(r'name="_csrf_token" value="([0-9a-f]+)"', answer.text)
    assert found
    return found[1]


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_its_pages_and_no_other(client, role):
    signed_in(client, role)
    answers = {path: client.get(path).status_code for path in PAGES}
    assert answers == {path: 200 if path in ALLOWED[role] else 403 for path in PAGES}
    tabs = set(re.findall(r'<a href="(/\w+)"(?: aria-current="page")?><svg', client.get("/guests").text))
    assert tabs == ALLOWED[role] - {"/guests/13"}


@pytest.mark.parametrize("role", ROLES)
def test_start_leads_to_the_roles_first_page(client, role):
    first = next(path for path in PAGES if path in ALLOWED[role])
    answer = signed_in(client, role).get("/")
    assert (answer.status_code, answer.headers["location"]) == (302, first)


def test_stranger_is_asked_to_sign_in_and_brought_back(client):
    answer = client.get("/tonight?day=2026-01-02")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/tonight%3Fday%3D2026-01-02")
    token = {"_csrf_token": token_in(client.get("/sign-in"))}
    part = client.post("/search", data={"q": "a", **token}, headers={"hx-request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (204, "/sign-in")
    for path in ("/live", "/guests.csv", "/password"):
        assert client.get(path).status_code == 303


def test_sign_in_by_password(client):
    form = client.get("/sign-in", params={"next": "/guests"})
    data = {"email": "rosa@example.com", "password": "wrong", "_csrf_token": token_in(form), "next": "/guests"}
    refused = client.post("/sign-in", data=data)
    assert refused.status_code == 422
    assert "The e-mail address or the password is wrong." in refused.text
    assert 'value="/guests"' in refused.text
    answer = client.post("/sign-in", data={**data, "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/guests")
    cookies = answer.headers.get_list("set-cookie")
    session = next(each for each in cookies if each.startswith("servery_session="))
    assert "HttpOnly" in session and "SameSite=lax" in session and "Secure" not in session
    assert any(each.startswith("servery_language=da") for each in cookies)
    assert "<h1>I aften</h1>" in client.get("/tonight").text


def test_too_many_attempts(client):
    data = {"email": "busy@example.com", "password": "x", "_csrf_token": token_in(client.get("/sign-in"))}
    assert client.post("/sign-in", data=data).status_code == 429


def test_cookies_need_https_where_the_site_has_it():
    with TestClient(Preview("https://servery.example.com").app, base_url="https://servery.test") as client:
        client.follow_redirects = False
        form = client.get("/sign-in")
        data = {"email": "rosa@example.com", "password": PASSWORD, "_csrf_token": token_in(form)}
        answer = client.post("/sign-in", data=data)
    assert all("Secure" in each for each in form.headers.get_list("set-cookie"))
    assert all("Secure" in each for each in answer.headers.get_list("set-cookie"))
    assert "max-age" in answer.headers["strict-transport-security"]


def test_opening_a_link_does_not_use_it_up(client, preview):
    for _ in range(3):
        page = client.get("/sign-in/abc-123")
        assert page.status_code == 200
    client.head("/sign-in/abc-123")
    assert preview.door.used == set()
    assert page.headers["referrer-policy"] == "no-referrer"
    answer = client.post("/sign-in/abc-123", data={"_csrf_token": token_in(page)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/password")
    again = client.post("/sign-in/abc-123", data={"_csrf_token": token_in(page)})
    assert again.status_code == 410
    assert "used already" in again.text


def test_first_password(client):
    form = signed_in(client).get("/password")
    short = client.post("/password", data={"_csrf_token": token_in(form), "password": "short"})
    assert short.status_code == 422
    assert "A password needs at least 8 characters." in short.text
    answer = client.post("/password", data={"_csrf_token": token_in(form), "password": "long enough words"})
    assert answer.headers["location"] == "/"


def test_sign_out_ends_the_session(client, preview):
    page = signed_in(client).get("/guests")
    answer = client.post("/sign-out", data={"_csrf_token": token_in(page)})
    assert preview.door.left == ["owner"]
    assert "servery_session=" in answer.headers["set-cookie"] and "Max-Age=0" in answer.headers["set-cookie"]


def test_sign_out_on_all_devices_ends_every_session(client, preview):
    page = signed_in(client).get("/guests")
    assert 'formaction="/sign-out/everywhere"' in page.text
    answer = client.post("/sign-out/everywhere", data={"_csrf_token": token_in(page)})
    assert (answer.headers["location"], preview.door.left[-1]) == ("/sign-in", "all of 1")
    assert "servery_session=" in answer.headers["set-cookie"] and "Max-Age=0" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-in/abc", "/sign-out", "/sign-out/everywhere", "/choose/theme", "/password"]
)
def test_forms_of_other_sites_are_refused(client, path):
    assert signed_in(client).post(path, data={"theme": "dark"}).status_code == 403


@pytest.mark.parametrize("given", ["//evil.example", "https://evil.example", "/\\evil.example", "about:blank", "/a\nb"])
def test_one_is_never_led_to_another_site(client, given):
    data = {"email": "r@x", "password": PASSWORD, "_csrf_token": token_in(client.get("/sign-in")), "next": given}
    assert client.post("/sign-in", data=data).headers["location"] == "/"


def test_host_header_decides_nothing(client):
    answer = client.get("/tonight", headers={"host": "evil.example"})
    assert answer.headers["location"] == "/sign-in?next=/tonight"
    assert "evil.example" not in signed_in(client).get("/tonight", headers={"host": "evil.example"}).text


def test_choices_are_kept(client):
    data = {"_csrf_token": token_in(signed_in(client).get("/tonight")), "back": "/guests?cursor=6"}
    answer = client.post("/choose/theme", data={**data, "theme": "dark"})
    assert answer.headers["location"] == "/guests?cursor=6"
    assert 'data-theme="dark"' in client.get("/guests").text
    client.post("/choose/venue", data={**data, "venue": "2"})
    assert "Torvet 4</p>" in client.get("/tonight").text
    client.post("/choose/language", data={**data, "language": "de"})
    assert "<h1>Gäste</h1>" in client.get("/guests").text
    assert client.post("/choose/theme", data={**data, "theme": "plaid"}).status_code == 422
    assert client.post("/choose/language", data={**data, "language": "xx"}).status_code == 422
    assert client.post("/choose/venue", data={**data, "venue": "x"}).status_code == 422


def test_pages_carry_what_keeps_them_safe(client):
    for answer in (signed_in(client).get("/tonight"), client.get("/nowhere"), client.get("/sign-in")):
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert len(answer.headers["x-request-id"]) == 32
        assert not re.search(r"<script(?! src)|<style|\sstyle=|\son\w+=", answer.text)


def test_what_guests_write_is_never_markup(client):
    token = {"_csrf_token": token_in(signed_in(client).get("/tonight"))}
    for path, typed in (("/guests", "Sam"), ("/search", "Sam"), ("/guests", '"><b>'), ("/search", '"><b>')):
        text = client.post(path, data={"q": typed, **token}, follow_redirects=True).text
        assert "<script>alert" not in text and '"><b>' not in text
    assert "Sam &lt;script&gt;" in client.get("/tonight").text


def test_files_are_kept_for_ever_under_their_content(client):
    page = client.get("/sign-in").text
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert client.get("/static/servery.css").status_code == 404


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/guests/999", 404), ("/tonight?day=someday", 422)])
def test_what_is_wrong_is_said(client, path, status):
    answer = signed_in(client).get(path)
    assert answer.status_code == status
    assert answer.headers["x-request-id"] in answer.text


def test_failure_inside_says_nothing_of_the_inside(client, preview):
    preview.sources.broken = True
    answer = signed_in(client).get("/tonight")
    assert answer.status_code == 500
    assert "secret words" not in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_programs_get_problems_not_pages(client):
    answer = client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["status"] == 404


def test_merged_guest_leads_on(client):
    answer = signed_in(client).get("/guests/1300")
    assert (answer.status_code, answer.headers["location"]) == (301, "/guests/13")


def test_list_goes_on_where_it_stopped(client):
    first = signed_in(client).get("/guests").text
    assert first.count('class="person"') == 6
    rest = client.get("/guests?cursor=6", headers={"hx-request": "true", "hx-target": "more"}).text
    assert rest.count('class="person"') == 4
    assert "<html" not in rest


def test_host_sees_no_spend(client):
    assert "Spend" not in signed_in(client, "host").get("/guests").text
    assert "Spend" in signed_in(client, "manager").get("/guests").text


def plain(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).replace("\N{NO-BREAK SPACE}", " ").split())


def test_a_check_that_does_not_add_up_is_told(client):
    visits = plain(signed_in(client).get("/guests/13"))
    assert "Check 103: the till states 12,00 kr. more than the parts add up to." in visits
    assert "Check 102: the till states 3,00 kr. less than the parts add up to." in visits
    assert visits.count("the till states") == 2
    connections = plain(client.get("/connections"))
    assert "The till states another total for 5 checks than their parts add up to." in connections
    assert "Torvet 4 · check 2203 7 Nov 2025 · Torvet till · 12,00 € more than the parts" in connections
    assert "Torvet 4 · check c-2199 6 Nov 2025 · Torvet till · 0,50 € less than the parts" in connections


def test_each_currency_of_a_guest_is_told(client):
    token = {"_csrf_token": token_in(signed_in(client).get("/tonight"))}
    listed = plain(client.post("/guests", data={"q": "Mette", **token}, follow_redirects=True))
    assert "Spend: 1.948,50 kr. + 80,50 €" in listed
    told = plain(client.get("/guests/13"))
    assert "Spend in all 2.847,50 kr. Per visit 949,17 kr. Per cover 474,58 kr." in told
    assert "Spend in all 80,50 € Per visit 80,50 € Per cover 40,25 €" in told
    files = rows_of(client.get("/guests.csv"))
    assert next(row for row in files if row[0] == "Mette Sørensen")[5:7] == ["1948.50; 80.50", "DKK; EUR"]


def test_only_what_is_polled_can_be_read_now_or_paused(client):
    text = signed_in(client).get("/connections").text
    assert set(re.findall(r'action="/connections/(\d)/read"', text)) == {"1", "2", "3"}
    assert set(re.findall(r'action="/connections/(\d)/pause"', text)) == {"1", "2", "3"}


def rows_of(answer: httpx.Response):
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_lists_as_files(client):
    evening = rows_of(signed_in(client).get("/tonight.csv"))
    assert len(evening) == 12
    assert evening[3][:4] == ["18:00", "7", "Mette Sørensen", "2"]
    guests = rows_of(client.get("/guests.csv"))
    assert guests[1][2] == "'+45 20 00 00 01"
    assert guests[1][5] == "649.50"
    assert rows_of(client.get("/connections.csv"))[3][2] == "needs_person"
    for path in ("/tonight.csv", "/guests.csv", "/connections.csv"):
        assert signed_in(client, "host").get(path).status_code == 403


def test_empty_house_says_what_comes_next(client, preview):
    preview.sources.empty = True
    signed_in(client)
    assert "No bookings for this day" in client.get("/tonight").text
    assert "No guests yet" in client.get("/guests").text
    token = {"_csrf_token": token_in(client.get("/guests"))}
    assert "Nobody found" in client.post("/guests", data={"q": "x", **token}, follow_redirects=True).text
    assert "Nothing is connected yet" in client.get("/connections").text
    preview.sources.no_venue = True
    assert "/connections/new" in client.get("/tonight").text
