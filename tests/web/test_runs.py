"""The page of runs over all guests, over a socket."""

import re

import pytest

from servery.model.viewer import RIGHTS, ROLES
from tests.web.running import RUN, TAKEN_BACK, InventedRuns
from tests.web.test_events import browse, press


@pytest.fixture
def runs(served) -> InventedRuns:
    runs: InventedRuns = served.preview.runs
    return runs


def done(client, path, **fields):
    return press(client, client.get("/guests/runs"), path, **fields)


@pytest.mark.parametrize("role", ROLES)
def test_it_is_for_roles_that_merge(served, role):
    with browse(served, role) as client:
        wanted = 200 if "merge_guests" in RIGHTS[role] else 403
        assert client.get("/guests/runs").status_code == wanted
        if "mend_guests" in RIGHTS[role]:
            assert ('href="/guests/runs"' in client.get("/hygiene").text) == (wanted == 200)
        if wanted == 200:
            assert 'href="/guests/runs"' in client.get("/suggestions").text


def test_a_look_is_begun_followed_and_joined(served, runs):
    with browse(served) as client:
        assert "Nobody has looked over all guests yet" in client.get("/guests/runs").text
        page = done(client, "/guests/runs/look").text
        assert "It waits for its turn." in page and "You may leave this page meanwhile." in page
        assert "Nothing was begun" in done(client, "/guests/runs/learn").text
        runs.at("Scoring pairs")
        page = client.get("/guests/runs").text
        assert "Step 3 of 5: Comparing those that have something in common" in page
        assert re.search(r'<progress max="5" value="2"', page)
        assert "Join them" not in page
        runs.found()
        page = client.get("/guests/runs").text
        for said in (
            "3 guests would be joined to others", "2 people are behind them", "41 pairs would be asked about",
            "1 record looks as if it were somebody else", "given name a letter apart", "mette.soerensen.with.a.long",
            "+4520000013", 'href="/guests/88"', "SQ-4711",
        ):  # fmt: skip
            assert said in page, said
        page = done(client, "/guests/runs/looks/1/join").text
        assert "They are being joined." in page
        runs.done(guests=2, left=1, asks=41)
        page = client.get("/guests/runs").text
        assert "2 guests were joined to others." in page and "1 was left as it is" in page


def test_a_look_is_left_and_nothing_is_offered_any_more(served, runs):
    with browse(served) as client:
        done(client, "/guests/runs/look", weights="0")
        assert runs.asked[0].weights == 0
        runs.found(guests=0, asks=0)
        page = client.get("/guests/runs").text
        assert "Nobody would be joined" in page and "/join" not in page
        page = done(client, "/guests/runs/looks/1/leave").text
        assert "Nothing was changed." in page
        assert client.post("/guests/runs/looks/1/join").status_code in {403, 422}


def test_earlier_runs_are_told_and_taken_back(served, runs):
    runs.runs = [RUN, TAKEN_BACK]
    with browse(served) as client:
        page = client.get("/guests/runs").text
        assert re.search(r"1[.,\s]204 guests joined to others", page)
        assert "Rosa" in page and "CRM" in page and "taken back" in page
        assert page.count("/undo") == 2  # In place by htmx, and as a whole page.
        assert "/guests/runs/2/undo" not in page
        assert "being taken back" in done(client, "/guests/runs/3/undo").text
        runs.done(guests=1204, left=2)
        page = client.get("/guests/runs").text
        assert "guests are themselves again" in page and "2 can no longer be taken back" in page


def test_what_came_to_nothing_says_why(served, runs):
    with browse(served) as client:
        done(client, "/guests/runs/learn")
        runs.failed()
        page = client.get("/guests/runs").text
        assert "It broke off 3 times, and nothing was changed. The log of the worker says why." in page
        assert "Look what would change" in page


def test_further_joins_are_a_page_away(served, runs):
    with browse(served) as client:
        done(client, "/guests/runs/look")
        runs.found()
        runs.further = True
        assert "/guests/runs?behind=1" in client.get("/guests/runs").text
        runs.further = False
        page = client.get("/guests/runs?behind=1").text
        assert "Dora" in page and "M. Soerensen" not in page
        assert runs.behind[-1] == 1


@pytest.mark.parametrize("path", ["/guests/runs?behind=x", "/guests/runs?behind=" + "9" * 30])
def test_what_cannot_be_asked_is_an_error(served, path):
    with browse(served) as client:
        assert client.get(path).status_code < 500


def test_a_version_that_is_no_number_is_an_error(served):
    with browse(served) as client:
        assert done(client, "/guests/runs/look", weights="new").status_code == 422
