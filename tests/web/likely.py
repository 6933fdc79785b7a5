"""Who may be one person in the invented restaurant, and what staff write there."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec import structs

from servery.errors import Invalid, NotFound
from servery.guests.edits import EntryKind
from servery.guests.matching.score import Reason
from servery.model.money import Money
from servery.model.viewer import Viewer
from servery.web.guests.saying import Saying
from servery.web.suggestions.page import Answer, Pair, Queue, Row, SamePerson, Side


def pair(one_id: int, other_id: int, probability: float | None = None) -> Pair:
    """Two who differ in some and agree in some."""
    return Pair(
        one=Side(
            id=one_id, name="Mette Sørensen", vip=True, records=("resOS",), visits=3, last_visit=date(2025, 11, 7),
            spend=(Money(284750, "DKK"),),
        ),
        other=Side(id=other_id, name="M. Soerensen", records=("Square", "Takeaway"), visits=2,
                   last_visit=date(2025, 6, 1), spend=(Money(90500, "DKK"), Money(8050, "EUR"))),
        rows=(
            Row("name", "Mette Sørensen", "M. Soerensen", "Mette Sørensen"),
            Row("email", "mette.soerensen.with.a.long.address@example.com", "ms@example.com"),
            Row("phone", "+45 20 00 00 13", "+45 20 00 00 13"),
            Row("birthday", "1984-04-12", ""),
            Row("city", "", "Aarhus"),
            Row("allergies", "nuts", "nuts, shellfish"),
            Row("table", "7 (Nord)", "7 (Nord)"),
        ),
        suggestion_id=one_id if probability else None,
        probability=probability,
        reasons=(
            (Reason("phone", "same", 14.7), Reason("family", "same", 9.8), Reason("given", "initial", 1.2),
             Reason("email", "other", -1.3))
            if probability
            else ()
        ),
    )  # fmt: skip


class InventedSamePerson(SamePerson):
    """Two pairs, until they are decided."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.steps: list[tuple[int, int, bool, Mapping[str, Any]]] = []
        self.undone: set[int] = set()
        self.parted: list[tuple[int, int]] = []
        self.later: set[int] = set()
        self.shown = 10
        self.refusal: Invalid | None = None

    def _open(self) -> list[Pair]:
        done = {(one, other) for number, (one, other, *_) in enumerate(self.steps, 1) if number not in self.undone}
        pairs = [pair(13, 21, 0.9731), structs.replace(pair(14, 22, 0.7112), housemates=True)]
        return [
            each for each in pairs if (each.one.id, each.other.id) not in done and each.suggestion_id not in self.later
        ]

    async def queue(self, viewer: Viewer, after: int | None = None) -> Queue:
        found = [each for each in self._open() if after is None or (each.suggestion_id or 0) > after]
        return Queue(found[: self.shown], len(self._open()), 13 if len(found) > self.shown else None)

    async def put_off(self, viewer: Viewer, suggestion_id: int, days: int) -> None:
        if days:
            self.later.add(suggestion_id)
        else:
            self.later.discard(suggestion_id)

    async def pair(self, viewer: Viewer, one_id: int, other_id: int) -> Pair:
        if other_id == 999:
            raise NotFound("There is no guest {id}.", id=other_id)
        return structs.replace(pair(one_id, other_id), seen="as-seen", apart=other_id == 22)

    async def decide(self, viewer: Viewer, one_id: int, other_id: int, answer: Answer) -> tuple[int, int]:
        if self.refusal:
            raise self.refusal
        self.answers.append(answer)
        self.steps.append((one_id, other_id, answer.same, answer.chosen))
        return len(self.steps), one_id

    async def part(self, viewer: Viewer, guest_id: int, record_id: int) -> tuple[int, int]:
        self.parted.append((guest_id, record_id))
        return 1, guest_id

    async def undo(self, viewer: Viewer, step_id: int) -> tuple[int, int]:
        self.undone.add(step_id)
        return step_id, 13


class InventedSaying(Saying):
    """Remembers what was written."""

    def __init__(self) -> None:
        self.said: list[tuple[str, Any]] = []
        self.days: list[date | None] = []
        self.refusal: Invalid | None = None

    async def edit(self, viewer: Viewer, guest_id: int, values: Mapping[str, Any]) -> int:
        if self.refusal:
            raise self.refusal
        self.said.append(("edit", dict(values)))
        return 1

    async def take_back_edit(self, viewer: Viewer, edit_id: int) -> int:
        self.said.append(("back", edit_id))
        return 13

    async def enter(self, viewer: Viewer, guest_id: int, kind: EntryKind, text: str, day: date | None) -> int:
        if self.refusal:
            raise self.refusal
        self.said.append((kind, text))
        self.days.append(day)
        return 2

    async def strike(self, viewer: Viewer, entry_id: int, again: bool) -> int:
        self.said.append(("again" if again else "strike", entry_id))
        return 13
