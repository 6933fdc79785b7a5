"""After an erasure nothing tells who the guest was: in the database, its dump, its own files, and ours."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from servery.app.erasing import erase_guest
from servery.app.files import FileKind, Order, import_file
from servery.cli.files import _tell
from servery.model.viewer import SYSTEM
from servery.privacy.keyed import open_key
from servery.privacy.rewrite import rewrite
from servery.storage.cluster import binaries
from servery.storage.pool import by_itself, open_pool
from servery.sync import connections
from tests.privacy.conftest import plant
from tests.privacy.planted import EMAIL, NAME, PHONE, SPELT, Planted


def dump(dsn: str) -> bytes:
    """All of a database as text."""
    return subprocess.run([binaries() / "pg_dump", "--dbname", dsn], check=True, capture_output=True).stdout


def found_in(whole: bytes) -> set[bytes]:
    return {one for one in SPELT if one in whole.lower()}


def files_with(folder: Path) -> set[str]:
    """The files below a folder that hold any of it."""
    return {str(one.relative_to(folder)) for one in _files(folder) if found_in(one.read_bytes())}


def _files(folder: Path) -> Iterator[Path]:
    for one in folder.rglob("*"):
        if one.is_file() and not one.is_symlink():
            yield one


@pytest.mark.anyio
async def test_no_byte_is_left(own_server: tuple[str, Path], home: Path) -> None:
    dsn, folder = own_server
    async with open_pool(dsn) as pool:
        planted = await plant(pool, home)
        guest = await planted.known_guest()
        other = await planted.guest("Anna Berg", "anna@berg.example", "8", phone=None, notes=(), tags=())
        await planted.everywhere(guest)
        async with by_itself(pool) as db:
            await db.execute("checkpoint")
        assert found_in(dump(dsn)) == set(SPELT)
        assert {one.split("/")[1] for one in files_with(folder)} >= {"base", "pg_wal"}

        erased = await erase_guest(pool, home, SYSTEM, guest)
        assert erased.counts["records"] == 2 and erased.counts["aside"] == 1
        left = [line[:300] for line in dump(dsn).splitlines() if found_in(line)]
        assert left == []

        async with by_itself(pool) as db:
            assert await rewrite(db, large=True)
        assert files_with(folder) == set() and files_with(home) == set()
        assert b"anna@berg.example" in dump(dsn) and await planted.guest_of(planted.book, "b8") == other


MONEY = "select sum(total) as total, sum(tips) as tips, count(*) as n from checks"
VISITS = "select sum(spend) as spend, count(*) as n from visit where gone_at is null"


@pytest.mark.anyio
async def test_what_was_sold_stays(planted: Planted) -> None:
    guest = await planted.known_guest()
    async with planted.pool.connection() as db:
        before = [await (await db.execute(each)).fetchone() for each in (MONEY, VISITS)]
    await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    async with planted.pool.connection() as db:
        assert [await (await db.execute(each)).fetchone() for each in (MONEY, VISITS)] == before
        row = await (await db.execute("select body, table_name from checks")).fetchone()
    assert row and row["body"]["lines"][0]["name"] == "Sole" and row["body"]["payments"][0]["tip"] == 2000


@pytest.mark.anyio
async def test_who_was_erased_does_not_come_back(planted: Planted) -> None:
    guest = await planted.known_guest()
    await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    await planted.guest()
    await planted.arrives(planted.till, *planted.paid(number="99"))
    async with planted.pool.connection() as db:
        for table in ("source_guest", "reservation", "checks", "payment"):
            rows = await (await db.execute(f"select to_jsonb(t)::text as whole from {table} t")).fetchall()
            assert [row for row in rows if found_in(row["whole"].encode())] == []
        row = await (await db.execute("select count(*) as n, sum(total) as total from checks")).fetchone()
    assert row == {"n": 2, "total": 56000}


async def brought(planted: Planted, file: Path, kind: FileKind = "guests") -> dict[str, object]:
    """A file is imported and told of; what that came to."""
    order = Order(path=file, kind=kind, venue=None if kind == "guests" else "Havnen")
    async with planted.pool.connection() as db:
        outcome = await import_file(
            db, order, erased=open_key(planted.home), show_plan=lambda _: None, progress=lambda *_: None
        )  # fmt: skip
    _tell(outcome)
    return outcome.summary()


@pytest.mark.anyio
async def test_an_import_says_what_it_held_back(
    planted: Planted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await erase_guest(planted.pool, planted.home, SYSTEM, await planted.known_guest())
    guests, bookings = tmp_path / "guests.csv", tmp_path / "bookings.csv"
    guests.write_text(
        f"Customer no,Full name,E-mail,Phone\n12,{NAME},{EMAIL},{PHONE}\n13,Z. Quixwater,{EMAIL},\n"
        "14,Bo Berg,b@x.example,\n"
    )
    bookings.write_text(
        "Booking no,Date,Time,Covers,Status,Name,E-mail\n"
        f"B1,2025-05-01,19:00,2,finished,{NAME},{EMAIL}\nB2,2025-05-02,19:00,2,finished,Bo Berg,b@x.example\n"
    )
    told = await brought(planted, guests)
    assert [told[one] for one in ("read", "created", "unchanged", "held_back", "emptied")] == [3, 1, 0, 2, 0]
    told = await brought(planted, bookings, "reservations")
    assert [told[one] for one in ("read", "created", "unchanged", "held_back", "emptied")] == [2, 2, 0, 0, 1]
    said = capsys.readouterr().err
    assert "2 held back: they are of somebody who was erased." in said
    assert "1 taken in without the person, who was erased." in said
    assert NAME not in str(told) + said and EMAIL not in str(told) + said


@pytest.mark.anyio
async def test_who_came_in_a_file_is_erased_and_stays_so(planted: Planted, tmp_path: Path) -> None:
    guest = await planted.known_guest()
    file = tmp_path / "old list.csv"
    file.write_text(f"Customer no,Full name,E-mail,Phone\n12,{NAME},{EMAIL},{PHONE}\n")
    await brought(planted, file)
    async with planted.pool.connection() as db:
        await connections.add_connection(db, "Former loyalty", "uninstalled", {}, None)
    erased = await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    assert erased.counts["records"] == 3
    await brought(planted, file)
    async with planted.pool.connection() as db:
        assert await (await db.execute("select from source_guest where not removed")).fetchall() == []
        rows = await (
            await db.execute(
                "select c.connector, r.state from erasure_receipt r join connection c on c.id = r.connection_id"
            )
        ).fetchall()
    # Nobody but the owner can take them out of the file that was brought.
    assert {"connector": "csv", "state": "by_hand"} in rows


@pytest.mark.anyio
async def test_one_of_the_same_household_is_still_welcome(planted: Planted) -> None:
    guest = await planted.known_guest()
    await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    wife = await planted.guest("Ottilia Quixwater", "ottilia@quixwater.example", "10")
    assert wife is not None


@pytest.mark.anyio
async def test_erased_while_a_sync_is_running(planted: Planted) -> None:
    """A page was read before the erasure and is taken in after it, and one is being taken in while it is asked for."""
    guest = await planted.known_guest()
    page = planted.booked()

    async def sync() -> None:
        for _ in range(15):
            await planted.arrives(planted.book, *page, *planted.booked())
            await planted.arrives(planted.till, *planted.paid())

    async def erasing() -> None:
        await asyncio.sleep(0.05)
        await erase_guest(planted.pool, planted.home, SYSTEM, guest)

    await asyncio.gather(sync(), erasing())
    await planted.arrives(planted.book, *page)
    async with planted.pool.connection() as db:
        rows = await (await db.execute("select name from guest")).fetchall()
        assert rows == []
        held = await (await db.execute("select body::text as body from reservation")).fetchall()
    assert [row for row in held if NAME in row["body"] or EMAIL in row["body"]] == []
