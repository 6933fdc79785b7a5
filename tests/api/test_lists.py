"""Lists give everything that was there, once, whatever happens meanwhile."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from servery.model.changes import Removed
from servery.storage.pool import connect, open_pool
from tests.api import restaurant
from tests.api.conftest import sql
from tests.api.restaurant import EVENING, booking


def arrive(dsn, *changes, connection=1):
    async def work():
        async with open_pool(dsn, largest=1) as pool, pool.connection() as db:
            await restaurant.take_in(db, connection, list(changes))

    asyncio.run(work())


def pages(ask, path, between=lambda: None, **query):
    """All pages of a list, with something happening after each."""
    found: list[list[dict[str, Any]]] = []
    cursor: dict[str, str] = {}
    while True:
        page = ask(path, **query, **cursor).json()
        found.append(page["items"])
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}
        between()


def ids(found):
    return [one["id"] for page in found for one in page]


@pytest.mark.parametrize("limit", [1, 2, 7, 200])
def test_nothing_is_lost_or_doubled_while_bookings_come_and_change(own, ask_own, limit):
    arrive(own, *(booking(f"old-{n}", EVENING + timedelta(minutes=n)) for n in range(20)))
    before = {row["id"] for row in sql(own, "select id from reservation")}
    numbers = iter(range(1000))

    def meanwhile():
        n = next(numbers)
        # A new one, and an old one that moves to another day.
        arrive(own, booking(f"new-{n}", EVENING), booking(f"old-{n % 20}", EVENING + timedelta(days=n), n + 2))
        if n > 30:
            pytest.fail("the list has no end")

    found = pages(ask_own, "/reservations", meanwhile if limit > 1 else lambda: None, limit=limit)
    assert len(ids(found)) == len(set(ids(found)))
    assert before <= set(ids(found))
    assert all(len(page) == limit for page in found[:-1])


@pytest.mark.parametrize("path", "/venues /reservations /checks /visits /guests /menus /connections".split())
def test_a_list_one_by_one_is_the_list(ask, path):
    whole = ask(path).json()
    assert ids(pages(ask, path, limit=1)) == [one["id"] for one in whole["items"]]
    assert whole["items"]
    assert whole["next"] is None


def test_the_visits_of_a_guest_come_latest_first(own, ask_own):
    arrive(own, *(
        booking(f"v-{n}", EVENING - timedelta(days=n), status="finished", guest_id="b-anna") for n in (3, 1, 2)
    ))  # fmt: skip
    found = pages(ask_own, "/guests/1/visits", limit=1)
    days = [one["business_date"] for page in found for one in page]
    assert days == ["2026-03-06", "2026-03-05", "2026-03-04", "2026-03-03"]
    assert [page[0]["bookings"][0]["external_id"] for page in found] == ["r-1", "v-1", "v-2", "v-3"]


@pytest.mark.parametrize(
    ("path", "query", "wanted"),
    [
        ("/reservations", {"venue_id": 1}, ["r-1", "r-2", "r-3"]),
        ("/reservations", {"venue_id": 2}, []),
        ("/reservations", {"business_date": "2026-03-06"}, ["r-1", "r-2"]),
        ("/reservations", {"status": "cancelled"}, ["r-3"]),
        ("/reservations", {"guest_id": 1}, ["r-1", "r-3"]),
        ("/reservations", {"guest_id": 1, "status": "finished", "venue_id": 1}, ["r-1"]),
        ("/reservations", {"guest_id": 4711}, []),
        ("/checks", {"guest_id": 1}, ["c-1"]),
        ("/checks", {"visit_id": 1}, ["c-1"]),
        ("/checks", {"business_date": "2026-03-06", "status": "closed"}, ["c-1", "c-2"]),
        ("/checks", {"status": "open"}, []),
        ("/menus", {"venue_id": 1}, ["menu"]),
        ("/menus", {"venue_id": 2}, []),
    ],
)
def test_filters(ask, path, query, wanted):
    assert [one["external_id"] for one in ask(path, **query).json()["items"]] == wanted


def test_visits_are_found_by_guest_and_day(ask):
    assert [one["check_ids"] for one in ask("/visits", guest_id=1).json()["items"]] == [[1]]
    assert len(ask("/visits", business_date="2026-03-06").json()["items"]) == 2
    assert ask("/visits", business_date="2026-03-07").json()["items"] == []


def test_a_cursor_is_bound_to_its_list_and_filters(ask):
    cursor = ask("/reservations", limit=1, venue_id=1).json()["next"]
    assert ask("/reservations", limit=5, venue_id=1, cursor=cursor).status_code == 200
    for path, query in [("/reservations", {"venue_id": 2}), ("/reservations", {}), ("/venues", {})]:
        assert ask(path, cursor=cursor, **query).json()["code"] == "wrong-cursor"


def test_as_of_leads_on_to_what_is_new_and_changed(own, ask_own):
    as_of = ask_own("/reservations").json()["as_of"]
    assert ask_own("/reservations", updated_since=as_of).json()["items"] == []
    arrive(own, booking("r-9", EVENING), booking("r-2", EVENING, 2, party_size=5))
    news = ask_own("/reservations", updated_since=as_of).json()["items"]
    assert {one["external_id"]: one["party_size"] for one in news} == {"r-2": 5, "r-9": 2}


def test_what_is_gone_is_listed_no_more_but_told_by_its_id(own, ask_own):
    arrive(own, Removed("r-3", 2, "reservation"))
    assert [one["external_id"] for one in ask_own("/reservations").json()["items"]] == ["r-1", "r-2"]
    assert ask_own("/reservations/3").json()["removed"] is True
    long_ago = "2020-01-01T00:00:00Z"
    told = {
        one["external_id"]: one["removed"] for one in ask_own("/reservations", updated_since=long_ago).json()["items"]
    }
    assert told == {"r-1": False, "r-2": False, "r-3": True}


def test_as_of_leads_on_to_what_is_gone(own, ask_own):
    as_of = ask_own("/reservations").json()["as_of"]
    arrive(own, Removed("r-3", 2, "reservation"))
    assert [one["external_id"] for one in ask_own("/reservations", updated_since=as_of).json()["items"]] == ["r-3"]


def test_as_of_waits_for_whoever_is_still_writing(own, ask_own):
    with connect(own) as slow:
        slow.execute("update reservation set seen_at = now() where external_id = 'r-1'")
        as_of = ask_own("/reservations").json()["as_of"]
        began = slow.execute("select now() as at").fetchone()
    assert began is not None
    assert datetime.fromisoformat(as_of) <= began["at"]
    assert [one["external_id"] for one in ask_own("/reservations", updated_since=as_of).json()["items"]] == ["r-1"]


def test_a_visit_is_new_when_a_check_of_it_is(own, ask_own):
    as_of = ask_own("/visits").json()["as_of"]
    assert ask_own("/visits", updated_since=as_of).json()["items"] == []
    sql(own, "update checks set seen_at = now() where id = 1")
    assert [one["id"] for one in ask_own("/visits", updated_since=as_of).json()["items"]] == [1]


def test_a_search_is_one_page(ask):
    found = ask("/guests", q="anna ostergard").json()
    assert [one["name"] for one in found["items"]] == ["Anna Østergård"]
    assert found["next"] is None
    assert len(ask("/guests", q="a", limit=1).json()["items"]) <= 1
