"""Who fulfils a rule, asked of the database: fact by fact, for all guests and for some."""

from datetime import date

import pytest

from servery.guests.tagging.rule import Condition, Draft, question
from servery.model.guest import Birthday
from servery.profile.story import story
from tests.profile.house import ago, dish, viewer

pytestmark = pytest.mark.anyio
TODAY = date(2026, 6, 15)


@pytest.fixture
async def people(house):
    """Ida comes often, Bo came once and long ago, Uma never came when she should have."""
    ida = await house.guest("ida", name="Ida Holm", email="ida@x.dk", birthday=Birthday(6, 20, 1980))
    bo = await house.guest("bo", name="Bo Berg", phone="+4522334455")
    uma = await house.guest("uma", name="Uma Nord")
    for days in (3, 30, 60, 700):
        await house.booking(ago(days), "ida", channel="Google" if days == 3 else "phone", tables=(str(days),))
    for days, amount in ((3, 50_000), (30, 10_001)):
        await house.check(ago(days), [dish("Ribeye", amount)], None, table=str(days), refunded=1 if days == 30 else 0)
    await house.booking(ago(400), "bo", location="other", channel="phone")
    await house.booking(ago(20), "uma", status="no_show", channel="phone")
    await house.booking(ago(10), "uma", status="no_show")
    return {ida: "ida", bo: "bo", uma: "uma"}


async def fulfilling(house, people, *conditions, match="all"):
    """The names of those who fulfil them: the same for all guests as for some."""
    draft = Draft(tag="x", conditions=conditions, match=match)
    whole, some = question(draft, TODAY), question(draft, TODAY, some=True)
    cursor = await house.db.execute(whole.sql, whole.values)
    found = {row["id"] for row in await cursor.fetchall()}
    for ids in (list(people), list(people)[:1]):
        cursor = await house.db.execute(some.sql, some.values | {"ids": ids})
        assert {row["id"] for row in await cursor.fetchall()} == found & set(ids)
    return {people[one] for one in found}


def at_least(fact, value, **narrowed):
    return Condition(fact=fact, op="at_least", value=value, **narrowed)


def at_most(fact, value, **narrowed):
    return Condition(fact=fact, op="at_most", value=value, **narrowed)


async def test_each_fact_is_told_of_each_guest(house, people):
    main, other = house.venue_id, house.other_venue_id
    told = [
        (at_least("visits", 4), {"ida"}),
        (at_least("visits", 4, months=12), set()),
        (at_least("visits", 3, months=12), {"ida"}),
        (at_least("visits", 1, venue_id=other), {"bo"}),
        (at_most("visits", 0), {"uma"}),
        (at_most("visits", 0, venue_id=main), {"bo", "uma"}),
        (at_least("spend", 60_000, currency="DKK"), {"ida"}),
        (at_least("spend", 60_001, currency="DKK"), set()),
        (at_least("spend", 1, currency="EUR"), set()),
        (at_most("spend", 0, currency="DKK"), {"bo", "uma"}),
        (at_least("average", 30_000, currency="DKK"), {"ida"}),
        (at_least("average", 30_001, currency="DKK"), set()),
        (at_most("average", 10**6, currency="DKK"), {"ida"}),
        (at_least("last_visit", 90), {"bo"}),
        (at_most("last_visit", 3), {"ida"}),
        (at_least("no_shows", 2), {"uma"}),
        (at_least("no_shows", 1, months=1, venue_id=other), set()),
        (at_most("birthday", 5), {"ida"}),
        (at_most("birthday", 4), set()),
        (Condition(fact="channel", op="is", value="google"), {"ida"}),
        (Condition(fact="channel", op="is", value="phone", months=12), {"ida", "uma"}),
        (Condition(fact="field", op="has", value="email"), {"ida"}),
        (Condition(fact="field", op="lacks", value="email"), {"bo", "uma"}),
    ]
    found = [await fulfilling(house, people, condition) for condition, _ in told]
    assert found == [expected for _, expected in told]


async def test_conditions_hold_together_or_one_of_them(house, people):
    often, phone = at_least("visits", 4), Condition(fact="field", op="has", value="phone")
    assert await fulfilling(house, people, often, phone) == set()
    assert await fulfilling(house, people, often, phone, match="any") == {"ida", "bo"}


async def test_spend_and_average_are_those_of_the_guest_s_page(house, people):
    ida = next(one for one, name in people.items() if name == "ida")
    [spend] = (await story(house.db, viewer("owner"), ida)).spend
    for fact, value in (("spend", spend.total), ("average", spend.per_visit)):
        assert await fulfilling(house, people, at_least(fact, value, currency="DKK")) == {"ida"}
        assert await fulfilling(house, people, at_least(fact, value + 1, currency="DKK")) == set()


async def test_nobody_to_remember_gets_no_tag(house, people):
    await house.guest("marketplace", one_time=True)
    assert await fulfilling(house, people, at_most("visits", 0)) == {"uma"}
