"""Runs over all guests: what one would change, doing it, taking it back as a whole; and learning new weights."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import LiteralString

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from servery.errors import Invalid, NotFound
from servery.guests import log, rows
from servery.guests.absorbing import absorb_all
from servery.guests.apart import extend
from servery.guests.candidates import keep_features, latest_weights, said_born
from servery.guests.habits import OF_ALL
from servery.guests.join import refresh
from servery.guests.keys import Keys
from servery.guests.likeness import Like
from servery.guests.matching.conditions import Engine
from servery.guests.matching.explained import explained
from servery.guests.matching.features import VERSION, features_of
from servery.guests.matching.found import Ask, Copied, Joins, Why
from servery.guests.matching.weights import Weights, against_sense, shipped, trained
from servery.guests.merge import author_of, unmerge
from servery.guests.names import Agreement, agreement
from servery.guests.resolve import Known, are_born_otherwise, shares_both
from servery.guests.rows import Db
from servery.guests.suggest import suggest
from servery.model.viewer import Viewer

_BATCH = 5000
_TOLD_EACH = 50
STEPS = ("Reading", "Preparing", "Scoring pairs", "Putting guests together", "Asking")
"""What a preview is at, one after the other."""


class Preview(Struct, frozen=True):
    """What a run would change: guests that are one, oldest first, found on so many records by these weights."""

    records: int
    weights: int
    joins: tuple[tuple[int, ...], ...]
    asks: tuple[Ask, ...] = ()
    """Whom a person would be asked about."""
    parts: tuple[tuple[int, int], ...] = ()
    """Guests, each with a record that rules put there and that may be somebody else's: nobody parts them but a
    person."""
    after: int | None = None
    """The last step of the log when it was found out."""
    at: datetime | None = None
    """Up to when it saw what systems said: guests of whom one said something since are left alone."""
    why: dict[int, Why] = {}
    """Of each guest that is joined with an older one, what speaks most for it."""


class Run(Struct, frozen=True):
    """What a run or taking it back did: its number, the steps it wrote in the log, the source records that moved.

    `left` are steps that can no longer be taken back: a guest or its records are gone.
    """

    id: int
    steps: tuple[int, ...]
    moved: tuple[int, ...]
    left: tuple[int, ...] = ()


async def preview(
    db: Db, step: Callable[[str], None], engine: Engine = "duckdb", version: int | None = None
) -> Preview:
    """Find which guests are one, so surely that nobody need be asked. Nothing is changed.

    By the weights of this `version`, else by those that count. NotFound where there are none of it.
    """
    step(STEPS[0])
    after, at = await log.latest(db), await _seen_until(db)
    await up_to_date(db)
    by = await (latest_weights(db) if version is None else weights_of(db, version))
    async with copied(db) as files:
        found = await asyncio.to_thread(_joins, files, by, step, engine)
    safe = await _of_one_person(db, found.guests)
    asks, parts = await _still_asked(db, found.asks, safe), await _by_rules(db, found.parts)
    why = {guest: found.why[guest] for _, *others in safe for guest in others if guest in found.why}
    return Preview(found.records, by.version, tuple(safe), asks, parts, after, at, why)


def _joins(files: Copied, by: Weights, step: Callable[[str], None], engine: Engine) -> Joins:
    # Loading it takes seconds, too: nobody is to wait for that.
    from servery.guests.matching.base import joins

    return joins(files, by, step, engine)


async def _seen_until(db: Db) -> datetime:
    """The instant up to which nothing is hidden from us: no transaction that began before it is still at work."""
    cursor = await db.execute(
        "select least(now(), min(xact_start)) as at from pg_stat_activity "
        "where datname = current_database() and backend_type = 'client backend'"
    )
    (at,) = [row["at"] for row in await cursor.fetchall()]
    found: datetime = at
    return found


async def weights_of(db: Db, version: int) -> Weights:
    """The weights of one version, 0 being the shipped ones; NotFound where there are none."""
    if version == 0:
        return shipped()
    cursor = await db.execute("select body from match_weights where version = %s", [version])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There are no weights of version {version}.", version=version)
    return trained(row["body"])


async def carry_out(db: Db, wanted: Preview, viewer: Viewer, locale: str) -> Run:
    """Join the guests of a preview, and ask of whom it was not sure; `locale` is how names sort.

    Those that changed meanwhile are left alone: said apart, merged or parted by somebody else, under another name, or
    with a record of which its system said something since.
    """
    # Before anybody has to wait for us.
    scored = await explained(db, wanted.joins, wanted.why, await weights_of(db, wanted.weights))
    await rows.lock(db)
    cursor = await db.execute(
        "insert into match_run (author, weights, records) values (%s, %s, %s) returning id",
        [author_of(viewer), wanted.weights, wanted.records],
    )
    (run_id,) = [row["id"] for row in await cursor.fetchall()]
    living = await _of_one_person(db, await _unchanged(db, await _still_living(db, wanted.joins), wanted))
    detail = {guest: {"run": run_id, "score": scored.get(guest)} for _, *others in living for guest in others}
    steps, moved = await absorb_all(db, living, f"run {run_id} over all guests", "rules", detail)
    await extend(db, [join[0] for join in living])
    await db.execute("update match_run set steps = %s where id = %s", [steps, run_id])
    await _ask(db, wanted.asks)
    await refresh(db, [join[0] for join in living], locale)
    return Run(run_id, tuple(steps), tuple(moved))


async def _ask(db: Db, asks: Sequence[Ask]) -> None:
    """Have a person asked, but for records that are gone meanwhile."""
    cursor = await db.execute(
        "select id from source_guest where id = any(%s)", [[record for ask in asks for record in (ask.one, ask.other)]]
    )
    there = {row["id"] for row in await cursor.fetchall()}
    likes: dict[int, list[Like]] = defaultdict(list)
    for ask in asks:
        if ask.one in there and ask.other in there:
            likes[ask.one].append(Like(ask.other, ask.scored))
    await suggest(db, likes, again=())


async def undo(
    db: Db, viewer: Viewer, run_id: int, locale: str, step_of: Callable[[int, int], None] = lambda *_: None
) -> Run:
    """Take a whole run back; what a person parted since stays parted. NotFound, Invalid where it is back already.

    `step_of` hears now and then how many of how many guests are done.
    """
    await rows.lock(db)
    steps, left = [], []
    todo = sorted(await log.steps(db, await standing(db, run_id)), key=lambda one: -one.id)
    for number, step in enumerate(todo):
        if number % _TOLD_EACH == 0:
            step_of(number, len(todo))
        if step.undone_by is None:
            try:
                steps.append(await unmerge(db, viewer, step, f"run {run_id} taken back", remember=False))
            except (Invalid, NotFound):
                left.append(step.id)
    await db.execute(
        "update match_run set undone_at = now(), undone_by = %s where id = %s", [author_of(viewer), run_id]
    )
    await refresh(db, sorted({guest for step in steps for guest in (step.guest_id, step.other_id)}), locale)
    moved = sorted({record for step in steps for record in step.moved})
    return Run(run_id, tuple(step.id for step in steps), tuple(moved), tuple(left))


async def standing(db: Db, run_id: int) -> list[int]:
    """The steps of a run that nobody took back. NotFound, Invalid where somebody did."""
    cursor = await db.execute("select steps, undone_at from match_run where id = %s for update", [run_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no run {id} over all guests.", id=run_id)
    if row["undone_at"] is not None:
        raise Invalid("Run {id} is taken back already.", id=run_id)
    found: list[int] = row["steps"]
    return found


async def learn(db: Db) -> Weights:
    """Learn weights from all guests' records, and keep them as the next version.

    Invalid where what was learnt makes no sense, as of a list in which nobody is told of twice: nothing is kept then.
    """
    await up_to_date(db)
    cursor = await db.execute("select coalesce(max(version), 0) + 1 as version from match_weights")
    (version,) = [row["version"] for row in await cursor.fetchall()]
    async with copied(db) as files:
        found = await asyncio.to_thread(_learnt, files, version)
    if wrong := against_sense(found):
        raise Invalid(
            "The weights that were learnt make no sense: {names}.",
            field="learn",
            code="weights",
            names=", ".join(wrong),
        )
    await db.execute(
        "insert into match_weights (version, trained_at, records, body) overriding system value "
        "values (%s, %s, %s, %s)",
        [version, found.trained_at, found.records, Jsonb(msgspec.to_builtins(found))],
    )
    return found


def _learnt(files: Copied, version: int) -> Weights:
    from servery.guests.matching.base import learnt

    return learnt(files, version)


async def up_to_date(db: Db) -> None:
    """Make the features of records that have none, or those of an earlier form."""
    countries = await rows.countries(db)
    while missing := await _without_features(db):
        found = await rows.source_guests(db, missing)
        await keep_features(
            db, {row["id"]: features_of(row["guest"], countries.get(row["connection_id"])) for row in found}
        )


async def _without_features(db: Db) -> list[int]:
    cursor = await db.execute(
        "select s.id from source_guest s left join match_features f on f.source_guest_id = s.id "
        "where s.revision >= 0 and f.version is distinct from %s limit %s",
        [VERSION, _BATCH],
    )
    return [row["id"] for row in await cursor.fetchall()]


# What too many share tells nobody from anybody, as where records arrive.
_RECORDS = f"""
copy (select f.source_guest_id, s.guest_id, array_to_string(f.keys, ' '), s.body ->> 'name',
             (f.body - case when phone.contact is null then '{{}}' else array['phone'] end
              - case when email.contact is null then '{{}}' else array['email', 'email_local'] end)
             || coalesce(jsonb_strip_nulls(to_jsonb(usual) - 'id'), '{{}}')
      from match_features f join source_guest s on s.id = f.source_guest_id
      left join {OF_ALL} usual on usual.id = s.id
      left join crowded_contact phone on phone.contact = f.body ->> 'phone'
      left join crowded_contact email on email.contact = f.body ->> 'email'
      where s.guest_id is not null and not s.removed
      and not coalesce((s.body ->> 'one_time')::boolean, false)) to stdout (format csv)"""


_NEVER = "copy (select one_id, other_id from not_same) to stdout (format csv)"


@asynccontextmanager
async def copied(db: Db) -> AsyncIterator[Copied]:
    """All records to compare as files, which are gone afterwards."""
    with TemporaryDirectory(prefix="servery-matching-") as folder:
        files = Copied(Path(folder) / "records.csv", Path(folder) / "never.csv")
        for query, path in ((_RECORDS, files.records), (_NEVER, files.never)):
            await _copy(db, query, path)
        yield files


async def _copy(db: Db, query: LiteralString, path: Path) -> None:
    with path.open("wb") as file:
        async with db.cursor() as cursor, cursor.copy(query) as copy:
            async for part in copy:
                file.write(part)


async def _still_asked(db: Db, asks: Sequence[Ask], joins: Sequence[tuple[int, ...]]) -> tuple[Ask, ...]:
    """Those of whom the run itself does not say that they are one; each two people as they are after it once."""
    cursor = await db.execute(
        "select id, guest_id from source_guest where id = any(%s)",
        [[id_ for ask in asks for id_ in (ask.one, ask.other)]],
    )
    guest_of = {row["id"]: row["guest_id"] for row in await cursor.fetchall()}
    join_of = {guest: number for number, join in enumerate(joins) for guest in join}

    def person(record: int) -> tuple[bool, int]:
        guest = guest_of[record]
        return (True, join_of[guest]) if guest in join_of else (False, guest)

    likeliest: dict[frozenset[tuple[bool, int]], Ask] = {}
    for ask in asks:
        likeliest.setdefault(frozenset((person(ask.one), person(ask.other))), ask)
    return tuple(ask for both, ask in likeliest.items() if len(both) == 2)


async def _by_rules(db: Db, parts: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Those whose record is where it is by rules alone: what a person or a source said is not questioned."""
    cursor = await db.execute(
        f"select s.id from source_guest s where s.id = any(%s) and not {rows.SETTLED}", [[id_ for _, id_ in parts]]
    )
    loose = {row["id"] for row in await cursor.fetchall()}
    return tuple((guest, record) for guest, record in parts if record in loose)


async def _of_one_person(db: Db, joins: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Those in which no two records bear the names or birthdays of two people, whatever the score says."""
    cursor = await db.execute(
        "select distinct guest_id, body ->> 'name' as name, email_key, phone_key, body -> 'birthday' as birthday "
        "from source_guest where guest_id = any(%s) and (body ->> 'name' is not null or body ? 'birthday')",
        [[guest for join in joins for guest in join]],
    )
    named: dict[int, list[Known]] = defaultdict(list)
    for row in await cursor.fetchall():
        contacts = Keys(row["email_key"], row["phone_key"])
        born_on = said_born(row["birthday"])
        named[row["guest_id"]].append(Known(0, row["name"], contacts, row["guest_id"], born=born_on))
    return [join for join in joins if not _of_two([named[guest] for guest in join])]


def _of_two(guests: Sequence[Sequence[Known]]) -> bool:
    if _apart([one.name for records in guests for one in records], "apart"):
        return True
    if any(are_born_otherwise(one, other) for one, other in combinations(guests, 2)):
        return True
    return any(
        _apart([one.name for one in [*left, *right]], "slip") and not any(shares_both(one, right) for one in left)
        for at, left in enumerate(guests)
        for right in guests[at + 1 :]
    )


def _apart(names: Iterable[str | None], kind: Agreement) -> bool:
    different = sorted({name or "" for name in names})
    return any(agreement(one, other) == kind for at, one in enumerate(different) for other in different[at + 1 :])


async def _still_living(db: Db, joins: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    cursor = await db.execute(
        "select id from guest where merged_into is null and id = any(%s)", [[guest for join in joins for guest in join]]
    )
    living = {row["id"] for row in await cursor.fetchall()}
    return [join for join in joins if living.issuperset(join)]


async def _unchanged(db: Db, joins: Sequence[tuple[int, ...]], since: Preview) -> list[tuple[int, ...]]:
    """Those of whom nobody said that they are two, nor anybody anything else since they were looked at."""
    every = [guest for join in joins for guest in join]
    cursor = await db.execute(
        "select distinct a.guest_id as one, b.guest_id as other from source_guest a join not_same n on n.one_id = a.id "
        "join source_guest b on b.id = n.other_id where a.guest_id = any(%(of)s) and b.guest_id = any(%(of)s)",
        {"of": every},
    )
    apart = [{row["one"], row["other"]} for row in await cursor.fetchall()]
    cursor = await db.execute(
        "select guest_id as id from guest_log where id > %(after)s and guest_id = any(%(of)s) "
        "union select other_id from guest_log where id > %(after)s and other_id = any(%(of)s) "
        "union select guest_id from source_guest where seen_at > %(at)s and guest_id = any(%(of)s)",
        {"of": every, "after": since.after, "at": since.at},
    )
    changed = {row["id"] for row in await cursor.fetchall()}
    said = {guest for pair in apart for guest in pair}
    return [
        join
        for join in joins
        if changed.isdisjoint(join) and (said.isdisjoint(join) or not any(pair.issubset(join) for pair in apart))
    ]
