"""The pages of privacy, over a socket."""

import pytest

from servery.model.viewer import RIGHTS, ROLES
from tests.web.private import TODAY
from tests.web.test_events import browse, press


@pytest.mark.parametrize("role", ROLES)
def test_privacy_is_for_roles_that_handle_it(served, role):
    with browse(served, role) as client:
        wanted = 200 if "handle_privacy" in RIGHTS[role] else 403
        for path in ("/privacy", "/privacy/notice", "/privacy/register", "/guests/1/erase", "/guests/1/export.html"):
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
        press(client, page, "/privacy/receipts/3/done")
        press(client, page, "/privacy/retention/guests", months="24")
        press(client, page, "/privacy/retention/guests", months="")
        press(client, page, "/guests/7/erase")
        assert served.preview.privacy.done[-7:] == [
            "opened access", "extended 2", "closed 2 done", "receipt 3", "keep guests 24", "keep guests None",
            "erased 7",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/privacy/requests", {"kind": "access", "received_on": "2199-01-01"}),
        ("/privacy/requests", {"kind": "access", "received_on": "soon"}),
        ("/privacy/requests", {"kind": "gossip", "received_on": "2026-01-01"}),
        ("/privacy/requests", {"kind": "access", "received_on": "2026-01-01", "guest_id": "x"}),
        ("/privacy/retention/guests", {"months": "many"}),
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
