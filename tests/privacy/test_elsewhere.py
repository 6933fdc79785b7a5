"""An erasure reaches whoever was told of the guest: by a message to other systems, and in the files that we put out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from servery.accounts.vault import open_vault
from servery.app import elsewhere, leaving, lists, scheduled
from servery.app.connect import connect
from servery.app.elsewhere import tell_one
from servery.app.erasing import erase_guest
from servery.connectors.webhook.simulator import SECRET, Receiver
from servery.model.viewer import SYSTEM
from servery.outbox.mark import mark
from servery.privacy import receipts
from servery.settings import read_settings
from servery.sync import connections
from servery.sync.pace import Rhythm, keep_rhythm
from servery.testing.served import served
from tests.app.sftp import PASSWORD, USER, server
from tests.privacy.planted import EMAIL, NAME, PHONE, SPELT, Planted

pytestmark = pytest.mark.anyio
RESTAURANT = {"restaurant": "Havnen", "time_zone": "Europe/Copenhagen", "currency": "DKK"}


async def joined(planted: Planted, connector: str, **given: str) -> int:
    open_vault(planted.home, in_use=False)
    async with planted.pool.connection() as db:
        made = await connect(
            db, planted.home, connector, RESTAURANT | given, name=f"Other {connector}", venue_name="Havnen"
        )
        await keep_rhythm(db, made.id, Rhythm())
        # Nobody answers for the till and the book that were planted.
        await db.execute("update connection set paused = true where account is null")
    return made.id


async def until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not seen():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def working(planted: Planted) -> AsyncIterator[None]:
    """What leaves, and what is to be erased elsewhere, as a worker does it."""
    settings, stop = read_settings({"SERVERY_HOME": str(planted.home)}), asyncio.Event()
    services = [asyncio.create_task(one.run(planted.pool, settings, stop)) for one in (leaving, elsewhere)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait(services, timeout=30)


async def states(planted: Planted, erasure_id: int) -> dict[str, tuple[str, str | None]]:
    async with planted.pool.connection() as db:
        [one] = await receipts.erasures(db, erasure_id=erasure_id)
    return {each.connection: (each.state, each.outcome) for each in one.receipts}


async def test_whoever_was_told_of_the_guest_is_told_to_forget_them(planted: Planted) -> None:
    receiver = Receiver()
    with served(receiver) as url:
        number = await joined(planted, "webhook", url=f"{url}/in", sending_secret=SECRET, inside="127.0.0.1")
        guest = await planted.known_guest()
        async with planted.pool.connection() as db:
            await mark(db, number, "guest", [guest])
        async with working(planted):
            await until(lambda: any(one.get("name") == NAME for one in receiver.states.values()))
            erased = await erase_guest(planted.pool, planted.home, SYSTEM, guest)
            await until(lambda: any("guest_ids" in one for one in receiver.states.values()))
            [told] = [one for one in receiver.states.values() if "guest_ids" in one]
            assert told["guest_ids"] == [guest] and told["erasure_id"] == erased.id and NAME not in str(told)
            async with asyncio.timeout(60):
                while (await states(planted, erased.id))["Other webhook"] != ("done", "told"):
                    await asyncio.sleep(0.05)


async def test_whoever_was_never_told_is_not_told_now(planted: Planted) -> None:
    receiver = Receiver()
    with served(receiver) as url:
        await joined(planted, "webhook", url=f"{url}/in", sending_secret=SECRET, inside="127.0.0.1")
        guest = await planted.known_guest()
        async with planted.pool.connection() as db:
            await db.execute("delete from outbox_target")
        erased = await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    assert "Other webhook" not in await states(planted, erased.id)


def spelt(file: Path) -> set[bytes]:
    """What a file holds of the planted guest."""
    told = file.read_bytes().lower()
    return {each for each in SPELT if each in told}


def put(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def over_sftp(port: int) -> dict[str, str]:
    """What to enter for a server of ours."""
    return {"folder": f"sftp://{USER}@127.0.0.1:{port}/", "password": PASSWORD}


@asynccontextmanager
async def lying(folder: Path, where: str) -> AsyncIterator[dict[str, str]]:
    """What to enter for a folder, of this machine or as an SFTP server's."""
    folder.mkdir()
    if where == "here":
        yield {"folder": str(folder)}
        return
    async with server(folder, asyncssh.generate_private_key("ssh-ed25519")) as port:
        yield over_sftp(port)


@pytest.mark.parametrize("where", ["here", "over SFTP"])
async def test_our_lists_are_written_anew_and_other_files_named(planted: Planted, tmp_path: Path, where: str) -> None:
    async with lying(tmp_path / "files", where) as entered:
        await our_lists_are_written_anew(planted, tmp_path / "files", entered)


async def our_lists_are_written_anew(planted: Planted, folder: Path, entered: dict[str, str]) -> None:
    number = await joined(planted, "folder", kind="none", out="guests visits", out_every="hour", **entered)
    guest = await planted.known_guest()
    await planted.guest("Anna Berg", "anna@berg.example", "8", phone=None, notes=(), tags=())
    async with planted.pool.connection() as db:
        one = await connections.connection(db, number)
    await scheduled.visit(planted.pool, planted.home, one, scheduled.Look())
    listed = folder / "out" / "guests.csv"
    assert spelt(listed) == set(SPELT[:3]) and (folder / "out" / "visits.csv").exists()
    wrong = put(folder / "done", "a.csv.errors.csv", f'line,column,value,reason\n3,Phone,"{PHONE}",no\n4,Date,x,no\n')
    broken_off = put(folder / "out", ".guests-2026-05-31.csv.part", f"id,name,email\n1,{NAME},{EMAIL}\n")
    theirs = put(folder / "done", "20260601-guests.csv", f"Name;Mail\n{NAME};{EMAIL}\n")
    put(folder / "failed", "20260602-guests.csv", "Name;Mail\nAnna Berg;anna@berg.example\n")

    erased = await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    async with working(planted):
        async with asyncio.timeout(60):
            while (await states(planted, erased.id))["Other folder"][0] == "due":
                await asyncio.sleep(0.05)
    assert spelt(listed) == set() and "anna@berg.example" in listed.read_text("utf-8-sig")
    assert not broken_off.exists()
    assert PHONE not in wrong.read_text() and "4,Date,x,no" in wrong.read_text()
    assert EMAIL in theirs.read_text(), "a file of the other system is not ours to change"
    async with planted.pool.connection() as db:
        [whole] = await receipts.erasures(db, erasure_id=erased.id)
    [receipt] = [each for each in whole.receipts if each.way == "files"]
    assert receipt.state == "by_hand" and receipt.error
    assert receipt.error["params"]["names"] == "done/20260601-guests.csv"


async def test_a_folder_that_holds_nothing_of_the_guest_is_done(planted: Planted, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    await joined(planted, "folder", folder=str(folder), kind="none")
    erased = await erase_guest(planted.pool, planted.home, SYSTEM, await planted.known_guest())
    while await tell_one(planted.pool, planted.home):
        pass
    assert (await states(planted, erased.id))["Other folder"] == ("done", "gone")


async def asked_now(planted: Planted) -> None:
    """Have everything done that is due, and what is to be tried again."""
    async with planted.pool.connection() as db:
        await db.execute("update erasure_receipt set next_try_at = now()")
    while await tell_one(planted.pool, planted.home):
        pass


async def receipt_of_files(planted: Planted, erasure_id: int) -> receipts.Receipt:
    async with planted.pool.connection() as db:
        [whole] = await receipts.erasures(db, erasure_id=erasure_id)
    [one] = [each for each in whole.receipts if each.way == "files"]
    return one


async def erased_while_away(planted: Planted, folder: Path, key: asyncssh.SSHKey) -> tuple[int, int]:
    """Erase a guest of whom a list on an SFTP server tells that is away since; the erasure, and the server's port."""
    folder.mkdir()
    async with server(folder, key) as port:
        entered = over_sftp(port)
        number = await joined(planted, "folder", kind="none", out="guests", out_every="hour", **entered)
        guest = await planted.known_guest()
        async with planted.pool.connection() as db:
            one = await connections.connection(db, number)
        await scheduled.visit(planted.pool, planted.home, one, scheduled.Look())
    assert spelt(folder / "out" / "guests.csv") == set(SPELT[:3])
    erased = await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    await asked_now(planted)
    return erased.id, port


async def test_a_server_that_is_away_is_asked_until_it_is_back(planted: Planted, tmp_path: Path) -> None:
    key, folder = asyncssh.generate_private_key("ssh-ed25519"), tmp_path / "files"
    erasure, port = await erased_while_away(planted, folder, key)
    waits = await receipt_of_files(planted, erasure)
    assert (waits.state, waits.attempts) == ("due", 1)
    assert waits.error and waits.error["template"] == "{host} cannot be reached ({why})."
    assert spelt(folder / "out" / "guests.csv") == set(SPELT[:3])
    async with server(folder, key, port):
        await asked_now(planted)
    done = await receipt_of_files(planted, erasure)
    assert (done.state, done.outcome, done.error) == ("done", "removed", None)
    assert spelt(folder / "out" / "guests.csv") == set()


async def test_a_server_that_stays_away_is_given_to_a_person(planted: Planted, tmp_path: Path) -> None:
    erasure, _ = await erased_while_away(planted, tmp_path / "files", asyncssh.generate_private_key("ssh-ed25519"))
    for _ in range(receipts.TRIES - 1):
        assert (await receipt_of_files(planted, erasure)).state == "due"
        await asked_now(planted)
    asked = await receipt_of_files(planted, erasure)
    assert asked.state == "by_hand" and asked.error


async def test_a_list_that_is_being_put_meanwhile_is_waited_for(
    planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    number = await joined(planted, "folder", folder=str(folder), kind="none", out="guests", out_every="hour")
    guest = await planted.known_guest()
    async with planted.pool.connection() as db:
        one = await connections.connection(db, number)
    written, go_on, write = asyncio.Event(), asyncio.Event(), lists.write

    async def slowly(*given: Any) -> None:
        await write(*given)
        written.set()
        await go_on.wait()

    monkeypatch.setattr(lists, "write", slowly)
    putting = asyncio.create_task(scheduled.visit(planted.pool, planted.home, one, scheduled.Look()))
    await asyncio.wait_for(written.wait(), 60)
    erased = await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    await asked_now(planted)
    go_on.set()
    await putting
    assert spelt(folder / "out" / "guests.csv") == set(SPELT[:3]), "it was read before the guest was erased"
    await asked_now(planted)
    assert (await receipt_of_files(planted, erased.id)).outcome == "removed"
    assert spelt(folder / "out" / "guests.csv") == set()
