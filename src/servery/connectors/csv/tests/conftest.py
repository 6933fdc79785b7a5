from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from servery.connectors.csv import Accepted, Item, Notice, Plan, Rejected, changes, plan
from servery.errors import Invalid
from servery.model.changes import CheckSeen, GuestSeen, MenuSeen, ReservationSeen
from servery.model.venue import Venue

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Result(Struct):
    """What a file gave."""

    plan: Plan
    items: list[Item]

    def changes(self, kind: type) -> list[Any]:
        return [item.change for item in self.items if isinstance(item, Accepted) and isinstance(item.change, kind)]

    @property
    def checks(self) -> list[CheckSeen]:
        return self.changes(CheckSeen)

    @property
    def guests(self) -> list[GuestSeen]:
        return self.changes(GuestSeen)

    @property
    def reservations(self) -> list[ReservationSeen]:
        return self.changes(ReservationSeen)

    @property
    def menus(self) -> list[MenuSeen]:
        return self.changes(MenuSeen)

    @property
    def rejected(self) -> list[Rejected]:
        return [item for item in self.items if isinstance(item, Rejected)]

    @property
    def told(self) -> list[str]:
        """Each rejection as a person reads it."""
        return [f"line {each.line}, {each.column}, {each.value!r}: {each.reason}" for each in self.rejected]

    @property
    def notices(self) -> dict[str, str]:
        return {item.code: item.told() for item in self.items if isinstance(item, Notice)}


def venue_of(name: str | None) -> Venue:
    if name == "Nowhere":
        raise Invalid("There is no venue {name}.", name=name)
    return Venue(name=name or "Harbour", time_zone="Europe/Copenhagen", currency="DKK")


def no_price(venue: str | None, product_id: str | None, name: str) -> int | None:
    return None


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_file(content: str | bytes, name: str = "orders.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def read_file(path: Path, kind: Any = "orders", **given: Any) -> Result:
    price_of = given.pop("price_of", no_price)
    venues = given.pop("venue_of", venue_of)
    planned = plan(path, kind, has_venue=given.pop("has_venue", True), **given)
    items: Iterable[Item] = changes(planned, venues, price_of, lambda done, total: None, now=NOW)
    return Result(planned, list(items))


@pytest.fixture
def read(write: Callable[..., Path]) -> Callable[..., Result]:
    """Reads a file of this content as a person's import would, with the venue given unless has_venue=False."""

    def read_content(content: str | bytes, kind: str = "orders", **given: Any) -> Result:
        return read_file(write(content, f"{kind}.csv"), kind, **given)

    return read_content


@pytest.fixture
def read_path() -> Callable[..., Result]:
    return read_file
