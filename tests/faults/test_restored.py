"""An installation restored from a backup, beside systems that went on: nobody gets another's record."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from msgspec import structs

from benchmarks.stand.dinner import Dinner, dinner, when
from servery.app import connect as joining
from servery.app.arrive import arrive
from servery.connectors.webhook.simulator import SECRET, Receiver
from servery.model.changes import Change, GuestSeen, ReservationSeen, revision_at
from servery.model.guest import SourceGuest
from servery.model.reservation import Reservation
from servery.storage import unfinished
from servery.storage.embedded import embedded_server
from servery.storage.pool import open_pool
from servery.sync import connections
from servery.sync.pace import Rhythm, keep_rhythm
from servery.testing.served import served


class Town:
    """A restaurant whose guests also stand in Square and in a system that drops what it was told already."""

    def __init__(self, tonight: Dinner, receiver: Receiver, folder: Path) -> None:
        self.tonight, self.receiver, self.folder = tonight, receiver, folder

    def books(self, number: str, name: str, phone: str) -> None:
        """A guest books for tonight, or says something else of themselves; it arrives as a webhook would bring it."""
        booked = Reservation(
            status="booked", starts_at=self.tonight.now + timedelta(hours=2), party_size=2,
            guest=SourceGuest(name=name, phone=phone), created_at=self.tonight.now,
        )  # fmt: skip
        self.tonight.book.reservations.put(number, booked, datetime.now(UTC))
        asyncio.run(self._arrives(number, booked))

    async def _arrives(self, number: str, booked: Reservation) -> None:
        book, revision, who = self.tonight.ids["resos"], revision_at(datetime.now(UTC)), f"booking:{number}"
        assert booked.guest is not None
        changes: list[Change] = [
            GuestSeen(who, revision, booked.guest),
            ReservationSeen(number, revision, "R1", structs.replace(booked, guest_id=who)),
        ]
        async with open_pool(self.tonight.dsn, largest=1) as pool, pool.connection() as db:
            await arrive(db, book, await connections.places(db, book), changes)

    def square(self) -> dict[str | None, str | None]:
        """Who stands in Square: phone by name."""
        people = self.tonight.customers()
        return {one.name: one.phone for one in people}

    def other(self) -> dict[str, str | None]:
        """Who stands in the other system: phone by name."""
        found = [one for one in self.receiver.states.values() if one["type"] == "guest"]
        return {one["name"]: one.get("phone") for one in found}

    def records(self) -> dict[str, str | None]:
        """Whose each record out there is, by its id."""
        till = {one.external_id: one.record.name for one in self.tonight.other.guests if not one.deleted}
        return till | {our_id: one["name"] for our_id, one in self.receiver.states.items() if one["type"] == "guest"}

    def stand(self, **expected: str) -> None:
        """Wait until both systems hold these guests and no others."""
        try:
            when(lambda: (self.square() == expected == self.other()) or None)
        except TimeoutError:
            assert (self.square(), self.other()) == (expected, expected)

    def servery(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command that goes well."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command."""
        line, env = command(*arguments), self.environ()
        return subprocess.run(line, env=env, capture_output=True, text=True, check=False, timeout=120)

    def environ(self) -> dict[str, str]:
        """Where the installation is: in a database that somebody else runs, or in its own folder alone."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("SERVERY_")}
        database = {} if self.tonight.dsn == "" else {"SERVERY_DATABASE_URL": self.tonight.dsn}
        return environ | database | {"SERVERY_HOME": str(self.tonight.home)}

    @contextmanager
    def working(self) -> Iterator[None]:
        """A worker as in production."""
        with subprocess.Popen(command("worker"), env=self.environ()) as process:
            try:
                yield
            finally:
                process.terminate()
                process.wait(30)

    def backed_up(self) -> Path:
        """A backup of now; its key lies beside it."""
        file, key = self.folder / "night.age", self.folder / "backup.key"
        if not key.exists():
            key.write_text(self.servery("backup-key").stdout)
        self.servery("backup", str(file))
        return file

    def restore(self, file: Path) -> tuple[str, ...]:
        """What restores a backup."""
        return ("restore", str(file), "--key", f"@{self.folder / 'backup.key'}")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "servery", *arguments]


@pytest.fixture
def town(database: str, tmp_path: Path) -> Iterator[Town]:
    before = tmp_path / "before"
    before.mkdir()
    receiver = Receiver()
    with dinner(database, before) as tonight, served(receiver) as url:
        asyncio.run(_join(tonight, url))
        yield Town(tonight, receiver, tmp_path)


async def _join(tonight: Dinner, url: str) -> None:
    settings = {
        "restaurant": "Nord", "time_zone": "Europe/Copenhagen", "currency": "DKK", "url": url,
        "sending_secret": SECRET, "inside": "127.0.0.1",
    }  # fmt: skip
    async with open_pool(tonight.dsn, largest=1) as pool, pool.connection() as db:
        made = await joining.connect(db, tonight.home, "webhook", settings, name="other", venue_name="Nord")
        await keep_rhythm(db, made.id, Rhythm())


@contextmanager
def moved(town: Town, home: Path, file: Path) -> Iterator[None]:
    """The installation as the backup has it, on an empty machine of its own; the old one is gone."""
    town.tonight.home, town.tonight.dsn = home, ""
    town.servery(*town.restore(file))
    with embedded_server(home) as dsn:
        town.tonight.dsn = dsn
        yield


def test_whoever_comes_after_a_restore_gets_nobodys_record_and_the_newest_state_is_taken(town: Town, home: Path):
    town.books("b1", "Ann Lund", "+4520304051")
    with town.working():
        town.stand(**{"Ann Lund": "+4520304051"})
    file = town.backed_up()
    # What the backup does not know: a new guest, and two states of an old one.
    town.books("b2", "Bo Holm", "+4520304052")
    town.books("b1", "Ann Lund", "+4520304061")
    with town.working():
        town.stand(**{"Ann Lund": "+4520304061", "Bo Holm": "+4520304052"})
        town.books("b1", "Ann Lund", "+4520304071")
        town.stand(**{"Ann Lund": "+4520304071", "Bo Holm": "+4520304052"})
    theirs = town.records()
    assert len(theirs) == 4
    with moved(town, home, file):
        town.books("b3", "Cleo Dahl", "+4520304053")
        town.books("b1", "Ann Lund", "+4520304081")
        with town.working():
            town.stand(**{"Ann Lund": "+4520304081", "Bo Holm": "+4520304052", "Cleo Dahl": "+4520304053"})
    assert {record: town.records()[record] for record in theirs} == theirs


def test_what_waited_is_not_sent_by_a_restored_installation(town: Town, home: Path):
    town.books("b1", "Ann Lund", "+4520304051")
    file = town.backed_up()
    # Sent since the backup, and then deleted out there: who sent it again would make it again.
    with town.working():
        town.stand(**{"Ann Lund": "+4520304051"})
    assert len(town.tonight.customers()) == 1
    town.receiver.states.clear()
    with moved(town, home, file):
        town.books("b2", "Bo Holm", "+4520304052")
        with town.working():
            when(lambda: ("Bo Holm" in town.other() and "Bo Holm" in town.square()) or None)
        assert "Ann Lund" not in town.other()
        assert waiting(town.tonight.dsn) == 0
    assert len(town.tonight.customers()) == 2


def waiting(dsn: str) -> int:
    """How much of what was there at the time of the backup is to be sent."""
    with psycopg.connect(dsn) as db:
        row = db.execute(
            "select count(*) from outbox_target where state in ('due', 'ambiguous') and id < 1000000"
        ).fetchone()
    assert row is not None
    return int(row[0])


_GATE = """
create function gate() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(4711);
    return new;
end $$;
create trigger gate before update on outbox_target for each row execute function gate();
"""


def test_a_restore_killed_before_what_waited_is_held_lets_nothing_begin_and_is_begun_again(town: Town, home: Path):
    town.books("b1", "Ann Lund", "+4520304051")
    with psycopg.connect(town.tonight.dsn) as db:
        db.execute(_GATE)
    file = town.backed_up()
    before = town.tonight.home
    with embedded_server(home) as dsn:
        town.tonight.home, town.tonight.dsn = home, dsn
        with psycopg.connect(dsn, autocommit=True) as db:
            db.execute("select pg_advisory_lock(4711)")
            # All data are there, and whoever is to hold them back stands before the gate.
            with subprocess.Popen(command(*town.restore(file)), env=town.environ()) as process:
                when(lambda: db.execute("select from pg_locks where locktype = 'advisory' and not granted").fetchone())
                process.kill()
        for service in ("worker", "web"):
            refused = town.run(service)
            assert refused.returncode == 3
            assert "restore" in refused.stderr
        assert (home / "secret.key").read_bytes() == (before / "secret.key").read_bytes()
        assert "held" in town.servery(*town.restore(file)).stderr
        assert waiting(dsn) == 0
        assert town.servery("outbox", "list", "--state", "held", "--json").stdout.count('"held"') > 0
        # What was brought to its end is an installation like any other.
        assert "data already" in town.run(*town.restore(file)).stderr


def test_a_restore_killed_at_any_point_leaves_nothing_that_may_be_sent(town: Town, home: Path):
    town.books("b1", "Ann Lund", "+4520304051")
    file = town.backed_up()
    chance = random.Random(7)
    with embedded_server(home) as dsn:
        town.tonight.home, town.tonight.dsn = home, dsn
        ended = False
        for _ in range(8):
            with subprocess.Popen(
                command(*town.restore(file)), env=town.environ(), stderr=subprocess.DEVNULL
            ) as process:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(chance.uniform(0.3, 4))
                process.kill()
            ended = ended or process.returncode == 0
            with psycopg.connect(dsn) as db:
                there = db.execute("select to_regclass('outbox_target') is not null").fetchone() == (True,)
                if there and not unfinished.is_marked(db):
                    ended = True
            if ended:
                break
        if not ended:
            town.servery(*town.restore(file))
        assert waiting(dsn) == 0
