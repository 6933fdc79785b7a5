"""Somebody who was erased stays out under another spelling of their name, and the family stays welcome."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.app.erasing import erase_again, erase_guest
from servery.app.privacy import RoomPrivacy
from servery.errors import NotFound
from servery.model.changes import Change, GuestSeen, ReservationSeen
from servery.model.guest import SourceGuest
from servery.model.reservation import Reservation
from servery.model.viewer import SYSTEM
from servery.privacy.keyed import open_key
from servery.privacy.log import LOG_FILE
from servery.privacy.spelling import kept_of, sought_of
from servery.privacy.suppress import speaking
from servery.settings import read_settings
from servery.storage import backup as backups
from servery.storage.embedded import embedded_server
from servery.storage.migrate import migrate
from servery.storage.pool import open_pool
from tests.privacy.conftest import plant
from tests.privacy.planted import EMAIL, PHONE, Planted

SAME = [
    ("Zebulon Quixwater", "Z. Quixwater"),
    ("Zebulon Quixwater", "Zebulon B. Quixwater"),
    ("Zebulon Quixwater", "Quixwater, Zebulon"),
    ("Zebulon Quixwater", "QUIXWATER Z"),
    ("Zebulon Quixwater", "Hr. Zebulon Quixwater"),
    ("Zebulon Quixwater", "Zebulun Quixwater"),
    ("Zebulon Quixwater", "Zebulon Quickwater"),
    ("Zebulon Quixwater", "Quixwater"),
    ("Quixwater", "Zebulon Quixwater"),
    ("Z. Quixwater", "Zebulon Quixwater"),
    ("María García López", "M. Garcia"),
    ("María García López", "García López, María"),
    ("Jørgen Ågård", "Joergen Aagaard Holm"),
    ("Борис Иванов", "B. Ivanov"),
]
OTHERS = [
    ("Zebulon Quixwater", "Ottilia Quixwater"),
    ("Zebulon Quixwater", "O. Quixwater"),
    ("María García López", "Pedro García López"),
    ("María García López", "García López, Pedro"),
    ("Jens Peter Hansen", "Ole Peter Hansen"),
    ("Zebulon", "Ottilia"),
]


@pytest.mark.parametrize(("erased", "comes"), SAME)
def test_another_spelling(erased: str, comes: str) -> None:
    assert kept_of(erased) & sought_of(comes)


@pytest.mark.parametrize(("erased", "comes"), OTHERS)
def test_one_of_the_family(erased: str, comes: str) -> None:
    assert not kept_of(erased) & sought_of(comes)


# Without vowels, of which two in a row fold into one.
WORD = st.text("bcdfghklmnprstvz", min_size=3, max_size=9)


@given(WORD, WORD, WORD)
def test_family_name_and_first_letter_are_enough_in_any_order(given_name: str, middle: str, family: str) -> None:
    letter, between = given_name[0], middle[0]
    for erased in (f"{given_name} {family}", f"{family}, {given_name}", f"{given_name} {middle} {family}"):
        for comes in (f"{letter}. {family}", f"{family}, {letter}.", f"{given_name} {between} {family}"):
            assert kept_of(erased) & sought_of(comes), (erased, comes)


async def erased(planted: Planted) -> None:
    guest = await planted.known_guest()
    await erase_guest(planted.pool, planted.home, SYSTEM, guest)


async def comes(planted: Planted, name: str | None, record: str = "b50") -> int | None:
    """A record of this name with the erased person's contact, whose age nobody tells; the guest it becomes."""
    await planted.arrives(planted.book, GuestSeen(record, 5000, SourceGuest(name=name, email=EMAIL, phone=PHONE)))
    return await planted.guest_of(planted.book, record)


def books_anew(planted: Planted, name: str, record: str = "b50") -> list[Change]:
    made = datetime.now(UTC) + timedelta(minutes=1)
    person = SourceGuest(name=name, email=EMAIL, phone=PHONE)
    booking = Reservation(
        status="booked", starts_at=made + timedelta(days=2), party_size=2, guest_id=record, guest=person,
        created_at=made,
    )  # fmt: skip
    return [GuestSeen(record, 6000, person), ReservationSeen(f"r-{record}", 6001, "main", booking)]


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["Z. Quixwater", "Zebulon B. Quixwater", "Quixwater", "Z.", "", None])
async def test_the_erased_stay_out_under_another_spelling(planted: Planted, name: str | None) -> None:
    await erased(planted)
    assert await comes(planted, name) is None
    told = [([GuestSeen("b50", 5000, SourceGuest(name=name, email=EMAIL))], b"{}")]
    async with planted.pool.connection() as db:
        assert await speaking(db, open_key(planted.home), planted.book, told) == {0}


@pytest.mark.anyio
async def test_who_books_anew_under_another_spelling_comes_in_alone(planted: Planted) -> None:
    await erased(planted)
    await planted.arrives(planted.book, *books_anew(planted, "Zoe Quixwater"))
    assert await planted.guest_of(planted.book, "b50") is not None
    await planted.arrives(planted.book, *planted.booked())
    assert await planted.guest_of(planted.book, "b7") is None, "it may have been one of the family"
    assert await comes(planted, "Z. Quixwater", "b51") is None


@pytest.mark.anyio
async def test_who_asks_under_another_spelling_is_let_in_alone(planted: Planted) -> None:
    await erased(planted)
    room = RoomPrivacy(planted.pool, read_settings({"SERVERY_HOME": str(planted.home)}))
    with pytest.raises(NotFound):
        await room.let_in(SYSTEM, SourceGuest(name="Ottilia Quixwater", email=EMAIL))
    await room.let_in(SYSTEM, SourceGuest(name="Zoe Quixwater", email=EMAIL))
    assert await comes(planted, "Zoe Quixwater") is not None
    assert await comes(planted, "Z. Quixwater", "b51") is None
    await room.let_in(SYSTEM, SourceGuest(name="Zebulon Quixwater", email=EMAIL))
    assert await comes(planted, "Z. Quixwater", "b51") is not None


@pytest.mark.anyio
async def test_a_restore_knows_the_spellings_and_who_was_let_in_by_one(
    database: str, home: Path, tmp_path: Path
) -> None:
    old, early = tmp_path / "old", tmp_path / "early.age"
    secret = backups.make_key(old)
    async with open_pool(database) as pool:
        planted = await plant(pool, old)
        open_key(old)
        backups.backup(database, old, early)
        await erased(planted)
        await planted.arrives(planted.book, *books_anew(planted, "Zoe Quixwater"))
    with embedded_server(home) as dsn:
        with backups.restoring(dsn, home, early, secret):
            migrate(dsn, restoring=True)
        async with open_pool(dsn) as pool:
            # The backup is from before the person was known at all.
            assert await erase_again(pool, home, old / LOG_FILE) == 0
            restored = Planted(pool, home, planted.venue_id, planted.till, planted.book, lambda: 9999)
            assert await comes(restored, "Z. Quixwater") is None
            assert await comes(restored, "Zoe Quixwater", "b52") is not None
