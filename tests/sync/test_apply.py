from datetime import date, timedelta

import pytest

from servery.model.changes import CheckSeen, GuestSeen, MenuSeen, PaymentSeen, Removed, ReservationSeen, TablesSeen
from servery.model.guest import SourceGuest
from servery.model.menu import Menu, Product, Variant
from servery.model.order import Check, Line, Payment
from servery.model.reservation import Reservation
from servery.model.venue import Table
from servery.sync import connections
from servery.sync.apply import apply

pytestmark = pytest.mark.anyio


@pytest.fixture
def tell(db):
    async def told(connection_id, *changes):
        return await apply(db, connection_id, await connections.places(db, connection_id), changes)

    return told


@pytest.fixture
def check(evening):
    def seen(external_id="c1", revision=1, location="nord", *, hours=0, complete=True, **facts):
        opened = evening + timedelta(hours=hours)
        facts = {"lines": (Line(name="Ribeye", amount=100, external_id="a"),)} | facts
        return CheckSeen(external_id, revision, location, Check(currency="DKK", opened_at=opened, **facts), complete)

    return seen


def paid(revision=1, check_id="c1", tip=0, guest=None, external_id="p1"):
    return PaymentSeen(external_id, revision, check_id, Payment(amount=100, tip=tip, external_id=external_id), guest)


async def rows(db, query):
    return [tuple(row.values()) for row in await (await db.execute(query)).fetchall()]


def counts(applied):
    return applied.created, applied.updated, applied.unchanged


async def test_the_same_set_again_changes_nothing(db, till, tell, check, evening):
    booked = ReservationSeen("r1", 1, "nord", Reservation(status="booked", starts_at=evening, party_size=2))
    told = [GuestSeen("g1", 1, SourceGuest(name="Ida")), booked, check(guest_id="g1"), paid()]
    assert counts(await tell(till, *told)) == (4, 0, 0)
    again = await tell(till, *told)
    assert counts(again) == (0, 0, 4)
    assert (again.guests, again.days) == ([], set())


async def test_a_newer_revision_of_the_same_content_is_noted_and_nothing_else(db, till, tell, check):
    await tell(till, check(revision=1))
    again = await tell(till, check(revision=5))
    assert (counts(again), again.days) == ((0, 0, 1), set())
    assert counts(await tell(till, check(revision=4, tip=3))) == (0, 0, 1)
    assert counts(await tell(till, check(revision=6, tip=3))) == (0, 1, 0)


async def test_a_payment_may_come_before_its_check(db, till, tell, check):
    await tell(till, paid(tip=15, guest="g1"))
    await tell(till, check())
    query = """
        select c.tips, g.external_id, c.body -> 'payments' -> 0 -> 'tip'
        from checks c join source_guest g on g.id = c.source_guest_id"""
    assert await rows(db, query) == [(15, "g1", 15)]


async def test_a_late_tip_changes_the_check_and_names_its_day(db, till, tell, check, two_venues):
    await tell(till, check(), paid())
    applied = await tell(till, paid(2, tip=20))
    assert applied.days == {(two_venues[0], date(2026, 11, 21))}
    assert await rows(db, "select tips, revision from checks") == [(20, 1)]


async def test_a_payment_that_says_nothing_new_of_its_check_leaves_it_alone(db, till, tell, check):
    own = Payment(amount=100, external_id="p1")
    await tell(till, check(payments=(own,)))
    applied = await tell(till, paid())
    assert (counts(applied), applied.days) == ((1, 0, 0), set())


async def test_a_payment_that_moves_leaves_the_check_it_was_on_as_its_source_sent_it(db, till, tell, check):
    await tell(till, check("c1"), check("c2"), paid(1, "c1", tip=7))
    await tell(till, paid(2, "c2", tip=7))
    assert await rows(db, "select external_id, tips, body ? 'payments' from checks order by 1") == [
        ("c1", 0, False), ("c2", 7, True)
    ]  # fmt: skip


async def test_a_payment_that_failed_after_all_is_taken_out_again(db, till, tell, check):
    own = Payment(amount=100, tip=1, external_id="p1")
    await tell(till, check(payments=(own,)), paid(1, tip=9))
    await tell(till, Removed("p1", 2, "payment"))
    assert await rows(db, "select tips from checks") == [(1,)]
    await tell(till, paid(3, tip=9))
    assert await rows(db, "select tips from checks") == [(9,)]


async def test_a_reopened_check_closes_again(db, till, tell, check, evening):
    await tell(till, check(closed_at=evening))
    await tell(till, check(revision=2, status="open"))
    assert await rows(db, "select status, closed_at from checks") == [("open", None)]
    await tell(till, check(revision=1, closed_at=evening))
    assert await rows(db, "select status from checks") == [("open",)]
    await tell(till, check(revision=3, closed_at=evening))
    assert await rows(db, "select status, closed_at from checks") == [("closed", evening)]


async def test_a_check_moved_to_another_day_names_both(db, till, tell, check, two_venues):
    await tell(till, check())
    applied = await tell(till, check(revision=2, hours=24))
    assert applied.days == {(two_venues[0], date(2026, 11, 21)), (two_venues[0], date(2026, 11, 22))}


async def test_rows_of_a_check_join_whatever_file_they_come_in(db, till, tell, check):
    first = check(complete=False, lines=(Line(name="Soup", amount=50, external_id="a"),))
    longer = check(
        revision=2, complete=False, covers=2,
        lines=(Line(name="Soup", amount=50, external_id="a"), Line(name="Wine", amount=70, external_id="b")),
    )  # fmt: skip
    created = await tell(till, first)
    assert (counts(created), created.lines_created) == ((1, 0, 0), 1)
    grown = await tell(till, longer)
    assert (counts(grown), grown.lines_created, grown.lines_unchanged) == ((0, 1, 0), 1, 1)
    again = await tell(till, longer, first)
    assert (counts(again), again.lines_created, again.lines_updated) == ((0, 0, 1), 0, 0)
    assert again.days == set()
    assert await rows(db, "select total, covers, jsonb_array_length(body -> 'lines') from checks") == [(120, 2, 2)]


async def test_two_venues_may_number_their_checks_alike(db, till, tell, check):
    await tell(till, check(location="nord"), check(location="syd", revision=3, tip=5))
    await tell(till, check(location="nord", revision=2))
    assert await rows(db, "select venue_id, revision, tips from checks order by 1") == [(1, 2, 0), (2, 3, 5)]


async def test_two_connections_may_use_the_same_ids(db, till, book, tell, check):
    for system in (till, book):
        assert counts(await tell(system, check(guest_id="g1"), GuestSeen("g1", 1, SourceGuest(name="Ida")))) == (
            2,
            0,
            0,
        )
    await tell(till, Removed("c1", 2, "check"), Removed("g1", 2, "guest"))
    assert await rows(db, "select removed from checks order by connection_id") == [(True,), (False,)]
    assert await rows(db, "select removed from source_guest order by connection_id") == [(True,), (False,)]


async def test_a_location_that_is_no_venue_is_handed_back(db, till, tell, check):
    applied = await tell(till, check(location="elsewhere"), check())
    assert [one.location for one in applied.unplaced] == ["elsewhere"]
    assert counts(applied) == (1, 0, 0)


@pytest.mark.parametrize("removed_first", [True, False])
async def test_a_removal_wins_over_older_states_whichever_comes_first(db, till, tell, check, evening, removed_first):
    booked = ReservationSeen("r1", 1, "nord", Reservation(status="booked", starts_at=evening, party_size=2))
    states = [check(), booked, GuestSeen("g1", 1, SourceGuest(name="Ida")), paid()]
    ends = [Removed("c1", 2, "check"), Removed("r1", 2, "reservation"), Removed("g1", 2, "guest"),
            Removed("p1", 2, "payment")]  # fmt: skip
    for told in (ends, states) if removed_first else (states, ends):
        await tell(till, *told)
    for table in ("checks", "reservation", "source_guest", "payment"):
        assert await rows(db, f"select removed from {table}") == [(True,)], table


async def test_a_record_that_is_seen_again_after_its_end_is_back(db, till, tell, check, two_venues):
    await tell(till, check(), Removed("c1", 2, "check", merged_into="c2"))
    assert await rows(db, "select removed, merged_into from checks") == [(True, "c2")]
    back = await tell(till, check(revision=3))
    assert await rows(db, "select removed, merged_into from checks") == [(False, None)]
    assert back.days == {(two_venues[0], date(2026, 11, 21))}


async def test_an_older_removal_does_not_undo_a_newer_one(db, till, tell, check):
    await tell(till, check(revision=2), Removed("c1", 3, "check", merged_into="c3"))
    await tell(till, Removed("c1", 1, "check"))
    assert await rows(db, "select removed, merged_into from checks") == [(True, "c3")]


async def test_a_table_plan_is_replaced_by_its_newest(db, till, tell):
    await tell(till, TablesSeen("t", 2, "nord", (Table("07"), Table("Table 8"))))
    await tell(till, TablesSeen("t", 1, "nord", (Table("99"),)))
    assert await rows(db, "select table_key from venue_table order by 1") == [("7",), ("8",)]
    await tell(till, TablesSeen("t", 2, "nord", (Table("9"),)))
    assert await rows(db, "select table_key from venue_table") == [("9",)]


async def test_a_menu_is_laid_flat_and_replaced_whole(db, till, tell):
    def menu(*names):
        products = tuple(
            Product(external_id=name, name=name, variants=(Variant(external_id=name, name=None, price=100),))
            for name in names
        )
        return Menu(currency="DKK", products=products)

    assert counts(await tell(till, MenuSeen("m", 1, "nord", menu("Soup", "Bread")))) == (1, 0, 0)
    assert counts(await tell(till, MenuSeen("m", 2, "nord", menu("Soup")))) == (0, 1, 0)
    assert counts(await tell(till, MenuSeen("m", 1, "nord", menu("Old")))) == (0, 0, 1)
    assert await rows(db, "select name, price from menu_item") == [("Soup", 100)]


async def test_a_check_whose_parts_do_not_add_up_carries_the_difference(db, till, tell, check):
    await tell(till, check("c1", total=100), check("c2", total=130))
    assert await rows(db, "select external_id, difference from checks where difference <> 0") == [("c2", 30)]
