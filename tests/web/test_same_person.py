"""Who is who on the pages, and what staff write of a guest; each undone again."""

import html
import re

import pytest

from servery.errors import Invalid
from servery.model.viewer import ROLES
from tests.web.test_actions import sent

DECIDERS = {"host", "manager", "owner"}


def undo_of(page):
    found = re.search(r'id="done".*?action="([^"]+)"', page.text, re.DOTALL)
    assert found
    return found[1]


def test_a_pair_is_the_same_person_in_one_tap_with_the_value_chosen_and_undone_in_one(client, preview):
    assert 'id="pair-13-21"' in client.get("/suggestions").text
    page = sent(client, "/guests/13/same/21", "/suggestions", same="yes", **{"field-name": "M. Soerensen"})
    assert preview.who.steps == [(13, 21, True, {"name": "M. Soerensen"})]
    assert "They are one guest now." in page.text
    assert 'id="pair-13-21"' not in page.text
    page = sent(client, undo_of(page), "/suggestions")
    assert "It is as it was before." in page.text
    assert 'id="pair-13-21"' in page.text


def test_a_pair_is_kept_apart_and_no_value_is_taken(client, preview):
    page = sent(client, "/guests/13/same/21", "/suggestions", same="no", **{"field-name": "Mette"})
    assert preview.who.steps == [(13, 21, False, {})]
    assert "They stay two, for ever." in page.text
    assert undo_of(page) == "/guest-steps/1/undo"


def test_what_differs_is_marked_and_may_be_chosen_lists_are_kept_whole(client):
    page = html.unescape(client.get("/suggestions").text)
    row = page[page.index("E-mail") : page.index("Phone")]
    assert "differs" in row
    assert row.count('type="radio"') == 2
    allergies = page[page.index("Allergies") :]
    assert "differs" not in allergies[: allergies.index("</tr>")]
    assert "same phone, same family name, same initial, another e-mail" in page
    assert "0,97" in page


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "two people of one household"), ("da", "samme husstand"), ("de", "einem Haushalt"), ("es", "misma casa")],
)
def test_of_two_who_may_share_a_house_the_page_says_so_and_does_not_lead_to_making_them_one(client, language, said):
    page = client.get("/suggestions", headers={"Accept-Language": language}).text
    sure, unsure = page[page.index('id="pair-13-21"') : page.index('id="pair-14-22"')], page[page.index("pair-14-22") :]
    assert said in unsure
    assert said not in sure
    primary = re.compile(r'<button class="button" (?:name="same" value="(\w+)"|formaction="[^"]*/(later))')
    assert primary.findall(sure) == [("yes", "")]
    assert primary.findall(unsure) == [("", "later")]


def test_an_empty_queue_says_so(client, preview):
    assert "Later" in client.get("/suggestions").text
    for one, other in ((13, 21), (14, 22)):
        sent(client, f"/guests/{one}/same/{other}", "/suggestions", same="no")
    assert "Nobody is in question" in client.get("/suggestions").text


def test_an_answer_says_what_was_seen_and_nothing_is_done_where_that_changed(client, preview):
    assert 'name="seen" value="as-seen"' in client.get("/guests/13/same/21").text
    sent(client, "/guests/13/same/21", "/suggestions", same="yes", seen="as-seen")
    assert preview.who.answers[-1].seen == "as-seen"
    preview.who.refusal = Invalid("Guest 13 changed.", code="changed-meanwhile")
    page = sent(client, "/guests/14/same/22", "/suggestions", same="yes", seen="old")
    assert page.url.path == "/suggestions"
    assert "one of them changed meanwhile" in page.text
    page = sent(client, "/guests/14/same/22", "/guests/14/same/22", same="yes", seen="old")
    assert page.url.path == "/guests/14/same/22"
    assert len(preview.who.steps) == 1
    preview.who.refusal = Invalid("Something else.", code="invalid")
    assert sent(client, "/guests/14/same/22", "/guests/14/same/22", same="yes").status_code == 422


def test_two_who_are_said_to_be_two_are_asked_of_a_second_time(client, preview):
    page = client.get("/guests/14/same/22").text
    assert "Somebody said that these two are not the same person." in page
    assert "Same person after all" in page
    assert 'name="anyway" value="yes"' in page
    sent(client, "/guests/14/same/22", "/guests/14/same/22", same="yes", anyway="yes")
    assert preview.who.answers[-1].anyway
    assert 'name="anyway"' not in client.get("/guests/13/same/21").text


def test_a_pair_is_put_off_and_asked_again(client, preview):
    page = sent(client, "/suggestions/13/later", "/suggestions")
    assert 'id="pair-13-21"' not in page.text
    assert "The pair is asked again in thirty days." in page.text
    assert 'id="pair-13-21"' in sent(client, undo_of(page), "/suggestions").text


def test_further_pairs_are_on_the_next_page(client, preview):
    preview.who.shown = 1
    page = client.get("/suggestions").text
    assert 'id="pair-14-22"' not in page
    [link] = re.findall(r'href="(/suggestions\?after=\d+)"', page)
    page = client.get(link).text
    assert 'id="pair-14-22"' in page
    assert 'id="pair-13-21"' not in page


def test_the_value_that_the_rules_keep_is_marked_and_chosen_by_nobody(client):
    page = html.unescape(client.get("/suggestions").text)
    row = page[page.index("<tbody>") : page.index("E-mail")]
    assert re.search(r'name="field-name" value="" checked><span>Mette Sørensen <span[^>]*>kept if nothing', row)
    assert 'name="field-name" value="M. Soerensen">' in row


def test_another_guest_is_found_and_compared(client):
    page = sent(client, "/guests/13/same", q="ø")
    assert re.search(r'href="/guests/13/same/\d+"', page.text)
    assert "Not the same person" in client.get("/guests/13/same/21").text
    assert client.get("/guests/13/same/999").status_code == 404


def test_a_record_is_taken_out(client, preview):
    assert 'action="/guests/13/part"' in client.get("/guests/13").text
    page = sent(client, "/guests/13/part", record="2")
    assert preview.who.parted == [(13, 2)]
    assert "The record is another guest's now." in html.unescape(page.text)
    assert sent(client, "/guests/13/part", record="x").status_code == 422


def test_the_log_tells_who_and_why_and_offers_only_what_still_stands(client):
    page = html.unescape(client.get("/guests/13").text)
    log = page[page.index('id="step-4"') :]
    assert "Merged with guest 21, 2 records" in log
    assert "in run 3 over all guests · same e-mail, given name a letter apart: 0" in log
    assert "told us so" in log
    assert 'action="/guest-steps/4/undo"' in log
    assert 'action="/guest-steps/3/undo"' not in log


def test_details_that_were_changed_are_kept_and_no_others(client, preview):
    same = {"name": "Mette Sørensen", "was-name": "Mette Sørensen", "was-vip": "yes", "vip": "on"}
    page = sent(client, "/guests/13/edit", **same)
    assert preview.saying.said == []
    assert "done=" not in str(page.url)
    page = sent(client, "/guests/13/edit", **{**same, "city": "Aarhus ", "was-city": ""})
    assert preview.saying.said == [("edit", {"city": "Aarhus"})]
    sent(client, undo_of(page))
    assert preview.saying.said[-1] == ("back", 1)


def test_what_was_typed_stands_there_again_with_what_is_wrong_beside_it(client, preview):
    typed = {"was-city": "", "city": "Aarhus", "was-birthday": "", "birthday": "2999-01-01", "was-vip": "no"}
    preview.saying.refusal = Invalid("Nobody alive was born on that day.", field="birthday")
    answer = sent(client, "/guests/13/edit", **typed)
    assert answer.status_code == 422
    form = html.unescape(answer.text[answer.text.index('id="change-guest" open') :])
    assert re.search(
        r'name="birthday"[^>]*value="2999-01-01"[^>]*aria-invalid="true" aria-describedby="w-birthday"', form
    )
    assert re.search(r'id="w-birthday" role="alert">.*Nobody alive was born on that day.</span></p>', form)
    assert re.search(r'name="was-city" value=""><input[^>]*name="city"[^>]*value="Aarhus"', form)
    preview.saying.refusal = Invalid("This is longer than 2000 characters.", field="text")
    answer = sent(client, "/guests/13/entries", kind="allergy", text="Nuts <all>")
    assert answer.status_code == 422
    form = answer.text[answer.text.index('id="write-entry" open') :]
    assert '<option value="allergy" selected>' in form
    assert "Nuts &lt;all&gt;</textarea>" in form


def test_an_entry_is_written_struck_out_and_stands_again(client, preview):
    page = sent(client, "/guests/13/entries", kind="tonight", text="Cake at nine")
    assert preview.saying.said == [("tonight", "Cake at nine")]
    page = sent(client, undo_of(page))
    assert undo_of(page) == "/guest-entries/2/again"
    sent(client, undo_of(page))
    assert preview.saying.said[1:] == [("strike", 2), ("again", 2)]
    assert sent(client, "/guests/13/entries", kind="nonsense", text="x").status_code == 422


@pytest.mark.parametrize("role", ROLES)
def test_only_some_roles_decide(client, role):
    token = re.search(r'name="_csrf_token" value="([0-9a-f]+)"', client.get("/guests").text)
    assert token
    client.cookies.set("servery_session", role)
    wanted = 200 if role in DECIDERS else 403
    assert client.get("/suggestions").status_code == wanted
    assert client.get("/guests/13/same").status_code == wanted
    body = {"_csrf_token": token[1], "kind": "tag", "text": "x"}
    assert client.post("/guests/13/entries", data=body).status_code == wanted
    shown = client.get("/guests/13").text
    assert ('action="/guests/13/part"' in shown) == (role in DECIDERS)
