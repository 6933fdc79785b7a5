"""The pages of privacy, over a socket."""

import re

import pytest

from servery.model.viewer import RIGHTS, ROLES
from tests.web.private import TODAY
from tests.web.test_events import browse, press


@pytest.mark.parametrize("role", ROLES)
def test_privacy_is_for_roles_that_handle_it(served, role):
    with browse(served, role) as client:
        wanted = 200 if "handle_privacy" in RIGHTS[role] else 403
        for path in (
            "/privacy", "/privacy/notice", "/privacy/notice.html", "/privacy/register", "/privacy/retention/guests",
            "/guests/1/erase", "/guests/1/export.html", "/guests/1/consent",
        ):  # fmt: skip
            assert client.get(path).status_code == wanted, path


def test_the_clock_is_told(served):
    with browse(served) as client:
        text = client.get("/privacy").text
    assert "late" in text and "days left" in text and "to be done by hand there" in text and "kd83nDk2" in text


def test_a_request_is_opened_extended_and_closed(served):
    with browse(served) as client:
        page = client.get("/privacy")
        press(
            client, page, "/privacy/requests", kind="access", received_on=TODAY.isoformat(), guest_id="7", asked_by="A"
        )
        press(client, page, "/privacy/requests/2/extend", reason="Two systems answer slowly.")
        press(client, page, "/privacy/requests/2/close", outcome="done")
        press(client, page, "/privacy/requests/2/reopen")
        press(client, page, "/privacy/receipts/3/done")
        press(client, page, "/privacy/retention/guests", months="24")
        press(client, page, "/privacy/retention/guests", months="")
        press(client, page, "/guests/7/erase", seen="seen")
        assert served.preview.privacy.done[-8:] == [
            "opened access", "extended 2", "closed 2 done", "reopened 2", "receipt 3", "keep guests 24",
            "keep guests None", "erased 7",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/privacy/requests", {"kind": "access", "received_on": "2199-01-01"}),
        ("/privacy/requests", {"kind": "access", "received_on": "soon"}),
        ("/privacy/requests", {"kind": "gossip", "received_on": "2026-01-01"}),
        ("/privacy/requests", {"kind": "access", "received_on": "2026-01-01", "guest_id": "x"}),
        ("/privacy/retention/guests", {"months": "many"}),
        ("/privacy/requests/2/close", {"outcome": "forgotten"}),
        ("/privacy/let-in", {"name": "Anna"}),
        ("/privacy/let-in", {"name": "Nobody", "email": "nobody@example.com"}),
        ("/guests/7/consent", {"state": "granted", "channel": "any", "purpose": "marketing"}),
        ("/guests/7/consent", {"state": "perhaps", "channel": "any", "purpose": "marketing"}),
    ],
)
def test_what_cannot_be_is_told_beside_the_form(served, path, fields):
    with browse(served) as client:
        answer = press(client, client.get("/privacy"), path, **fields)
    assert answer.status_code == 422 and 'role="alert"' in answer.text


def test_an_export_is_a_file(served):
    with browse(served) as client:
        answer = client.get("/guests/7/export.json")
    assert "attachment" in answer.headers["content-disposition"] and answer.json()["profile"][0]["id"] == 7


def test_consent_is_told_line_by_line_and_written_down(served):
    with browse(served) as client:
        page = client.get("/guests/7/consent")
        assert "Mette Holm" in page.text and "text 2026-01" in page.text and "resOS Havnen says so" in page.text
        said = {"state": "denied", "channel": "email", "purpose": "marketing", "source": "by phone"}
        answer = press(client, page, "/guests/7/consent", **said)
        assert "The line stands in the ledger." in answer.text
        assert served.preview.privacy.done[-1] == "7 denied email marketing by phone"
        assert client.get("/guests/404/consent").status_code == 404


def test_somebody_is_let_in_again(served):
    with browse(served) as client:
        answer = press(client, client.get("/privacy"), "/privacy/let-in", name="Anna Berg", email="anna@example.com")
    assert served.preview.privacy.done[-1] == "let in Anna Berg"
    assert "What is new of them comes in again" in answer.text and "anna@example.com" not in str(answer.url)


def test_who_is_erased_is_shown_first(served):
    with browse(served) as client:
        page = client.get("/guests/7/erase")
        for said in ("Anna Lindqvist", "41 bookings", "38 checks", "Square Havnen", "kd83nDk2", "405", 'value="seen"'):
            assert said in page.text
        assert client.get("/guests/404/erase").status_code == 404
        assert str(client.get("/guests/405/erase", follow_redirects=True).url).endswith("/guests/2/erase")
        before = list(served.preview.privacy.done)
        stale = press(client, page, "/guests/7/erase", seen="other")
        assert stale.status_code == 409 and 'role="alert"' in stale.text and "Anna Lindqvist" in stale.text
        assert press(client, page, "/guests/7/erase").status_code == 409 and served.preview.privacy.done == before


def test_what_would_go_is_looked_at_first(served):
    with browse(served) as client:
        text = client.get("/privacy/retention/guests?months=24").text
        assert "Guest Number 3" in text and "and 8 more" in text and "never came" in text
        assert client.get("/privacy/retention/guests?months=9000").status_code == 422
        assert client.get("/privacy/retention/nothing").status_code in (404, 422)


@pytest.mark.parametrize("language", ["en", "da", "de", "es"])
def test_an_export_is_read_without_knowing_our_words(served, language):
    with browse(served) as client:
        client.headers["accept-language"] = language
        text = client.get("/guests/7/export.html").text
    assert f'lang="{language}"' in text and "245.00 DKK" in text and "2026-03-02 18:30 UTC" in text
    assert "Likes the window" in text and "external_id" not in text and "business_date" not in text


def fields_of(html):
    """What stands in the form of the controller."""
    form = html.partition('action="/privacy/controller"')[2].partition("</form>")[0]
    inputs = re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', form)
    return dict(inputs + re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>([^<]*)</textarea>', form))


def test_who_answers_is_written_down_and_undone(served):
    with browse(served) as client:
        page = client.get("/privacy")
        stood = fields_of(page.text)
        assert stood["address"] == "Havnegade 1\n1058 København K" and "To do" not in page.text
        typed = stood | {"address": "Torvet 2\r\n6100 Haderslev", "phone": ""}
        after = press(client, page, "/privacy/controller", **typed)
        assert "It is written down" in after.text and fields_of(after.text)["address"] == "Torvet 2\n6100 Haderslev"
        assert served.preview.privacy.answering[-1].phone is None
        again = press(client, page, "/privacy/controller", **typed)
        assert again.status_code == 409 and "Somebody has changed this meanwhile" in again.text
        back = press(client, after, "/privacy/controller/2/undo")
        assert fields_of(back.text)["address"] == stood["address"] and "It stands as it did before." in back.text
        assert press(client, back, "/privacy/controller/2/undo").status_code >= 400


@pytest.mark.parametrize(
    ("field", "value"), [("name", ""), ("email", "nobody"), ("website", "javascript:alert(1)"), ("address", "x" * 501)]
)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_typed_is_lost(served, field, value):
    with browse(served) as client:
        page = client.get("/privacy")
        typed = fields_of(page.text) | {"phone": "+45 1234 5678", field: value}
        answer = press(client, page, "/privacy/controller", **typed)
    assert answer.status_code == 422 and fields_of(answer.text) == typed
    assert answer.text.count('aria-invalid="true"') == answer.text.count('role="alert"') == 1
    assert f'id="controller-{field}"' in answer.text.partition(f'id="w-{field}"')[2].partition("</div>")[0]


def test_until_somebody_is_written_down_staff_is_told_and_guests_are_not(served):
    served.preview.privacy.answering[:] = [None]
    with browse(served) as client:
        assert "To do" in client.get("/privacy").text
        for paper in ("/privacy/notice", "/privacy/register"):
            assert "Contact details are missing." in client.get(paper).text
        handed_out = client.get("/privacy/notice.html")
    assert "attachment" in handed_out.headers["content-disposition"]
    assert "missing" not in handed_out.text and "Havnen" in handed_out.text and "<link" not in handed_out.text
