"""Files that people bring: whatever became of one on its way, nothing of it is lost, doubled or made up."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from servery.errors import NeedsPerson, Refuse
from servery.model.changes import Change, CheckSeen
from servery.model.venue import Venue
from servery.testing.evening import Evening
from servery.testing.suite.base import Part

_PARTIES = 24
_KINDS = ("orders", "reservations", "guests")
_NEEDED: dict[str, tuple[str, ...]] = {"orders": ("Date",), "reservations": ("Date", "Guests")}
_CUTS = 60
Rows = list[list[str]]
Said = dict[tuple[str, ...], object]
"""What a file says, each record and each line of a check by its name."""


class Filing(Part):
    """The reading of files: `plan` looks one over, `changes` reads it so."""

    @pytest.mark.parametrize("kind", _KINDS)
    def test_a_file_is_read_whole_and_again_the_same(self, kind: str, tmp_path: Path) -> None:
        """Each record once; the same file read again says the same under the same names."""
        rows = _rows(kind)
        first = self._read(kind, _written(tmp_path, "first", rows))
        assert {name[1] for name in first} >= {row[0] for row in rows[1:]}, "records are missing"
        assert self._read(kind, _written(tmp_path, "second", rows)) == first

    @pytest.mark.parametrize("kind", _KINDS)
    def test_lines_doubled_and_in_any_order_say_the_same(self, kind: str, tmp_path: Path) -> None:
        """What an export repeats or sorts otherwise is what it was."""
        rows = _rows(kind)
        right = self._read(kind, _written(tmp_path, "right", rows))
        mixed = [*rows[1:], *rows[1:]]
        random.Random(7).shuffle(mixed)
        assert self._read(kind, _written(tmp_path, "mixed", [rows[0], *mixed])) == right

    @pytest.mark.parametrize("kind", _KINDS)
    def test_a_file_cut_off_anywhere_makes_nothing_up(self, kind: str, tmp_path: Path) -> None:
        """Of a file that was half written or broke off, only its own records are read: the whole one then heals it."""
        whole = _written(tmp_path, "whole", _rows(kind))
        right, content = self._read(kind, whole), whole.read_bytes()
        spread = range(len(content) // 20, len(content), len(content) // 20)
        for end in sorted({*spread, *range(len(content) - _CUTS, len(content))}):
            cut = tmp_path / "cut.csv"
            cut.write_bytes(content[:end])
            found = self._read_or_refused(kind, cut)
            assert found.keys() <= right.keys(), f"cut off after {end} bytes it told of what is not in it"
            assert found | right == right

    @pytest.mark.parametrize("kind", _KINDS)
    def test_a_file_with_wrong_columns_is_refused_and_says_what_to_do(self, kind: str, tmp_path: Path) -> None:
        """Without a column that is needed, or with a header that says nothing, no row is guessed at."""
        rows = _rows(kind)
        for name in _NEEDED.get(kind, ()):
            place = rows[0].index(name)
            self._is_refused(kind, _written(tmp_path, name, [[*row[:place], *row[place + 1 :]] for row in rows]))
        meaningless = [f"xq{place}" for place in range(len(rows[0]))]
        self._is_refused(kind, _written(tmp_path, "meaningless", [meaningless, *rows[1:]]))

    @pytest.mark.parametrize("kind", _KINDS)
    def test_a_file_that_changes_while_it_is_read_is_not_believed(self, kind: str, tmp_path: Path) -> None:
        """Looked over as one file and read as another, its columns may be others: it is refused."""
        rows = _rows(kind)
        turned = [[*row[1:], row[0]] for row in rows]
        for name, now in (("longer", [*rows, rows[-1]]), ("shorter", rows[:-3]), ("turned", turned)):
            path = _written(tmp_path, name, rows)
            planned = self._plan(kind, path)
            _written(tmp_path, name, now)
            with pytest.raises((Refuse, NeedsPerson)) as told:
                self._changes(planned)
            assert told.value.mend, "say what to do"

    @pytest.mark.parametrize("kind", _KINDS)
    def test_each_row_that_does_not_go_in_is_told(self, kind: str, tmp_path: Path) -> None:
        """A row of another width is rejected with its line, and costs no other."""
        rows = _rows(kind)
        right = self._read(kind, _written(tmp_path, "right", rows))
        path = _written(tmp_path, "wrong", [*rows[:5], ["x"], *rows[5:]])
        items = self._changes(self._plan(kind, path))
        assert [one.line for one in items if hasattr(one, "reason")] == [6]
        assert _said(items) == right

    def _plan(self, kind: str, path: Path) -> Any:
        package = import_module(self.rehearsal.package)
        if not hasattr(package, "changes"):
            pytest.skip("does not apply: another connector reads its files")
        return package.plan(path, kind, has_venue=True)

    def _changes(self, planned: Any) -> Sequence[Any]:
        venue = Evening(0).stage.venue
        return list(import_module(self.rehearsal.package).changes(planned, _only(venue), _no_price, _nothing))

    def _read(self, kind: str, path: Path) -> Said:
        return _said(self._changes(self._plan(kind, path)))

    def _read_or_refused(self, kind: str, path: Path) -> Said:
        try:
            return self._read(kind, path)
        except (Refuse, NeedsPerson):
            return {}

    def _is_refused(self, kind: str, path: Path) -> None:
        with pytest.raises((Refuse, NeedsPerson)) as told:
            self._read(kind, path)
        assert told.value.field, "say which option is at fault"
        assert "{" not in told.value.told(), "a place was left unfilled"


def _rows(kind: str) -> Rows:
    """A file of an evening's parties: its header, and its rows."""
    stage = Evening(_PARTIES).stage
    zone = ZoneInfo(stage.venue.time_zone)
    if kind == "orders":
        header = "Check ID,Line ID,Date,Time,Item,Quantity,Price,Table"
        return [header.split(","), *(
            [one.external_id, f"{one.external_id}-{place}", *_local(one.record.opened_at, zone),
             line.name, f"{line.quantity}", f"{(line.unit_price or 0) / 100:.2f}", one.record.table or ""]
            for one in stage.checks for place, line in enumerate(one.record.lines)
        )]  # fmt: skip
    if kind == "reservations":
        header = "Reservation ID,Date,Time,Name,Email,Guests"
        return [header.split(","), *(
            [one.external_id, *_local(one.record.starts_at, zone),
             one.record.guest.name or "", one.record.guest.email or "", str(one.record.party_size)]
            for one in stage.reservations if one.record.guest
        )]  # fmt: skip
    header = "Guest ID,Email,Phone,Name"
    return [header.split(","), *(
        [one.external_id, one.record.email or "", one.record.phone or "", one.record.name or ""] for one in stage.guests
    )]  # fmt: skip


def _local(at: datetime, zone: ZoneInfo) -> tuple[str, str]:
    there = at.astimezone(zone)
    return f"{there:%Y-%m-%d}", f"{there:%H:%M}"


def _written(folder: Path, name: str, rows: Iterable[Sequence[str]]) -> Path:
    path = folder / f"{name}.csv"
    # None of the cells holds a comma or a quote.
    path.write_text("".join(f"{','.join(row)}\n" for row in rows), "utf-8")
    return path


def _said(items: Iterable[Any]) -> Said:
    return {name: content for item in items if hasattr(item, "change") for name, content in _parts(item.change)}


def _parts(change: Change) -> Iterator[tuple[tuple[str, ...], object]]:
    """What one change says; a check line by line, for its rows may lie anywhere in the file."""
    kind = type(change).__name__
    if isinstance(change, CheckSeen):
        check = change.check
        yield (kind, change.external_id), (change.location, check.opened_at, check.table)
        for line in check.lines:
            yield (kind, change.external_id, line.external_id or ""), line
    else:
        yield (kind, change.external_id), getattr(change, "guest", None) or getattr(change, "reservation", None)


def _only(venue: Venue) -> Callable[[str | None], Venue]:
    return lambda name: venue


def _no_price(venue: str | None, product_id: str | None, name: str) -> int | None:
    return None


def _nothing(done: int, of: int) -> None:
    pass
