"""From a file and the plan for it to universal changes, in bounded memory."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from servery.connectors.csv.cells import BadCell
from servery.connectors.csv.encoding import text_of
from servery.connectors.csv.grouping import Groups
from servery.connectors.csv.guests import Guests
from servery.connectors.csv.mapping import Plan
from servery.connectors.csv.menu import Products
from servery.connectors.csv.orders import Orders
from servery.connectors.csv.outcome import Item, Notice, Notices, Rejected
from servery.connectors.csv.places import PriceOf, VenueOf, Venues
from servery.connectors.csv.records import JOINT, Row, rows
from servery.connectors.csv.reservations import Reservations
from servery.connectors.csv.sniff import Cut, mark_of
from servery.errors import Invalid

Progress = Callable[[int, int], None]
"""Told (work done, work in all), in bytes of the file; reading is a fifth of the work, the changes are the rest."""

_EVERY = 4096
"""Rows between two tellings of progress."""


class _Reader(Protocol):
    """One kind of file: which rows make one record, and the record they make."""

    def key(self, cells: list[str]) -> str: ...

    def items(self, key: str, group: list[Row]) -> Iterator[Item]: ...


def changes(
    plan: Plan, venue_of: VenueOf, price_of: PriceOf, progress: Progress, *, now: datetime | None = None
) -> Iterator[Item]:
    """Everything the file says, item by item; each call reads the file anew.

    Rows broken as text are rejected first, then come the records, each with its own rows' rejections, then the
    notices. `now` (default: the clock) tells which dates lie in the future. Raises Invalid when the file's bytes are
    not in the plan's encoding, or it is no longer the file that was planned.
    """
    notices = Notices()
    reader = _reader(plan, Venues(plan, venue_of), price_of, notices, now or datetime.now(UTC))
    _refuse_changed(plan)
    with Groups(plan.size) as groups:
        yield from _gather(plan, reader, groups, progress)
        _refuse_changed(plan)
        done = 0
        for key, group in groups:
            yield from reader.items(key, group)
            done += len(group)
            if done // _EVERY != (done - len(group)) // _EVERY:
                progress(plan.size // 5 + int(plan.size * 0.8 * min(1, done / plan.rows)), plan.size)
    if plan.fallback:
        yield _mixed(plan)
    yield from notices.told()
    progress(plan.size, plan.size)


def _refuse_changed(plan: Plan) -> None:
    """Another file under the same name may have its columns elsewhere."""
    path = Path(plan.path)
    if not path.is_file() or mark_of(path) != (plan.size, plan.revision):
        raise Invalid(
            "{name} changed while it was read.", field="file", code="file-changed", name=path.name,
            mend="Wait until nobody writes to it, and import it again.",
        )  # fmt: skip


def _reader(plan: Plan, venues: Venues, price_of: PriceOf, notices: Notices, now: datetime) -> _Reader:
    if plan.kind == "orders":
        return Orders(plan, venues, price_of, notices, now)
    if plan.kind == "reservations":
        return Reservations(plan, venues, notices)
    return Guests(plan, notices) if plan.kind == "guests" else Products(plan, venues, notices)


def _gather(plan: Plan, reader: _Reader, groups: Groups, progress: Progress) -> Iterator[Rejected]:
    add = groups.adder
    key_of = reader.key
    with text_of(Path(plan.path), plan.encoding, plan.fallback) as text:
        for count, row in enumerate(rows(text, Cut(plan.delimiter, plan.quote), plan.header, plan.header_line)):
            if isinstance(row, Rejected):
                yield row
                continue
            if count % _EVERY == 0:
                progress(text.buffer.tell() // 5, plan.size)
            try:
                add(key_of(row[1].split(JOINT)), row)
            except BadCell as bad:
                yield bad.rejected(plan, row[0])


def _mixed(plan: Plan) -> Notice:
    template = "Lines not in {encoding} like the others, read as {fallback}: {count}."
    params: dict[str, object] = {"encoding": plan.encoding, "fallback": plan.fallback}
    return Notice("mixed-encodings", template, params, plan.fallback_count, plan.fallback_lines)
