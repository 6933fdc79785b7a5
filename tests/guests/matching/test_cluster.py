from hypothesis import given
from hypothesis import strategies as st

from servery.guests.matching.cluster import ALWAYS, NEVER, clusters


def found(*pairs):
    return sorted(sorted(group) for group in clusters(pairs))


def inside(group, bits=8.0):
    return [(one, other, bits) for one in group for other in group if one < other]


def test_pairs_that_follow_one_another_are_one_person():
    assert found((1, 2, 5.0), (2, 3, 5.0), (1, 3, 1.0)) == [[1, 2, 3]]


def test_one_wrong_pair_does_not_join_two_people_and_all_that_is_theirs():
    left, right = range(5), range(5, 10)
    assert found(*inside(left), *inside(right), (4, 5, 7.0)) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_nobody_joins_those_of_whom_a_person_said_no():
    assert found(*inside((1, 2, 3)), (1, 3, NEVER)) in ([[1, 2]], [[2, 3]])


def test_what_a_person_put_together_stays_together_whatever_the_score():
    assert found((1, 2, ALWAYS), (1, 2, -9.0)) == [[1, 2]]


def test_nothing_is_nobody():
    assert found() == []
    assert found((1, 2, -0.5)) == []


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(10, 19), st.floats(-12, 12)), max_size=40))
def test_every_record_is_in_one_group_at_most(pairs):
    once = {(one, other): bits for one, other, bits in pairs}
    groups = list(clusters((one, other, bits) for (one, other), bits in once.items()))
    members = [record for group in groups for record in group]
    assert len(members) == len(set(members))
    assert all(len(group) > 1 for group in groups)


def test_what_is_unsure_is_left_apart_until_as_many_are_right_as_is_asked():
    sure = [(2 * at, 2 * at + 1, 12.0) for at in range(100)]
    unsure = [(1000 + 2 * at, 1001 + 2 * at, 1.0) for at in range(100)]
    assert len(list(clusters([*sure, *unsure]))) == 200
    kept = list(clusters([*sure, *unsure], precision=0.995))
    assert sorted(map(sorted, kept))[:100] == [[one, other] for one, other, _ in sure]
    # Each of the unsure is wrong one time in three; one of them is what a hundred right ones make up for.
    assert len(kept) == 101


def test_a_group_is_no_surer_than_what_it_is_made_of():
    pairs = [(1, 2, 2.0), (2, 3, 12.0), (1, 3, 2.0), *((10 + 2 * at, 11 + 2 * at, 12.0) for at in range(20))]
    kept = [sorted(group) for group in clusters(pairs, precision=0.999)]
    assert [2, 3] in kept
    assert [1, 2, 3] not in kept
