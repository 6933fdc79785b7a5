"""Visits on the same table and checks paid with the same card speak for one person, and never join alone."""

from datetime import timedelta

import pytest
from msgspec import structs

from servery.guests.habits import Usual, at_usual
from servery.guests.likeness import Like, _telling
from servery.guests.matching.comparisons import COMPARISONS
from servery.guests.matching.features import features_of
from servery.guests.matching.runs import copied, up_to_date
from servery.guests.matching.score import Reason, scored
from servery.guests.matching.train import bounded
from servery.guests.matching.weights import Odds, shipped
from servery.guests.matching.words import told
from servery.guests.suggest import suggestions
from servery.model.changes import ReservationSeen
from servery.model.guest import SourceGuest
from servery.model.order import Payment
from servery.model.reservation import Reservation
from tests.guests.told import people, seen, tell
from tests.visits.evening import EVENING, check

IDA = SourceGuest(name="Ida Englefield", city="Aarhus")


def sat(guest, days, table="7", hour=0):
    """Bookings of a guest at one table, on that many evenings."""
    return [
        ReservationSeen(
            f"{guest}-{table}-{day}",
            1,
            "nord",
            Reservation(
                status="finished",
                starts_at=EVENING - timedelta(days=day, hours=hour),
                party_size=2,
                tables=(table,),
                guest_id=guest,
            ),
        )
        for day in range(days)
    ]


def score(one, other):
    features = features_of(IDA)
    found = scored(at_usual(features, one), at_usual(features, other), shipped())
    return found.probability, {(reason.comparison, reason.level) for reason in found.reasons}


def test_the_more_visits_two_have_at_one_table_the_likelier_they_are_one():
    nothing, twice = score(None, Usual("1/7", 2)), score(Usual("1/7", 2), Usual("1/7", 9))
    often, elsewhere = score(Usual("1/7", 3), Usual("1/7", 4)), score(Usual("1/7", 3), Usual("1/8", 3))
    assert elsewhere[0] < nothing[0] < twice[0] < often[0]
    assert ("table", "same") in twice[1]
    assert ("table", "often") in often[1]
    assert not any(comparison == "table" for comparison, _ in nothing[1])


def test_a_table_is_never_what_joins_two_records():
    weights = [odds.weight for odds in shipped().odds["table"].values()]
    assert max(weights) <= 2.0
    often = at_usual(features_of(IDA), Usual("1/7", 50))
    assert _telling(Like(1, scored(often, often, shipped()))) == set()
    assert score(Usual("1/7", 50), Usual("1/7", 50))[0] < shipped().same_from


@pytest.mark.parametrize(
    ("comparison", "level"),
    [("table", "often"), ("table", "same"), ("table", "other"), ("card", "same"), ("card", "other")],
)
def test_it_is_told_in_words(comparison, level):
    assert comparison in told(Reason(comparison, level, 1.0), str)


def test_the_same_card_makes_it_likelier_and_another_one_less_likely_and_joins_nobody():
    nothing, same, other = (score(Usual(card="A"), Usual(card=each)) for each in (None, "A", "B"))
    assert other[0] < nothing[0] < same[0]
    assert ("card", "same") in same[1]
    paid = at_usual(features_of(IDA), Usual(card="A"))
    assert _telling(Like(1, scored(paid, paid, shipped()))) == set()


def paid(name, guest, *cards, **facts):
    payments = tuple(Payment(amount=100, tender="card", card=card) for card in cards)
    return check(name, guest_id=guest, payments=payments, **facts)


@pytest.mark.anyio
async def test_who_pays_with_one_card_under_one_name_is_asked_about(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Englefield"), paid("c1", "1", "ccof:A"))
    await tell(db, book, seen("2", "Ida Englefield"), paid("c2", "2", "ccof:A"))
    [asked] = await suggestions(db, 10)
    assert ("card", "same") in {(reason.comparison, reason.level) for reason in asked.reasons}
    assert await people(db) == [["1"], ["2"]]


@pytest.mark.anyio
async def test_of_a_check_that_two_cards_paid_nobody_knows_whose_they_are(db, systems):
    till, _ = systems
    await tell(db, till, seen("1", "Ida Englefield"), paid("c1", "1", "ccof:A", "ccof:B"), paid("c2", "1", "ccof:B"))
    await tell(db, till, paid("c3", "1", "ccof:B"), paid("c4", "1", "ccof:A"), seen("2", "Bo Berg"))
    await tell(db, till, paid("c5", "2", "ccof:C", "ccof:D"), paid("c6", "2"))
    await up_to_date(db)
    async with copied(db) as files:
        rows = files.records.read_text()
    assert rows.count('""card""') == 1
    assert '""card"": ""ccof:B""' in rows


@pytest.mark.anyio
async def test_a_booking_has_the_card_that_paid_its_visit(db, systems):
    till, book = systems
    await tell(db, book, seen("2", "Ida Englefield"), *sat("2", 1))
    await tell(db, till, paid("c1", None, "ccof:A"))
    await db.execute("update checks set visit_id = (select visit_id from reservation)")
    await up_to_date(db)
    async with copied(db) as files:
        assert '""card"": ""ccof:A""' in files.records.read_text()


@pytest.mark.anyio
async def test_a_record_that_arrives_again_is_weighed_by_where_its_person_sat(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Englefield", "ida.englefield@x.dk"), *sat("1", 3))
    await tell(db, book, seen("2", "Ida Englefield", "ida.englefield@y.dk"), *sat("2", 3, hour=6))
    [before] = await suggestions(db, 10)
    assert not any(reason.comparison == "table" for reason in before.reasons)
    await tell(db, book, seen("2", "Ida Englefield", "ida.englefield@y.dk", revision=2, language="da"))
    [after] = await suggestions(db, 10)
    assert ("table", "often") in {(reason.comparison, reason.level) for reason in after.reasons}
    assert after.probability > before.probability
    assert await people(db) == [["1"], ["2"]]


@pytest.mark.anyio
async def test_once_at_a_table_is_chance_and_the_most_visited_one_counts(db, systems):
    till, book = systems
    await tell(db, till, seen("1", "Ida Englefield", "ida.englefield@x.dk"), *sat("1", 1, "7"), *sat("1", 2, "8", 3))
    await tell(db, book, seen("2", "Ida Englefield", "ida.englefield@y.dk"), *sat("2", 1, "7", 6))
    await tell(db, till, seen("1", "Ida Englefield", "ida.englefield@x.dk", revision=2, language="da"))
    [one] = await suggestions(db, 10)
    assert not any(reason.comparison == "table" for reason in one.reasons)
    await tell(db, book, *sat("2", 3, "8", 6))
    await tell(db, till, seen("1", "Ida Englefield", "ida.englefield@x.dk", revision=3))
    [one] = await suggestions(db, 10)
    assert ("table", "same") in {(reason.comparison, reason.level) for reason in one.reasons}


@pytest.mark.anyio
async def test_a_run_over_all_guests_weighs_the_same(db, systems):
    await tell(db, systems[0], seen("1", "Ida Englefield"), *sat("1", 3), seen("2", "Bo Berg"), *sat("2", 2, "9", 3))
    await up_to_date(db)
    async with copied(db) as files:
        rows = files.records.read_text()
    assert rows.count("usual_table_often") == 1
    assert rows.count('"usual_table"') == 2
    assert "1/9" in rows


def test_whatever_was_learnt_no_table_says_more_than_it_may():
    learnt = structs.replace(shipped(), odds={**shipped().odds, "table": {"often": Odds(0.9, 1e-6)}})
    found = bounded(learnt, COMPARISONS)
    assert found.odds["table"]["often"].weight == pytest.approx(2.0)
    assert found.odds["email"] == shipped().odds["email"]
