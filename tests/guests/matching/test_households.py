"""A list full of families: those who live together are not joined, and those who are one person are."""

from itertools import combinations

from benchmarks.stand.families import LISTS, families
from servery.guests.matching.listed import resolve
from servery.guests.matching.sheet import sheet

FIELDS = {
    "guest_given_name": "given", "guest_family_name": "family", "guest_phone": "phone", "street": "street",
    "house": "house", "postcode": "postcode", "city": "city", "guest_email": "email",
}  # fmt: skip


def joined(name: str, people: int = 500, seed: int = 7) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """The pairs that were made, and those there are."""
    columns = LISTS[name]
    rows, truth = families(columns, people, seed)
    fields = {field: column for field, column in FIELDS.items() if column in columns}
    found = resolve(sheet(rows, fields, (), lambda text: text.replace("-", "") or None)).people
    return pairs(found), pairs(truth)


def pairs(groups: list[int]) -> set[tuple[int, int]]:
    members: dict[int, list[int]] = {}
    for record, group in enumerate(groups):
        members.setdefault(group, []).append(record)
    return {pair for each in members.values() for pair in combinations(each, 2)}


def test_a_family_under_one_roof_stays_as_many_people_as_it_is():
    made, there = joined("name and address")
    assert len(made & there) >= 0.98 * len(made)
    assert len(made & there) >= 0.2 * len(there)


def test_one_telephone_does_not_join_those_who_share_it():
    made, there = joined("name and phone")
    assert len(made & there) >= 0.98 * len(made)
    assert len(made & there) >= 0.3 * len(there)


def test_namesakes_whose_addresses_are_their_name_with_a_number_are_not_one_person():
    made, there = joined("name, e-mail and city", 4000, 5)
    assert len(made & there) >= 0.99 * len(made)
    assert len(made & there) >= 0.5 * len(there)
