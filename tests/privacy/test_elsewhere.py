"""An erasure reaches whoever was told of the guest: by a message to other systems, and in the files that we put out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from servery.accounts.vault import open_vault
from servery.app import elsewhere, leaving, scheduled
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
from tests.privacy.planted import EMAIL, NAME, PHONE, Planted

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


def put(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


async def test_our_lists_are_written_anew_and_other_files_named(planted: Planted, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    number = await joined(planted, "folder", folder=str(folder), kind="none", out="guests visits", out_every="hour")
    guest = await planted.known_guest()
    await planted.guest("Anna Berg", "anna@berg.example", "8", phone=None, notes=(), tags=())
    async with planted.pool.connection() as db:
        one = await connections.connection(db, number)
    await scheduled.visit(planted.pool, planted.home, one, scheduled.Look())
    listed = folder / "out" / "guests.csv"
    assert EMAIL in listed.read_text("utf-8-sig") and (folder / "out" / "visits.csv").exists()
    wrong = put(folder / "done", "a.csv.errors.csv", f'line,column,value,reason\n3,Phone,"{PHONE}",no\n4,Date,x,no\n')
    theirs = put(folder / "done", "20260601-guests.csv", f"Name;Mail\n{NAME};{EMAIL}\n")
    put(folder / "failed", "20260602-guests.csv", "Name;Mail\nAnna Berg;anna@berg.example\n")

    erased = await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    async with working(planted):
        async with asyncio.timeout(60):
            while (await states(planted, erased.id))["Other folder"][0] == "due":
                await asyncio.sleep(0.05)
    left = listed.read_text("utf-8-sig")
    assert EMAIL not in left and NAME not in left and "anna@berg.example" in left
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
