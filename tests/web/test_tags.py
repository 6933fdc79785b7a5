"""Tags by rule on the pages: tried out before they are kept, each change undone again."""

import html
import re

import pytest
from litestar.testing import TestClient

from servery.guests.tagging.rule import Condition, Draft
from servery.model.viewer import ROLES
from servery.web.tags.form import Filled, Line, drafted, of_data, of_rule
from tests.web.ruling import OFTEN, SPENDS
from tests.web.test_actions import sent
from tests.web.test_same_person import undo_of

RULERS = {"manager", "owner"}


def form_of(page):
    """What the form that keeps a rule would send."""
    kept = page[page.index('name="keep"') : page.index("Keep this rule")]
    return {"keep": "1"} | {
        name: html.unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', kept)
    }


def test_rules_are_told_in_words_and_removed_and_brought_back(client, preview):
    page = html.unescape(client.get("/tags").text)
    assert "at least 4 visits in the last 12 months at Havnegade Brasserie and spend of at least" in page
    assert "E-mail is not known or birthday within 14 days" in page
    assert "412 guests have it." in page
    done = sent(client, "/tags/1/remove", "/tags")
    assert "The rule is removed." in done.text
    assert 'id="rule-1"' not in done.text
    back = sent(client, undo_of(done), "/tags")
    assert "The rule is as it was before." in back.text
    assert 'id="rule-1"' in back.text


def test_a_rule_is_tried_out_then_kept(client, preview):
    fields = {
        "tag": "Regular", "match": "any", "c0-fact": "visits", "c0-op": "at_least", "c0-value": "4", "c0-months": "12",
        "c0-venue": "1", "c1-fact": "spend", "c1-op": "at_least", "c1-value": "5000", "c1-currency": "dkk",
        "c1-months": "12", "c2-fact": "no_shows", "c2-op": "at_least", "c2-value": "",
    }  # fmt: skip
    tried = sent(client, "/tags/new", "/tags/new", **fields)
    told = html.unescape(tried.text)
    assert "412 guests would have the tag “Regular”" in told
    assert "31 guests would get it, among them:" in told
    assert "Mette Sørensen" in told
    assert preview.tag_rules.kept == []
    done = sent(client, "/tags/new", "/tags/new", **form_of(tried.text))
    assert preview.tag_rules.kept == [(Draft(tag="Regular", match="any", conditions=(OFTEN, SPENDS)), None)]
    assert "The rule is kept." in done.text
    assert undo_of(done) == "/tags/3/undo"


def test_another_wording_begins_with_what_the_rule_says(client, preview):
    page = client.get("/tags/1").text
    assert 'value="Regular"' in page
    assert 'value="5000.00"' in page
    tried = sent(
        client, "/tags/1", "/tags/1", tag="Regular", **{"c0-fact": "field", "c0-op": "lacks", "c0-value": "email"}
    )
    sent(client, "/tags/1", "/tags/1", **form_of(tried.text))
    lacking = Condition(fact="field", op="lacks", value="email")
    assert preview.tag_rules.kept == [(Draft(tag="Regular", conditions=(lacking,)), 1)]


@pytest.mark.parametrize(
    ("fields", "at", "words"),
    [
        ({"tag": "x"}, None, "A rule needs a condition"),
        ({"tag": " ", "c0-fact": "visits", "c0-value": "4"}, "tag", "A tag needs a name."),
        ({"tag": "x", "c0-fact": "visits", "c0-value": "many"}, "c0-value", "This is no number."),
        ({"tag": "x", "c0-fact": "visits", "c1-fact": "no_shows", "c1-value": "1", "c1-months": "0"}, "c3-months", ""),
        ({"tag": "x", "c0-fact": "spend", "c0-value": "1.2.3", "c0-currency": "DKK"}, "c0-value", "no amount"),
        ({"tag": "x", "c0-fact": "spend", "c0-value": "5", "c0-currency": "QQQ"}, "c0-currency", "no currency QQQ"),
    ],
)
def test_what_cannot_be_stands_at_its_field_with_all_that_was_typed(client, preview, fields, at, words):
    answer = sent(client, "/tags/new", "/tags/new", **fields)
    assert answer.status_code == 422
    assert words in html.unescape(answer.text)
    if at and at != "c3-months":
        marked = re.search(r'name="([^"]+)"[^>]*aria-invalid="true"', answer.text)
        assert marked and marked[1] == at
    assert preview.tag_rules.kept == []


def test_without_a_rule_the_page_says_what_one_is_for(client, preview):
    preview.tag_rules.empty = True
    assert "No rule yet" in client.get("/tags").text


@pytest.mark.parametrize("role", ROLES)
def test_who_makes_rules_and_who_does_not(preview, role):
    with TestClient(preview.app, base_url="http://servery.test") as client:
        client.cookies.set("servery_session", role)
        assert client.get("/tags").status_code == (200 if role in RULERS else 403)
        assert ('href="/tags"' in client.get("/guests").text) == (role in RULERS)


def test_a_form_says_what_its_rule_says():
    draft = Draft(tag="x", match="any", conditions=(OFTEN, SPENDS))
    assert drafted(of_rule(draft)) == draft
    assert of_data({"tag": "x", "c1-fact": "visits", "c1-value": " 3 ", "c0-fact": "nonsense"}) == Filled(
        tag="x", lines=[Line(fact="visits", value="3")]
    )
