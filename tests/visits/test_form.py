from datetime import date

import pytest
from msgspec import structs

from servery.model.changes import GuestSeen, Removed, TablesSeen
from servery.model.guest import SourceGuest
from servery.model.order import Payment, Refund
from servery.model.venue import Table
from servery.venues import rows as venues
from tests.visits.evening import at, booking, check, evening

pytestmark = pytest.mark.anyio


@pytest.fixture
async def tonight(db):
    return await evening(db)


async def test_a_booking_and_its_check_are_one_visit(tonight):
    await tonight.tell(
        booking("r1", party_size=3),
        check("c1", covers=4, tip=10, refunds=(Refund(30),), payments=(Payment(amount=100, tip=5),)),
    )
    (visit,) = await tonight.visits()
    assert (visit["booked"], visit["checks"], visit["walk_in"]) == (["r1"], ["c1"], False)
    assert (visit["covers"], visit["covers_source"]) == (4, "pos")
    assert (visit["spend"], visit["net_sales"], visit["tips"]) == (70, 100, 15)
    assert (visit["starts_at"], visit["ends_at"], visit["table_name"]) == (at(5), at(85), "7")
    assert visit["business_date"] == date(2026, 11, 21)


async def test_covers_of_split_checks_are_counted_once_and_their_sums_added(tonight):
    await tonight.tell(
        booking("r1", party_size=4),
        check("c1", covers=4, amount=300),
        check("c2", 80, covers=4, amount=200, split_from="c1", table=None),
    )
    (visit,) = await tonight.visits()
    assert (visit["checks"], visit["covers"], visit["spend"]) == (["c1", "c2"], 4, 500)


async def test_covers_of_a_party_over_two_tables_are_added(tonight):
    await tonight.tell(
        booking("r1", party_size=8, tables=("7", "8")), check("c1", covers=4), check("c2", covers=3, table="8")
    )
    (visit,) = await tonight.visits()
    assert (visit["checks"], visit["covers"]) == (["c1", "c2"], 7)


async def test_a_check_without_a_count_leaves_the_size_booked_and_a_walk_in_none(tonight):
    await tonight.tell(booking("r1", party_size=3), check("c1", covers=0), check("c2", 200, table="9"))
    seated, walked_in = await tonight.visits()
    assert (seated["covers"], seated["covers_source"]) == (3, "reservation")
    assert (walked_in["covers"], walked_in["covers_source"], walked_in["walk_in"]) == (None, None, True)


async def test_a_walk_in_that_the_book_knows_is_a_walk_in(tonight):
    await tonight.tell(booking("r1", status="seated", walk_in=True, seated_at=at(2)), check("c1"))
    (visit,) = await tonight.visits()
    assert (visit["booked"], visit["walk_in"], visit["starts_at"]) == (["r1"], True, at(2))


async def test_an_expected_party_is_no_visit_yet_and_one_that_came_is_one_without_a_check(tonight):
    await tonight.tell(booking("r1"), booking("r2", status="arrived", tables=("8",)))
    assert await tonight.members() == [(["r2"], [])]


async def test_a_no_show_and_a_walk_in_at_its_table_are_two_affairs(tonight):
    await tonight.tell(booking("r1", status="no_show"), check("c1"))
    assert await tonight.members() == [([], ["c1"])]


async def test_a_booking_that_turns_out_a_no_show_leaves_the_visit_which_keeps_its_id(tonight):
    await tonight.tell(booking("r1"), check("c1"))
    (before,) = await tonight.visits()
    await tonight.tell(booking("r1", status="no_show", revision=2))
    (after,) = await tonight.visits()
    assert (after["id"], after["booked"], after["checks"]) == (before["id"], [], ["c1"])


async def test_a_visit_keeps_its_id_through_every_change_of_its_records(tonight):
    await tonight.tell(booking("r1", status="seated"))
    (before,) = await tonight.visits()
    await tonight.tell(booking("r1", revision=2, status="seated", party_size=5))
    await tonight.tell(booking("r1", revision=3, status="seated", tables=("8",)))
    await tonight.tell(booking("r1", revision=4, status="finished"))
    await tonight.tell(check("c1"), check("c1", revision=2, amount=900))
    (after,) = await tonight.visits()
    assert (after["id"], after["checks"], after["spend"]) == (before["id"], ["c1"], 900)


async def test_the_visit_of_a_voided_check_is_gone_and_comes_back_under_its_id(tonight):
    await tonight.tell(check("c1"))
    (before,) = await tonight.visits()
    await tonight.tell(check("c1", revision=2, status="void"))
    assert await tonight.visits() == []
    await tonight.tell(check("c1", revision=3))
    assert [one["id"] for one in await tonight.visits()] == [before["id"]]


async def test_two_visits_that_prove_to_be_one_go_on_under_the_older_id(tonight):
    await tonight.tell(booking("r1", status="seated", tables=("7",)))
    await tonight.tell(check("c1", table="9"))
    seated, walked_in = sorted(await tonight.visits(), key=lambda one: one["id"])
    await tonight.tell(check("c1", revision=2))
    (visit,) = await tonight.visits()
    assert (visit["id"], visit["booked"], visit["checks"]) == (seated["id"], ["r1"], ["c1"])
    assert await tonight.one(f"select merged_into from visit where id = {walked_in['id']}") == seated["id"]


async def test_a_check_moved_to_another_business_day_takes_its_visit_along(tonight):
    await tonight.tell(check("c1"))
    (before,) = await tonight.visits()
    await tonight.tell(check("c1", opened=5 + 24 * 60, revision=2))
    (after,) = await tonight.visits()
    assert (after["id"], after["business_date"]) == (before["id"], date(2026, 11, 22))


async def test_a_removed_check_leaves_the_visit_and_its_sums(tonight):
    await tonight.tell(booking("r1"), check("c1"), check("c2", 7, amount=50))
    await tonight.tell_from(tonight.till, [Removed("c2", 2, "check", merged_into="c1")])
    (visit,) = await tonight.visits()
    assert (visit["checks"], visit["spend"]) == (["c1"], 100)
    assert await tonight.one("select visit_id from checks where external_id = 'c2'") is None


async def test_an_ambiguous_check_is_kept_with_its_candidates_and_stands_alone(tonight):
    guests = {name: SourceGuest(name=f"{name} Jensen") for name in ("Ida", "Bo")}
    await tonight.tell(
        booking("r1", guest=guests["Ida"], tables=("7",)), booking("r2", 5, guest=guests["Bo"], tables=("8",)),
        check("c1", 3, table=None, label="Jensen"),
    )  # fmt: skip
    assert await tonight.members() == [([], ["c1"])]
    candidates = await tonight.one("select candidates from checks")
    assert len(candidates) == 2
    assert {one["code"] for one in candidates[0]["reasons"]} == {"time", "name"}


async def test_a_link_that_a_person_made_is_never_overwritten(tonight):
    await tonight.tell(booking("r1"), booking("r2", 300), check("c1"))
    linked = await tonight.one("select id from reservation where external_id = 'r2'")
    await tonight.db.execute(
        "update checks set match = jsonb_build_object('by', 'staff', 'reservation_id', %s::bigint, 'score', 1)",
        [linked],
    )
    await tonight.tell(check("c1", revision=2, amount=500))
    await tonight.tell(booking("r1", revision=2, party_size=6))
    assert await tonight.members() == [(["r2"], ["c1"])]
    assert await tonight.one("select match ->> 'by' from checks") == "staff"
    assert await tonight.one("select (match ->> 'reservation_id')::bigint from checks") == linked


async def test_the_link_that_the_source_tells_wins_also_when_the_booking_comes_later(tonight):
    await tonight.tell(booking("r1"), check("c1", reservation_id="r2"))
    assert await tonight.members() == [(["r1"], ["c1"])]
    await tonight.tell(booking("r2", tables=("8",)))
    assert await tonight.members() == [(["r2"], ["c1"])]
    assert await tonight.one("select match ->> 'by' from checks") == "source"


async def test_two_books_with_the_same_booking_id_do_not_double_a_check(tonight):
    await tonight.tell(booking("r1", party_size=2))
    await tonight.tell_from(tonight.till, [booking("r1", tables=("8",))])
    await tonight.tell(check("c1", reservation_id="r1"))
    assert [one["spend"] for one in await tonight.visits()] == [100]


async def test_a_guest_or_a_new_name_that_comes_after_the_check_is_matched_by(tonight):
    await tonight.tell(booking("r1", tables=(), guest_id="g1"), check("c1", table=None, label="Holm"))
    assert await tonight.members() == [([], ["c1"])]
    await tonight.tell_from(tonight.book, [GuestSeen("g1", 1, SourceGuest(name="Ida Berg"))])
    assert await tonight.members() == [([], ["c1"])]
    await tonight.tell_from(tonight.book, [GuestSeen("g1", 2, SourceGuest(name="Ida Holm"))])
    assert await tonight.members() == [(["r1"], ["c1"])]


async def test_a_table_plan_that_comes_after_the_checks_is_read_by(tonight):
    await tonight.tell(booking("r1", tables=("Terrace 4",)), check("c1", table=None, label="14 terrace"))
    assert await tonight.members() == [([], ["c1"])]
    plan = TablesSeen("plan", 1, "nord", (Table("Terrace 4"), Table("14")))
    await tonight.tell_from(tonight.book, [plan])
    assert await tonight.one("select table_name from visit where gone_at is null") == "14"


async def test_a_table_of_the_plan_that_the_owner_entered_is_read_by(tonight):
    venue = (await venues.venue(tonight.db, tonight.venue_id)).venue
    plan = (Table("Terrace 4"), Table("14"))
    await venues.change_venue(tonight.db, tonight.venue_id, structs.replace(venue, tables=plan))
    await tonight.tell(check("c1", table=None, label="14 terrace"))
    assert await tonight.one("select table_name from visit where gone_at is null") == "14"


async def test_a_check_before_the_cut_off_belongs_to_the_evening_before(tonight):
    await tonight.tell(check("c1", opened=8.5 * 60))
    (visit,) = await tonight.visits()
    assert visit["business_date"] == date(2026, 11, 21)


async def test_money_given_back_later_comes_off_the_visit_it_was_paid_on(tonight):
    given_back = check("c1-refund", 60 * 30, amount=0, split_from="c1", refunds=(Refund(40),), label=None, table=None)
    await tonight.tell(booking("r1", party_size=2), check("c1", amount=100))
    await tonight.tell(given_back)
    (visit,) = await tonight.visits()
    assert (visit["booked"], sorted(visit["checks"]), visit["spend"]) == (["r1"], ["c1", "c1-refund"], 60)


async def test_money_given_back_may_be_told_before_the_check_it_was_paid_on(tonight):
    given_back = check("c1-refund", 60 * 30, amount=0, split_from="c1", refunds=(Refund(40),), label=None, table=None)
    await tonight.tell(given_back)
    await tonight.tell(check("c1", amount=100))
    (visit,) = await tonight.visits()
    assert (sorted(visit["checks"]), visit["spend"]) == (["c1", "c1-refund"], 60)


async def test_a_check_in_another_currency_is_not_added_to_the_rest(tonight):
    abroad = check("c2", amount=500, split_from="c1")
    abroad = structs.replace(abroad, check=structs.replace(abroad.check, currency="EUR"))
    await tonight.tell(check("c1", amount=100), abroad)
    (visit,) = await tonight.visits()
    assert (visit["checks"], visit["spend"]) == (["c1", "c2"], 100)
