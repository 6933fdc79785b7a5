"""Which value is shown: tried out on the page before it is chosen, and taken back."""

import html

import pytest
from litestar.testing import TestClient

from servery.model.survivorship import Chosen
from servery.model.viewer import ROLES
from tests.web.test_actions import sent
from tests.web.test_same_person import undo_of
from tests.web.test_tags import form_of

CHOOSERS = {"manager", "owner", "integrator"}


def test_rules_are_told_and_tried_out_then_kept_and_taken_back(client, preview):
    page = html.unescape(client.get("/guests/values").text)
    assert "what Till at the harbour says" in page
    assert "the most complete (usual)" in page
    assert "120 guests are still to be made anew." in page
    tried = sent(client, "/guests/values", "/guests/values", **{"field-name": "recent", "field-email": "owner:2"})
    told = html.unescape(tried.text)
    assert "31 guests would have another value. That is of the first 20.000" in told
    assert preview.values.chosen == []
    kept = form_of(tried.text.replace("Keep these choices", "Keep this rule"))
    assert kept == {"keep": "1", "field-name": "recent"}
    done = sent(client, "/guests/values", "/guests/values", **kept)
    assert preview.values.chosen == [{"name": Chosen("recent")}]
    assert "Values are chosen so from now on." in done.text
    sent(client, undo_of(done), "/guests/values")
    assert preview.values.undone == 1


def test_a_rule_that_there_is_not_is_refused(client, preview):
    for wrong in ("best", "owner:x", ""):
        assert sent(client, "/guests/values", "/guests/values", **{"field-name": wrong}).status_code == 422


@pytest.mark.parametrize("role", ROLES)
def test_who_chooses(preview, role):
    with TestClient(preview.app, base_url="http://servery.test") as client:
        client.cookies.set("servery_session", role)
        assert client.get("/guests/values").status_code == (200 if role in CHOOSERS else 403)


def test_the_guest_s_page_says_by_which_rule_a_value_was_chosen(client):
    page = html.unescape(client.get("/guests/13").text)
    assert "Of several, the most complete." in page
