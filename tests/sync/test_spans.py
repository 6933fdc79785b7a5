from datetime import UTC, date, datetime, timedelta

from servery.sync.spans import STRIDE, Stretch, next_stretch, progress, stretches

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


def test_the_time_left_is_told_once_a_tenth_is_done():
    began = NOW - timedelta(seconds=60)
    assert progress(1, 20, began, NOW).seconds_left is None
    assert progress(2, 20, began, NOW).seconds_left == 540
    assert progress(20, 20, began, NOW).seconds_left == 0
    assert progress(0, 20, None, NOW).seconds_left is None
