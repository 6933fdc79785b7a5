"""A guest is forgotten while the worker works: in every system, and they stay so until they book anew."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from benchmarks.stand.dinner import GUEST, Dinner, dinner, when, working
from servery.app.erasing import erase_guest
from servery.model.reservation import Reservation
from servery.model.viewer import SYSTEM
from servery.storage.cluster import binaries
from servery.storage.pool import open_pool
from servery.sync import state

TELLING = (b"degaard", b"degard", "Ødegård".encode(), b"\\u00d8deg", b"aase@example.org", b"20304050")


@contextmanager
def asking(dsn: str) -> Iterator[psycopg.Cursor[dict[str, Any]]]:
    with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as db, db.cursor() as cursor:
        yield cursor


def told(dsn: str, query: str) -> list[dict[str, Any]]:
    with asking(dsn) as cursor:
        return cursor.execute(query).fetchall()


async def forget(tonight: Dinner, guest_id: int) -> int:
    async with open_pool(tonight.dsn, largest=4) as pool:
        return (await erase_guest(pool, tonight.home, SYSTEM, guest_id)).id


async def read_now(tonight: Dinner) -> None:
    """Have the book read without waiting for its rhythm."""
    async with open_pool(tonight.dsn, largest=1) as pool, pool.connection() as db:
        await state.retry_now(db, tonight.ids["resos"])


def partners(tonight: Dinner) -> list[str]:
    """What Odoo says of the guest's contact, whoever it is called by."""
    return [str(row) for row in tonight.odoo.database.rows("res.partner") if "degård" in str(row)]


def still_telling(tonight: Dinner) -> list[bytes]:
    dump = subprocess.run([binaries() / "pg_dump", "--dbname", tonight.dsn], check=True, capture_output=True).stdout
    return [line[:200] for line in dump.splitlines() if any(one in line for one in TELLING)]


def books_again(tonight: Dinner) -> None:
    booking = Reservation(
        status="booked", starts_at=tonight.now + timedelta(hours=2), party_size=2, tables=("12",), guest=GUEST,
        created_at=datetime.now(UTC) + timedelta(seconds=1),
    )  # fmt: skip
    tonight.book.reservations.put("B2", booking, datetime.now(UTC))


def test_a_guest_is_forgotten_everywhere_and_comes_back_by_a_new_booking(database: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with dinner(database, home) as tonight:
        tonight.books()
        with working(tonight):
            when(lambda: (tonight.order() or {}).get("partner_id") or None)
            when(lambda: tonight.customers() or None)
            assert partners(tonight) and "nuts" in str(tonight.order()).casefold() and still_telling(tonight)
            [guest] = told(database, "select id from guest where merged_into is null")

            erasure = asyncio.run(forget(tonight, guest["id"]))
            when(lambda: None if tonight.customers() else True)
            when(lambda: None if partners(tonight) else True)
            # The order stands on its table, for four, and nobody reads any more whose it is.
            when(lambda: None if "nuts" in str(tonight.order()).casefold() else True)
            states = when(lambda: _receipts(database, erasure))
            assert states == {("odoo", "done"), ("square", "done"), ("resos", "by_hand")}

            # The book still has the booking, and tells of it again and again.
            tonight.books(party_size=5)
            asyncio.run(read_now(tonight))
            when(lambda: told(database, "select 1 from reservation where party_size = 5") or None)
            assert not told(database, "select 1 from guest") and not tonight.customers() and not partners(tonight)
            assert still_telling(tonight) == []

            books_again(tonight)
            asyncio.run(read_now(tonight))
            [back] = when(lambda: told(database, "select id, name from guest") or None)
            assert back["name"] == "Åse Ødegård" and back["id"] != guest["id"]
            when(lambda: tonight.customers() or None)
            [old] = told(database, "select body::text as body from reservation where external_id = 'B1'")
            assert "degård" not in old["body"]
            assert told(database, "select 1 from action where action = 'guest-let-in'")


def _receipts(dsn: str, erasure_id: int) -> set[tuple[str, str]] | None:
    """The states by connection, once nothing is due any more."""
    rows = told(
        dsn,
        "select c.name, r.state from erasure_receipt r join connection c on c.id = r.connection_id "
        f"where r.erasure_id = {erasure_id}",
    )
    states = {(row["name"], row["state"]) for row in rows}
    return None if any(state == "due" for _, state in states) else states
