"""Tags by rule from end to end: kept, given, taken, told to other systems, taken back."""

from datetime import UTC, datetime, timedelta

import pytest

from servery.api.guest_edits import NewEntry
from servery.app import merging, saying, tagging
from servery.errors import Forbidden, Invalid, NotFound, Refuse
from servery.guests.tagging import rows
from servery.guests.tagging.rule import Condition, Draft
from servery.model.viewer import Viewer
from servery.profile.provenance import provenance
from servery.sync import connections
from tests.guests.tagging.conftest import at_home, parts  # noqa: F401 (a fixture)

pytestmark = pytest.mark.anyio
VERA = Viewer("person", 7, "Vera", "owner")
REGULAR = Draft(tag="Regular", conditions=(Condition(fact="visits", op="at_least", value=2),))


@pytest.fixture
async def houses(pool, parts):  # noqa: F811
    """`with houses() as house`: a transaction in the house."""

    class Opened:
        async def __aenter__(self):
            self._open = pool.connection()
            return at_home(await self._open.__aenter__(), parts)

        async def __aexit__(self, *why):
            await self._open.__aexit__(*why)

    return Opened


async def settle(pool):
    """Do what the worker does, until nothing is left to do."""
    while await tagging.reckon(pool) + await tagging.renew(pool):
        pass


def ago(days):
    return (datetime.now(UTC) - timedelta(days=days)).replace(hour=18)


async def comes(houses, guest, *days):
    async with houses() as house:
        for each in days:
            await house.booking(ago(each), guest)


async def tags(pool, guest_id):
    async with pool.connection() as db:
        cursor = await db.execute("select golden -> 'tags' as tags from guest where id = %s", [guest_id])
        row = await cursor.fetchone()
    return [one["value"] for one in row["tags"] or ()]


async def ruled(pool, draft=REGULAR, rule_id=None):
    async with pool.connection() as db:
        return await tagging.keep(db, VERA, draft, rule_id)


async def test_a_guest_has_the_tag_as_long_as_the_rule_holds(pool, houses):
    async with houses() as house:
        ida = await house.guest("ida", name="Ida Holm", email="ida@x.dk", tags=("press",))
        bo = await house.guest("bo", name="Bo Berg")
    await comes(houses, "ida", 3, 9)
    rule_id = await ruled(pool)
    await settle(pool)
    assert await tags(pool, ida) == ["press", "Regular"]
    assert await tags(pool, bo) == []
    await comes(houses, "bo", 2, 5)
    await settle(pool)
    assert await tags(pool, bo) == ["Regular"]
    # Its author is the rule, since when it holds; staff's and systems' tags are apart.
    async with pool.connection() as db:
        told = await provenance(db, VERA, ida)
        [rule] = await rows.rules(db)
    assert [(one.tag, one.rule_id) for one in told.ruled] == [("Regular", rule_id)]
    assert [one.fact.value for one in told.facts if one.kind == "tags"] == ["press"]
    assert (rule.guests, rule.reckoned_at is not None) == (2, True)


async def test_another_wording_another_name_removal_and_undo(pool, houses):
    async with houses() as house:
        ida = await house.guest("ida", name="Ida Holm")
    await comes(houses, "ida", 3, 9)
    rule_id = await ruled(pool)
    await settle(pool)
    renamed = Draft(tag="Friend", conditions=REGULAR.conditions)
    await ruled(pool, renamed, rule_id)
    await settle(pool)
    assert await tags(pool, ida) == ["Friend"]
    stricter = Draft(tag="Friend", conditions=(Condition(fact="visits", op="at_least", value=3),))
    await ruled(pool, stricter, rule_id)
    await settle(pool)
    assert await tags(pool, ida) == []
    async with pool.connection() as db:
        await tagging.undo(db, VERA, rule_id)
    await settle(pool)
    assert await tags(pool, ida) == ["Friend"]
    async with pool.connection() as db:
        await tagging.remove(db, VERA, rule_id)
    await settle(pool)
    assert await tags(pool, ida) == []
    async with pool.connection() as db:
        assert await rows.rules(db) == []
        with pytest.raises(NotFound):
            await tagging.remove(db, VERA, rule_id)
        await tagging.undo(db, VERA, rule_id)
    await settle(pool)
    assert await tags(pool, ida) == ["Friend"]


async def test_two_rules_do_not_give_one_tag(pool):
    first = await ruled(pool)
    with pytest.raises(Invalid):
        await ruled(pool, Draft(tag="REGULAR", conditions=REGULAR.conditions))
    async with pool.connection() as db:
        await tagging.undo(db, VERA, first)
    await ruled(pool)
    with pytest.raises(Refuse):
        async with pool.connection() as db:
            await tagging.undo(db, VERA, first)


async def test_what_a_rule_would_do_is_told_before_it_is_kept(pool, houses):
    async with houses() as house:
        ida = await house.guest("ida", name="Ida Holm")
        bo = await house.guest("bo", name="Bo Berg")
    await comes(houses, "ida", 3, 9)
    async with pool.connection() as db:
        told = await tagging.effect(db, VERA, REGULAR)
        assert (told.guests, told.gained, told.lost) == (1, 1, 0)
        assert [(one.id, one.name) for one in told.some_gained] == [(ida, "Ida Holm")]
    rule_id = await ruled(pool)
    await settle(pool)
    never = Draft(tag="Regular", conditions=(Condition(fact="visits", op="at_most", value=1),))
    async with pool.connection() as db:
        told = await tagging.effect(db, VERA, never, rule_id)
        assert (told.guests, told.gained, told.lost) == (1, 1, 1)
        assert [each[0].id for each in (told.some_gained, told.some_lost)] == [bo, ida]
        cursor = await db.execute("select guest_id from guest_look where purpose = 'list' order by id")
        assert [row["guest_id"] for row in await cursor.fetchall()] == [ida, bo]
    assert await tags(pool, ida) == ["Regular"]


async def test_who_may_not_make_rules_is_refused(pool):
    async with pool.connection() as db:
        for role in ("host", "server", "marketer", "integrator"):
            with pytest.raises(Forbidden):
                await tagging.keep(db, Viewer("person", 8, "Ole", role), REGULAR)


async def test_merging_parting_and_a_word_of_staff(pool, houses):
    async with houses() as house:
        one = await house.guest("one", name="Ida Holm", email="ida@x.dk")
        two = await house.guest("two", name="Ida H. Holm", email="ida@y.dk")
    await comes(houses, "one", 3)
    await comes(houses, "two", 9)
    await ruled(pool)
    await settle(pool)
    assert await tags(pool, one) == []
    async with pool.connection() as db:
        step = await merging.merged(db, VERA, one, two)
    await settle(pool)
    assert await tags(pool, one) == ["Regular"]
    async with pool.connection() as db:
        await saying.entered(db, VERA, one, NewEntry(kind="tag", text="regular", present=False))
    assert await tags(pool, one) == []
    async with pool.connection() as db:
        await merging.taken_back(db, VERA, step.id)
    await settle(pool)
    async with pool.connection() as db:
        assert await (await db.execute("select * from rule_tag")).fetchall() == []


async def test_a_visit_that_becomes_another_s_is_one_less(pool, houses):
    async with houses() as house:
        ida = await house.guest("ida", name="Ida Holm")
        await house.guest("bo", name="Bo Berg")
    await comes(houses, "ida", 3, 9)
    await ruled(pool)
    await settle(pool)
    assert await tags(pool, ida) == ["Regular"]
    async with pool.connection() as db:
        await db.execute(
            "update visit set source_guest_id = (select id from source_guest where external_id = 'bo') "
            "where id = (select max(id) from visit)"
        )
    await settle(pool)
    assert await tags(pool, ida) == []


async def test_time_passes(pool, houses):
    async with houses() as house:
        ida = await house.guest("ida", name="Ida Holm")
    await comes(houses, "ida", 30)
    await ruled(pool, Draft(tag="Lately", conditions=(Condition(fact="last_visit", op="at_most", value=30),)))
    await settle(pool)
    assert await tags(pool, ida) == ["Lately"]
    # As it is a day later.
    async with pool.connection() as db:
        await db.execute("update visit set business_date = business_date - 1")
        await db.execute("update tag_rule set reckoned_for = reckoned_for - 1")
    await settle(pool)
    assert await tags(pool, ida) == []
    assert await tagging.reckon(pool) == 0


async def test_a_tag_by_rule_is_told_to_systems_that_take_tags(pool, houses):
    async with houses() as house:
        hook = await connections.add_connection(house.db, "hook", "webhook", {"url": "https://x.example"}, None)
        await connections.link_location(house.db, hook, "x", house.venue_id)
        ida = await house.guest("ida", name="Ida Holm")
        await house.arrives(hook)
    await comes(houses, "ida", 3, 9)
    async with pool.connection() as db:
        await db.execute(
            "insert into outbox_target (connection_id, kind, subject_id, our_id, version, state) "
            "values (%s, 'guest', %s, gen_random_uuid(), 1, 'rests') "
            "on conflict (connection_id, kind, subject_id) do update set state = 'rests'", [hook, ida]
        )  # fmt: skip
    await ruled(pool)
    await settle(pool)
    async with pool.connection() as db:
        cursor = await db.execute("select state from outbox_target where kind = 'guest' and subject_id = %s", [ida])
        assert [row["state"] for row in await cursor.fetchall()] == ["due"]


async def test_nothing_waits_where_there_is_no_rule(pool, houses):
    async with houses() as house:
        await house.guest("ida", name="Ida Holm")
    await comes(houses, "ida", 3, 9)
    async with pool.connection() as db:
        assert await rows.take(db, 10) == {}
