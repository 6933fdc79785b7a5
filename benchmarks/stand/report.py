"""Telling figures: each with its rounds, beside its limit or beside a peer."""

import statistics
from collections.abc import Sequence

from msgspec import Struct


class Figure(Struct, frozen=True, kw_only=True):
    """Something measured: one value for each round. `at_least` and `below` are limits on the median."""

    name: str
    unit: str
    rounds: Sequence[float]
    at_least: float | None = None
    below: float | None = None

    @property
    def median(self) -> float:
        """The middle one of the rounds."""
        return statistics.median(self.rounds)

    @property
    def keeps(self) -> bool:
        """Whether the median is within the limits; a figure without a limit always is."""
        enough = self.at_least is None or self.median >= self.at_least
        return enough and (self.below is None or self.median < self.below)


class Report:
    """Prints figures as they come, and remembers which missed their limit."""

    def __init__(self) -> None:
        self.missed: list[str] = []
        self._benchmark = ""

    def begin(self, benchmark: str, title: str) -> None:
        """Head the figures of one benchmark."""
        self._benchmark = benchmark
        print(f"\n{benchmark}: {title}", flush=True)

    def say(self, text: str) -> None:
        """Something to know beside the figures."""
        print(f"  {text}", flush=True)

    def figure(self, figure: Figure) -> Figure:
        """Tell a figure with its limit."""
        value = f"{written(figure.median)} {figure.unit}".strip()
        line = f"  {figure.name:48} {value:>20}   {_limit(figure):32} {_spread(figure)}"
        print(line.rstrip(), flush=True)
        if not figure.keeps:
            self.missed.append(f"{self._benchmark}: {figure.name}")
        return figure

    def peer(self, figure: Figure, peer: Figure) -> None:
        """Tell a peer measured in the same run, and how the two compare."""
        value = f"{written(peer.median)} {peer.unit}".strip()
        times = peer.median / figure.median
        ratio = f"peer: {written(times)} times that" if times >= 1 else f"peer: 1/{written(1 / times)} of that"
        print(f"  {peer.name:48} {value:>20}   {ratio:32} {_spread(peer)}".rstrip(), flush=True)

    def fact(self, name: str, found: object, known: object = None) -> None:
        """Tell something that is either right or wrong, beside what it must be (None: nobody knows)."""
        right = known is None or found == known
        beside = "" if known is None else "right" if right else f"WRONG: must be {known}"
        print(f"  {name:48} {found!s:>20}   {beside}".rstrip(), flush=True)
        if not right:
            self.missed.append(f"{self._benchmark}: {name}")

    def verdict(self) -> str:
        """All in one line, and those that missed their limit by name."""
        if not self.missed:
            return "Every figure is within its limit."
        return "Missed: " + "; ".join(self.missed)


def written(value: float) -> str:
    """A number with as many digits as can be meant."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 100 else f"{value:.4g}"


def _limit(figure: Figure) -> str:
    if figure.at_least is not None:
        limit = (
            f"limit: at least {figure.at_least:,.4g}"
            if figure.at_least < 1000
            else f"limit: at least {figure.at_least:,.0f}"
        )
    elif figure.below is not None:
        limit = f"limit: under {figure.below:,.4g}"
    else:
        return ""
    return f"{limit}, {'kept' if figure.keeps else 'MISSED'}"


def _spread(figure: Figure) -> str:
    if len(figure.rounds) < 2:
        return ""
    return f"{len(figure.rounds)} rounds: {written(min(figure.rounds))} to {written(max(figure.rounds))}"
