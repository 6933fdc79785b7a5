"""Merging from end to end: what staff say, and what pages show and other systems are told of it."""

from datetime import UTC, datetime, timedelta

import pytest
from psycopg.types.json import Jsonb

from servery.api.guest_edits import NewEntry
from servery.app import merging, saying
from servery.app.arrive import arrive
from servery.app.comparing import RoomSamePerson
from servery.app.compose import compose
from servery.app.same_person import RoomSaying
from servery.app.sources import RoomSources
from servery.errors import Forbidden, Invalid, NotFound
from servery.guests import say
from servery.model.changes import CheckSeen, GuestSeen
from servery.model.guest import Birthday, SourceGuest
from servery.model.order import Check, Line
from servery.model.venue import Venue, business_date
from servery.model.viewer import RIGHTS, Viewer
from servery.profile.listing import guest_rows
from servery.storage.pool import open_pool
from servery.sync import connections
from servery.venues.rows import add_venue
from servery.web.suggestions.page import Answer
from tests.guests.told import guest_of, two_systems
from tests.visits.evening import at

pytestmark = pytest.mark.anyio
VERA = Viewer("person", 7, "Vera", "owner")


@pytest.fixture
async def pool(database):
    async with open_pool(database) as pool:
        async with pool.connection() as db:
            systems = await two_systems(db)
            await db.execute(
                "insert into person (id, name, email, email_key, role) overriding system value "
                "values (7, 'Vera', 'v@x.dk', 'v@x.dk', 'owner')"
            )
            hook = await connections.add_connection(db, "hook", "webhook", {"url": "https://x.example"}, None)
            places = await connections.places(db, systems[0])
            await connections.link_location(db, hook, "x", next(iter(places.values())).venue_id)
            born = Birthday(5, 17, 1980)
            people = {
                "1": SourceGuest(
                    name="Ida Englefield", email="ida.englefield@x.dk", birthday=born, allergies=("nuts",)
                ),
                "2": SourceGuest(name="Ida Englefield", email="ida.englefield@y.dk", city="Aarhus"),
            }
            await arrive(db, systems[0], places, [GuestSeen(one, 1, guest) for one, guest in people.items()])
            checks = [
                Check(currency="DKK", opened_at=at(0), closed_at=at(60), status="closed", guest_id=one,
                      lines=(Line(name="Ribeye", amount=100 * int(one)),))
                for one in people
            ]  # fmt: skip
            await arrive(
                db, systems[0], places, [CheckSeen(f"c{n}", 1, "nord", check) for n, check in enumerate(checks)]
            )
        yield pool


async def told_of(pool, external_id):
    async with pool.connection() as db:
        guest_id = await guest_of(db, external_id)
    return await RoomSources(pool).guest(VERA, guest_id)


async def sums(pool):
    async with pool.connection() as db:
        cursor = await db.execute("select id from guest where merged_into is null")
        rows = await guest_rows(db, VERA, [row["id"] for row in await cursor.fetchall()])
    return sum(one.visits for one in rows.values()), sum(each.amount for one in rows.values() for each in one.spend)


async def targets(pool, kind):
    async with pool.connection() as db:
        cursor = await db.execute(
            "select t.subject_id, c as connection from outbox_target t join connection c on c.id = t.connection_id "
            "where kind = %s order by 1", [kind]
        )  # fmt: skip
        hook = next(one for one in await connections.connections(db) if one.connector == "webhook")
        ids = [row["subject_id"] for row in await cursor.fetchall()]
        return await compose(db, hook, kind, ids)


async def test_a_suggestion_is_decided_on_the_page_and_taken_back(pool):
    who, before = RoomSamePerson(pool), await sums(pool)
    queue = await who.queue(VERA)
    [pair] = queue.pairs
    assert queue.total == 1
    assert {row.kind for row in pair.rows if row.differs} == {"email"}
    assert (pair.one.visits, pair.other.visits, pair.one.records) == (1, 1, ("till",))
    step, left = await who.decide(
        VERA, pair.one.id, pair.other.id, Answer(same=True, seen=pair.seen, chosen={"email": "ida.englefield@y.dk"})
    )
    assert left == pair.one.id
    whole = await told_of(pool, "2")
    assert whole.id == pair.one.id
    assert {each.kind: each.fact.value for each in whole.known("email", "city")} == {
        "email": "ida.englefield@y.dk", "city": "Aarhus",
    }  # fmt: skip
    [email] = whole.known("email")
    assert (email.fact.connection, email.fact.external_id) == ("Vera", "")
    assert whole.figures.visits == 2
    assert [(line.action, line.author, line.other_id) for line in whole.log] == [("merged", "Vera", pair.other.id)]
    assert (await who.queue(VERA)).total == 0
    assert await sums(pool) == before
    await who.undo(VERA, step)
    assert (await told_of(pool, "2")).id == pair.other.id
    assert [each.fact.value for each in (await told_of(pool, "1")).known("email")] == ["ida.englefield@x.dk"]
    assert (await who.queue(VERA)).total == 1
    assert await sums(pool) == before


async def test_not_the_same_person_leaves_the_queue_for_good(pool):
    who = RoomSamePerson(pool)
    [pair] = (await who.queue(VERA)).pairs
    await who.decide(VERA, pair.one.id, pair.other.id, Answer(same=False, seen=pair.seen))
    assert (await who.queue(VERA)).total == 0
    with pytest.raises(NotFound):
        await who.pair(VERA, pair.one.id, pair.one.id)


async def test_nothing_is_decided_of_what_was_otherwise_when_it_was_looked_at(pool):
    who = RoomSamePerson(pool)
    [pair] = (await who.queue(VERA)).pairs
    step, _ = await who.decide(VERA, pair.one.id, pair.other.id, Answer(same=False, seen=pair.seen))
    with pytest.raises(Invalid, match="changed meanwhile") as refused:
        await who.decide(VERA, pair.one.id, pair.other.id, Answer(same=True, seen=pair.seen))
    assert refused.value.code == "changed-meanwhile"
    assert (await told_of(pool, "2")).id == pair.other.id
    # Looked at again it is asked a second time.
    again = await who.pair(VERA, pair.one.id, pair.other.id)
    assert again.apart
    with pytest.raises(Invalid, match="are not the same person") as refused:
        await who.decide(VERA, pair.one.id, pair.other.id, Answer(same=True, seen=again.seen))
    assert refused.value.code == "said-apart"
    await who.decide(VERA, pair.one.id, pair.other.id, Answer(same=True, seen=again.seen, anyway=True))
    assert [(line.action, line.undone) for line in (await told_of(pool, "2")).log] == [
        ("merged", False),
        ("apart", True),
    ]
    assert step


async def test_a_pair_of_whom_one_absorbed_a_third_is_looked_at_again(pool):
    who = RoomSamePerson(pool)
    [pair] = (await who.queue(VERA)).pairs
    async with pool.connection() as db:
        [system] = {one.id for one in await connections.connections(db) if one.name == "till"}
        places = await connections.places(db, system)
        await arrive(db, system, places, [GuestSeen("3", 1, SourceGuest(name="Bo Berg", email="bo@x.dk"))])
        await merging.merged(db, VERA, pair.other.id, await guest_of(db, "3"))
    for same in (True, False):
        with pytest.raises(Invalid, match="changed meanwhile"):
            await who.decide(VERA, pair.one.id, pair.other.id, Answer(same=same, seen=pair.seen))


async def test_what_the_rules_would_keep_is_told_beside_what_differs(pool):
    [pair] = (await RoomSamePerson(pool).queue(VERA)).pairs
    [email] = [row for row in pair.rows if row.differs]
    assert email.kept in (email.one, email.other)
    await RoomSamePerson(pool).decide(VERA, pair.one.id, pair.other.id, Answer(same=True))
    assert [each.fact.value for each in (await told_of(pool, "1")).known("email")] == [email.kept]


async def test_a_field_that_cannot_be_chosen_is_named_as_it_was_sent(pool):
    async with pool.connection() as db:
        with pytest.raises(Invalid) as refused:
            await merging.merged(db, VERA, 1, 2, chosen={"email": "none"})
    assert refused.value.field == "fields/email"


async def test_nobody_chooses_what_neither_has_nor_without_the_right_to_edit(pool, monkeypatch):
    who = RoomSamePerson(pool)
    [pair] = (await who.queue(VERA)).pairs
    [email] = [row for row in pair.rows if row.differs]
    with pytest.raises(Invalid, match="Neither guest has this value") as refused:
        await who.decide(VERA, pair.one.id, pair.other.id, Answer(same=True, chosen={"email": "bo@x.dk"}))
    assert (refused.value.code, refused.value.field) == ("of-neither", "fields/email")
    with pytest.raises(Invalid):
        await who.decide(VERA, pair.one.id, pair.other.id, Answer(same=True, chosen={"birthday": "1990-01-02"}))
    with monkeypatch.context() as patch:
        patch.setitem(RIGHTS, "owner", RIGHTS["owner"] - {"edit_guests"})
        with pytest.raises(Forbidden, match="does not choose"):
            await who.decide(VERA, pair.one.id, pair.other.id, Answer(same=True, chosen={"email": email.other}))
        assert (await told_of(pool, "2")).id == pair.other.id
    chosen = {"email": email.other, "birthday": "1980-05-17"}
    await who.decide(VERA, pair.one.id, pair.other.id, Answer(same=True, chosen=chosen))
    assert [each.fact.value for each in (await told_of(pool, "1")).known("email")] == [email.other]


async def test_no_record_is_told_to_be_certainly_theirs(pool):
    link = {"by": "likeness", "probability": 0.9999999, "author": "rules"}
    async with pool.connection() as db:
        await db.execute("update source_guest set link = %s where external_id = '1'", [Jsonb(link)])
    [told] = [one for one in (await told_of(pool, "1")).records if one.external_id == "1"]
    assert (told.by, told.probability) == ("likeness", 0.99)


async def test_other_systems_are_told_of_each_step_once(pool):
    async with pool.connection() as db:
        one, two = await guest_of(db, "1"), await guest_of(db, "2")
        step = await merging.merged(db, VERA, one, two)
    async with pool.connection() as db:
        back = await merging.taken_back(db, VERA, step.id)
    told = await targets(pool, "merge")
    assert set(told) == {step.id, back.id}
    commands = [told[each.id][0] for each in (step, back)]
    assert [(each.guest_id, each.other_id, each.merged, each.by) for each in commands] == [
        (one, two, True, "staff"), (one, two, False, "staff"),
    ]  # fmt: skip


async def test_what_staff_write_is_on_the_guest_s_page_with_author_and_time(pool):
    words = RoomSaying(pool)
    async with pool.connection() as db:
        one = await guest_of(db, "1")
    edit = await words.edit(VERA, one, {"name": "Ida E. Englefield", "pronunciation": "EE-da"})
    entry = await words.enter(VERA, one, "allergy", "shellfish", None)
    shown = await told_of(pool, "1")
    assert (shown.name, shown.pronunciation) == ("Ida E. Englefield", "EE-da")
    assert {each.fact.value for each in shown.known("allergy")} == {"nuts", "shellfish"}
    assert [(each.kind, each.text, each.author) for each in shown.entries] == [("allergy", "shellfish", "Vera")]
    await words.strike(VERA, entry, False)
    await words.take_back_edit(VERA, edit)
    shown = await told_of(pool, "1")
    assert (shown.name, shown.pronunciation, shown.entries) == ("Ida Englefield", None, [])
    with pytest.raises(Invalid):
        await words.edit(VERA, one, {"birthday": "tomorrow"})


async def test_a_birthday_that_staff_write_is_on_the_guest_s_page_as_the_form_takes_it_again(pool):
    words = RoomSaying(pool)
    async with pool.connection() as db:
        one = await guest_of(db, "1")
    for written in ("1981-05-17", "--05-18"):
        await words.edit(VERA, one, {"birthday": written})
        [known] = (await told_of(pool, "1")).known("birthday")
        assert (known.fact.value, known.fact.connection, known.why) == (written, "Vera", "staff")


async def test_an_allergy_written_while_two_were_one_says_so_on_both_pages(pool):
    words = RoomSaying(pool)
    async with pool.connection() as db:
        one, two = await guest_of(db, "1"), await guest_of(db, "2")
        await merging.merged(db, VERA, one, two)
    await words.enter(VERA, one, "allergy", "shellfish", None)
    async with pool.connection() as db:
        await merging.unmerged(db, VERA, two)
    for which in "12":
        shown = await told_of(pool, which)
        assert [(each.text, each.of_both) for each in shown.entries] == [("shellfish", True)]
        assert "shellfish" in [each.fact.value for each in shown.known("allergy")]


async def test_a_note_for_an_evening_is_gone_when_it_is_over(pool):
    async with pool.connection() as db:
        one = await guest_of(db, "1")
        past = at(0).date().replace(year=2020)
        await say.enter(db, VERA, one, "tonight", "Cake at nine", business_date=past)
    assert (await told_of(pool, "1")).entries == []


async def test_a_note_is_for_an_evening_that_is_not_over_everywhere(pool):
    zone, cutoff = "Pacific/Pago_Pago", 240
    async with pool.connection() as db:
        await add_venue(db, Venue(name="West", time_zone=zone, currency="USD", cutoff=cutoff))
        one, today = await guest_of(db, "1"), business_date(datetime.now(UTC), zone, cutoff)

    async def note(day):
        async with pool.connection() as db:
            await saying.entered(db, VERA, one, NewEntry(kind="tonight", text="Cake", business_date=day))

    with pytest.raises(Invalid) as refused:
        await note(today - timedelta(days=1))
    assert refused.value.field == "business_date"
    for coming in (1, 400):
        await note(today + timedelta(days=coming))
