"""kill -9 while webhooks arrive: what was acknowledged is there, and there once. In `make faults` hundreds of times."""

from pathlib import Path

import pytest

from tests.faults.ingesting import Careless, rounds


def test_killed_while_receiving_nothing_acknowledged_is_lost_or_doubled(database: str, tmp_path: Path):
    verdict = rounds(database, tmp_path, kills=3)
    print(verdict)
    assert verdict.kills == 3
    assert verdict.acknowledged > 100
    assert (verdict.lost, verdict.doubled) == (0, 0)


@pytest.mark.parametrize("careless", ["acknowledges first", "forgets what came"])
def test_without_its_guards_it_would_show(database: str, tmp_path: Path, careless: Careless):
    verdict = rounds(database, tmp_path, kills=10, careless=careless)
    assert (verdict.lost > 0, verdict.doubled > 0) == (
        careless == "acknowledges first",
        careless == "forgets what came",
    )
