"""Time passing in the restaurant, by a clock that the test moves."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from servery.model.order import add_up
from servery.sandbox.live import Live
from servery.sandbox.world import Plan, World

STARTS = datetime(2026, 7, 16, 16, 0, tzinfo=UTC)


def states(world):
    shelves = (world.pos.checks, world.book.reservations)
    return {staged.external_id: staged.version for shelf in shelves for staged in shelf}


def test_time_alone_plays_the_plan_to_the_same_end():
    """A night lived through minute by minute ends as if the start had come after it."""
    lived, later = World(4, 2, STARTS), World(4, 2, STARTS + timedelta(hours=30))
    now = STARTS
    while now < STARTS + timedelta(hours=30):
        now += timedelta(minutes=7)
        lived.advance(min(now, STARTS + timedelta(hours=30)))
    for ours, theirs in ((lived.pos.checks, later.pos.checks), (lived.book.reservations, later.book.reservations)):
        expected = {staged.external_id: staged.record for staged in theirs}
        assert {s.external_id: s.record for s in ours if s.external_id in expected} == expected


def test_a_booking_goes_from_expected_to_finished():
    world = World(4, 1, STARTS.replace(hour=3))
    seen: dict[str, list[str]] = {}
    for minutes in range(0, 22 * 60, 5):
        world.advance(STARTS.replace(hour=3) + timedelta(minutes=minutes))
        for staged in world.book.reservations:
            seen.setdefault(staged.external_id, []).append(staged.record.status)
    orders = {tuple(dict.fromkeys(states)) for states in seen.values()}
    assert ("confirmed", "seated", "finished") in orders
    assert ("booked", "no_show") in orders or ("confirmed", "no_show") in orders
    assert not any("finished" in states and states[-1] != "finished" for states in seen.values())


@pytest.mark.parametrize("hour", [0, 3, 9, 12, 18, 22])
def test_something_happens_at_every_hour(hour):
    now = STARTS.replace(hour=hour)
    world = World(4, 2, now)
    live = Live(world)
    told: Counter[str] = Counter()
    for step in range(60):
        before = states(world)
        told[live.step(now + timedelta(seconds=4 * step + 4))] += 1
        changed = {key for key, version in states(world).items() if before.get(key) != version}
        assert changed
    assert "nothing" not in told
    assert len(told) >= 3


def test_changes_show_as_modified_when_they_happen():
    world = World(4, 2, STARTS)
    live, now = Live(world), STARTS
    for _ in range(40):
        now += timedelta(seconds=4)
        before = states(world)
        live.step(now)
        for shelf in (world.pos.checks, world.book.reservations):
            for staged in shelf:
                if before.get(staged.external_id) != staged.version:
                    assert now - timedelta(seconds=5) <= staged.modified_at <= now


def test_checks_still_add_up_after_an_evening():
    world = World(9, 1, STARTS)
    live, now = Live(world), STARTS
    for _ in range(600):
        now += timedelta(seconds=45)
        live.step(now)
    assert all(add_up(staged.record).difference == 0 for staged in world.pos.checks)
    tonight = [one for one in world.days[STARTS.date()].values() if one.dinner.booking]
    assert sum(one.dinner.stay is not None for one in tonight) >= 12


def test_the_world_goes_on_past_the_days_drawn_at_the_start():
    world = World(4, 0, STARTS)
    last = max(world.days)
    world.advance(STARTS + timedelta(days=2))
    assert max(world.days) == last + timedelta(days=2)


def test_the_truth_hears_of_what_was_not_planned():
    heard: list[Plan] = []
    world = World(4, 1, STARTS, heard.append)
    planned = len(heard)
    live = Live(world)
    while live.step(world.now + timedelta(seconds=4)) != "a new booking":
        pass
    assert len(heard) > planned
    newest = heard[-1].kept
    assert newest and world.book.reservations.get(newest.id)
