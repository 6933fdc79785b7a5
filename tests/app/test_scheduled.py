"""Files in a folder, here and over SFTP: each taken in once and moved aside, and lists put there."""

import asyncio
import csv
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncssh
import httpx
import pytest

from servery.accounts.vault import open_vault
from servery.app import lists, scheduled
from servery.app.connect import connect
from servery.connectors.contract import Session
from servery.connectors.registry import connector
from servery.errors import NeedsPerson, Retry
from servery.model.venue import Venue
from servery.storage.pool import Pool
from servery.sync import connections
from servery.sync.connections import Connection
from servery.sync.places import Place
from tests.app.sftp import server

pytestmark = pytest.mark.anyio

ORDERS = """Check,Date,Time,Item,Qty,Price
{number},2026-03-06,19:30,Ribeye,1,245.00
{number},2026-03-06,19:40,Wine,2,75.00
"""
ENTERED = {"restaurant": "The Pass", "time_zone": "Europe/Copenhagen", "currency": "DKK"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduled, "_SETTLE", 0.0)


class Till:
    """A folder that is connected, and what lies in it."""

    def __init__(self, pool: Pool, home: Path, folder: Path, connection: Connection) -> None:
        self.pool, self.home, self.folder, self.connection = pool, home, folder, connection
        self.look = scheduled.Look()

    async def visit(self) -> float:
        async with self.pool.connection() as db:
            (self.connection,) = [one for one in await connections.connections(db) if one.connector == "folder"]
        return await scheduled.visit(self.pool, self.home, self.connection, self.look)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as db:
            cursor = await db.execute(query)
            return [tuple(row.values()) for row in await cursor.fetchall()]

    def put(self, name: str, text: str, age: int = 100) -> None:
        path = self.folder / name
        path.write_text(text)
        at = datetime.now(UTC).timestamp() - age
        os.utime(path, (at, at))

    def lying(self, inside: str = "") -> list[str]:
        place = self.folder / inside
        return sorted(one.name for one in place.iterdir() if one.is_file()) if place.is_dir() else []


@asynccontextmanager
async def joined(pool: Pool, tmp_path: Path, **changed: str) -> AsyncIterator[Till]:
    folder, home = tmp_path / "files", tmp_path / "home"
    folder.mkdir(exist_ok=True)
    home.mkdir(exist_ok=True)
    open_vault(home, in_use=False)
    given = {**ENTERED, "folder": str(folder), **changed}
    async with pool.connection() as db:
        await connect(db, home, "folder", given, name="Till files", venue_name=None)
        (one,) = await connections.connections(db)
    yield Till(pool, home, folder, one)


async def test_a_file_is_taken_in_once_and_moved_aside(pool, tmp_path):
    async with joined(pool, tmp_path) as till:
        till.put("monday.csv", ORDERS.format(number=1))
        till.put("notes.txt", "not ours")
        await till.visit()
        assert await till.rows("select external_id is not null, total from checks") == [(True, 39500)]
        assert till.lying() == ["notes.txt"]
        (aside,) = till.lying("done")
        assert aside.endswith("-monday.csv")
        assert await till.rows("select name, outcome, rows, rejected from file_taken") == [("monday.csv", "done", 2, 0)]


async def test_the_same_file_again_changes_nothing(pool, tmp_path):
    async with joined(pool, tmp_path) as till:
        for name in ("monday.csv", "monday.csv", "again.csv"):
            till.put(name, ORDERS.format(number=1))
            await till.visit()
        assert await till.rows("select count(*) from checks") == [(1,)]
        assert await till.rows("select name, rows from file_taken order by 1") == [("again.csv", 2), ("monday.csv", 2)]


async def test_a_file_that_is_still_being_written_is_waited_for(pool, tmp_path, monkeypatch):
    monkeypatch.setattr(scheduled, "_SETTLE", 0.2)
    async with joined(pool, tmp_path) as till:
        whole = ORDERS.format(number=1)
        till.put("monday.csv", whole[:-30])
        assert await till.visit() == 0.2
        till.put("monday.csv", whole, age=90)
        await asyncio.sleep(0.25)
        await till.visit()
        assert till.lying() == ["monday.csv"], "it changed since it was first seen"
        await asyncio.sleep(0.25)
        await till.visit()
        assert till.lying() == []
        assert await till.rows("select total from checks") == [(39500,)]


async def test_rows_that_are_wrong_are_told_beside_the_file(pool, tmp_path):
    async with joined(pool, tmp_path) as till:
        till.put("monday.csv", ORDERS.format(number=1) + "2,2026-03-06,20:00,Fish,1,=1+1\n")
        await till.visit()
        errors, aside = sorted(till.lying("done"), reverse=True)[0], sorted(till.lying("done"))[0]
        assert errors == f"{aside}.errors.csv"
        (told,) = csv.DictReader((till.folder / "done" / errors).read_text().splitlines())
        assert (told["line"], told["column"], told["value"]) == ("4", "Price", "'=1+1")
        assert told["reason"]
        assert await till.rows("select count(*) from checks") == [(1,)]


async def test_a_file_that_cannot_be_read_fails_and_is_told_and_the_next_is_taken(pool, tmp_path):
    async with joined(pool, tmp_path) as till:
        till.put("broken.csv", "Item\nRibeye\n", age=200)
        till.put("monday.csv", ORDERS.format(number=1))
        with pytest.raises(NeedsPerson, match=r"broken\.csv could not be taken in"):
            await till.visit()
        assert [name.partition("-broken")[2] for name in till.lying("failed")] == [".csv", ".csv.errors.csv"]
        (told,) = csv.DictReader((till.folder / "failed" / till.lying("failed")[1]).read_text().splitlines())
        assert "broken.csv har ingen kolonne for" in told["reason"], "the restaurant is in Denmark"
        assert await till.rows("select outcome from file_taken order by 1") == [("done",), ("failed",)]


async def test_how_the_first_file_was_read_is_kept_for_the_others(pool, tmp_path):
    async with joined(pool, tmp_path) as till:
        till.put("1.csv", "Check;Date;Time;Item;Qty;Price\n1;27/02/2026;19:30;Ribeye;1;1.245,50\n")
        await till.visit()
        # Alone, neither its date nor its number would say how it is meant.
        till.put("2.csv", "Check;Date;Time;Item;Qty;Price\n2;03/02/2026;19:30;Ribeye;1;1,245\n")
        await till.visit()
        assert await till.rows("select total, business_date::text from checks order by id") == [
            (124550, "2026-02-27"), (125, "2026-02-03"),
        ]  # fmt: skip
        assert "date_order" in till.connection.settings["map"]


async def test_a_kill_between_the_import_and_the_move_takes_nothing_twice(pool, tmp_path, monkeypatch):
    from servery.connectors.folder import place

    async with joined(pool, tmp_path) as till:
        till.put("monday.csv", ORDERS.format(number=1))

        async def killed(*_: object) -> None:
            raise Retry("killed")

        with monkeypatch.context() as patched:
            patched.setattr(place._Here, "move", killed)
            with pytest.raises(Retry):
                await till.visit()
        assert till.lying() == ["monday.csv"]
        await till.visit()
        assert till.lying() == []
        assert await till.rows("select count(*), min(total) from checks") == [(1, 39500)]


async def test_what_is_wrong_in_a_file_is_told_though_its_list_could_not_be_put_there_at_first(
    pool, tmp_path, monkeypatch
):
    from servery.connectors.folder import place

    async with joined(pool, tmp_path) as till:
        till.put("monday.csv", ORDERS.format(number=1) + "2,2026-03-06,20:00,Fish,1,=1+1\n")

        async def away(*_: object) -> None:
            raise Retry("away")

        with monkeypatch.context() as patched:
            patched.setattr(place._Here, "put", away)
            with pytest.raises(Retry):
                await till.visit()
        await till.visit()
        assert till.lying() == []
        assert any(name.endswith(".errors.csv") for name in till.lying("done"))
        assert await till.rows("select count(*) from checks") == [(1,)]


async def test_lists_are_put_there_for_the_day_that_ended(pool, tmp_path, monkeypatch):
    async with joined(pool, tmp_path, out="guests visits checks") as till:
        till.put("monday.csv", ORDERS.format(number=1))
        day = datetime(2026, 3, 6).date()  # noqa: DTZ001 - a day of the restaurant's calendar
        monkeypatch.setattr(scheduled, "last_due", lambda venue, nightly, now: (now, day))
        await till.visit()
        named = [f"{name}-2026-03-06.csv" for name in ("checks", "guests", "visits")]
        assert till.lying("out") == sorted([*named, "servery.txt"])
        (check,) = csv.DictReader((till.folder / "out/checks-2026-03-06.csv").read_text().splitlines())
        assert (check["total"], check["currency"], check["business_date"]) == ("395.00", "DKK", "2026-03-06")
        (visit,) = csv.DictReader((till.folder / "out/visits-2026-03-06.csv").read_text().splitlines())
        assert visit["spend"] == "395.00"


async def test_contact_details_go_out_only_with_consent_and_no_formula_runs(pool, tmp_path):
    people = (
        "Name,Email,Phone,Marketing\n=cmd(),yes@example.org,20304050,yes\nBo No,no@example.org,20304051,no\n"
        "Eva Unasked,eva@example.org,20304052,\n"
        "Finn Relay,x7@guest.booking.com,20304053,yes\nGry Dead,gry@voila.fr,20304054,yes\n"
    )
    async with joined(pool, tmp_path, kind="guests") as till:
        till.put("people.csv", people)
        await till.visit()
        out = tmp_path / "guests.csv"
        async with pool.connection() as db:
            await lists.write(db, "guests", out, 1, datetime.now(UTC).date())
        told = {row["name"]: row for row in csv.DictReader(out.read_text().splitlines())}
    assert set(told) == {"'=cmd()", "Bo No", "Eva Unasked", "Finn Relay", "Gry Dead"}
    assert told["'=cmd()"]["email"] == "yes@example.org"
    assert all(not told[name]["email"] and not told[name]["phone"] for name in ("Bo No", "Eva Unasked"))
    # An address that reaches nobody, or not the guest, is none to write to.
    assert all(not told[name]["email"] and told[name]["phone"] for name in ("Finn Relay", "Gry Dead"))


def test_lists_are_due_when_the_business_day_has_ended():
    venue = Place(1, Venue(name="x", time_zone="Europe/Copenhagen", currency="DKK"))
    night = scheduled.last_due(venue, True, datetime(2026, 3, 7, 2, 30, tzinfo=UTC))
    assert night == (datetime(2026, 3, 6, 3, tzinfo=UTC), datetime(2026, 3, 5).date())  # noqa: DTZ001
    after = scheduled.last_due(venue, True, datetime(2026, 3, 7, 3, 0, tzinfo=UTC))
    assert after == (datetime(2026, 3, 7, 3, tzinfo=UTC), datetime(2026, 3, 6).date())  # noqa: DTZ001
    hour = scheduled.last_due(venue, False, datetime(2026, 3, 7, 2, 30, tzinfo=UTC))
    assert hour == (datetime(2026, 3, 7, 2, tzinfo=UTC), datetime(2026, 3, 6).date())  # noqa: DTZ001


async def checked(settings: Mapping[str, str]) -> Any:
    async with httpx.AsyncClient() as http:
        return await connector("folder").check(Session({**ENTERED, **settings}, http))


async def test_files_over_sftp_with_the_servers_key_kept(pool, tmp_path):
    key, other = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    (tmp_path / "files").mkdir()
    async with server(tmp_path / "files", key) as port:
        url = f"sftp://till@127.0.0.1:{port}/"
        async with joined(pool, tmp_path, folder=url, password="s3cret", out="checks") as till:
            till.put("monday.csv", ORDERS.format(number=1))
            await till.visit()
            assert await till.rows("select total from checks") == [(39500,)]
            assert till.lying() == []
            assert [name.partition("-monday")[2] for name in till.lying("done")] == [".csv"]
            assert any(name.startswith("checks-") for name in till.lying("out"))
            assert not any(name.endswith(".part") for name in till.lying("out"))
            assert "s3cret" not in str(till.connection.settings)
    async with server(tmp_path / "files", other, port):
        with pytest.raises(NeedsPerson, match="another key") as told:
            await till.visit()
        assert told.value.field == "host_key"
    with pytest.raises(Retry):
        await till.visit()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"password": "wrong"}, "password"),
        ({"private_key": "nonsense"}, "private_key"),
        ({"host_key": "SHA256:other"}, "host_key"),
        ({"folder": "sftp://till@127.0.0.1:{port}/nowhere"}, "folder"),
        ({"kind": "songs"}, "kind"),
        ({"every": "1"}, "every"),
        ({"out": "songs"}, "out"),
        ({"out_every": "year"}, "out_every"),
        ({"folder": "ftp://x"}, "folder"),
        ({"folder": "sftp://till:s3cret@127.0.0.1/"}, "folder"),
        ({"time_zone": "Mars"}, "time_zone"),
    ],
    ids=str,
)
async def test_what_is_wrong_is_told_beside_its_setting(tmp_path, changed: dict[str, str], field: str):
    async with server(tmp_path, asyncssh.generate_private_key("ssh-ed25519")) as port:
        given = {"folder": "sftp://till@127.0.0.1:{port}/", "password": "s3cret"} | changed
        with pytest.raises(NeedsPerson) as told:
            await checked({name: value.replace("{port}", str(port)) for name, value in given.items()})
    assert told.value.field == field
    assert "s3cret" not in str(told.value)


async def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(NeedsPerson) as told:
        await checked({"folder": str(tmp_path / "nowhere")})
    assert told.value.field == "folder"


async def test_the_service_takes_what_lies_there_and_ends_when_told(pool, tmp_path, monkeypatch):
    class Settings:
        home = tmp_path / "home"

    monkeypatch.setattr(scheduled, "_LOOK", 0.05)
    async with joined(pool, tmp_path) as till:
        till.put("monday.csv", ORDERS.format(number=1))
        stop = asyncio.Event()
        service = asyncio.create_task(scheduled.run(pool, Settings(), stop))  # type: ignore[arg-type]
        await _until(lambda: till.lying("done") != [])
        stop.set()
        await asyncio.wait_for(service, 60)
        assert await till.rows("select error is null as well, last_ok_at is not null as seen from sync_state") == [
            (True, True)
        ]


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.05)
