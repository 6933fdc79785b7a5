"""The law of applying: any order, any repeats, any batches, the same final state; shown on whole dinners."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servery.app.arrive import arrive
from servery.model.changes import Change, CheckSeen, GuestSeen, PaymentSeen, Removed, ReservationSeen
from servery.model.guest import SourceGuest
from servery.model.order import Check, Line, Payment, Refund
from servery.model.reservation import Reservation
from servery.model.venue import Venue
from servery.storage.pool import open_pool
from servery.sync import connections
from servery.venues.rows import add_venue
from tests.sync.held import everything

EVENING = datetime(2026, 11, 21, 18, tzinfo=UTC)
revisions = st.integers(1, 3)
locations = st.sampled_from(["nord", "syd"])
guest_ids = st.sampled_from([None, "g1", "g2", "g3"])
moments = st.builds(
    lambda minutes, days: EVENING + timedelta(days=days, minutes=minutes),
    st.sampled_from([0, 5, 30]),
    st.integers(0, 1),
)


def guests() -> st.SearchStrategy[Change]:
    return st.builds(
        lambda number, revision, family: GuestSeen(
            f"g{number}", revision, SourceGuest(name=f"Anna {family}", email=f"anna{number}@example.com")
        ),
        st.integers(1, 2),
        revisions,
        st.sampled_from(["Berg", "Holm"]),
    )


def people_in_files() -> st.SearchStrategy[Change]:
    """A guest of whom each row tells some."""
    told = st.builds(
        SourceGuest,
        name=st.sampled_from([None, "Bo Dahl", "Bo Lund"]),
        city=st.sampled_from([None, "Aarhus", "Odense"]),
        tags=st.sampled_from([(), ("regular",)]),
    )
    return st.builds(GuestSeen, st.just("g3"), revisions, told, st.just(False))


def reservations() -> st.SearchStrategy[Change]:
    booked = st.builds(
        Reservation,
        status=st.sampled_from(["booked", "seated", "cancelled", "no_show"]),
        starts_at=moments,
        party_size=st.integers(1, 3),
        tables=st.sampled_from([(), ("7",), ("7a", "T8")]),
        guest_id=guest_ids,
    )
    return st.builds(ReservationSeen, st.sampled_from(["r1", "r2"]), revisions, locations, booked)


lines = st.builds(
    Line, name=st.sampled_from(["Ribeye", "Wine"]), amount=st.integers(0, 3), external_id=st.sampled_from("abc")
)


def checks(ids: list[str], complete: bool) -> st.SearchStrategy[Change]:
    check = st.builds(
        Check,
        currency=st.just("DKK"),
        opened_at=moments,
        closed_at=st.sampled_from([None, EVENING + timedelta(hours=3)]),
        status=st.sampled_from(["closed", "void"]),
        label=st.sampled_from([None, "T7", "7a Holm", "Berg"]),
        covers=st.sampled_from([None, 2]),
        split_from=st.sampled_from([None, "c1"]),
        guest_id=guest_ids,
        reservation_id=st.sampled_from([None, "r1"]),
        lines=st.lists(lines, max_size=2, unique_by=lambda line: line.external_id).map(tuple),
        payments=st.sampled_from([(), (Payment(amount=5, external_id="p1"),)]),
        refunds=st.sampled_from([(), (Refund(3),)]),
    )
    return st.builds(CheckSeen, st.sampled_from(ids), revisions, locations, check, st.just(complete))


def payments() -> st.SearchStrategy[Change]:
    paid = st.builds(Payment, amount=st.integers(0, 2), tip=st.integers(0, 1), external_id=st.just("p1"))
    return st.builds(PaymentSeen, st.just("p1"), revisions, st.sampled_from(["c1", "c2", "part"]), paid, guest_ids)


def removals() -> st.SearchStrategy[Change]:
    known = st.sampled_from(
        [("guest", "g1"), ("reservation", "r1"), ("check", "c1"), ("check", "c2"), ("check", "part"), ("payment", "p1")]
    )
    return st.builds(lambda which, revision: Removed(which[1], revision, which[0]), known, revisions)


changes = st.lists(
    st.one_of(
        guests(),
        people_in_files(),
        reservations(),
        checks(["c1", "c2"], True),
        checks(["part"], False),
        payments(),
        removals(),
    ),
    min_size=2,
    max_size=12,
)


@st.composite
def tellings(draw: st.DrawFn) -> tuple[list[Change], list[Change], list[int]]:
    """Some changes; the same in another order with repeats; and where that is cut into batches."""
    told = draw(changes)
    repeats = draw(st.lists(st.sampled_from(told), max_size=4))
    again = draw(st.permutations(told + repeats))
    return told, again, draw(st.lists(st.integers(0, len(again)), max_size=3))


@pytest.fixture
def connection_id(database: str) -> int:
    return asyncio.run(_set_up(database))


async def _set_up(dsn: str) -> int:
    async with open_pool(dsn) as pool, pool.connection() as db:
        connection_id = await connections.add_connection(db, "till", "fake", {}, None)
        for name in ("nord", "syd"):
            venue_id = await add_venue(db, Venue(name=name, time_zone="Europe/Copenhagen", currency="DKK"))
            await connections.link_location(db, connection_id, name, venue_id)
        return connection_id


@given(tellings())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_any_repeats_and_any_batches_end_in_the_same_state(database, connection_id, telling):
    told, again, cuts = telling
    one, other = asyncio.run(_both(database, connection_id, (told, []), (again, cuts)))
    assert one == other


async def _both(dsn, connection_id, *tellings):
    async with open_pool(dsn) as pool:
        return [await _held_after(pool, connection_id, told, cuts) for told, cuts in tellings]


async def _held_after(pool, connection_id, told, cuts):
    edges = [0, *sorted(cuts), len(told)]
    async with pool.connection() as db, db.transaction(force_rollback=True):
        places = await connections.places(db, connection_id)
        for start, end in itertools.pairwise(edges):
            await arrive(db, connection_id, places, told[start:end])
        return await everything(db)
