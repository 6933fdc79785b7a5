"""The one who is erased is the one who was looked at."""

import pytest

from servery.app import merging
from servery.app.erasing import erase_guest
from servery.errors import Invalid, NotFound
from servery.model.changes import GuestSeen
from servery.model.guest import SourceGuest
from servery.model.viewer import SYSTEM
from servery.privacy.before import before
from tests.privacy.planted import Planted

pytestmark = pytest.mark.anyio


async def two(planted: Planted) -> tuple[int, int]:
    people = {"a": SourceGuest(name="Ida Holm", email="ida@x.example"), "b": SourceGuest(name="Bo Berg")}
    await planted.arrives(planted.book, *(GuestSeen(number, 1, one) for number, one in people.items()))
    one, other = await planted.guest_of(planted.book, "a"), await planted.guest_of(planted.book, "b")
    assert one and other
    return one, other


async def test_a_guest_who_was_merged_meanwhile_takes_nobody_along(planted: Planted) -> None:
    one, other = await two(planted)
    async with planted.pool.connection() as db:
        seen = {guest: (await before(db, guest)).seen for guest in (one, other)}
    async with planted.pool.connection() as db:
        await merging.merged(db, SYSTEM, one, other)
    for guest, looked in ((other, None), (other, seen[other]), (one, seen[one])):
        with pytest.raises(Invalid) as wrong:
            await erase_guest(planted.pool, planted.home, SYSTEM, guest, seen=looked)
        assert wrong.value.code == "changed-meanwhile"
    assert await planted.guest_of(planted.book, "a") == one

    async with planted.pool.connection() as db:
        now = await before(db, other)
    assert (now.guest_id, now.absorbed, [each.external_id for each in now.records]) == (one, (other,), ["a", "b"])
    await erase_guest(planted.pool, planted.home, SYSTEM, one, seen=now.seen)
    async with planted.pool.connection() as db:
        for guest in (one, 999999):
            with pytest.raises(NotFound):
                await before(db, guest)
