"""What scores who is who counts rightly, and what it is scored on is what it says."""

from benchmarks.identity import Score, scored
from benchmarks.stand.families import COLUMNS, LISTS, families
from benchmarks.stand.wheel import installed
from benchmarks.whole_base import person


def test_pairs_are_counted_and_a_record_that_was_not_found_stands_alone():
    truth = {"a": "1", "b": "1", "c": "1", "d": "2"}
    found = {"a": "x", "b": "x", "d": "x"}
    score = scored(truth, found)
    assert score == Score(right=1, found=3, there=3)
    assert (score.precision, score.recall, score.f1) == (1 / 3, 1 / 3, 1 / 3)


def test_a_made_up_list_is_the_same_each_time():
    rows, people = families(COLUMNS, 200, seed=3)
    assert (rows, people) == families(COLUMNS, 200, seed=3)
    assert len({row["id"] for row in rows}) == len(rows) == len(people)
    assert len(set(people)) >= 200
    assert all(set(LISTS[name]) <= set(COLUMNS) for name in LISTS)


def test_each_fortieth_guest_is_the_one_before_with_another_address():
    assert person(40).name == person(39).name
    assert person(40).birthday == person(39).birthday
    assert person(40).email != person(39).email
    assert person(41).name != person(40).name


def test_the_wheel_carries_what_matching_needs(tmp_path):
    environment = installed(tmp_path)
    matching = tmp_path / "site" / "servery" / "guests" / "matching"
    assert environment["PYTHONPATH"] == str(tmp_path / "site")
    assert (matching / "shipped_weights.json").exists()
    assert (matching / "headings.toml").exists()
