"""The pages of events, over a socket."""

import re

import httpx
import pytest

from servery.model.viewer import RIGHTS, ROLES


def browse(served, role="owner"):
    return httpx.Client(base_url=served.url, cookies={"servery_session": role}, follow_redirects=True)


def press(client, page, path, **fields):
    token = re.search(r'name="_csrf_token" value="([^"]+)"', page.text)
    assert token
    return client.post(path, data={"_csrf_token": token[1], "back": "/events", **fields})


@pytest.mark.parametrize("role", ROLES)
def test_events_are_for_roles_that_see_them(served, role):
    with browse(served, role) as client:
        wanted = 200 if "see_events" in RIGHTS[role] else 403
        assert [client.get(path).status_code for path in ("/events", "/events/103")] == [wanted, wanted]


def test_the_list_tells_each_event_and_what_rests_first(served):
    with browse(served) as client:
        page = client.get("/events").text
    assert page.index("The location L9F2 is no venue here.") < page.index('class="event-list"')
    assert "Link the location to a venue" in page
    for said in ("Waits its turn", "Taken in", "Nothing new", "Tried again", "Put aside"):
        assert said in page
    assert 'hx-trigger="changed-events' in page


def test_a_list_follows_unless_it_is_paused_or_of_the_past(served):
    with browse(served) as client:
        for path in ("/events?live=off", "/events?before=105"):
            assert 'hx-trigger="changed-events' not in client.get(path).text


def test_what_is_asked_for_stays_in_the_form_and_in_the_links(served):
    with browse(served) as client:
        form = {"state": "quarantined", "order": "1042", "guest": "mette"}
        page = press(client, client.get("/events"), "/events", **form).text
    wanted = served.preview.arrivals.asked[-1]
    assert (wanted.state, wanted.order, wanted.guest) == ("quarantined", "1042", "mette")
    assert 'value="1042"' in page
    assert 'value="mette"' in page
    assert re.search(r"/events\?state=quarantined&amp;order=1042&amp;typed=[\w-]+&amp;before=101", page)


@pytest.mark.parametrize("query", ["state=odd", "connection=x", "before=" + "9" * 30, "stage=odd"])
def test_a_misspelt_filter_is_an_error_and_not_everything(served, query):
    with browse(served) as client:
        assert client.get(f"/events?{query}").status_code == 422


def test_one_event_is_told_in_three_panes(served):
    with browse(served) as client:
        page = client.get("/events/103").text
        raw = client.get("/events/103?view=raw").text
    for said in (
        "They sent",
        "We understood",
        "We did",
        "Mette Østergaard",
        'href="/guests/13"',
        "they hold it",
        "1042",
    ):
        assert said in page
    assert "&#34;merchant_id&#34;: &#34;M1&#34;" in page
    assert "&#34;merchant_id&#34;:&#34;M1&#34;" in raw


def test_an_event_is_replayed_dismissed_and_brought_back(served):
    arrivals = served.preview.arrivals
    with browse(served) as client:
        page = client.get("/events/103")
        assert "It is taken in again." in press(client, page, "/events/103/replay").text
        assert arrivals.replayed == [103]
        done = press(client, page, "/events/103/dismiss")
        assert "It is laid aside." in done.text
        assert 'action="/events/103/restore"' in done.text
        assert arrivals.dismissed == {103}
        press(client, done, "/events/103/restore")
        assert arrivals.dismissed == set()


def test_a_group_is_replayed_and_dismissed_as_a_whole(served):
    arrivals = served.preview.arrivals
    with browse(served) as client:
        page = client.get("/events")
        fields = {"connection": "1", "stage": "translate", "code": "unplaced", "latest": "103"}
        press(client, page, "/events/replay", **fields)
        assert (arrivals.asked[-2].stage, arrivals.asked[-2].code) == ("translate", "unplaced")
        done = press(client, page, "/events/dismiss", **fields)
    assert arrivals.dismissed == {102, 103}
    assert 'action="/events/103/restore"' in done.text


def test_an_empty_house_says_what_will_stand_there(served):
    served.preview.arrivals.empty = True
    with browse(served) as client:
        assert "Nothing has arrived yet" in client.get("/events").text
        assert "No such event" in client.get("/events?state=applied").text
