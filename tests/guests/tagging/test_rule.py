"""Rules of tags as data: what can be kept, and how one writes it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.errors import Invalid
from servery.guests.tagging.facts import FACTS, KNOWN_FIELDS, TABLE
from servery.guests.tagging.rule import Condition, Draft, checked, question
from servery.guests.tagging.text import read, written

VENUES = {1: "Nord", 2: "Torvet 4"}
OFTEN = Condition(fact="visits", op="at_least", value=4, months=12)


def draft(*conditions, tag="Regular", match="all"):
    return Draft(tag=tag, conditions=conditions, match=match)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (draft(OFTEN, tag="  "), "tag"),
        (draft(OFTEN, tag="x" * 61), "tag"),
        (draft(), "conditions"),
        (draft(*[OFTEN] * 13), "conditions"),
        (draft(OFTEN, Condition(fact="visits", op="has", value=4)), "conditions/1/op"),
        (draft(Condition(fact="visits", op="at_least", value="four")), "conditions/0/value"),
        (draft(Condition(fact="visits", op="at_least", value=-1)), "conditions/0/value"),
        (draft(Condition(fact="visits", op="at_least", value=1, months=0)), "conditions/0/months"),
        (draft(Condition(fact="last_visit", op="at_least", value=1, months=3)), "conditions/0/months"),
        (draft(Condition(fact="spend", op="at_least", value=1)), "conditions/0/currency"),
        (draft(Condition(fact="spend", op="at_least", value=1, currency="XQX")), "conditions/0/currency"),
        (draft(Condition(fact="birthday", op="at_least", value=1)), "conditions/0/op"),
        (draft(Condition(fact="birthday", op="at_most", value=366)), "conditions/0/value"),
        (draft(Condition(fact="field", op="has", value="allergies")), "conditions/0/value"),
        (draft(Condition(fact="channel", op="is", value=" ")), "conditions/0/value"),
    ],
)
def test_what_cannot_be_kept_is_refused_at_its_place(wrong, field):
    with pytest.raises(Invalid) as refused:
        checked(wrong)
    assert refused.value.field == field


def test_a_tag_is_kept_in_one_form():
    assert checked(draft(OFTEN, tag="  Very \n regular ")).tag == "Very regular"


@pytest.mark.parametrize(
    "text",
    ["visits >= 4 in 12 months", "visits <= 0", "spend >= 5000.00 DKK in 6 months at Torvet 4", "average >= 400 JPY",
     "last_visit >= 90 at Nord", "no_shows >= 2", "birthday <= 14", "channel is Google Maps", "field lacks email"],
)  # fmt: skip
def test_a_condition_reads_as_it_is_written(text):
    assert written(read(text, VENUES), VENUES) == text
    checked(draft(read(text, VENUES)))


@pytest.mark.parametrize("text", ["", "regulars", "visits", "visits >= many", "spend >= 500", "age >= 3",
                                  "visits >= 4 at Nowhere"])  # fmt: skip
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(Invalid):
        read(text, VENUES)


def _conditions():
    def of(fact):
        told = TABLE[fact]
        value = (
            st.sampled_from(KNOWN_FIELDS) if fact == "field"
            else st.sampled_from(["Google", "phone", "The Fork"]) if fact == "channel"
            else st.integers(0, told.most)
        )  # fmt: skip
        return st.builds(
            Condition,
            fact=st.just(fact),
            op=st.sampled_from(told.ops),
            value=value,
            months=st.none() | st.integers(1, 600) if "months" in told.takes else st.none(),
            venue_id=st.none() | st.sampled_from([1, 2]) if "venue_id" in told.takes else st.none(),
            currency=st.sampled_from(["DKK", "JPY", "KWD"]) if "currency" in told.needs else st.none(),
        )

    return st.sampled_from(FACTS).flatmap(of)


@given(_conditions())
def test_every_condition_survives_being_written(condition):
    assert read(written(condition, VENUES), VENUES) == condition
    asked = question(draft(condition), date(2026, 2, 28))
    assert asked.values["today"] == date(2026, 2, 28)
    assert "%(ids)s" not in asked.sql
    assert "%(ids)s" in question(draft(condition), date(2026, 2, 28), some=True).sql


def test_a_birthday_on_the_29th_of_february_falls_on_the_28th_where_there_is_none():
    soon = draft(Condition(fact="birthday", op="at_most", value=2))
    assert question(soon, date(2026, 2, 27)).values["value0"] == [227, 228, 229, 301]
    assert question(soon, date(2028, 2, 27)).values["value0"] == [227, 228, 229]
    assert question(soon, date(2028, 2, 26)).values["value0"] == [226, 227, 228]
    assert question(soon, date(2026, 12, 31)).values["value0"] == [101, 102, 1231]
