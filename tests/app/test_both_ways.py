"""What is told on one side is held on the other, and what we wrote is never taken for a new word."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from servery.app import catching_up, known_again
from servery.model.changes import CheckSeen, ReservationSeen
from servery.model.guest import Note
from servery.model.order import Check, Line
from servery.model.reservation import Reservation
from servery.storage.pool import open_pool
from tests.app.both import House, house, known

pytestmark = pytest.mark.anyio
SOON = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=2)


@pytest.fixture
async def nord(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    known(monkeypatch)
    async with open_pool(database) as pool:
        yield await house(pool)


def booking(external_id="r1", revision=1, starts_at=SOON, **facts):
    told: dict[str, Any] = {"status": "booked", "party_size": 4, "tables": ("7",), "guest_id": "b1"} | facts
    return ReservationSeen(external_id, revision, "book-nord", Reservation(starts_at=starts_at, **told))


def check(external_id="c1", revision=1, opened=SOON, **facts):
    lines = (Line(name="Ribeye", amount=24500, quantity=Decimal(2)), Line(name="Red", amount=7500))
    told: dict[str, Any] = {
        "closed_at": opened + timedelta(hours=1),
        "table": "T-07",
        "covers": 3,
        "lines": lines,
    } | facts
    return CheckSeen(external_id, revision, "till-nord", Check(currency="DKK", opened_at=opened, **told))


async def test_a_booking_is_told_to_the_till_with_its_guest_and_in_its_own_words(nord):
    nord.book.says("b1", name="Åse Ødegård", email="a@x.dk", allergies=("nuts",), notes=(Note("Dog", "Mette"),))
    await nord.book.tells(booking(requests="By the window", occasion="Birthday", notes="VIP of the boss"))
    await nord.rounds()
    [party] = nord.till.parties.values()
    assert (party.party_size, party.tables, party.location) == (4, ("T-07",), "till-nord")
    assert (party.requests, party.occasion, party.visit_notes) == ("By the window", "Birthday", "VIP of the boss")
    assert (party.guest.name, party.guest.allergies) == ("Åse Ødegård", ("nuts",))
    assert party.guest_external_id in nord.till.people
    [(_, there)] = nord.till.people.values()
    assert (there.name, there.allergies, there.notes) == ("Åse Ødegård", ("nuts",), (Note("Dog", "Mette"),))


async def test_what_was_written_comes_back_and_all_is_quiet_after_one_round(nord):
    nord.book.says("b1", name="Åse Ødegård", email="a@x.dk", phone="20304050", allergies=("nuts",), tags=("regular",))
    await nord.book.tells(booking())
    assert await nord.rounds() <= 2
    sends = nord.till.sends, nord.book.sends
    assert await nord.rounds() == 0
    assert (nord.till.sends, nord.book.sends) == sends
    assert len(await nord.golden()) == 1
    assert len(nord.till.people) == len(nord.book.people) == 1


async def test_what_both_sides_say_is_held_by_both_entry_by_entry(nord):
    nord.book.says("b1", name="Åse Ødegård", email="a@x.dk", allergies=("nuts",), preferences=("window",))
    await nord.book.tells(booking())
    await nord.rounds()
    [there] = nord.till.people
    nord.till.says(there, allergies=("nuts", "milk"), notes=(Note("Likes jazz", "Bo"),))
    await nord.rounds()
    for system in (nord.till, nord.book):
        [(_, guest)] = system.people.values()
        assert set(guest.allergies) == {"nuts", "milk"}
        assert guest.preferences == ("window",)
        assert [one.text for one in guest.notes] == ["Likes jazz"]
    # At the origin only: the till said milk, the book said nuts.
    [golden] = await nord.golden()
    assert {one["value"]: one["source"] for one in golden["allergies"]}.keys() == {"nuts", "milk"}


async def test_an_allergy_removed_where_it_was_said_is_gone_everywhere(nord):
    nord.book.says("b1", name="Åse Ødegård", email="a@x.dk", allergies=("nuts", "fish"))
    await nord.book.tells(booking())
    await nord.rounds()
    nord.book.says("b1", allergies=("fish",))
    await nord.rounds()
    assert {guest.allergies for _, guest in (*nord.till.people.values(), *nord.book.people.values())} == {("fish",)}


async def test_without_the_guard_the_allergy_would_come_back_for_ever(nord, monkeypatch):
    monkeypatch.setattr(known_again, "own_words", lambda guest, *_: guest)
    nord.book.says("b1", name="Åse Ødegård", email="a@x.dk", allergies=("nuts", "fish"))
    await nord.book.tells(booking())
    await nord.rounds()
    nord.book.says("b1", allergies=("fish",))
    await nord.rounds()
    assert {guest.allergies for _, guest in nord.till.people.values()} != {("fish",)}


async def test_a_webhook_that_is_quicker_than_our_own_books_is_known_again_too(nord):
    nord.book.says("b1", name="Åse Ødegård", email="a@x.dk", allergies=("nuts",))
    await nord.book.tells(booking())
    await nord.till.takes(between=nord.till.tells)
    assert await nord.rows("select count(*) from unsure_guest") == [(1,)]
    await nord.clear()
    assert await nord.rows("select count(*) from unsure_guest") == [(0,)]
    assert len(await nord.golden()) == 1
    nord.book.says("b1", allergies=())
    await nord.rounds()
    assert {guest.allergies for _, guest in nord.till.people.values()} == {()}


async def test_a_persons_own_word_is_not_lost_because_we_wrote_the_same(nord):
    nord.till.says("t1", name="Åse Ødegård", email="a@x.dk", allergies=("nuts",))
    await nord.till.tells()
    nord.book.says("b1", name="Åse Ødegård", email="a@x.dk", allergies=("nuts",))
    await nord.book.tells(booking())
    await nord.rounds()
    nord.book.says("b1", allergies=(), email=None)
    await nord.rounds()
    [golden] = await nord.golden()
    assert [one["value"] for one in golden["allergies"]] == ["nuts"]
    assert golden["email"]["value"] == "a@x.dk"


async def test_a_changed_booking_is_changed_at_the_till_and_a_cancelled_one_too(nord):
    nord.book.says("b1", name="Åse Ødegård", email="a@x.dk")
    await nord.book.tells(booking())
    await nord.rounds()
    await nord.book.tells(booking(revision=2, party_size=6))
    await nord.rounds()
    assert [one.party_size for one in nord.till.parties.values()] == [6]
    await nord.book.tells(booking(revision=3, status="cancelled"))
    await nord.rounds()
    assert [one.status for one in nord.till.parties.values()] == ["cancelled"]


async def test_only_what_is_near_is_told_until_it_is(nord):
    nord.book.says("b1", name="Åse Ødegård", email="a@x.dk")
    far = SOON + timedelta(days=60)
    await nord.book.tells(booking("far", starts_at=far), booking("gone", starts_at=SOON - timedelta(days=60)))
    await nord.book.tells(booking("off", status="cancelled"))
    await nord.rounds()
    assert nord.till.parties == {}
    await nord.book.tells(booking("far", revision=2, starts_at=SOON))
    await nord.rounds()
    assert len(nord.till.parties) == 1


async def test_the_check_we_opened_is_the_partys_whatever_stands_on_it(nord):
    nord.book.says("b1", name="Åse Ødegård", email="a@x.dk")
    await nord.book.tells(booking())
    await nord.rounds()
    [order] = nord.till.parties
    await nord.till.tells(check(order, opened=SOON - timedelta(hours=1), table="12", covers=9))
    assert await nord.rows("select match ->> 'by', reservation_told from checks") == [("source", "r1")]


async def test_a_closed_visit_is_told_to_the_book_it_was_booked_in(nord):
    nord.book.says("b1", name="Åse Ødegård", email="a@x.dk")
    await nord.book.tells(booking(status="seated", seated_at=SOON))
    await nord.till.tells(check(closed_at=None, status="open"))
    await nord.rounds()
    assert nord.book.visits == {}
    await nord.till.tells(check(revision=2))
    await nord.rounds()
    report = nord.book.visits["r1"]
    assert (report.spend, report.covers, report.currency) == (32000, 3, "DKK")
    assert [(one.name, one.quantity) for one in report.items] == [("Ribeye", "2"), ("Red", "1")]
    assert report.guest.figures.visits == 1
    lines = (Line(name="Fish", amount=32000),)
    await nord.till.tells(check(revision=3, lines=lines))
    await nord.rounds()
    assert [one.name for one in nord.book.visits["r1"].items] == ["Fish"]


async def test_our_own_remark_on_a_booking_is_not_a_remark_of_theirs(nord):
    nord.book.says("b1", name="Åse Ødegård", email="a@x.dk")
    await nord.book.tells(booking(status="finished", seated_at=SOON, left_at=SOON + timedelta(hours=2), notes="Dog"))
    await nord.till.tells(check())
    await nord.rounds()
    await nord.book.tells(booking(revision=2, status="finished", seated_at=SOON, left_at=SOON + timedelta(hours=2),
                                  notes="Dog\nSpent 32000"))  # fmt: skip
    assert await nord.rows("select body ->> 'notes' from reservation") == [("Dog",)]


async def test_a_record_that_becomes_another_guests_is_not_written_for_the_first(nord):
    nord.till.says("t1", name="Åse Ødegård", email="a@x.dk")
    nord.book.says("b1", name="Åse Ødegård", email="a@x.dk", allergies=("nuts",))
    await nord.book.tells(booking())
    await nord.rounds()
    assert nord.till.people["t1"][1].allergies == ("nuts",)
    nord.till.says("t1", name="Bo Berg", allergies=())
    await nord.rounds()
    assert nord.till.people["t1"][1].name == "Bo Berg"
    assert nord.till.people["t1"][1].allergies == ()


async def test_a_booking_made_months_ago_is_told_when_its_day_comes(nord):
    nord.book.says("b1", name="Åse Ødegård", email="a@x.dk")
    await nord.book.tells(booking(starts_at=SOON + timedelta(days=60)))
    await nord.rounds()
    assert await catching_up.sweep(nord.pool) == 0
    await nord.rows("update reservation set starts_at = now() + interval '1 hour', business_date = current_date "
                    "returning 1")  # fmt: skip
    assert await catching_up.sweep(nord.pool) == 1
    assert await catching_up.sweep(nord.pool) == 0
    await nord.till.takes()
    assert len(nord.till.parties) == 1
