"""Survivorship from end to end: what a choice would change, what it changes, in whatever order records came."""

from itertools import permutations

import pytest

from servery.app import surviving, tagging
from servery.errors import Invalid, Refuse
from servery.model.survivorship import Chosen
from servery.model.viewer import Viewer
from servery.profile.provenance import provenance
from servery.storage.pool import open_pool
from tests.guests.told import golden_of, guest_of, seen, tell, two_systems

pytestmark = pytest.mark.anyio
VERA = Viewer("person", 7, "Vera", "owner")
BOOK = seen("b1", "Ida Marie Holm", "ida@x.dk", revision=1_700_000_000_000_000, city="Aarhus")
TILL = seen("t1", "Ida Holm", "ida@x.dk", revision=1_800_000_000_000_000, city="Odense")


@pytest.fixture
async def pool(database):
    async with open_pool(database) as pool:
        yield pool


@pytest.fixture
async def systems(pool):
    async with pool.connection() as db:
        till, book = await two_systems(db)
        await tell(db, book, BOOK)
        await tell(db, till, TILL)
    return till, book


async def settle(pool):
    while await tagging.renew(pool):
        pass


async def test_the_effect_is_told_kept_seen_and_taken_back(pool, systems):
    till, book = systems
    wanted = {"name": Chosen("owner", till), "city": Chosen("owner", book), "email": Chosen("recent")}
    async with pool.connection() as db:
        told = {one.field: one for one in await surviving.effect(db, VERA, wanted)}
        assert set(told) == {"name", "city"}
        assert (told["name"].changed, told["name"].looked_at, told["name"].more) == (1, 1, False)
        [example] = told["city"].examples
        assert (example.name, example.before, example.after) == ("Ida Marie Holm", "Odense", "Aarhus")
        assert (await golden_of(db, "b1")).city.value == "Odense"
        assert await surviving.choose(db, VERA, wanted) == 2
    await settle(pool)
    async with pool.connection() as db:
        golden = await golden_of(db, "b1")
        assert (golden.name.value, golden.city.value) == ("Ida Holm", "Aarhus")
        facts = (await provenance(db, VERA, await guest_of(db, "b1"))).facts
        assert {one.kind: one.why for one in facts if one.kind in ("name", "city", "email")} == {
            "name": "owner", "city": "owner", "email": "recent",
        }  # fmt: skip
        assert [one.now for one in (await surviving.rules(db)).fields if one.field == "name"] == [Chosen("owner", till)]
        await surviving.undo(db, VERA)
    await settle(pool)
    async with pool.connection() as db:
        golden = await golden_of(db, "b1")
        assert (golden.name.value, golden.city.value) == ("Ida Marie Holm", "Odense")


async def test_what_cannot_be_is_refused(pool, systems):
    async with pool.connection() as db:
        for wrong in ({"email": Chosen("complete")}, {"shoes": Chosen("recent")}, {"name": Chosen("owner")},
                      {"name": Chosen("owner", 999)}, {"name": Chosen("recent", systems[0])}):  # fmt: skip
            with pytest.raises(Invalid):
                await surviving.choose(db, VERA, wrong)
        with pytest.raises(Refuse):
            await surviving.undo(db, VERA)


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_order_of_arrival_changes_nothing(pool, order):
    third = seen("b2", "IDA HOLM", "ida@x.dk", revision=1_750_000_000_000_000, city="Vejle")
    async with pool.connection() as db:
        till, book = await two_systems(db)
        await surviving.choose(db, VERA, {"city": Chosen("owner", book)})
        told = [(book, BOOK), (till, TILL), (book, third)]
        for place in order:
            await tell(db, *told[place])
        golden = await golden_of(db, "b1")
        assert (golden.name.value, golden.city.value, golden.email.value) == ("Ida Marie Holm", "Vejle", "ida@x.dk")
