"""Taking a file in: planned, read, applied and matched in one transaction, so that nothing of it is ever half there."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import islice
from pathlib import Path

from msgspec import Struct, field

from servery.app.arrive import form, take_in
from servery.connectors.csv import Accepted, DateOrder, FileKind, Item, Notice, Plan, Rejected, changes, plan, read_map
from servery.errors import Invalid, NotFound
from servery.model.changes import Applied, CheckSeen, MenuSeen, ReservationSeen, TablesSeen
from servery.model.money import to_decimal
from servery.model.order import add_up
from servery.model.venue import Venue
from servery.privacy.keyed import Key
from servery.storage.pool import Connection as Db
from servery.sync import connections, state
from servery.sync.places import Place
from servery.venues.rows import add_venue, venues

__all__ = ["DateOrder", "FileKind", "NewVenues", "Order", "Outcome", "Plan", "import_file"]

FILES = "Files"
"""The connection that all imported files belong to: by it their ids stay apart from other systems'."""
BATCH = 1000
"""Changes applied at once."""


class NewVenues(Struct, frozen=True):
    """What an import may make venues with."""

    time_zone: str
    currency: str


class Order(Struct, frozen=True, kw_only=True):
    """One import as a person asked for it."""

    path: Path
    kind: FileKind
    connection_id: int | None = None
    """Whose file it is; None: one that somebody imports."""
    venue: str | None = None
    map: Path | None = None
    date_order: DateOrder | None = None
    new_venues: NewVenues | None = None
    dry_run: bool = False
    strict: bool = False


class Outcome(Struct, kw_only=True):
    """What an import did. Rows are the file's; `totals` in minor units by currency."""

    file: str
    """The file's name, without its folder."""
    plan: Plan
    rows: Counter[str] = field(default_factory=Counter)
    rejected: list[Rejected] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    checks: int = 0
    guests: int = 0
    totals: Counter[str] = field(default_factory=Counter)
    emptied: int = 0
    """Rows that were taken in without the person, who was erased."""
    venues_created: list[str] = field(default_factory=list)
    kept: bool = True
    """False when nothing was written: a dry run, or a strict import with a rejected row."""

    def summary(self) -> dict[str, object]:
        """The result as one line of JSON gives it; amounts are decimal strings."""
        totals = {code: str(to_decimal(minor, code)) for code, minor in sorted(self.totals.items())}
        single = next(iter(totals.items())) if len(totals) == 1 else None
        return {
            "read": sum(self.rows.values()) + len(self.rejected),
            "created": self.rows["created"],
            "updated": self.rows["updated"],
            "unchanged": self.rows["unchanged"],
            "held_back": self.rows["held_back"],
            "emptied": self.emptied,
            "rejected": len(self.rejected),
            "checks": self.checks,
            "guests": self.guests,
            "total": single[1] if single else None,
            "currency": single[0] if single else None,
            "totals": totals,
            "venues_created": self.venues_created,
            "written": self.kept,
            "rejections": [
                {
                    "file": self.file,
                    "line": one.line,
                    "column": one.column,
                    "value": one.value,
                    "reason": one.reason.told(),
                }
                for one in self.rejected
            ],
            "notices": [{"code": one.code, "message": one.told(), "lines": one.lines} for one in self.notices],
        }


_LOCATED = (CheckSeen, ReservationSeen, MenuSeen, TablesSeen)


class _Undone(Exception):
    """Raised to roll everything back, once the outcome is known."""


async def import_file(
    db: Db,
    order: Order,
    *,
    erased: Key,
    show_plan: Callable[[Plan], None],
    progress: Callable[[int, int], None],
) -> Outcome:
    """Take a file in, or with `dry_run` see what that would do. `erased` tells guests who are to stay out.

    Raises Invalid when the file cannot be read, NeedsPerson when a person must say how.
    """
    chosen = plan(
        order.path,
        order.kind,
        overrides=read_map(order.map) if order.map else None,
        date_order=order.date_order,
        has_venue=order.venue is not None,
    )
    show_plan(chosen)
    outcome = Outcome(file=order.path.name, plan=chosen)
    try:
        async with db.transaction():
            await _Import(db, order, outcome, erased).run(progress)
            if order.dry_run or (order.strict and outcome.rejected):
                raise _Undone
    except _Undone:
        outcome.kept = False
    return outcome


class _Import:
    """One import under way: the venues it knows, and those it has met and still has to make."""

    def __init__(self, db: Db, order: Order, outcome: Outcome, erased: Key) -> None:
        self._db = db
        self._erased = erased
        self._order = order
        self._outcome = outcome
        self._venues: dict[str, Venue] = {}
        self._to_make: list[Venue] = []
        self._places: dict[str, Place] = {}
        self._prices: dict[tuple[str, str], int] = {}
        self._days: set[tuple[int, date]] = set()
        self._linked: set[int] = set()

    async def run(self, progress: Callable[[int, int], None]) -> None:
        """Read the file in a thread of its own, while the batch before is applied; form the visits at the end."""
        connection_id = await self._prepare()
        items = changes(self._outcome.plan, self._venue_of, self._price_of, progress)
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as reading:
            batch = await loop.run_in_executor(reading, _take, items)
            while batch:
                coming = loop.run_in_executor(reading, _take, items)
                try:
                    await self._apply(connection_id, batch)
                finally:
                    batch = await coming
        await form(self._db, self._days)
        await state.taken_in(self._db, connection_id, self._order.kind, sum(self._outcome.rows.values()))

    async def _prepare(self) -> int:
        known = {one.name: one for one in await connections.connections(self._db)}
        if self._order.connection_id is not None:
            connection_id = self._order.connection_id
        elif FILES in known:
            connection_id = known[FILES].id
        elif (removed := await connections.former(self._db, "csv", None)) is not None:
            connection_id = await connections.bring_back(self._db, removed, FILES, {}, None)
        else:
            connection_id = await connections.add_connection(self._db, FILES, "csv", {}, None)
        for kept in await venues(self._db):
            self._venues[_key(kept.venue.name)] = kept.venue
            self._places[_key(kept.venue.name)] = Place(kept.id, kept.venue)
        if self._order.venue is not None and _key(self._order.venue) not in self._venues:
            self._new_venue(self._order.venue)
        await self._load_prices()
        return connection_id

    async def _load_prices(self) -> None:
        cursor = await self._db.execute(
            "select v.name, i.external_id, i.name_key, i.price from menu_item i join menu m on m.id = i.menu_id "
            "join venue v on v.id = m.venue_id where i.price is not null"
        )
        for row in await cursor.fetchall():
            for key in (row["external_id"], row["name_key"]):
                if key:
                    self._prices[_key(row["name"]), key] = row["price"]

    def _venue_of(self, name: str | None) -> Venue:
        wanted = name if name is not None else self._order.venue
        if wanted is None:
            raise Invalid(
                "The file does not say at which venue this was.",
                field="venue",
                mend="Name the venue with --venue, or its column in a --map.",
            )
        return self._venues.get(_key(wanted)) or self._new_venue(wanted)

    def _new_venue(self, name: str) -> Venue:
        if self._order.new_venues is None:
            raise NotFound(
                "There is no venue {name}.",
                field="venue",
                name=name,
                mend="Add it (servery venues add), or give --create-venues with --time-zone and --currency.",
            )
        made = Venue(name=name, time_zone=self._order.new_venues.time_zone, currency=self._order.new_venues.currency)
        self._venues[_key(name)] = made
        self._to_make.append(made)
        return made

    def _price_of(self, venue: str | None, product_id: str | None, name: str) -> int | None:
        at = _key(venue if venue is not None else self._order.venue or "")
        by_id = self._prices.get((at, product_id)) if product_id else None
        return by_id if by_id is not None else self._prices.get((at, name.casefold()))

    async def _apply(self, connection_id: int, batch: Sequence[Item]) -> None:
        accepted = [item for item in batch if isinstance(item, Accepted)]
        self._outcome.rejected += [item for item in batch if isinstance(item, Rejected)]
        self._outcome.notices += [item for item in batch if isinstance(item, Notice)]
        await self._make_venues()
        located = {item.change.location for item in accepted if isinstance(item.change, _LOCATED)}
        places = {location: self._place(location) for location in located if location is not None}
        await self._link(connection_id, places)
        for items in self._together(accepted):
            applied = await take_in(self._db, connection_id, places, [item.change for item in items], self._erased)
            self._days |= applied.days
            self._count(items, applied)

    def _together(self, accepted: list[Accepted]) -> list[list[Accepted]]:
        """The changes in the sets that are counted together: what became of a set must say what became of its rows.

        A guest beside a reservation has no row of their own, and a menu is many rows.
        """
        if self._order.kind == "menu":
            return [[item] for item in accepted]
        if self._order.kind == "reservations":
            return [[item for item in accepted if not item.rows], [item for item in accepted if item.rows]]
        return [accepted]

    async def _link(self, connection_id: int, places: dict[str, Place]) -> None:
        for place in places.values():
            if place.venue_id not in self._linked:
                self._linked.add(place.venue_id)
                await connections.link_location(self._db, connection_id, place.venue.name, place.venue_id)

    async def _make_venues(self) -> None:
        made, self._to_make = self._to_make, []
        for venue in made:
            venue_id = await add_venue(self._db, venue)
            self._places[_key(venue.name)] = Place(venue_id, venue)
            self._outcome.venues_created.append(venue.name)

    def _place(self, location: str) -> Place:
        return self._places[_key(location or self._order.venue or "")]

    def _count(self, accepted: Sequence[Accepted], applied: Applied) -> None:
        self._outcome.guests += len(applied.guests)
        self._outcome.rows.update(self._rows(accepted, applied))
        self._outcome.emptied += sum(accepted[place].rows for place in applied.emptied)
        for item in accepted:
            if isinstance(item.change, CheckSeen):
                self._outcome.checks += 1
                self._outcome.totals[item.change.check.currency] += add_up(item.change.check).total

    def _rows(self, accepted: Sequence[Accepted], applied: Applied) -> dict[str, int]:
        """What became of the file's rows."""
        if self._order.kind == "orders":
            return {
                "created": applied.lines_created,
                "updated": applied.lines_updated,
                "unchanged": applied.lines_unchanged,
            }
        rows = sum(item.rows for item in accepted)
        if self._order.kind == "menu":
            return {"created" if applied.created else "updated" if applied.updated else "unchanged": rows}
        if not rows:
            return {}
        held_back = sum(accepted[place].rows for place in applied.held_back)
        # A row that says the same as one above it is no change by itself.
        return {
            "created": applied.created,
            "updated": applied.updated,
            "unchanged": rows - applied.created - applied.updated - held_back,
            "held_back": held_back,
        }


def _take(items: Iterator[Item]) -> list[Item]:
    return list(islice(items, BATCH))


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
