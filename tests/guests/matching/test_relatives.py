"""Which rows of a list are two people, whatever they share."""

import pytest

from servery.guests.matching.cluster import clusters
from servery.guests.matching.relatives import Relatives
from servery.guests.matching.sheet import sheet

FIELDS = {"guest_name": "name", "birthday": "born", "guest_email": "email"}


def guard(*rows, email="friis@example.dk"):
    """The guard of rows of a name and perhaps a birthday, which have one e-mail."""
    cells = [dict(zip(("name", "born", "email"), (*(*row, "")[:2], email), strict=True)) for row in rows]
    return Relatives(sheet(cells, FIELDS, (), lambda text: text.replace("-", "") or None))


def are_two(one, other, *more):
    return guard(one, other, *more).are_two((0,), (1,))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Maja", "Kaja"), ("Tim", "Tom"), ("Lene", "Lone"), ("Christian", "Christina"), ("Emil", "Maja"), ("K.", "Maja"),
     ("Anna Marie", "Anna Sofie"), ("Marie", "Martin"), ("Zorka", "Ole")],
)  # fmt: skip
def test_twins_have_one_birthday_and_two_names(one, other):
    assert are_two((f"{one} Friis", "1990-05-04"), (f"{other} Friis", "1990-05-04"))
    assert are_two((f"{other} Friis",), (f"{one} Friis",))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Thomas Friis", "Tom Friis"), ("Mathias Friis", "Matias Friis"), ("Maja Friis", "M. Friis"),
     ("Maja Friis", "Mjaa Friis"), ("Maja Friis", "Friis, Maja"), ("Maja Friis", "Friis Maja"), ("Friis", "Maja Friis"),
     ("Hans Peter Friis", "Peter Friis"), ("Joe Friis", "Joseph Friis"), ("Robbie Friis", "Robert Friis"),
     ("Sir Friis", "Thomas Friis"), ("Erik Friis", "Eric Friis"), ("Samuel Friis", "Sam Friis")],
)  # fmt: skip
def test_a_nickname_a_slip_an_initial_or_another_order_is_no_other_person(one, other):
    assert not are_two((one, "1990-05-04"), (other, "1990-05-04"))


@pytest.mark.parametrize(
    ("one", "other", "two"),
    [("1964-05-12", "1993-05-12", True), ("1964-05-12", "1993-08-30", True), ("1950-04-06", "1985-09-09", True),
     ("1964-05-12", "1946-05-12", False), ("1964-05-12", "1994-05-12", False), ("1964-05-12", "1984-12-05", False),
     ("1964-05-12", "1968-07-30", False), ("1926-05-12", "2026-05-12", False), ("1964-05-12", "", False)],
)  # fmt: skip
def test_a_generation_apart_is_parent_and_child_and_a_slip_is_none(one, other, two):
    assert are_two(("Tove Jensen", one), ("Tove Jensen", other)) is two


def test_marks_beside_a_name_keep_apart():
    assert are_two(("Peter Munk",), ("Peter Munk Jr.",))
    assert are_two(("Hr. Munk",), ("Fru Munk",))
    assert not are_two(("Peter Munk Jr.",), ("Munk, Peter Jr",))


def test_who_shares_no_contact_is_left_to_the_weights():
    twins = (("Maja Friis", "1990-05-04"), ("Kaja Friis", "1990-05-04"))
    assert guard(*twins).are_two((0,), (1,))
    assert not guard(*twins, email="").are_two((0,), (1,))


def joined(guarding, *pairs):
    return sorted(sorted(group) for group in clusters(pairs, guard=guarding))


def test_no_third_row_joins_two_who_are_apart():
    family = guard(("Anna Vinther", "1960-01-01"), ("Anna Vinther", "1990-05-05"), ("Anna Vinther", ""))
    assert joined(family, (0, 1, 9.0), (0, 2, 30.0), (1, 2, 12.0)) == [[0, 2]]
    named = guard(("Maja Friis",), ("Kaja Friis",), ("Maja Friis",), ("Friis",))
    groups = joined(named, (0, 1, 30.0), (0, 2, 30.0), (1, 2, 30.0), (0, 3, 9.0), (2, 3, 9.0))
    assert groups == [[0, 2, 3]]


def test_what_may_be_of_either_of_two_who_are_apart_is_of_neither():
    family = guard(("Anna Vinther", "1960-01-01"), ("Anna Vinther", "1990-05-05"), ("Anna Vinther",), ("Anna Vinther",))
    every = [(one, other, 12.0) for one in range(4) for other in range(one + 1, 4)]
    assert joined(family, *every) == []


def test_a_pair_alone_is_guarded_as_well():
    assert joined(guard(("Maja Friis",), ("Kaja Friis",)), (0, 1, 40.0)) == []
