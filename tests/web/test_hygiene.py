"""The pages of guest data, over a socket."""

import re

import pytest

from servery.model.viewer import RIGHTS, ROLES
from tests.web.test_events import browse, press

PAGES = ("/hygiene", "/hygiene?month=2026-10", "/hygiene/lists/1", "/hygiene/lists/1/guests.csv")


@pytest.fixture(autouse=True)
def hygiene(served):
    invented = served.preview.hygiene
    invented.empty = False
    yield invented
    invented.empty = False


@pytest.mark.parametrize("role", ROLES)
def test_guest_data_is_for_roles_that_mend_and_ageing_for_those_that_make_rules(served, role):
    with browse(served, role) as client:
        mends = 200 if "mend_guests" in RIGHTS[role] else 403
        rules = 200 if "make_rules" in RIGHTS[role] else 403
        assert [client.get(path).status_code for path in PAGES] == [mends] * len(PAGES)
        assert client.get("/hygiene/ageing").status_code == rules
        assert ('href="/hygiene"' in client.get("/guests").text) == (mends == 200)


def test_each_venue_has_its_list_and_each_field_its_share(served):
    with browse(served) as client:
        text = client.get("/hygiene").text
    for said in ("Havnen", "Bakken", "E-mail with a typing slip", "all mended", "Nothing to mend.", "By venue"):
        assert said in text
    assert re.search(r"81\s?%", text)
    assert 'href="/hygiene/lists/1?fault=email_slip"' in text and "month=2026-10" in text


def test_a_list_leads_to_each_guest_and_says_what_was_meant(served, hygiene):
    with browse(served) as client:
        text = client.get("/hygiene/lists/1").text
        assert 'href="/guests/1"' in text and "Probably meant: anna@gmail.com" in text
        assert 'href="/guests/6/same/7"' in text and "start=50" in text
        client.get("/hygiene/lists/1?fault=no_contact&start=50")
    assert hygiene.asked[-1] == (1, "no_contact", 51, 50)


def test_who_may_not_merge_is_led_to_the_other_guest(served):
    with browse(served, "marketer") as client:
        text = client.get("/hygiene/lists/1").text
    assert 'href="/guests/7"' in text and "/same/" not in text


def test_a_list_is_a_file_that_runs_no_formula(served):
    with browse(served) as client:
        answer = client.get("/hygiene/lists/1/guests.csv?fault=email_slip")
    assert "attachment" in answer.headers["content-disposition"]
    header, first, *_ = answer.content.decode("utf-8-sig").splitlines()
    assert header.startswith("Guest,Name,To mend") and "anna@gmial.com,anna@gmail.com" in first


@pytest.mark.parametrize("path", ["/hygiene?month=soon", "/hygiene/lists/1?fault=gossip"])
def test_what_cannot_be_asked_is_an_error(served, path):
    with browse(served) as client:
        assert client.get(path).status_code == 422


def test_a_list_that_is_none_is_not_found(served):
    with browse(served) as client:
        assert client.get("/hygiene/lists/999").status_code == 404


def test_a_look_now_is_told(served, hygiene):
    with browse(served) as client:
        hygiene.empty = True
        page = client.get("/hygiene")
        assert "Nobody has looked yet" in page.text
        answer = press(client, page, "/hygiene/look")
    assert "The lists are as of now." in answer.text and hygiene.done[-1] == "looked"


def test_ageing_is_tried_out_chosen_done_and_taken_back(served, hygiene):
    with browse(served) as client:
        page = client.get("/hygiene/ageing")
        assert "Look what would go" in page.text and "by the window" not in page.text
        page = client.get("/hygiene/ageing?preview=true")
        assert "by the window" in page.text and "After 36 months: 212 now." in page.text
        press(client, page, "/hygiene/ageing/note", months="48")
        press(client, page, "/hygiene/ageing/phone", months="")
        done = press(client, page, "/hygiene/leave-out")
        assert 'action="/hygiene/runs/4/undo"' in done.text
        press(client, page, "/hygiene/runs/4/undo")
    assert hygiene.done[-4:] == ["note 48", "phone None", "left out", "undone 4"]


@pytest.mark.parametrize(("kind", "months"), [("phone", "2"), ("phone", "many"), ("gossip", "12")])
def test_a_rule_that_cannot_be_is_told_beside_the_form(served, kind, months):
    with browse(served) as client:
        answer = press(client, client.get("/hygiene/ageing"), f"/hygiene/ageing/{kind}", months=months)
    assert answer.status_code == 422 and 'role="alert"' in answer.text


def test_nothing_old_is_said(served, hygiene):
    with browse(served) as client:
        hygiene.empty = True
        page = client.get("/hygiene/ageing?preview=true")
        assert "Nothing is that old." in page.text and "Nothing was left out so far." in page.text
        assert "Nothing is that old." in press(client, page, "/hygiene/leave-out").text


def test_the_address_that_was_meant_is_written_in_one_tap_and_taken_back(served, hygiene):
    with browse(served) as client:
        page = client.get("/hygiene/lists/1")
        assert "Write anna@gmail.com" in page.text
        answer = press(client, page, "/hygiene/guests/1/meant")
    assert hygiene.done[-1] == "accepted 1" and 'action="/guest-edits/5/undo"' in answer.text
    with browse(served, "marketer") as client:
        page = client.get("/hygiene/lists/1")
        assert "Write anna@gmail.com" not in page.text
        assert press(client, page, "/hygiene/guests/1/meant").status_code == 403
