"""What a look over the whole file proves: its numbers' style, its dates' order, which ids repeat, what amounts mean."""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from decimal import Decimal
from itertools import islice

from servery.connectors.csv.amounts import StyleEvidence, number
from servery.connectors.csv.columns import Columns
from servery.connectors.csv.dates import DateEvidence
from servery.connectors.csv.mapping import Amounts, Decimals
from servery.connectors.csv.records import JOINT, Row

_DATES = ("date", "birthday")
_REMEMBERED = 50_000
"""Cells of one column whose repeats are not looked at again."""


class Evidence:
    """Gathers over all rows of a file; each column's distinct values are looked at once, in bounded memory."""

    def __init__(
        self, header: tuple[str, ...], columns: Columns, shapes: dict[str, str], repeating: str | None
    ) -> None:
        self.rows = 0
        self.style = StyleEvidence()
        dated = [name for field, names in columns.items() if shapes[field] in _DATES for name in names]
        self.dates = {name: DateEvidence() for name in dated}
        self.repeated = 0
        """How many values of the column that may be the rows' own id came before."""
        self._repeating = header.index(repeating) if repeating else None
        self._watched: list[tuple[int, set[str], Callable[[str, int], None]]] = [
            (header.index(name), set(), self.dates[name].add if shapes[field] in _DATES else self.style.add)
            for field, names in columns.items()
            if shapes[field] in (*_DATES, "number")
            for name in names
        ]

    def gather(self, rows: Iterable[Row]) -> None:
        """Look at every row."""
        with closing(sqlite3.connect("")) as store:
            repeats = _Repeats(store)
            self._gather(rows, repeats)
            self.repeated = repeats.counted()

    def _gather(self, rows: Iterable[Row], repeats: "_Repeats") -> None:
        watched, repeating = self._watched, self._repeating
        for line, joined in rows:
            self.rows += 1
            cells = joined.split(JOINT)
            for place, seen, look in watched:
                text = cells[place]
                if text not in seen:
                    if len(seen) >= _REMEMBERED:
                        seen.clear()
                    seen.add(text)
                    if bare := text.strip():
                        look(bare, line)
            if repeating is not None:
                repeats.add(cells[repeating].strip())


class _Repeats:
    """Counts how many of a column's values came before, in a temporary store: on disk beyond a few megabytes."""

    def __init__(self, store: sqlite3.Connection) -> None:
        self._batch: list[tuple[str]] = []
        self._store = store
        self._store.execute("CREATE TABLE seen (value TEXT PRIMARY KEY) WITHOUT ROWID")
        self._added = 0

    def add(self, value: str) -> None:
        """One more value."""
        # A lone surrogate cannot be stored, nor can it be part of an id that a till wrote.
        self._batch.append((value.encode("utf-8", "replace").decode(),))
        if len(self._batch) >= 10_000:
            self._flush()

    def _flush(self) -> None:
        self._store.executemany("INSERT OR IGNORE INTO seen VALUES (?)", self._batch)
        self._added += len(self._batch)
        self._batch.clear()

    def counted(self) -> int:
        """How many values were repeats of earlier ones."""
        self._flush()
        return self._added - int(self._store.execute("SELECT count(*) FROM seen").fetchone()[0])


def _numbers(cells: list[str], style: Decimals) -> list[Decimal]:
    return [abs(number(cell, style)[0]) if cell.strip() else Decimal(0) for cell in cells]


def meaning_of_amounts(
    sample: Iterable[list[str]], places: tuple[int, int, int], discounts: tuple[int, ...], style: Decimals
) -> Amounts | None:
    """Whether amounts are before discounts, by the rows where quantity × price tells the two apart; None: no row does.

    `places` are those of quantity, price and amount.
    """
    gross = paid = 0
    for cells in islice(sample, 1000):
        try:
            quantity, price, amount = _numbers([cells[place] for place in places], style)
            discount = sum(_numbers([cells[place] for place in discounts], style))
        except ValueError:
            continue
        if discount:
            gross += _close(quantity * price, amount)
            paid += _close(quantity * price - discount, amount)
    return None if gross == paid else "gross" if gross > paid else "paid"


def is_product(sample: Iterable[list[str]], quantity: int | None, price: int, amount: int, style: Decimals) -> bool:
    """Whether quantity × price gives the amount in nine of ten rows; the arguments are the columns' places."""
    yes = no = 0
    for cells in sample:
        try:
            pieces, each, stated = _numbers(
                ["1" if quantity is None else cells[quantity], cells[price], cells[amount]], style
            )
        except ValueError:
            continue
        yes += _close(pieces * each, stated)
        no += not _close(pieces * each, stated)
    return yes >= 9 * no


def same_all_over(sample: Iterable[list[str]], check: int, column: int) -> int:
    """On how many checks of several lines a column says the same on every line; 0 where it differs on any."""
    said: dict[str, str] = {}
    several: set[str] = set()
    for cells in sample:
        if cells[check] in said:
            several.add(cells[check])
        if said.setdefault(cells[check], cells[column]) != cells[column]:
            return 0
    return len(several)


def _close(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= Decimal("0.011")
