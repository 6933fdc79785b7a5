"""Who did not come for long goes, since their source knows them; who is here again stays."""

from datetime import UTC, datetime, timedelta

import pytest

from servery.app import merging
from servery.app.retaining import keep_to_rules
from servery.model.changes import GuestSeen, ReservationSeen
from servery.model.guest import SourceGuest
from servery.model.reservation import Reservation
from servery.model.viewer import SYSTEM
from servery.privacy import requests, retention
from servery.settings import Settings, read_settings
from servery.storage.pool import Connection as Db
from tests.privacy.planted import Planted

pytestmark = pytest.mark.anyio
NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=3000)


@pytest.fixture
def settings(planted: Planted) -> Settings:
    return read_settings({"SERVERY_HOME": str(planted.home)})


async def known(planted: Planted, number: str, created_at: datetime | None, *booked: datetime) -> int:
    """A guest whose source says since when it knows them, and who booked then and then."""
    person = SourceGuest(name=f"Ida Holm {number}", email=f"{number}@x.example", created_at=created_at)
    bookings = [
        ReservationSeen(
            f"{number}-{place}", 1, "main",
            Reservation(status="finished", starts_at=at, party_size=2, guest_id=number, created_at=at),
        )
        for place, at in enumerate(booked)
    ]  # fmt: skip
    await planted.arrives(planted.book, GuestSeen(number, 1, person), *bookings)
    guest = await planted.guest_of(planted.book, number)
    assert guest
    return guest


async def test_since_when_somebody_is_known_their_source_says(planted: Planted) -> None:
    old = await known(planted, "a", LONG_AGO)
    came = await known(planted, "b", None, LONG_AGO)
    await known(planted, "c", None)
    await known(planted, "d", NOW - timedelta(days=3))
    await known(planted, "e", LONG_AGO, LONG_AGO, NOW - timedelta(days=3))
    async with planted.pool.connection() as db:
        assert await retention.inactive(db, 36) == [old, came]
        assert await retention.preview(db, "guests", 36) == 2
        first = (await retention.look(db, "guests", 36)).first
    assert [(one.id, one.day, one.last) for one in first] == [
        (old, LONG_AGO.date(), "known"), (came, LONG_AGO.date(), "visit"),
    ]  # fmt: skip


async def test_who_changed_since_they_were_listed_stays(
    planted: Planted, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    regular = await known(planted, "r", LONG_AGO, NOW - timedelta(days=3))
    merged, booked, gone = [await known(planted, number, LONG_AGO) for number in "abc"]
    listing = retention.inactive

    async def listed(db: Db, months: int) -> list[int]:
        found = await listing(db, months)
        async with planted.pool.connection() as other:
            await merging.merged(other, SYSTEM, regular, merged)
        await known(planted, "b", LONG_AGO, NOW - timedelta(days=1))
        return found

    monkeypatch.setattr(retention, "inactive", listed)
    async with planted.pool.connection() as db:
        await retention.choose(db, "guests", 36)
    assert await keep_to_rules(planted.pool, settings, at_once=True) == 1
    there = {number: await planted.guest_of(planted.book, number) for number in "abcr"}
    assert there == {"a": regular, "b": booked, "c": None, "r": regular} and gone


async def test_who_asked_is_forgotten_once_a_request_is_long_closed(planted: Planted, settings: Settings) -> None:
    async with planted.pool.connection() as db:
        day = NOW.date() - timedelta(days=1)
        ids = [
            (await requests.open_request(db, SYSTEM, "access", day, asked_by=f"Bo {number}")).id for number in range(3)
        ]
        for one in ids[:2]:
            await requests.close(db, one, "done")
        await db.execute("update subject_request set closed_at = now() - interval '4 years' where id = %s", [ids[0]])
        await retention.choose(db, "requests", 36)
        assert [one.id for one in (await retention.look(db, "requests", 36)).first] == ids[:1]
    assert await keep_to_rules(planted.pool, settings, at_once=True) == 1
    async with planted.pool.connection() as db:
        assert [(await requests.request(db, one)).asked_by for one in ids] == [None, "Bo 1", "Bo 2"]
