"""Which value is a guest's own, by each rule, in whatever order records came."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.guests.edits import Edit, Said, digest
from servery.guests.golden import BEST, Record, golden, told, value_of
from servery.model.guest import Birthday, Known, SourceGuest
from servery.model.survivorship import DEFAULTS, FIELDS, Chosen, may_be

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
BOOK, TILL = 1, 2


def record(id_, days_ago=0, by=BOOK, phone=None, chosen=None, **facts):
    at = NOON - timedelta(days=days_ago)
    return Record(id_, f"g{id_}", at, SourceGuest(**facts), phone, connection_id=by, choices=chosen or {})


def by_rule(rule, field, **where):
    return {field: Chosen(rule, **where)}


def test_every_field_has_its_default_and_every_rule_that_it_may_have_a_way():
    assert set(DEFAULTS) == set(FIELDS)
    for field in FIELDS:
        assert DEFAULTS[field] in may_be(field)
        for rule in set(may_be(field)) - {"owner"}:
            assert field in BEST[rule]


def test_the_latest_name_instead_of_the_fullest():
    chosen = by_rule("recent", "name")
    old, new = record(1, 9, name="Ida Marie Holm", chosen=chosen), record(2, 1, name="I. Holm", chosen=chosen)
    assert golden([old, new]).name == Known("I. Holm", 2)


def test_the_latest_birthday_instead_of_the_whole_one():
    chosen = by_rule("recent", "birthday")
    given_ = [
        record(1, 9, birthday=Birthday(3, 4, 1980), chosen=chosen),
        record(2, 1, birthday=Birthday(3, 5), chosen=chosen),
    ]
    assert golden(given_).birthday == Birthday(3, 5)


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [("city", "København Ø", "København"), ("company", "Noma ApS", "Noma"), ("postcode", "DK-2100", "2100")],
)
def test_the_most_complete_text(field, old, new):
    chosen = by_rule("complete", field)
    records = [record(1, 9, **{field: old}, chosen=chosen), record(2, 1, **{field: new}, chosen=chosen)]
    assert getattr(golden(records), field) == Known(old, 1)


def test_a_phone_that_is_a_number_is_more_than_one_that_is_none():
    chosen = by_rule("complete", "phone")
    records = [record(1, 9, phone="+4520123456", chosen=chosen), record(2, 1, chosen=chosen)]
    records[1] = Record(2, "g2", NOON, SourceGuest(phone="ask Bo"), None, connection_id=BOOK, choices=chosen)
    assert golden(records).phone == Known("+4520123456", 1)


def test_the_owner_s_word_counts_and_the_others_only_where_it_has_none():
    chosen = by_rule("owner", "email", connection_id=TILL) | by_rule("owner", "vip", connection_id=TILL)
    book = record(1, 1, BOOK, email="book@x.dk", vip=True, chosen=chosen)
    till = record(2, 30, TILL, email="till@x.dk", vip=False, chosen=chosen)
    older = record(3, 40, TILL, email="older@x.dk", chosen=chosen)
    assert golden([book, till, older]).email == Known("till@x.dk", 2)
    assert golden([book, till]).vip is None
    assert golden([book, record(2, 30, TILL, chosen=chosen)]).email == Known("book@x.dk", 1)
    assert golden([book, record(2, 30, TILL, chosen=chosen)]).vip == Known("vip", 1)


def test_the_owner_of_a_name_that_says_nothing_leaves_it_to_the_default():
    chosen = by_rule("owner", "name", connection_id=TILL)
    records = [record(1, 9, name="Ida Marie Holm", chosen=chosen), record(2, 1, name="Ida H.", chosen=chosen)]
    assert golden(records).name == Known("Ida Marie Holm", 1)


def said_over(field, value, records, days_ago=5):
    over = {str(one.id): digest(field, told(field, one)) for one in records}
    edit = Edit(field=field, value=value, at=NOON - timedelta(days=days_ago), author="person:7", over=over)
    return Said({field: edit})


def test_a_word_of_staff_stands_until_the_owner_of_the_field_says_something_else():
    chosen = by_rule("owner", "email", connection_id=TILL)
    book = record(1, 9, BOOK, email="book@x.dk", chosen=chosen)
    till = record(2, 9, TILL, email="till@x.dk", chosen=chosen)
    said = said_over("email", "desk@x.dk", [book, till])
    changed_book = record(1, 1, BOOK, email="new@x.dk", chosen=chosen)
    assert golden([changed_book, till], said).email == Known("desk@x.dk", 0, "person:7", NOON - timedelta(days=5))
    changed_till = record(2, 1, TILL, email="newer@x.dk", chosen=chosen)
    assert golden([changed_book, changed_till], said).email == Known("newer@x.dk", 2)


def test_a_word_of_staff_stands_before_every_rule():
    for rule in ("recent", "complete"):
        chosen = by_rule(rule, "name")
        records = [record(1, 9, name="Ida Marie Holm", chosen=chosen), record(2, 8, name="Ida H.", chosen=chosen)]
        assert golden(records, said_over("name", "Ida", records)).name == Known(
            "Ida", 0, "person:7", NOON - timedelta(days=5)
        )


_texts = st.sampled_from([None, "Ida Holm", "IDA HOLM", "I. Holm", "Ída Holm", "x"])
_guests = st.builds(
    SourceGuest,
    name=_texts,
    email=_texts,
    phone=_texts,
    language=_texts,
    company=_texts,
    city=_texts,
    postcode=_texts,
    vip=st.sampled_from([None, True, False]),
    birthday=st.sampled_from([None, Birthday(3, 4), Birthday(3, 4, 1980), Birthday(5, 4, 1981)]),
    tags=st.sampled_from([(), ("Press",), ("press", "new")]),
    allergies=st.sampled_from([(), ("Nuts",), ("nuts ", "milk")]),
)


@st.composite
def _arrivals(draw):
    """Records with few times and names, so that they are often alike, and in two orders."""
    rules = {field: draw(st.sampled_from(may_be(field))) for field in draw(st.sets(st.sampled_from(FIELDS)))}
    choices = {field: Chosen(rule, 1 if rule == "owner" else None) for field, rule in rules.items()}
    guests = draw(st.lists(st.tuples(_guests, st.integers(0, 2), st.integers(1, 2)), min_size=1, max_size=5))
    records = [
        (f"g{number % 3}-{by}-{number}", NOON - timedelta(days=days), guest, by)
        for number, (guest, days, by) in enumerate(guests)
    ]
    return choices, records, draw(st.permutations(records))


@given(_arrivals())
def test_the_order_of_arrival_changes_no_golden_field(arrivals):
    choices, first, second = arrivals

    def made(records):
        # Ids are given in order of arrival: what they are must not matter.
        heard = [Record(id_, external, at, guest, connection_id=by, choices=choices)
                 for id_, (external, at, guest, by) in enumerate(records, 1)]  # fmt: skip
        guest = golden(heard)
        chosen = {field: value_of(field, heard) for field in FIELDS}
        assert chosen == {field: getattr(guest, field) for field in FIELDS}
        single = {field: getattr(one, "value", one) for field, one in chosen.items()}
        return single, [one.value for one in guest.tags], [one.value for one in guest.allergies]

    assert made(first) == made(second)
