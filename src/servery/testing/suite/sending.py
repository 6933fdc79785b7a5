"""The verb `send`: a state sent twice is there once, and an attempt with an unknown end is looked up, not repeated."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import get_args

import pytest
from msgspec.structs import replace

from servery.connectors.contract import Account, Outgoing, Sent, Target
from servery.errors import LookUpFirst, NeedsPerson, Retry, ServeryError
from servery.model.changes import Change, GuestSeen
from servery.model.commands import Field
from servery.testing.evening import Evening
from servery.testing.faults import PASSING, UNAUTHORIZED, UNKNOWN_END
from servery.testing.rehearsal import PATIENCE, Opened, Play, kind_of, standing
from servery.testing.suite.base import Part
from servery.testing.wanted import CANCELLED, command

_IMPATIENT = 0.4
_PARTIES = 3


class Sending(Part):
    """Writing to the other side."""

    def test_the_same_state_twice_is_there_once(self) -> None:
        """Sent three times with the same target, one object is there, and each answer names the same."""
        for outgoing in self._outgoing():
            with self.rehearsal.playing(Evening(_PARTIES).stage) as play:
                target, before = self._target(), _counted(play)
                first = _send(play, outgoing, target)
                after = _counted(play)
                again = [_send(play, outgoing, target) for _ in range(2)]
                assert {one.external_id for one in (first, *again)} == {first.external_id}
                assert _counted(play) == after, f"a repeated {outgoing.kind} made another object"
                assert sum((after - before).values()) <= 2, f"one {outgoing.kind} made {after - before}"
                if outgoing.kind == "guest" and before["guest"]:
                    assert after["guest"] == before["guest"] + 1, "a guest that was sent is not read back as one"

    def test_the_next_state_changes_the_same_object(self) -> None:
        """A higher version with what was sent before changes what is there and makes nothing."""
        for outgoing in self._outgoing():
            with self.rehearsal.playing(Evening(_PARTIES).stage) as play:
                target = self._target()
                first = _send(play, outgoing, target)
                there = _counted(play)
                known = replace(target, version=2, external_id=first.external_id, before=first.written)
                second = _send(play, outgoing, known, state=2)
                assert second.external_id == first.external_id
                assert _counted(play) == there, f"the second state of a {outgoing.kind} made another object"

    @pytest.mark.parametrize("name", [*UNKNOWN_END])
    def test_an_unknown_end_is_looked_up(self, name: str) -> None:
        """Whichever answer is lost after the effect: look_up or the repeat by key finds it, and one object is there."""
        for outgoing in self._outgoing():
            answers, right = self._once(outgoing)
            for after in range(answers):
                with self.rehearsal.playing(Evening(_PARTIES).stage) as play:
                    account = play.check()
                    play.front.spoil(UNKNOWN_END[name], after)
                    _send(play, outgoing, self._target(), account=account, patience=_IMPATIENT)
                    assert _counted(play) == right, f"{outgoing.kind}: answer {after + 1} lost, and not one object"

    @pytest.mark.parametrize("name", ["429 without advice", "503", "cut", "half an answer"])
    def test_a_passing_fault_while_sending_makes_nothing_twice(self, name: str) -> None:
        """Whichever answer is a passing fault: tried again, one object is there, and nobody is asked."""
        for outgoing in self._outgoing():
            answers, right = self._once(outgoing)
            for after in range(answers):
                with self.rehearsal.playing(Evening(_PARTIES).stage) as play:
                    account = play.check()
                    play.front.spoil(PASSING[name], after)
                    _send(play, outgoing, self._target(), account=account, patience=_IMPATIENT)
                    assert _counted(play) == right, f"{outgoing.kind}: answer {after + 1} spoilt, and not one object"

    def test_what_may_be_done_is_never_called_undone(self) -> None:
        """An answer lost after a write raises LookUpFirst; Retry says for certain that nothing was done."""
        for outgoing in self._outgoing():
            if outgoing.safe == "key":
                continue
            for after in range(self._once(outgoing)[0]):
                with self.rehearsal.playing(Evening(_PARTIES).stage) as play:
                    account, before = play.check(), _everything(play)
                    play.front.recover()
                    play.front.spoil(UNKNOWN_END["done, then cut"], after)
                    error = _failure(play, outgoing, self._target(), account)
                    if isinstance(error, Retry):
                        assert _everything(play) == before, "Retry was raised after something was written"

    def test_many_at_once_stay_apart(self) -> None:
        """Different targets sent at the same time become different objects."""
        for outgoing in self._outgoing():
            if outgoing.kind == "visit":
                continue
            with self.rehearsal.playing(Evening(_PARTIES).stage) as play:
                sent = play.run(partial(_all_at_once, outgoing, self._fields()))
                ids = Counter(one.external_id for one in sent if one.external_id)
                assert not ids or max(ids.values()) == 1, f"two targets of kind {outgoing.kind} became one object"

    def test_what_was_written_comes_back_as_written(self) -> None:
        """The values of `written` are those that reading says of the object: by them an echo is known."""
        for outgoing in self._outgoing():
            with self.rehearsal.playing(Evening(_PARTIES).stage) as play:
                sent = _send(play, outgoing, self._target())
                said = {change.external_id: change for change in _everything(play).values()}
                if sent.external_id in said:
                    _echoes(said[sent.external_id], sent)

    def test_a_cancelled_party_makes_nothing(self) -> None:
        """A party that never came is told to nobody who did not know of it."""
        for outgoing in self._outgoing():
            if outgoing.kind != "party":
                continue
            with self.rehearsal.playing(Evening(_PARTIES).stage) as play:
                before = _counted(play)
                _send(play, outgoing, self._target(), state=CANCELLED)
                assert _counted(play)["check"] == before["check"], "a cancelled party made a check"

    def test_refused_credentials_ask_a_person(self) -> None:
        """401 while sending raises NeedsPerson: the object waits, and is not given up."""
        for outgoing in self._outgoing():
            with self.rehearsal.playing(Evening(_PARTIES).stage) as play:
                account = play.check()
                play.front.spoil_all(UNAUTHORIZED)
                assert isinstance(_failure(play, outgoing, self._target(), account), NeedsPerson)

    def _outgoing(self) -> Iterator[Outgoing]:
        if not self.manifest.outgoing:
            pytest.skip("does not apply: it writes nothing")
        yield from self.manifest.outgoing

    def _fields(self) -> frozenset[Field]:
        out = {one.field for one in self.manifest.capabilities if one.direction in ("out", "both")}
        return frozenset(field for field in get_args(Field) if field in out)

    def _target(self) -> Target:
        return Target(our_id=str(uuid.uuid4()), version=1, fields=self._fields())

    def _once(self, outgoing: Outgoing) -> tuple[int, Counter[str]]:
        """One sending without faults: how many answers it takes, and what there is of each kind afterwards."""
        known = _ONCE.setdefault(self.rehearsal.package, {})
        if outgoing.kind not in known:
            with self.rehearsal.playing(Evening(_PARTIES).stage) as play:
                account = play.check()
                asked = len(play.front.asked)
                _send(play, outgoing, self._target(), account=account)
                known[outgoing.kind] = len(play.front.asked) - asked, _counted(play)
        return known[outgoing.kind]


_ONCE: dict[str, dict[str, tuple[int, Counter[str]]]] = {}
"""What one sending comes to, by connector and kind of command: the same for every test."""


def _send(
    play: Play,
    outgoing: Outgoing,
    target: Target,
    *,
    state: int = 1,
    account: Account | None = None,
    patience: float = PATIENCE,
) -> Sent:
    async def work(opened: Opened) -> Sent:
        if account is not None:
            opened.known(account)
        return await opened.send(command(outgoing.kind, await opened.account(), state, target.fields), target)

    return play.run(work, patience=patience)


def _failure(play: Play, outgoing: Outgoing, target: Target, account: Account) -> ServeryError | None:
    async def work(opened: Opened) -> ServeryError | None:
        assert opened.connector.send
        try:
            await opened.connector.send(
                opened.session, account, command(outgoing.kind, account, 1, target.fields), target
            )
        except ServeryError as error:
            assert isinstance(error, Retry | LookUpFirst | NeedsPerson), f"{error!r} gives the object up"
            return error
        return None

    return play.run(work, patience=_IMPATIENT)


async def _all_at_once(outgoing: Outgoing, fields: frozenset[Field], opened: Opened) -> list[Sent]:
    account = await opened.account()
    return list(
        await asyncio.gather(
            *(
                opened.send(
                    command(outgoing.kind, account, 1, fields, number),
                    Target(our_id=str(uuid.uuid4()), version=1, fields=fields),
                )
                for number in range(5)
            )
        )
    )


def _everything(play: Play) -> dict[tuple[str, str], Change]:
    return standing(play.everything())


def _counted(play: Play) -> Counter[str]:
    """How many records of each kind stand at the vendor, as reading finds them."""
    return Counter(kind_of(change) for change in _everything(play).values())


def _echoes(change: Change, sent: Sent) -> None:
    record = change.guest if isinstance(change, GuestSeen) else getattr(change, "reservation", None)
    for name, value in sent.written.items():
        if record is None or not hasattr(record, name):
            continue
        there = getattr(record, name)
        if isinstance(value, list | tuple):
            texts = {str(getattr(one, "text", one)) for one in there}
            assert {_text(one) for one in value} <= texts, f"written as {name}: {value}; read back: {there}"
        elif isinstance(value, str | int | bool):
            assert there == value, f"written as {name}: {value}; read back: {there}"


def _text(entry: object) -> str:
    return str(entry["text"]) if isinstance(entry, dict) else str(getattr(entry, "text", entry))
