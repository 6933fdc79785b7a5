from typing import get_args

import pytest

from servery.model.commands import FIELDS, Field
from servery.model.ownership import KIND_OF, choices, default, goes, meet


def test_every_field_has_a_default_for_every_kind_of_system():
    assert set(KIND_OF) == set(get_args(Field))
    for kind in ("pos", "reservations", "cdp", "marketing", "ordering", "accounting", "file"):
        for fields in FIELDS.values():
            assert {default(kind, field) for field in fields} <= {"in", "out", "both", "none"}


def test_the_book_knows_who_is_expected_and_the_till_what_was_had():
    assert (default("reservations", "party_size"), default("pos", "party_size")) == ("in", "out")
    assert (default("reservations", "spend"), default("pos", "spend")) == ("out", "in")
    assert {default(kind, "allergies") for kind in ("pos", "reservations", "cdp")} == {"both"}
    assert {default(kind, "usual") for kind in ("pos", "reservations", "cdp")} == {"out"}


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [("both", "in", "in"), ("in", "out", "none"), ("out", "both", "out"), ("none", "both", "none")],
)
def test_what_goes_is_what_both_allow(one, other, both):
    assert meet(one, other) == meet(other, one) == both


def test_nothing_beyond_what_a_system_can_do_may_be_chosen():
    assert choices("both") == ("both", "in", "out", "none")
    assert choices("in") == ("in", "none")
    assert choices("none") == ("none",)
    assert goes("both", "in") and goes("out", "out") and not goes("in", "out")
