from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from servery.model.guest import SourceGuest
from servery.model.reservation import Reservation
from servery.model.venue import OpeningHours, Table, Venue
from servery.testing.stage import Stage

MADE = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def stage() -> Stage:
    tables = (Table("1", 2, "Window"), Table("7A", 4, "Garden", "t7a"), Table("Bar"))
    hours = (OpeningHours(0, 1020, 1380), OpeningHours(4, 1020, 1560))
    venue = Venue(
        name="Kystens Perle", time_zone="Europe/Copenhagen", currency="DKK", tables=tables, opening_hours=hours
    )
    return Stage(venue, "JLAs2CviunNCSEfbt", "DK")


@pytest.fixture
def book(stage: Stage) -> Callable[..., str]:
    """Put a booking on the stage and give its id; each is made a minute after the one before."""

    def put(external_id: str, starts_at: datetime = datetime(2025, 3, 14, 18, tzinfo=UTC), **fields: object) -> str:
        made = MADE.replace(minute=0) if not len(stage.reservations) else MADE
        guest = SourceGuest(name="Åse Ødegård", email="aase@example.dk", phone="20 30 40 50")
        details = {"status": "booked", "party_size": 2, "guest": guest, "created_at": made} | fields
        stage.reservations.put(external_id, Reservation(starts_at=starts_at, **details), made)  # type: ignore[arg-type]
        return external_id

    return put
