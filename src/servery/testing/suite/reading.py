"""The verb `read`: nothing lost, nothing doubled, whatever goes wrong and whatever changes meanwhile."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from servery.errors import Retry
from servery.model.changes import Change
from servery.testing.evening import NOW, Evening, check_id
from servery.testing.faults import PASSING, STRANGE
from servery.testing.rehearsal import PATIENCE, folded, key_of, listed, standing
from servery.testing.suite.base import Part

_IMPATIENT = 0.4
_KINDS = ("guest", "reservation", "check")
_MOMENT = timedelta(seconds=5)


class Reading(Part):
    """Pages under faults."""

    def test_all_that_stands_is_read_once(self) -> None:
        """Of each kind that is read at all, as many records as there are parties; read again, all is the same."""
        self.needs_resources()
        evening = Evening(self.rehearsal.parties)
        with self.rehearsal.playing(evening.stage) as play:
            first, again = play.everything(), play.everything()
        state = standing(first)
        assert state, "nothing was read"
        for kind in _KINDS:
            found = sum(1 for of, _ in state if of == kind)
            assert found in (0, evening.parties), f"{found} of {evening.parties} records of kind {kind} were read"
        assert standing(again) == state, "read again, something else was said"

    def test_one_record_has_one_state_at_a_time(self) -> None:
        """Two changes of one record with the same revision say the same: else the order would decide."""
        self.needs_resources()
        with self.rehearsal.playing(Evening(3).stage) as play:
            changes = play.everything()
        known = folded(changes)
        for change in changes:
            twin = known[key_of(change)]
            assert twin.revision != change.revision or twin == change, f"two states of one revision: {change}"

    @pytest.mark.parametrize("name", [*PASSING, *STRANGE])
    def test_a_spoilt_answer_loses_nothing(self, name: str) -> None:
        """Whichever of the answers is spoilt, reading that is tried again ends with the same records."""
        self.needs_resources()
        fault = (PASSING | STRANGE)[name]
        with self.rehearsal.playing(Evening(self.rehearsal.parties).stage) as play:
            right = standing(play.everything())
            asked = len(play.front.asked)
            for after in sorted({0, asked // 4, asked // 2, asked - 1}):
                play.front.recover()
                play.front.spoil(fault, after)
                found = standing(play.everything(patience=_IMPATIENT if fault.how == "hang" else PATIENCE))
                assert found == right, f"with answer {after + 1} spoilt: {_difference(right, found)}"

    @pytest.mark.parametrize("name", [*PASSING])
    def test_a_passing_fault_is_told_as_such(self, name: str) -> None:
        """`read` raises Retry for what passes by itself: a page must not ask the owner to mend a busy server."""
        self.needs_resources()
        with self.rehearsal.playing(Evening(1).stage) as play:
            account = play.check()
            play.front.spoil_all(PASSING[name])
            for resource in self.manifest.resources:
                with pytest.raises(Retry):
                    play.first_page(resource, account, patience=_IMPATIENT)

    def test_nothing_is_lost_to_what_changes_while_it_is_read(self) -> None:
        """Between pages parties come, change and are deleted; after the poll that follows, all is as it stands."""
        self.needs_resources()
        evening = Evening(self.rehearsal.parties)
        changing = _Changing(evening)
        with self.rehearsal.playing(evening.stage) as play:
            before = play.everything(between=changing)
            changing.rests = True
            polled = play.run(lambda opened: opened.poll(NOW))
            right = standing(play.everything())
        found = folded([*before, *polled])
        lost = {key: change for key, change in right.items() if found.get(key) != change}
        assert not lost, f"lost or outdated after the poll: {listed(set(lost))}"

    def test_what_changes_is_seen_by_the_next_poll(self) -> None:
        """A poll after the last one sees each new state, and says of it a higher revision."""
        self.needs_resources()
        evening = Evening(12)
        with self.rehearsal.playing(evening.stage) as play:
            before = standing(play.everything())
            evening.change(11, NOW + _MOMENT)
            polled = folded(play.run(lambda opened: opened.poll(NOW)))
            after = standing(play.everything())
        changed = {key for key, change in after.items() if before.get(key) != change}
        assert changed, "a change at the vendor changes nothing that is read"
        for key in changed:
            assert polled.get(key) == after[key], f"the poll did not see the new state of {key}"
            assert key not in before or after[key].revision > before[key].revision, f"the revision of {key} stood still"

    def test_a_check_that_is_voided_is_seen(self) -> None:
        """A void is a state of the check like any other: it is polled, and its revision is higher."""
        self.needs_resources()
        evening = Evening(3)
        with self.rehearsal.playing(evening.stage) as play:
            before = standing(play.everything())
            if not any(kind == "check" for kind, _ in before):
                pytest.skip("does not apply: it reads no checks")
            _void(evening, 2)
            polled = folded(play.run(lambda opened: opened.poll(NOW)))
        news = [change for key, change in polled.items() if key in before and change != before[key]]
        assert any(key[0] == "check" for key in map(key_of, news)), "the poll saw no change of the voided check"
        assert all(change.revision > before[key_of(change)].revision for change in news)


class _Changing:
    """What happens at the vendor between two pages: one party comes, one changes, one is deleted."""

    def __init__(self, evening: Evening) -> None:
        self._evening = evening
        self._turn = 0
        self.rests = False

    def __call__(self) -> None:
        if self.rests or self._turn >= 3 or self._evening.parties < 20:
            return
        self._turn += 1
        at = NOW + self._turn * _MOMENT
        self._evening.come(at - timedelta(hours=2), made=at)
        self._evening.change(self._evening.parties - 2 - 2 * self._turn, at)
        self._evening.leave_out(self._turn, at)


def _void(evening: Evening, number: int) -> None:
    staged = evening.stage.checks.get(check_id(number))
    assert staged
    evening.stage.checks.put(check_id(number), replace(staged.record, status="void", payments=()), NOW + _MOMENT)


def _difference(right: dict[tuple[str, str], Change], found: dict[tuple[str, str], Change]) -> str:
    missing, more = set(right) - set(found), set(found) - set(right)
    other = {key for key in set(right) & set(found) if right[key] != found[key]}
    return f"missing {listed(missing)}; too many {listed(more)}; different {listed(other)}"
