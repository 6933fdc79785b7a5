"""Whatever is done to guests, in any sequence: what must be so after every deed, and what an undo gives back."""

import asyncio

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from servery.errors import Invalid, NotFound
from servery.guests import log
from servery.guests.join import refresh
from servery.guests.log import standing
from servery.guests.matching import runs
from servery.guests.merge import merge, part, say_apart, undo, unmerge
from servery.guests.say import edit, enter
from servery.model.changes import CheckSeen, Removed
from servery.model.order import Check, Line
from servery.model.viewer import SYSTEM, Viewer
from servery.profile.listing import guest_rows
from servery.storage.pool import open_pool
from tests.guests.told import living_ids, seen, tell, told_of_all, two_systems
from tests.visits.evening import at

HOST = Viewer("person", 7, "Vera", "host")

numbers = st.integers(0, 4)
imports = st.tuples(
    st.just("import"), numbers, st.sampled_from(["Ida Holm", "Bo Berg"]), st.sampled_from(["a@x.dk", "b@x.dk", None])
)
deeds = st.lists(
    st.one_of(
        imports,
        st.tuples(st.sampled_from(["merge", "merge", "apart", "source", "run"]), numbers, numbers),
        st.tuples(st.sampled_from(["unmerge", "part", "erase", "undo", "undo", "unrun", "edit", "entry"]), numbers),
    ),
    min_size=4,
    max_size=14,
)


async def do(db, systems, deed, revision):
    """One deed; what cannot be done now is refused, and that is right too."""
    what, number, *rest = deed
    if what == "import":
        name, email = rest
        check = Check(
            currency="DKK", opened_at=at(0), closed_at=at(60), status="closed", guest_id=f"g{number}",
            lines=(Line(name="Ribeye", amount=100 + number),),
        )  # fmt: skip
        changes = [seen(f"g{number}", name, email, revision=revision), CheckSeen(f"c{number}", 1, "nord", check)]
        await tell(db, systems[number % 2], *changes)
    elif what == "source":
        # Only records of one system are merged there.
        one, other = f"g{number}", f"g{rest[0] // 2 * 2 + number % 2}"
        await tell(db, systems[number % 2], *([Removed(one, revision, "guest", other)] if one != other else []))
    elif what == "erase":
        await db.execute(
            "update visit set source_guest_id = null where source_guest_id in "
            "(select id from source_guest where external_id = %(one)s)", {"one": f"g{number}"},
        )  # fmt: skip
        for table in ("checks", "reservation"):
            await db.execute(
                f"update {table} set source_guest_id = null where source_guest_id in "
                "(select id from source_guest where external_id = %(one)s)", {"one": f"g{number}"},
            )  # fmt: skip
        cursor = await db.execute("delete from source_guest where external_id = %s returning guest_id", [f"g{number}"])
        await refresh(db, [row["guest_id"] for row in await cursor.fetchall() if row["guest_id"]], "da_DK")
    elif what in ("run", "unrun"):
        await run(db, what, number, rest)
    elif what in ("edit", "entry"):
        await write(db, what, number)
    else:
        await say(db, what, number, rest)


async def ids_of(db, query):
    cursor = await db.execute(query)
    return [row["id"] for row in await cursor.fetchall()]


async def say(db, what, number, rest):
    """A person's word; it is taken back at once, to see that all is as before, and then said."""
    before = await told_of_all(db)
    try:
        async with db.transaction():
            done = await word_of(db, what, number, rest)
            if done is None:
                return
            await refresh(db, [done.guest_id, done.other_id], "da_DK")
            if done.action != "lifted":
                async with db.transaction(force_rollback=True):
                    back = await undo(db, HOST, done.id)
                    await refresh(db, [back.guest_id, back.other_id], "da_DK")
                    known = {row["id"] for row in before[0]}
                    guests, *others = await told_of_all(db)
                    assert [[row for row in guests if row["id"] in known], *others] == before, done
    except (Invalid, NotFound):
        return


async def word_of(db, what, number, rest):
    guests = await ids_of(db, "select id from guest order by id")
    steps = await ids_of(db, "select id from guest_log order by id")
    records = await ids_of(db, "select id from source_guest where guest_id is not null order by id")
    if what in ("merge", "apart") and guests:
        word = merge if what == "merge" else say_apart
        return await word(db, HOST, guests[number % len(guests)], guests[rest[0] % len(guests)])
    if what == "part" and records:
        record = records[number % len(records)]
        [guest] = await ids_of(db, f"select guest_id as id from source_guest where id = {record}")
        return await part(db, HOST, guest, [record])
    if what == "unmerge" and guests:
        return await unmerge(db, HOST, await standing(db, guests[number % len(guests)]))
    if what == "undo" and steps:
        return await undo(db, HOST, steps[-1 - number % len(steps)])
    return None


async def run(db, what, number, rest):
    """A run over all guests that finds two of them one, whatever it was that it saw; or the last one taken back."""
    guests = await living_ids(db)
    if what == "run" and guests:
        two = sorted({guests[number % len(guests)], guests[rest[0] % len(guests)]})
        if len(two) == 2:
            await runs.carry_out(db, runs.Preview(0, 0, (tuple(two),)), HOST, "da_DK")
    elif what == "unrun":
        done = await ids_of(db, "select id from match_run where undone_at is null order by id desc limit 1")
        if done:
            await runs.undo(db, HOST, done[0], "da_DK")


async def write(db, what, number):
    guests = await ids_of(db, "select id from guest order by id")
    if not guests:
        return
    guest = guests[number % len(guests)]
    if what == "edit":
        await edit(db, HOST, guest, {"phone": f"+45201234{number}{number}"})
    else:
        await enter(db, HOST, guest, "allergy", f"Nuts {number}")
    await refresh(db, [await log.living(db, guest)], "da_DK")


async def holds(db):
    """What must be so after every deed."""
    cursor = await db.execute(
        "select count(*) as astray from source_guest s left join guest g on g.id = s.guest_id "
        "where s.revision >= 0 and (g.id is null or g.merged_into is not null)"
    )
    assert (await cursor.fetchone())["astray"] == 0
    cursor = await db.execute(
        "select count(*) as loose from guest a join guest b on b.id = a.merged_into where b.merged_into is not null"
    )
    assert (await cursor.fetchone())["loose"] == 0
    cursor = await db.execute(
        "select count(*) as broken from not_same n join source_guest a on a.id = n.one_id "
        "join source_guest b on b.id = n.other_id where a.guest_id = b.guest_id"
    )
    assert (await cursor.fetchone())["broken"] == 0
    await follow(db)


async def follow(db):
    """Ids and records are where the steps that stand put them, and words hold until a step that stands lifts them."""
    cursor = await db.execute(
        "select id, action, guest_id, other_id, source_guest_ids, undone_by, author from guest_log"
    )
    steps = {row["id"]: row for row in await cursor.fetchall()}
    cursor = await db.execute("select id, merged_into from guest")
    into = {row["id"]: row["merged_into"] or row["id"] for row in await cursor.fetchall()}
    cursor = await db.execute("select id, guest_id from source_guest where guest_id is not null")
    guest_of_record = {row["id"]: row["guest_id"] for row in await cursor.fetchall()}
    merged = [row for row in steps.values() if row["action"] == "merged" and row["undone_by"] is None]
    parents = {row["other_id"]: row["guest_id"] for row in merged}
    assert len(parents) == len(merged), "absorbed twice"

    def root(guest):
        while guest in parents:
            guest = parents[guest]
        return guest

    assert into == {guest: root(guest) for guest in into}
    parted = {
        record: row["id"]
        for row in sorted(steps.values(), key=lambda row: row["id"]) if row["action"] == "unmerged"
        for record in row["source_guest_ids"]
    }  # fmt: skip
    for row in merged:
        for record in row["source_guest_ids"]:
            if record in guest_of_record and parted.get(record, 0) < row["id"]:
                assert guest_of_record[record] == root(row["other_id"]), (row, record)
    for row in steps.values():
        lifter = steps.get(row["undone_by"])
        if row["action"] == "apart" and lifter:
            assert lifter["author"] == "person:7"
            assert lifter["action"] == "lifted" or lifter["undone_by"] is None or not await both_there(db, row["id"])


async def both_there(db, log_id):
    """Whether there is still a pair of whom a step spoke, set aside, although they are two."""
    cursor = await db.execute(
        "select exists (select from not_same_lifted l join source_guest a on a.id = l.one_id "
        "join source_guest b on b.id = l.other_id where l.log_id = %s and a.guest_id <> b.guest_id) as there", [log_id],
    )  # fmt: skip
    return (await cursor.fetchone())["there"]


async def totals(db):
    """Visits and spend of all guests together, with those of nobody."""
    told = await guest_rows(db, SYSTEM, await living_ids(db))
    cursor = await db.execute(
        "select count(distinct v.id) as visits, coalesce(sum(c.total), 0) as spend from visit v "
        "left join checks c on c.visit_id = v.id "
        "where v.source_guest_id is null and v.gone_at is null and v.merged_into is null"
    )
    nobodys = await cursor.fetchone()
    spend = sum(money.amount for one in told.values() for money in one.spend)
    return sum(one.visits for one in told.values()) + nobodys["visits"], spend + int(nobodys["spend"])


async def play(dsn, told):
    async with open_pool(dsn) as pool, pool.connection() as db, db.transaction(force_rollback=True):
        systems = await two_systems(db)
        seated: set[int] = set()
        for revision, deed in enumerate(told, start=1):
            await do(db, systems, deed, revision)
            seated |= {deed[1]} if deed[0] == "import" else set()
            await holds(db)
            assert await totals(db) == (len(seated), sum(100 + one for one in seated))


@given(deeds)
@example([
    ("import", 0, "Ida Holm", "a@x.dk"), ("import", 1, "Ida Holm", "a@x.dk"),
    ("part", 0), ("undo", 0), ("unmerge", 1), ("undo", 0), ("unmerge", 1),
])  # fmt: skip
@example([
    ("import", 0, "Ida Holm", "a@x.dk"), ("import", 1, "Ida Holm", "b@x.dk"), ("entry", 0), ("merge", 0, 1),
])  # fmt: skip
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_done_every_record_is_in_one_guest_and_no_total_changes(database, told):
    asyncio.run(play(database, told))
