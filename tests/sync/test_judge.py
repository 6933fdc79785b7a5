from hypothesis import given
from hypothesis import strategies as st

from servery.model.changes import Removed
from servery.sync.judge import Held, judge, judged, newest, state

seen = st.builds(state, st.just("c1"), st.integers(0, 3), st.sampled_from([b"a", b"b", b"c"]))
SAID = Removed("c1", 1, "check")


def held_after(states):
    held = None
    for one in states:
        verdict = judge(held, one)
        if verdict in ("created", "updated"):
            held = Held(1, one.revision, one.digest)
        elif verdict == "refreshed" and held is not None:
            held = Held(held.id, one.revision, held.digest)
    return held


@given(st.lists(seen, min_size=1, max_size=6).flatmap(lambda told: st.tuples(st.just(told), st.permutations(told * 2))))
def test_any_order_and_any_repeats_leave_the_same_state(tellings):
    told, again = tellings
    assert held_after(told) == held_after(again)


@given(st.lists(seen, min_size=1, max_size=6))
def test_of_one_set_the_state_is_kept_that_would_be_left_after_all_of_it(told):
    ((kept, _),) = newest((one, SAID) for one in told)
    assert held_after([kept]) == held_after(told)


def test_a_verdict_is_the_word_for_what_is_to_be_done():
    old, new, same = state("c1", 1, b"a"), state("c1", 2, b"b"), state("c1", 3, b"a")
    held = {"c1": Held(7, 1, old.digest)}
    assert judge(None, old) == "created"
    assert judge(held["c1"], old) == "unchanged"
    assert judge(held["c1"], new) == "updated"
    assert judge(held["c1"], same) == "refreshed"
    assert judge(Held(7, 2, new.digest), old) == "unchanged"
    assert {verdict: len(found) for verdict, found in judged(held, [(old, SAID), (new, SAID)]).items()} == {
        "created": 0, "updated": 1, "refreshed": 0, "unchanged": 0
    }  # fmt: skip
