"""A backup from before an erasure brings nobody back: the log beside the database erases again."""

from pathlib import Path

import pytest

from servery.app.erasing import erase_again, erase_guest
from servery.errors import NeedsPerson
from servery.model.viewer import SYSTEM
from servery.privacy.keyed import KEY_FILE, open_key
from servery.privacy.log import LOG_FILE
from servery.storage import backup as backups
from servery.storage.embedded import embedded_server
from servery.storage.migrate import migrate
from servery.storage.pool import open_pool
from tests.privacy.conftest import plant
from tests.privacy.planted import EMAIL, NAME, Planted
from tests.privacy.test_erase import dump, found_in

pytestmark = pytest.mark.anyio


async def test_restored_and_erased_again(database: str, home: Path, tmp_path: Path) -> None:
    old, file = tmp_path / "old", tmp_path / "night.age"
    secret = backups.make_key(old)
    open_key(old)
    async with open_pool(database) as pool:
        planted = await plant(pool, old)
        guest = await planted.known_guest()
        await planted.guest("Anna Berg", "anna@berg.example", "8", phone=None, notes=(), tags=())
        backups.backup(database, old, file)
        await erase_guest(pool, old, SYSTEM, guest)
    log = (old / LOG_FILE).read_bytes()
    assert NAME.encode() not in log and EMAIL.encode() not in log

    with embedded_server(home) as dsn:
        with backups.restoring(dsn, home, file, secret):
            migrate(dsn, restoring=True)
        assert found_in(dump(dsn))
        async with open_pool(dsn) as pool:
            assert await erase_again(pool, home, old / LOG_FILE) == 1
            assert found_in(dump(dsn)) == set() and b"anna@berg.example" in dump(dsn)
            restored = Planted(pool, home, planted.venue_id, planted.till, planted.book, lambda: 999)
            await restored.arrives(restored.book, *restored.booked())
            assert await restored.guest_of(restored.book, "b7") is None


async def test_a_log_of_another_key_is_told(planted: Planted, tmp_path: Path) -> None:
    guest = await planted.known_guest()
    await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    other = tmp_path / "other"
    open_key(other)
    with pytest.raises(NeedsPerson, match="another key"):
        await erase_again(planted.pool, other, planted.home / LOG_FILE)
    assert (other / KEY_FILE).read_bytes() != (planted.home / KEY_FILE).read_bytes()
