"""Runs over all guests of the invented restaurant."""

from datetime import UTC, datetime

from msgspec import structs

from servery.api.problem import AtWork
from servery.errors import Invalid
from servery.guests.matching.history import GuestRun, GuestWeights
from servery.guests.matching.kept import Because, ToldJoin
from servery.guests.matching.score import Reason
from servery.guests.matching.work import Fault, Found, Kind, State, Work
from servery.model.viewer import Viewer
from servery.profile.listing import GuestRow
from servery.web.runs.sources import Join, Look, Odd, Runs, Shown

NOW = datetime(2026, 11, 22, 10, 40, tzinfo=UTC)
METTE = GuestRow(
    id=13, name="Mette Sørensen", email="mette.soerensen.with.a.long.address@example.com", phone="+4520000013",
    vip=True, visits=3, last_visit=NOW.date(),
)  # fmt: skip
M = GuestRow(id=21, name="M. Soerensen", phone="+4520000013", visits=2)
METE = GuestRow(id=88, name="Mete Sørensen", email="mette.soerensen.with.a.long.address@example.com")
DORA = GuestRow(id=31, name="Dora Müller-Lüdenscheidt", email="dora@example.com", visits=1)
DORA_AGAIN = GuestRow(id=32, name="Müller-Lüdenscheidt, Dora", email="dora@example.com")
PHONE = (Reason("phone", "same", 14.7), Reason("family", "same", 9.8), Reason("given", "initial", 1.2))
MAIL = (Reason("email", "same", 15.2), Reason("family", "same", 9.8), Reason("given", "slip", 3.1))
JOINS = (
    Join(ToldJoin(1, (13, 21, 88), (Because(21, 0.99, PHONE), Because(88, 0.99, MAIL))), (METTE, M, METE)),
    Join(ToldJoin(2, (31, 32), (Because(32, 0.99, MAIL),)), (DORA, DORA_AGAIN)),
)


def piece(number: int, kind: Kind, state: State, **more: object) -> Work:
    facts = {
        "id": number, "kind": kind, "author": "person:1", "role": "owner", "asked_at": NOW, "state": state,
        "step": None, "tries": 1, "begun_at": NOW, "ended_at": NOW, "weights": None, "look_id": None, "run_id": None,
        "log_id": None, "as_of": None, "found": Found(), "fault": None,
    }  # fmt: skip
    return Work(**(facts | more))  # type: ignore[arg-type]


RUN = GuestRun(id=3, at=NOW, author="person:1", weights=2, records=48_210, guests=1204, undone_at=None, undone_by=None)
TAKEN_BACK = structs.replace(RUN, id=2, weights=0, guests=1, undone_at=NOW, undone_by="key:4")


class InventedRuns(Runs):
    """Nothing was looked at yet, until somebody does; what is asked for is done when the test says so."""

    def __init__(self) -> None:
        self.asked: list[Work] = []
        self.offered: Work | None = None
        self.runs: list[GuestRun] = []
        self.versions = [GuestWeights(0, NOW, 0, True)]
        self.further = False
        self.behind: list[int] = []

    def forget(self) -> None:
        """Begin anew."""
        self.__init__()  # type: ignore[misc]

    async def shown(self, viewer: Viewer, after: int = 0) -> Shown:
        self.behind.append(after)
        joins = [one for one in JOINS if one.told.place > after]
        parts = (Odd(METTE, "Square", "SQ-4711"),)
        look = Look(self.offered, joins, 1 if self.further else None, after, parts) if self.offered else None
        latest = self.asked[-1] if self.asked else None
        return Shown(latest, look, self.runs, self.versions, {"person:1": "Rosa", "key:4": "CRM"})

    def at(self, step: str) -> None:
        """Go on with what is asked for."""
        self.asked[-1] = structs.replace(self.asked[-1], state="works", step=step)

    def found(self, guests: int = 3, asks: int = 41) -> None:
        """Be done with looking."""
        found = Found(records=48_210, people=2 if guests else 0, guests=guests, asks=asks, parts=1)
        self.asked[-1] = structs.replace(self.asked[-1], state="done", step=None, weights=2, found=found)
        self.offered = self.asked[-1]

    def done(self, **found: int) -> None:
        """Be done with anything else."""
        self.asked[-1] = structs.replace(self.asked[-1], state="done", step=None, found=Found(**found))

    def failed(self) -> None:
        """Come to nothing."""
        fault = Fault(
            "It broke off {times} times, and nothing was changed.",
            "The log of the worker says why. For a million guests it needs 3 GB of memory.",
            {"times": "3"},
        )
        self.asked[-1] = structs.replace(self.asked[-1], state="failed", step=None, fault=fault)

    async def look(self, viewer: Viewer, weights: int | None = None) -> Work:
        self.offered = None
        return self._ask("look", weights=weights)

    async def learn(self, viewer: Viewer) -> Work:
        return self._ask("learn")

    async def join(self, viewer: Viewer, look_id: int) -> Work:
        if self.offered is None or self.offered.id != look_id:
            raise Invalid("What look {id} found is not offered any more.", code="look-gone", id=look_id)
        one = self._ask("join", look_id=look_id)
        self.offered = None
        return one

    async def undo(self, viewer: Viewer, run_id: int) -> Work:
        return self._ask("undo", run_id=run_id)

    async def leave(self, viewer: Viewer, look_id: int) -> Work:
        self.asked[-1] = structs.replace(self.asked[-1], state="left")
        self.offered = None
        return self.asked[-1]

    def _ask(self, kind: Kind, **more: object) -> Work:
        if self.asked and self.asked[-1].under_way:
            raise AtWork("Something is at work over all guests already.")
        self.asked.append(piece(len(self.asked) + 1, kind, "waits", **more))
        return self.asked[-1]
