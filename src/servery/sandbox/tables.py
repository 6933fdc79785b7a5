"""Which tables are free when, for one day."""

from functools import cache
from itertools import pairwise
from random import Random

from servery.sandbox.restaurant import restaurant


@cache
def _by_seats() -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Single tables from the smallest, then neighbours that can be pushed together."""
    tables = restaurant().venue.tables
    single = [((table.seats or 0), (table.name,)) for table in tables]
    pairs = [((left.seats or 0) + (right.seats or 0), (left.name, right.name))
             for left, right in pairwise(tables) if left.area == right.area]  # fmt: skip
    return tuple(sorted(single) + sorted(pair for pair in pairs if pair[0] > 6))


class House:
    """The tables of one day, and the spans (seconds of the day) in which each is taken."""

    def __init__(self) -> None:
        self._taken: dict[str, list[tuple[int, int]]] = {}

    def find(self, size: int, since: int, until: int, wished: str | None, rng: Random) -> tuple[str, ...]:
        """A table for so many that is free all that time: the one wished for, else a small one; empty when none is."""
        fitting = [tables for seats, tables in _by_seats() if seats >= size and self._free(tables, since, until)]
        if not fitting:
            return ()
        if wished and (wished,) in fitting and rng.random() < 0.8:
            return (wished,)
        return fitting[min(int(rng.expovariate(0.4)), len(fitting) - 1)]

    def _free(self, tables: tuple[str, ...], since: int, until: int) -> bool:
        for table in tables:
            for taken_since, taken_until in self._taken.get(table, ()):
                if taken_since < until and since < taken_until:
                    return False
        return True

    def hold(self, tables: tuple[str, ...], since: int, until: int) -> None:
        """Take tables for a span."""
        for table in tables:
            self._taken.setdefault(table, []).append((since, until))

    def release(self, tables: tuple[str, ...], since: int) -> None:
        """Give back what was taken from that second on."""
        for table in tables:
            self._taken[table] = [span for span in self._taken[table] if span[0] != since]
