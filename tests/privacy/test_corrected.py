"""What staff corrected of somebody is looked for at their erasure, and keeps them out as their records do."""

import pytest

from servery.app.erasing import erase_guest
from servery.guests.join import refresh
from servery.guests.say import edit
from servery.model.changes import GuestSeen
from servery.model.guest import SourceGuest
from servery.model.viewer import SYSTEM, Viewer
from servery.privacy.person import everything_of, needles
from tests.privacy.planted import EMAIL, NAME, Planted

pytestmark = pytest.mark.anyio
HOST = Viewer("person", 1, "Vera", "host")
RIGHT = "right@quixwater.example"


async def corrected(planted: Planted) -> int:
    """The planted guest, of whom staff wrote another address and another name."""
    guest = await planted.known_guest()
    async with planted.pool.connection() as db:
        await edit(db, HOST, guest, {"email": RIGHT, "name": "Zebulon Married"})
        await refresh(db, [guest], "da_DK")
    return guest


async def test_what_staff_wrote_is_looked_for(planted: Planted) -> None:
    guest = await corrected(planted)
    async with planted.pool.connection() as db:
        assert {RIGHT.encode(), b"Zebulon Married", EMAIL.encode()} <= set(needles(await everything_of(db, guest)))


@pytest.mark.parametrize(("name", "email"), [(NAME, RIGHT), ("Zebulon Married", EMAIL), ("Zebulon Married", RIGHT)])
async def test_who_was_erased_stays_out_by_what_staff_wrote(planted: Planted, name: str, email: str) -> None:
    await erase_guest(planted.pool, planted.home, SYSTEM, await corrected(planted))
    told = SourceGuest(name=name, email=email)
    await planted.arrives(planted.till, GuestSeen("new", planted.numbers() + 1000, told))
    assert await planted.guest_of(planted.till, "new") is None
    await planted.arrives(
        planted.till, GuestSeen("other", planted.numbers() + 1000, SourceGuest(name="Bo Berg", email=email))
    )
    assert await planted.guest_of(planted.till, "other") is not None
