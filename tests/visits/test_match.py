"""Matching by example: each evening as it really goes, and what must come of it."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from servery.visits.match import Bill, Booking, Rules, match, together

EVENING = datetime(2026, 11, 21, 19, tzinfo=UTC)
RULES = Rules(before=20, after=25)


def at(minutes: float) -> datetime:
    return EVENING + timedelta(minutes=minutes)


def booking(id_, minutes=0, *, status="booked", size=2, tables=("7",), guest=None, name="", seated=None):
    return Booking(
        id=id_, starts_at=at(minutes), status=status, party_size=size, tables=frozenset(tables), guest_id=guest,
        name_words=frozenset(name.split()), seated_at=None if seated is None else at(seated),
    )  # fmt: skip


def bill(id_, opened=5, closed=90, *, table="7", name="", covers=None, guest=None, split=None, told=None, by=None):
    return Bill(
        id=id_, opened_at=at(opened), closed_at=None if closed is None else at(closed), table=table,
        name_words=tuple(name.split()), covers=covers, guest_id=guest, split_from=split, told=told, told_by=by,
    )  # fmt: skip


def joined(bookings, bills, rules=RULES):
    """For each check the booking it was joined to."""
    return {one.id: party.booking_id for party in match(bookings, bills, rules) for one in party.bills}


def groups(*bills):
    return sorted(sorted(one.id for one in group) for group in together(bills))


@pytest.mark.parametrize("opened", [-20, -10, 0, 10, 20, 25])
def test_the_booked_table_within_the_window_is_enough(opened):
    assert joined([booking(1)], [bill(10, opened)]) == {10: 1}


@pytest.mark.parametrize("opened", [-20.5, 25.5, 300])
def test_outside_the_window_nothing_joins(opened):
    (party,) = match([booking(1)], [bill(10, opened, closed=400, name="jensen")], RULES)
    assert party.booking_id is None
    assert party.candidates == ()


def test_the_window_is_the_venues():
    assert joined([booking(1)], [bill(10, 55)], Rules(before=30, after=60)) == {10: 1}
    assert joined([booking(1)], [bill(10, 15)], Rules(before=0, after=10)) == {10: None}


def test_a_late_party_is_found_by_when_it_was_seated():
    assert joined([booking(1, status="seated", seated=50)], [bill(10, 55)]) == {10: 1}


def test_every_part_of_a_match_has_its_reason():
    booked = booking(1, size=4, name="jensen")
    (party,) = match([booked], [bill(10, name="jensen", covers=4)], RULES)
    assert party.match is not None
    assert party.match.by == "rules"
    assert 0.99 < party.match.score <= 1
    assert [(one.code, one.detail) for one in party.match.reasons] == [
        ("time", "+5"), ("table", "7"), ("name", None), ("covers", "4")
    ]  # fmt: skip


def test_another_table_alone_does_not_join():
    assert joined([booking(1)], [bill(10, table="8")]) == {10: None}


def test_a_party_that_moved_is_known_by_its_guest():
    assert joined([booking(1, guest=5)], [bill(10, table="8", guest=5)]) == {10: 1}


def test_a_party_that_moved_and_left_only_its_name_is_put_before_a_person():
    (party,) = match([booking(1, name="jensen", size=4)], [bill(10, table="8", name="jensen", covers=4)], RULES)
    assert party.booking_id is None
    assert [one.booking_id for one in party.candidates] == [1]


def test_a_name_on_the_label_finds_the_booking_without_a_table():
    evening = [booking(1, name="jensen"), booking(2, tables=("8",), name="holm")]
    assert joined(evening, [bill(10, table=None, name="holm")]) == {10: 2}


def test_a_name_one_letter_off_is_the_same_name():
    assert joined([booking(1, name="andersen")], [bill(10, table=None, name="anderson")]) == {10: 1}


def test_another_name_speaks_against_the_table():
    assert joined([booking(1, name="jensen")], [bill(10, name="holm")]) == {10: None}


def test_two_bookings_as_likely_are_left_to_a_person_with_their_reasons():
    evening = [booking(1, name="jensen"), booking(2, 5, tables=("8",), name="jensen")]
    (party,) = match(evening, [bill(10, 2, table=None, name="jensen")], RULES)
    assert party.booking_id is None
    assert [one.booking_id for one in party.candidates] == [1, 2]
    assert all({"time", "name"} <= {reason.code for reason in one.reasons} for one in party.candidates)


def test_a_booking_that_is_taken_is_no_candidate_any_more():
    evening = [booking(1, name="jensen"), booking(2, 5, tables=("8",), name="jensen")]
    parties = match(evening, [bill(10, name="jensen"), bill(11, 4, table=None, name="jensen")], RULES)
    assert [(party.booking_id, party.candidates) for party in parties] == [(2, ()), (1, ())]


@pytest.mark.parametrize("status", ["no_show", "cancelled", "declined"])
def test_a_walk_in_at_the_table_of_those_who_never_came_is_not_theirs(status):
    assert joined([booking(1, status=status)], [bill(10)]) == {10: None}


def test_two_seatings_at_one_table_take_their_own_checks():
    evening = [booking(1, 0), booking(2, 120)]
    assert joined(evening, [bill(10, 5, 100), bill(11, 125, 200)]) == {10: 1, 11: 2}


def test_split_checks_are_one_party():
    parent, child, grandchild = bill(10, 0, 90), bill(11, 80, 92, table=None, split=10), bill(12, 85, 93, split=11)
    for order in permutations((parent, child, grandchild)):
        assert groups(*order) == [[10, 11, 12]]


def test_a_split_check_that_opened_with_its_parent_joins_it_whichever_id_is_lower():
    assert groups(bill(10, 0, split=11, table=None), bill(11, 0)) == [[10, 11]]


def test_checks_split_from_one_that_vanished_are_one_party():
    assert groups(bill(10, 0, table=None, split=99), bill(11, 70, table=None, split=99)) == [[10, 11]]


def test_checks_that_name_one_another_as_origin_do_not_hang():
    assert groups(bill(10, 0, table=None, split=11), bill(11, 0, table=None, split=10)) == [[10, 11]]
    assert groups(bill(10, 0, table=None, split=10)) == [[10]]


def test_a_check_split_from_a_ring_belongs_to_it_whichever_id_is_lowest():
    assert groups(bill(10, 0, table=None, split=11), bill(11, 0, table=None, split=11)) == [[10, 11]]
    assert groups(bill(11, 0, table=None, split=10), bill(10, 0, table=None, split=10)) == [[10, 11]]


def test_separate_bills_of_one_table_are_one_party():
    assert groups(bill(10, 0, 90), bill(11, 3, 95)) == [[10, 11]]
    assert groups(bill(10, 0, 90), bill(11, 60, 95)) == [[10, 11]]


def test_a_bill_left_open_does_not_swallow_the_next_party():
    assert groups(bill(10, 0, None), bill(11, 100, 180)) == [[10], [11]]
    assert groups(bill(10, 0, 300), bill(11, 100, 180)) == [[10], [11]]
    evening = [booking(1, 0), booking(2, 100)]
    assert joined(evening, [bill(10, 0, None), bill(11, 103, 180)]) == {10: 1, 11: 2}


def test_one_party_after_another_at_a_table_are_two():
    assert groups(bill(10, 0, 60), bill(11, 63, 120)) == [[10], [11]]


def test_a_party_over_two_tables_has_both_checks():
    big = booking(1, size=8, tables=("7", "8"))
    assert joined([big], [bill(10, table="7"), bill(11, 6, table="8")]) == {10: 1, 11: 1}


def test_a_booking_of_one_table_takes_one_party():
    assert joined([booking(1)], [bill(10, 0, 5), bill(11, 20, 60)]) == {10: 1, 11: None}


def test_what_the_source_says_wins_over_the_rules():
    evening = [booking(1), booking(2, tables=("8",))]
    parties = match(evening, [bill(10, told=2, by="source"), bill(11, 6, table="8")], RULES)
    assert {one.id: party.booking_id for party in parties for one in party.bills} == {10: 2, 11: None}
    assert parties[0].match is not None
    assert parties[0].match.by == "source"


def test_what_a_person_says_wins_and_takes_the_split_checks_along():
    evening = [booking(1), booking(2, 200)]
    told = bill(10, told=2, by="staff")
    assert joined(evening, [told, bill(11, 80, 92, split=10)]) == {10: 2, 11: 2}


def test_a_check_that_a_person_took_from_its_party_stays_alone():
    evening = [booking(1)]
    taken = bill(10, 5, told=None, by="staff")
    assert joined(evening, [taken, bill(11, 6)]) == {10: None, 11: 1}


def test_a_person_link_to_a_booking_that_is_gone_leaves_the_check_alone_rather_than_to_the_rules():
    (party,) = match([booking(1)], [bill(10, told=99, by="staff")], RULES)
    assert party.booking_id is None
    assert party.match is not None
    assert party.match.by == "staff"


def test_checks_that_were_told_different_bookings_are_two_parties():
    evening = [booking(1), booking(2, tables=("7",))]
    assert joined(evening, [bill(10, told=1, by="source"), bill(11, 6, told=2, by="source")]) == {10: 1, 11: 2}


def test_covers_one_off_say_nothing_and_two_off_speak_against():
    (one_off,) = match([booking(1, size=4)], [bill(10, covers=3)], RULES)
    (two_off,) = match([booking(1, size=4)], [bill(10, covers=2)], RULES)
    assert one_off.match and "other-covers" not in {one.code for one in one_off.match.reasons}
    assert two_off.match and "other-covers" in {one.code for one in two_off.match.reasons}
