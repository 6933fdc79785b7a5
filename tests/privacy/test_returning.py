"""Somebody who was erased comes back: a new beginning, and nothing from before comes with it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from servery.app.erasing import erase_again, erase_guest
from servery.errors import NotFound
from servery.model.changes import Change, GuestSeen, ReservationSeen
from servery.model.guest import SourceGuest
from servery.model.reservation import Reservation
from servery.model.viewer import SYSTEM
from servery.privacy.keyed import open_key
from servery.privacy.log import LOG_FILE, read
from servery.privacy.returning import erasures_of, let_in
from servery.storage import backup as backups
from servery.storage.embedded import embedded_server
from servery.storage.migrate import migrate
from servery.storage.pool import open_pool
from tests.privacy.conftest import plant
from tests.privacy.planted import EMAIL, NAME, PERSON, PHONE, Planted

pytestmark = pytest.mark.anyio
BARE = SourceGuest(name=NAME, email=EMAIL, phone=PHONE, country="DK", notes=PERSON.notes, tags=PERSON.tags)


def anew(planted: Planted, person: SourceGuest = BARE, record: str = "b7", number: str = "70") -> list[Change]:
    """A booking made by the person a minute from now, as the book tells of it: with the record that it always had."""
    made = datetime.now(UTC) + timedelta(minutes=1)
    booking = Reservation(
        status="booked", starts_at=made + timedelta(days=2), party_size=2, requests=f"{person.name} again",
        guest_id=record, guest=person, created_at=made,
    )  # fmt: skip
    return [
        GuestSeen(record, planted.numbers() + 1000, person),
        ReservationSeen(f"r{number}", planted.numbers(), "main", booking),
    ]


async def bookings(planted: Planted) -> dict[str, dict[str, object]]:
    async with planted.pool.connection() as db:
        rows = await (await db.execute("select external_id, body from reservation")).fetchall()
    return {row["external_id"]: row["body"] for row in rows}


async def test_who_books_anew_is_a_guest_again(planted: Planted) -> None:
    guest = await planted.known_guest()
    await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    await planted.arrives(planted.book, *anew(planted), *planted.booked())
    again = await planted.guest_of(planted.book, "b7")
    assert again is not None and again != guest
    found = await bookings(planted)
    assert found["r70"]["requests"] == f"{NAME} again" and found["r70"]["guest_id"] == "b7"
    # What is from before stays nobody's, and the record brings nothing along but who they are.
    assert NAME not in str(found["r7"]) and "guest_id" not in found["r7"]
    async with planted.pool.connection() as db:
        row = await (await db.execute("select body from source_guest where external_id = 'b7'")).fetchone()
        told = await (await db.execute("select subject, detail from action where action = 'guest-let-in'")).fetchall()
    assert row and row["body"]["email"] == EMAIL and not {"notes", "tags", "marketing"} & row["body"].keys()
    assert [one["detail"] for one in told] == [{"reason": "booked"}]


async def test_another_booking_of_before_lets_nobody_in(planted: Planted) -> None:
    guest = await planted.known_guest()
    await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    old = [
        msgspec.structs.replace(
            one, reservation=msgspec.structs.replace(one.reservation, created_at=datetime(2026, 1, 1, tzinfo=UTC))
        )
        if isinstance(one, ReservationSeen)
        else one
        for one in anew(planted)
    ]
    await planted.arrives(planted.book, *old)
    assert await planted.guest_of(planted.book, "b7") is None
    assert NAME not in str(await bookings(planted))


async def test_a_booking_by_one_of_the_family_without_a_name_lets_nobody_in(planted: Planted) -> None:
    guest = await planted.known_guest()
    await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    await planted.arrives(planted.book, *anew(planted, SourceGuest(phone=PHONE), record="b99"))
    await planted.arrives(planted.book, *planted.booked())
    assert await planted.guest_of(planted.book, "b7") is None


async def test_who_is_let_in_by_the_house(planted: Planted) -> None:
    guest = await planted.known_guest()
    await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    key = open_key(planted.home)
    async with planted.pool.connection() as db:
        with pytest.raises(NotFound):
            await erasures_of(db, key, SourceGuest(name="Somebody Else", email=EMAIL))
        found = await erasures_of(db, key, SourceGuest(name="quixwater zebulon", phone="71928374"))
        assert found
        await let_in(db, key, SYSTEM, "asked", found)
    await planted.arrives(planted.book, *planted.booked())
    assert await planted.guest_of(planted.book, "b7") is not None
    assert NAME not in str((await bookings(planted))["r7"])


async def test_who_came_back_can_be_erased_again(planted: Planted) -> None:
    guest = await planted.known_guest()
    await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    await planted.arrives(planted.book, *anew(planted))
    again = await planted.guest_of(planted.book, "b7")
    assert again
    await erase_guest(planted.pool, planted.home, SYSTEM, again)
    await planted.arrives(planted.book, *planted.booked())
    assert await planted.guest_of(planted.book, "b7") is None
    assert NAME not in str(await bookings(planted))


async def test_a_restore_neither_loses_who_came_back_nor_keeps_whom_it_should_not(
    database: str, home: Path, tmp_path: Path
) -> None:
    old, early, late = tmp_path / "old", tmp_path / "early.age", tmp_path / "late.age"
    secret = backups.make_key(old)
    async with open_pool(database) as pool:
        planted = await plant(pool, old)
        guest = await planted.known_guest()
        backups.backup(database, old, early)
        await erase_guest(pool, old, SYSTEM, guest)
        await planted.arrives(planted.book, *anew(planted))
        assert len([one for one in read(old / LOG_FILE) if one.let_in]) == 1
        backups.backup(database, old, late)
    for file, found, there in ((late, 0, "b7"), (early, 1, None)):
        place = home / file.stem
        with embedded_server(place) as dsn:
            with backups.restoring(dsn, place, file, secret):
                migrate(dsn, restoring=True)
            async with open_pool(dsn) as pool:
                assert await erase_again(pool, place, old / LOG_FILE) == found
                restored = Planted(pool, place, planted.venue_id, planted.till, planted.book, lambda: 9999)
                assert (await restored.guest_of(restored.book, "b7") is not None) == (there is not None)
                await restored.arrives(restored.book, *anew(restored, number="71"))
                assert await restored.guest_of(restored.book, "b7") is not None
                assert NAME not in str((await bookings(restored))["r7"])
