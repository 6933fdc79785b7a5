"""One thing: its facts, its ETag, and what an absorbed guest answers."""

import asyncio

import pytest

from servery.model.changes import GuestSeen
from servery.model.guest import SourceGuest
from servery.storage.pool import open_pool
from tests.api import restaurant
from tests.api.conftest import sql

PATHS = "/venues/1 /reservations/1 /checks/1 /visits/1 /guests/1 /menus/1 /connections/1".split()


@pytest.mark.parametrize("path", PATHS)
def test_who_has_it_already_is_not_sent_it_again(ask, path):
    answer = ask(path)
    tag = answer.headers["etag"]
    for named in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = ask(path, headers={"if-none-match": named})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert ask(path, headers={"if-none-match": '"other"'}).json() == answer.json()


def test_another_state_has_another_tag(own, ask_own):
    tag = ask_own("/venues/1").headers["etag"]
    sql(own, """update venue set body = body || '{"currency": "EUR"}' where id = 1""")
    again = ask_own("/venues/1", headers={"if-none-match": tag})
    assert (again.status_code, again.json()["currency"]) == (200, "EUR")


def test_what_another_role_sees_has_another_tag(ask):
    assert ask("/checks/1", "owner").headers["etag"] != ask("/checks/1", "host").headers["etag"]


def test_a_check_down_to_the_modifier(ask):
    check = ask("/checks/1").json()
    steak, wine = check["lines"]
    assert steak["modifiers"][0]["amount"] == {"amount": 2500, "currency": "DKK"}
    assert wine["quantity"] == "1.5"
    assert check["total"] == {"amount": 49000, "currency": "DKK"}
    assert check["tips"] == {"amount": 5000, "currency": "DKK"}
    assert check["taxes"][0]["rate"] == "25"
    assert check["opened_at"] == "2026-03-06T18:35:00Z"
    assert check["business_date"] == "2026-03-06"
    assert "tok_secret" not in ask("/checks/1").text


def test_a_menu_has_its_currency_on_each_price(ask):
    menu = ask("/menus/1").json()
    assert menu["products"][0]["variants"][0]["price"] == {"amount": 29500, "currency": "DKK"}
    assert menu["modifier_groups"][0]["options"][0]["price"] == {"amount": 2500, "currency": "DKK"}


def test_a_guest_is_told_with_what_they_did(ask):
    guest = ask("/guests/1").json()
    assert guest["figures"]["visits"] == 1
    assert guest["spend"][0]["total"] == {"amount": 49000, "currency": "DKK"}
    assert "merged_into" not in guest


def merged(dsn):
    """Make the two guests one, as the till's records of both come to share an e-mail."""
    both = SourceGuest(name="Anna Østergård", email="anna@example.com")

    async def work():
        async with open_pool(dsn, largest=1) as pool, pool.connection() as db:
            await restaurant.take_in(db, 1, [GuestSeen("b-formula", 2, both)])

    asyncio.run(work())


def test_an_absorbed_id_answers_for_ever(own, ask_own):
    as_of = ask_own("/guests").json()["as_of"]
    merged(own)
    absorbed = ask_own("/guests/2").json()
    living = ask_own("/guests/1").json()
    assert (absorbed.pop("id"), absorbed.pop("merged_into")) == (2, 1)
    assert absorbed == {name: value for name, value in living.items() if name != "id"}
    assert [one["id"] for one in ask_own("/guests").json()["items"]] == [1]
    news = ask_own("/guests", updated_since=as_of).json()["items"]
    assert {one["id"]: one.get("merged_into") for one in news} == {1: None, 2: 1}
    assert [one["external_id"] for one in ask_own("/reservations", guest_id=2).json()["items"]] == ["r-1", "r-2", "r-3"]
    assert ask_own("/guests/2/visits").json()["items"] == ask_own("/guests/1/visits").json()["items"]
    assert ask_own("/checks/1").json()["guest_id"] == 1


def looks(dsn) -> list[tuple[int, str]]:
    rows = sql(dsn, "select guest_id, purpose from guest_look order by id")
    return [(row["guest_id"], row["purpose"]) for row in rows]


@pytest.mark.parametrize(
    ("path", "query", "wanted"),
    [
        ("/guests/1", {}, [(1, "api")]),
        ("/guests/1/visits", {}, [(1, "api")]),
        ("/guests", {}, [(1, "api"), (2, "api")]),
        ("/guests", {"limit": 1}, [(1, "api")]),
        ("/guests", {"q": "anna"}, [(1, "api")]),
        ("/guests", {"format": "csv"}, [(1, "export"), (2, "export")]),
        ("/reservations", {}, [(1, "api"), (2, "api")]),
        ("/reservations/2", {}, [(2, "api")]),
        ("/checks/1", {}, [(1, "api")]),
        ("/checks/2", {}, []),
        ("/visits", {}, [(1, "api")]),
        ("/venues", {}, []),
    ],
)
def test_every_look_at_a_guest_is_written_down(shared, ask, path, query, wanted):
    before = len(looks(shared))
    assert ask(path, **query).status_code == 200
    assert looks(shared)[before:] == wanted


def test_a_look_names_the_key(own, ask_own):
    ask_own("/guests/1", "host")
    (row,) = sql(own, "select viewer_kind, viewer_id from guest_look")
    (key,) = sql(own, "select id from api_key where role = 'host'")
    assert (row["viewer_kind"], row["viewer_id"]) == ("key", key["id"])


def test_a_look_without_change_is_a_look(own, ask_own):
    tag = ask_own("/guests/1").headers["etag"]
    ask_own("/guests/1", headers={"if-none-match": tag})
    assert looks(own) == [(1, "api")] * 2
