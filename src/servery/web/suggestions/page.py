"""What the pages on who is who show, and what they ask the house for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal, Protocol

from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from servery.guests.matching.score import Reason
from servery.model.money import Money
from servery.model.viewer import Viewer

RowKind = Literal[
    "name", "email", "phone", "birthday", "language", "company", "city", "postcode", "loyalty", "allergies",
    "preferences", "tags", "table", "dish",
]  # fmt: skip
CHOSEN = frozenset({"name", "email", "phone", "birthday", "language", "company", "city", "postcode"})
"""The rows of which one value may be chosen while two guests are made one."""


class Side(Struct, frozen=True, kw_only=True):
    """One of two guests. `records` are the systems that know them; money is by currency."""

    id: int
    name: str | None
    vip: bool = False
    records: tuple[str, ...] = ()
    visits: int = 0
    last_visit: date | None = None
    spend: tuple[Money, ...] = ()


class Row(Struct, frozen=True):
    """One fact of both; empty where nothing is known. `kept` is what the rules keep where nobody chooses."""

    kind: RowKind
    one: str
    other: str
    kept: str = ""

    @property
    def same(self) -> bool:
        """Whether both say the same."""
        return bool(self.one) and self.one.casefold() == self.other.casefold()

    @property
    def differs(self) -> bool:
        """Whether they contradict one another: of allergies and tags all are kept."""
        return self.kind in CHOSEN and bool(self.one and self.other) and not self.same


class Pair(Struct, frozen=True, kw_only=True):
    """Two guests side by side, the older first. `probability` and `reasons` only where a score suggests them.

    `seen` goes back with the answer: it holds as long as nothing else is said or heard of the two. `apart`: somebody
    said that they are not the same person. `housemates`: they may be two people of one household.
    """

    one: Side
    other: Side
    rows: tuple[Row, ...]
    suggestion_id: int | None = None
    probability: float | None = None
    reasons: tuple[Reason, ...] = ()
    seen: str = ""
    apart: bool = False
    housemates: bool = False


class Queue(Struct, frozen=True):
    """The likeliest pairs. `total` are open, or with `is_long` more than that. Behind `further` there are more."""

    pairs: Sequence[Pair]
    total: int
    further: int | None = None
    is_long: bool = False


class Answer(Struct, frozen=True, kw_only=True):
    """What somebody says of a pair: the same person, with the values `chosen`, or not.

    `seen` as the pair had it. `anyway`: although somebody said that they are two.
    """

    same: bool
    chosen: Mapping[str, Any] = {}
    seen: str | None = None
    anyway: bool = False


class SamePerson(Protocol):
    """Who is who. Each deed returns the id of its step in the log, and of the guest that it left; NotFound, Invalid."""

    async def queue(self, viewer: Viewer, after: int | None = None) -> Queue:
        """What is open, from the likeliest or behind a suggestion."""

    async def put_off(self, viewer: Viewer, suggestion_id: int, days: int) -> None:
        """Ask of a pair again in so many days; with 0 at once."""

    async def pair(self, viewer: Viewer, one_id: int, other_id: int) -> Pair:
        """Two guests side by side."""

    async def decide(self, viewer: Viewer, one_id: int, other_id: int, answer: Answer) -> tuple[int, int]:
        """Say that two guests are one, or that they are not, for ever; Invalid where they changed meanwhile."""

    async def part(self, viewer: Viewer, guest_id: int, record_id: int) -> tuple[int, int]:
        """Take a record out of a guest."""

    async def undo(self, viewer: Viewer, step_id: int) -> tuple[int, int]:
        """Take a step back."""


TheSamePerson = NamedDependency[SkipValidation[SamePerson]]
