from datetime import UTC, date, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from servery.sync.spans import STRIDE, Past, Stretch, next_stretch, seconds_left, stretches

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_the_past_is_cut_without_gaps_newest_first():
    cut = stretches(NOW - timedelta(days=17), NOW)
    assert cut[0] == Stretch(NOW - STRIDE, NOW)
    assert [one.since for one in cut[:-1]] == [one.until for one in cut[1:]]
    assert cut[-1].since == NOW - timedelta(days=17)
    assert stretches(NOW, NOW) == []


def test_the_next_stretch_is_a_wanted_one_else_the_newest():
    cut = stretches(NOW - 4 * STRIDE, NOW)
    wanted = [(NOW - timedelta(days=17)).date()]
    assert next_stretch(cut, [], []) == cut[0]
    assert next_stretch(cut, [cut[0]], []) == cut[1]
    assert next_stretch(cut, [], wanted) == cut[2]
    assert next_stretch(cut, [cut[2]], wanted) == cut[0]
    assert next_stretch(cut, cut, wanted) is None


def test_a_day_of_any_time_zone_is_held():
    stretch = Stretch(datetime(2026, 11, 14, 23, tzinfo=UTC), datetime(2026, 11, 21, 23, tzinfo=UTC))
    assert stretch.holds([date(2026, 11, 22)])
    assert stretch.holds([date(2026, 11, 13)])
    assert not stretch.holds([date(2026, 11, 24)])


def test_the_time_left_is_told_once_a_tenth_is_done_and_some_of_each():
    assert seconds_left([Past(1, 20, 1, 60.0)]) is None
    assert seconds_left([Past(2, 20, 2, 60.0)]) == 540
    assert seconds_left([Past(20, 20, 20, 60.0)]) == 0
    assert seconds_left([Past(10, 20, 10, 60.0), Past(0, 20, 0, 0.0)]) is None
    assert seconds_left([]) == 0


def test_each_resource_goes_on_at_its_own_pace():
    orders, payments = Past(260, 260, 260, 5000.0), Past(10, 260, 10, 2.0)
    assert seconds_left([orders, payments]) == 50
    assert seconds_left([Past(30, 60, 30, 300.0), Past(1, 60, 1, 1.0)]) == 300 + 59


def test_stretches_that_were_not_timed_say_nothing_of_the_pace():
    assert seconds_left([Past(30, 40, 5, 10.0)]) == 20
    assert seconds_left([Past(30, 40, 0, 0.0)]) is None


paces = st.lists(
    st.tuples(st.floats(0.1, 60), st.lists(st.floats(0.5, 1.5), min_size=10, max_size=60)), min_size=1, max_size=3
)


@given(paces, st.randoms(use_true_random=False))
def test_what_is_told_is_within_a_factor_of_the_truth(paces: list[tuple[float, list[float]]], random: Random):
    """Stretches of a resource take its mean time, give or take a half; pauses between them are no reading."""
    resources = [[mean * each for each in spread] for mean, spread in paces]
    done = [random.randint(1, len(each)) for each in resources]
    told = seconds_left([
        Past(read, len(each), read, sum(each[:read])) for read, each in zip(done, resources, strict=True)
    ])  # fmt: skip
    truth = sum(sum(each[read:]) for read, each in zip(done, resources, strict=True))
    if told is None:
        assert sum(done) * 10 < sum(map(len, resources))
    else:
        assert truth / 3 - 1 <= told <= truth * 3 + 1
