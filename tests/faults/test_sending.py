"""kill -9 while sending: nothing wanted is lost, and nothing is there twice. In `make faults` hundreds of times."""

import pytest

from tests.faults.sending import POINTS, rounds
from tests.outbox.fake import Safe


@pytest.mark.parametrize("safe", ["key", "look_up"])
def test_killed_at_every_point_of_sending_nothing_is_lost_or_doubled(database: str, safe: Safe):
    verdict = rounds(database, safe, kills=10)
    print(f"{safe}: {verdict}")
    assert verdict.kills == dict.fromkeys(POINTS, 2)
    assert (verdict.lost, verdict.doubled) == (0, 0)


def test_without_asking_by_our_id_things_would_be_doubled(database: str):
    verdict = rounds(database, "look_up", kills=5, blind=True)
    assert verdict.doubled > 0
