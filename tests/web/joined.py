"""The connections of the invented restaurant, each in another state."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

import msgspec

from servery.model.visit import Reason
from servery.sync.status import Contradiction
from servery.web.connections.page import Backfill, Candidate, ConnectionRow, Health, LooseCheck, Placed, Trouble
from tests.web.restaurant import VENUE, ZONE, at


def health(now: datetime) -> Health:
    """Four connections, and two checks that were not placed."""
    day = now.astimezone(ZONE).date()
    return Health(
        now=now,
        connections=(*_in_order(now), *_in_trouble(now)),
        loose_total=14,
        loose=(_ambiguous(day), _nameless(day)),
        contradictions_total=5,
        contradictions=(
            Contradiction("Torvet till", "Torvet 4", "2203", "c-2203", date(2025, 11, 7), "EUR", 1200),
            Contradiction("Torvet till", "Torvet 4", None, "c-2199", date(2025, 11, 6), "EUR", -50),
        ),
    )


def changed(health: Health, placed: Mapping[int, int | None], paused: Collection[int]) -> Health:
    """The same after these checks were placed and these connections paused."""
    replace = msgspec.structs.replace
    return replace(
        health,
        connections=[replace(one, state="paused") if one.id in paused else one for one in health.connections],
        loose=[one for one in health.loose if one.id not in placed],
        placed=[_placed(one, placed[one.id], health.now) for one in health.loose if one.id in placed],
    )


def _placed(check: LooseCheck, chosen: int | None, now: datetime) -> Placed:
    booking = next((one for one in check.candidates if one.reservation_id == chosen), None)
    return Placed(
        id=check.id,
        opened_at=check.opened_at,
        time_zone=check.time_zone,
        venue=check.venue,
        currency=check.currency,
        at=now,
        who="Rosa",
        total=check.total,
        booked=booking is not None,
        name=booking.name if booking else None,
        starts_at=booking.starts_at if booking else None,
    )


def _in_order(now: datetime) -> tuple[ConnectionRow, ...]:
    return (
        ConnectionRow(
            id=1,
            name="resOS",
            connector="resos",
            title="resOS",
            kind="reservations",
            quality="silver",
            evidence="documentation",
            state="working",
            last_sync=now - timedelta(seconds=40),
            last_event=now - timedelta(seconds=51),
            lag=0.3,
            error_share=0.0,
            records={"reservation": 8412, "guest": 5120},
            venues=(VENUE.name,),
        ),
        ConnectionRow(
            id=2,
            name="Till at the harbour",
            connector="square",
            title="Square",
            kind="pos",
            quality="silver",
            evidence="official",
            state="fetching",
            last_sync=now - timedelta(minutes=2),
            records={"check": 15230, "payment": 15790, "guest": 1804, "menu": 1},
            last_event=now - timedelta(minutes=3),
            lag=0.6,
            error_share=0.004,
            quarantine=3,
            queue_in=18,
            backfill=Backfill(done=15230, total=18250, seconds_left=95, reached=at(date(2025, 2, 3), 12)),
            venues=(VENUE.name,),
        ),
    )


def _in_trouble(now: datetime) -> tuple[ConnectionRow, ...]:
    return (
        ConnectionRow(
            id=3,
            name="Torvet till",
            connector="square",
            title="Square",
            kind="pos",
            quality="silver",
            evidence="official",
            state="needs_person",
            last_sync=now - timedelta(hours=9),
            last_event=now - timedelta(hours=9),
            lag=1.1,
            error_share=0.12,
            queue_out=212,
            next_attempt=now + timedelta(minutes=40),
            records={"check": 220},
            venues=("Torvet 4",),
            trouble=Trouble(
                template="Square does not accept the access token.",
                field="access_token",
                mend="Make a new one in the Square dashboard and set it with servery connect.",
                at=now - timedelta(hours=9),
            ),
        ),
        ConnectionRow(
            id=4,
            name="Old book",
            connector="csv",
            title="Files",
            kind="file",
            quality="bronze",
            evidence="inferred",
            state="retrying",
            last_sync=now - timedelta(days=2),
            next_attempt=now + timedelta(minutes=4),
            records={"guest": 77},
            polled=False,
            trouble=Trouble(
                template="The server does not answer.",
                at=now - timedelta(minutes=3),
                retry_at=now + timedelta(minutes=4),
            ),
        ),
    )


def _ambiguous(day: date) -> LooseCheck:
    return LooseCheck(
        id=1,
        why="ambiguous",
        opened_at=at(day, 18, 12),
        time_zone="Europe/Copenhagen",
        venue=VENUE.name,
        currency="DKK",
        number="1031",
        table="7",
        covers=2,
        total=88700,
        candidates=(
            Candidate(
                reservation_id=3,
                name="Mette Sørensen",
                starts_at=at(day, 18),
                party_size=2,
                score=0.61,
                tables=("7",),
                reasons=(Reason("table", 4.0, "7"), Reason("time", 1.2, "+12"), Reason("other-name", -3.0)),
            ),
            Candidate(
                reservation_id=5,
                name="José Ángel Ibáñez",
                starts_at=at(day, 18, 30),
                party_size=2,
                score=0.37,
                tables=("4",),
                reasons=(Reason("covers", 1.0, "2"), Reason("other-table", -4.0, "4")),
            ),
        ),
    )


def _nameless(day: date) -> LooseCheck:
    return LooseCheck(
        id=2,
        why="no_table",
        opened_at=at(day, 17, 2),
        time_zone="Europe/Copenhagen",
        venue=VENUE.name,
        currency="DKK",
        number="1027",
        label="Bent m. hund",
        total=21000,
    )
