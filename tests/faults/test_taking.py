"""kill -9 of the worker in the middle of taking in: nothing is lost and nothing doubled. `make faults`: 300 times."""

from tests.faults.taking import rounds


def test_killed_in_the_middle_nothing_is_lost_or_doubled(database: str):
    verdict = rounds(database, kills=5)
    print(verdict)
    assert verdict.stored == 300
    assert (verdict.lost, verdict.doubled, verdict.unanswered) == (0, 0, 0)


def test_one_that_forgets_its_work_before_its_effect_loses_some(database: str):
    verdict = rounds(database, kills=4, careless=True)
    assert verdict.lost > 0
    assert verdict.unanswered > 0
