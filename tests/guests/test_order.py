"""False merges by order of arrival: whichever record comes first, two people of one house are never one guest."""

from itertools import count, permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from servery.guests.born import born
from servery.guests.keys import keys
from servery.guests.likeness import Like, weigh
from servery.guests.matching.features import features_of
from servery.guests.matching.score import scored
from servery.guests.matching.weights import shipped
from servery.guests.names import agreement
from servery.guests.resolve import Index, Known, decide
from servery.model.guest import Birthday, SourceGuest


def resolved(told):
    """Records, each with its place, as they arrive one by one: guests as sorted lists of places."""
    index, fresh, weights, told = Index([]), count(1000), shipped(), list(told)
    features = {place: features_of(one) for place, one in told}
    came: list[int] = []
    for place, guest in told:
        mine = features[place]
        said = mine.birthday or mine.birth_day
        record = Known(place, guest.name, keys(guest.email, guest.phone, None), born=said)
        likes = [Like(other, scored(mine, features[other], weights), mine.birth_month_day) for other in came]
        decision = weigh(record, decide(record, index), likes, index, weights).decision
        at = decision.guest_id if decision.guest_id is not None else next(fresh)
        index.add(structs.replace(record, guest_id=at))
        index.move(decision.absorbs, at)
        came.append(place)
    found: dict[int | None, list[int]] = {}
    for place in came:
        now = index.now(place)
        assert now is not None
        found.setdefault(now.guest_id, []).append(place)
    return sorted(sorted(places) for places in found.values())


def orders(*guests):
    """What becomes of these in every order."""
    return [resolved(order) for order in permutations(enumerate(guests))]


def one(name, email=None, phone=None, year=None, **facts):
    return SourceGuest(name=name, email=email, phone=phone, birthday=Birthday(5, 4, year) if year else None, **facts)


CONTACTS: list[dict[str, Any]] = [
    {"email": "vinther@x.dk"},
    {"phone": "+4520123456"},
    {"email": "vinther@x.dk", "phone": "+4520123456"},
    {"email": "vinther@x.dk", "postcode": "8000"},
]


@pytest.mark.parametrize("contact", CONTACTS)
def test_mother_and_daughter_are_two_also_by_way_of_a_record_without_a_birthday(contact):
    none, mother, daughter = (one("Anna Vinther", year=year, **contact) for year in (None, 1960, 1990))
    for found in orders(none, mother, daughter):
        assert not any({1, 2} <= set(guest) for guest in found)
    # Where both are known, the third may be either.
    assert resolved([(1, mother), (2, daughter), (0, none)]) == [[0], [1], [2]]


@pytest.mark.parametrize(
    ("years", "contact", "joined"),
    [
        ((1980, 1981), CONTACTS[2], True),
        ((1980, 1981), CONTACTS[0], False),
        ((1980, 1981), CONTACTS[1], False),
        ((1958, 1985), CONTACTS[2], False),
        ((1950, 1980), CONTACTS[2], False),
    ],
)
def test_a_birthday_a_slip_apart_is_borne_by_whole_name_and_both_contacts_alone(years, contact, joined):
    for found in orders(*(one("Emil Bonding", year=year, **contact) for year in years)):
        assert (found == [[0, 1]]) == joined


HOUSES = [
    ("Karin Brandt", "Karl Brandt", "K. Brandt", "Knud Brandt"),
    ("Karin Bruun", "Karen Bruun", "K. Bruun", "Karl Bruun"),
    ("Peter Quist", "Lone Quist", "Quist", "Anders Quist"),
    ("Peter", "Lone", "Quist", "Anders Quist"),
    ("Sam Lind", "Samuel Lind", "Samantha Lind", "S Lind"),
    ("Alex Ravn", "Alexander Ravn", "Alexandra Ravn", "Ravn"),
    ("Ida Holm", "Bo Holm", "K. Holm", "K. Holm"),
    ("Ida Holm", "Bo Holm", None, "Eva Holm"),
]


@pytest.mark.parametrize("contact", CONTACTS[:3])
@pytest.mark.parametrize("names", HOUSES)
def test_no_two_names_of_a_house_are_one_guest_and_who_may_be_either_is_nobodys(names, contact):
    guests = [one(name, **contact) for name in names]
    for order in permutations(enumerate(guests)):
        found = resolved(order)
        known: list[str | None] = []
        for place, guest in order:
            # As soon as two people are known by the contact, only a whole name joins by it.
            if any(agreement(left, right) == "apart" for left in known for right in known):
                assert [place] in found
            known.append(guest.name)
        for together in found:
            assert not any(agreement(names[left], names[right]) == "apart" for left in together for right in together)


@pytest.mark.parametrize("contact", CONTACTS[:3])
def test_whom_a_house_calls_by_the_whole_name_is_known_by_it(contact):
    names = ("Karin Brandt", "Karl Brandt", "Brandt, Karin", "Karl Brandt")
    for found in orders(*(one(name, **contact) for name in names)):
        assert found == [[0, 2], [1, 3]]


def test_what_only_one_of_a_house_has_still_speaks_for_itself():
    guests = [
        one("Karin Brandt", "brandt@x.dk", "+4520123456"),
        one("Karl Brandt", "brandt@x.dk"),
        one("K. Brandt", None, "+4520123456"),
    ]
    assert resolved(enumerate(guests)) == [[0, 2], [1]]


@pytest.mark.parametrize(("born", "other"), [({}, {}), ({"year": 1950}, {}), ({"year": 1950}, {"year": 1980})])
@pytest.mark.parametrize("contact", CONTACTS[:3])
@pytest.mark.parametrize(
    "names",
    [
        ("Peter Munkby (jr)", "Peter Munkby"),
        ("Peter Munk (søn)", "Peter Munk"),
        ("Peter Munkholm (far)", "Peter Munkholm"),
        ("Peter Munkgaard søn", "Peter Munkgaard"),
        ("Peter Munk Vater", "Peter Munk"),
    ],
)
def test_father_and_son_are_two_however_they_are_written(names, contact, born, other):
    marked, bare = names
    guests = one(marked, **contact, **born), one(bare, **contact, **other), one(bare, **contact)
    for found in orders(*guests):
        assert not any(0 in guest and len(guest) > 1 for guest in found)


@pytest.mark.parametrize(
    "emails",
    [
        ("ole.hansen1@example.org", "ole.hansen2@example.com"),
        ("erikhansen55@x.dk", "erikhansen71@x.dk"),
        ("lone@x.dk", "lona@x.dk"),
        ("ole@x.dk", "ole@y.dk"),
    ],
)
def test_namesakes_with_two_addresses_are_not_joined_by_a_birthday(emails):
    guests = [one("Ole Hansen", email, year=1970, postcode="8000") for email in emails]
    assert orders(*guests) == [[[0], [1]]] * 2
    assert orders(guests[0], structs.replace(guests[0], email=None)) == [[[0, 1]]] * 2


def test_two_phones_speak_against_a_birthday_too():
    guests = [one("Ole Hansen", None, phone, 1970, postcode="8000") for phone in ("+4520123456", "+4520123457")]
    assert orders(*guests) == [[[0], [1]]] * 2


def test_twins_of_whom_one_is_called_short_are_not_joined_by_what_their_house_shares():
    guests = [one(f"{name} Lind", "lind@x.dk", year=1999, postcode="8000") for name in ("Samuel", "Samantha", "Sam")]
    assert resolved(enumerate(guests)) == [[0], [1], [2]]


house = st.builds(
    one,
    st.sampled_from([name for names in HOUSES for name in names] + ["Peter Quist (far)", "Peter Quist søn"]),
    st.sampled_from([None, "lind@x.dk", "holm@y.dk"]),
    st.sampled_from([None, "+4520123456", "+4530303030"]),
    st.sampled_from([None, 1950, 1951, 1980]),
    postcode=st.sampled_from([None, "8000"]),
)


@settings(deadline=None)
@given(st.lists(house, max_size=7))
def test_no_guest_has_two_birthdays_nor_two_names(guests):
    for together in resolved(enumerate(guests)):
        for left in together:
            for right in together:
                one_, other = guests[left], guests[right]
                assert agreement(one_.name, other.name) != "apart"
                days = [features_of(each).birthday for each in (one_, other)]
                agreed = born(*days)
                assert agreed != "apart"
                if agreed == "slip":
                    assert (one_.email, one_.phone) == (other.email, other.phone)
                    assert None not in (one_.email, one_.phone)
                    assert agreement(one_.name, other.name) == "same"
