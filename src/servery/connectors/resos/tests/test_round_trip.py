"""Whatever stands on the stage comes back as it stood, in the fields that resOS carries."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import get_args

import httpx
import phonenumbers
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from servery.connectors.contract import Account, Location, Session, pages
from servery.connectors.registry import connector
from servery.connectors.resos.simulator import API_KEY, simulator
from servery.model.changes import Change, GuestSeen, ReservationSeen
from servery.model.guest import SourceGuest
from servery.model.reservation import Reservation, ReservationStatus
from servery.testing.served import served
from servery.testing.stage import Stage

RESOS = connector("resos")
MADE = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)

said = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
answers = said.filter(lambda word: word.casefold() not in {"-", "no", "si", "ja"} and len(word) > 4)
guests = st.builds(
    SourceGuest,
    name=said,
    email=st.none() | st.emails(),
    phone=st.none() | st.from_regex(r"[2-9][0-9]( [0-9]{2}){3}", fullmatch=True),
    allergies=st.lists(answers, unique=True, max_size=3).map(tuple),
)
minutes = st.integers(0, 60 * 24 * 365).map(lambda past: timedelta(minutes=past))
reservations = st.builds(
    Reservation,
    status=st.sampled_from(get_args(ReservationStatus)),
    starts_at=minutes.map(lambda past: datetime(2025, 1, 1, tzinfo=UTC) + past),
    party_size=st.integers(1, 40),
    duration=st.none() | st.integers(15, 480),
    tables=st.lists(st.sampled_from(["1", "7A", "Bar", "Terrasse 3"]), unique=True, max_size=2).map(tuple),
    channel=st.sampled_from([None, "website", "phone", "email", "message", "eatie", "TripAdvisor"]),
    requests=st.none() | said,
    occasion=st.none() | answers,
    notes=st.none() | said,
    created_at=minutes.map(lambda past: MADE - past),
    walk_in=st.booleans(),
    guest_id=st.none() | st.from_regex(r"[A-Za-z0-9]{17}", fullmatch=True),
    guest=guests,
    language=st.sampled_from(["en", "da", "de", "es", "sv"]),
)


def carried(booking: Reservation, external_id: str) -> Reservation:
    """The booking without what resOS cannot say: confirmed, other channels, an area without a table."""
    areas = {"1": "Window", "7A": "Garden"}
    guest = booking.guest or SourceGuest()
    reachable = guest.email or guest.phone
    channel = None if booking.channel == "TripAdvisor" else booking.channel
    return replace(
        booking,
        status="booked" if booking.status == "confirmed" else booking.status,
        area=next((areas[table] for table in booking.tables if table in areas), None),
        channel="walk-in" if booking.walk_in else channel,
        guest_id=booking.guest_id or (f"booking:{external_id}" if reachable else None),
        guest=replace(guest, phone=_e164(guest.phone), language=booking.language),
    )


def _e164(phone: str | None) -> str | None:
    number = phonenumbers.parse(phone, "DK") if phone else None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if number else None


async def arrived(base_url: str) -> list[Change]:
    """All that reading the simulator's bookings comes to."""
    account = Account("resOS", (Location(external_id="restaurant", name="resOS"),))
    resource = next(each for each in RESOS.manifest.resources if each.name == "bookings")
    async with httpx.AsyncClient() as http:
        session = Session({"api_key": API_KEY, "base_url": f"{base_url}/v1"}, http)
        return [
            change
            async for page in pages(RESOS, session, resource, account, None)
            for record in page.records
            for change in RESOS.translate("bookings", record)
        ]


class Staged:
    """A stage that each example fills anew, behind one server."""

    def __init__(self, stage: Stage) -> None:
        self.empty = stage
        self.app = simulator(stage, requests_per_second=10_000)

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)

    def fill(self, bookings: list[Reservation]) -> dict[str, Reservation]:
        stage = Stage(self.empty.venue, self.empty.location_id, self.empty.country)
        by_id = {f"b{number}": booking for number, booking in enumerate(bookings)}
        for external_id, booking in by_id.items():
            stage.reservations.put(external_id, booking, MADE)
        self.app = simulator(stage, requests_per_second=10_000)
        return by_id


@pytest.fixture
def running(stage: Stage) -> Iterator[tuple[Staged, str]]:
    staged = Staged(stage)
    with served(staged) as url:
        yield staged, url


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bookings=st.lists(reservations, max_size=4))
def test_what_stands_comes_back(running: tuple[Staged, str], bookings: list[Reservation]):
    staged, url = running
    by_id = staged.fill(bookings)
    changes = asyncio.run(arrived(url))
    seen = {change.external_id: change for change in changes if isinstance(change, ReservationSeen)}
    assert {external_id: change.reservation for external_id, change in seen.items()} == {
        external_id: carried(booking, external_id) for external_id, booking in by_id.items()
    }
    guests_seen = {change.external_id for change in changes if isinstance(change, GuestSeen)}
    assert guests_seen == {change.reservation.guest_id for change in seen.values()} - {None}
