"""The keys and the score together, by law: however records arrive, two people's names never come into one guest."""

from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from servery.guests.keys import keys
from servery.guests.likeness import Like, weigh
from servery.guests.matching.features import features_of
from servery.guests.matching.score import scored
from servery.guests.matching.weights import shipped
from servery.guests.names import agreement
from servery.guests.resolve import Index, Known, decide
from servery.model.guest import Birthday, SourceGuest
from tests.guests.namesakes import ALIKE, APART, SAME, SLIP


def resolved(guests):
    """Guests as lists of places in the order of arrival, by keys and by score."""
    index, fresh, weights = Index([]), count(1000), shipped()
    features = [features_of(one) for one in guests]
    for place, guest in enumerate(guests):
        record = Known(place, guest.name, keys(guest.email, guest.phone, None))
        likes = [
            Like(other, scored(features[place], features[other], weights), features[place].birth_month_day)
            for other in range(place)
        ]
        decision = weigh(record, decide(record, index), likes, index, weights).decision
        at = decision.guest_id if decision.guest_id is not None else next(fresh)
        index.add(Known(place, guest.name, record.keys, at))
        index.move(decision.absorbs, at)
    found: dict[int | None, list[int]] = {}
    for place in range(len(guests)):
        now = index.now(place)
        assert now is not None
        found.setdefault(now.guest_id, []).append(place)
    return list(found.values())


BORN, NEW_YEAR = Birthday(5, 17, 1980), Birthday(1, 1, 1980)
people = st.builds(
    SourceGuest,
    name=st.sampled_from([name for pair in SAME + ALIKE + SLIP + APART for name in pair]),
    email=st.sampled_from([None, "holm@x.dk", "jensen@y.dk"]),
    phone=st.sampled_from([None, "+4520123456", "+4530303030"]),
    postcode=st.sampled_from([None, "8000", "2100"]),
    birthday=st.sampled_from([None, BORN, NEW_YEAR]),
)


@settings(deadline=None)
@given(st.lists(people, max_size=8))
def test_no_two_people_of_a_house_become_one_whatever_they_share(guests):
    for together in resolved(guests):
        names = [guests[place].name for place in together]
        assert not any(agreement(one, other) == "apart" for one in names for other in names)


@settings(deadline=None)
@given(st.sampled_from(APART), people, people)
def test_two_names_that_are_two_people_s_are_two_guests_with_all_else_the_same(pair, one, other):
    shared: dict[str, Any] = {
        "email": one.email,
        "phone": one.phone,
        "postcode": one.postcode,
        "birthday": one.birthday,
    }
    guests = [other, *(SourceGuest(name=name, **shared) for name in pair)]
    assert not any({1, 2} <= set(together) for together in resolved(guests))


def test_one_person_with_all_the_same_is_one_guest():
    told: dict[str, Any] = {"email": "ida@x.dk", "phone": "+4520123456", "postcode": "8000", "birthday": BORN}
    for one, other in SAME + ALIKE + SLIP:
        assert resolved([SourceGuest(name=one, **told), SourceGuest(name=other, **told)]) == [[0, 1]]
