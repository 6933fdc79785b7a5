"""The service that looks into folders: files that lie there are taken in, once and whole, and lists are put there."""

import asyncio
import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatch
from hashlib import blake2b
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct, field

from servery.app import lists
from servery.app.connect import all_settings
from servery.app.files import Order, import_file
from servery.connectors import registry
from servery.connectors.contract import Account
from servery.connectors.csv import Rejected, dump_map
from servery.connectors.folder import OUT, Entry, Place, Wishes, opened, wishes
from servery.errors import NeedsPerson, Refuse, Retry, ServeryError
from servery.language import sheet
from servery.language.words import words
from servery.model.language import language_in
from servery.model.venue import business_date
from servery.privacy.keyed import Key, open_key
from servery.settings import Settings
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync import connections, state, taken_files
from servery.sync.connections import Connection
from servery.sync.places import Place as Venue
from servery.sync.taken_files import TakenFile

log = logging.getLogger(__name__)

CONNECTOR = "folder"
LISTS = "lists"
"""What the lists are called among a connection's resources."""
FAILED_FILE = "file-failed"
_LOOK = 1.0
_SETTLE = 3.0
"""Seconds for which a file must lie unchanged: one that is still being written grows."""
_AFTER_A_FAILURE = 60.0
_UNTIL_MENDED = 600.0


class Look(Struct):
    """What this process remembers of a folder: when to look again, and since when each file lies there as it is."""

    next_at: float = 0.0
    seen: dict[Entry, float] = field(default_factory=dict)


async def run(pool: Pool, settings: Settings, stop: asyncio.Event) -> None:
    """Look into the folders of all active connections until told to stop."""
    looks: dict[int, Look] = {}
    while not stop.is_set():
        async with pool.connection() as db:
            folders = [one for one in await connections.connections(db) if one.connector == CONNECTOR]
        active = [one for one in folders if not one.paused]
        looks = {one.id: looks.get(one.id, Look()) for one in active}
        await asyncio.gather(*(_look(pool, settings.home, one, looks[one.id]) for one in active))
        try:
            await asyncio.wait_for(stop.wait(), _LOOK)
        except TimeoutError:
            continue


async def _look(pool: Pool, home: Path, one: Connection, look: Look) -> None:
    now = asyncio.get_running_loop().time()
    async with pool.connection() as db:
        known = await state.states(db, one.id)
    wanted = [at.next_try_at for at in known.values() if at.next_try_at and at.error is None]
    if look.next_at > now and not any(each <= datetime.now(UTC) for each in wanted):
        return
    try:
        look.next_at = now + await visit(pool, home, one, look)
    except ServeryError as error:
        await _failed(pool, one, error)
        look.next_at = now + (_UNTIL_MENDED if isinstance(error, NeedsPerson) else _AFTER_A_FAILURE)
        if isinstance(error, Retry):
            look.next_at = max(look.next_at, now + error.retry_after)


async def visit(pool: Pool, home: Path, one: Connection, look: Look) -> float:
    """Take in what lies ready and put there what is due; the seconds until the next look. Raises what `opened` does."""
    settings = all_settings(home, one)
    wish = wishes(settings)
    account = msgspec.convert(one.account, Account)
    began = datetime.now(UTC)
    async with opened(settings, account.external_id) as place:
        ready, waiting = await _ready(place, wish, look)
        failed = [error for entry in ready if (error := await _take(pool, home, one, wish, place, entry))]
        await _put_lists(pool, one, wish, place)
    if failed:
        raise failed[0]
    if wish.kind:
        await _looked(pool, one, wish.kind, began, took=bool(ready))
    return _SETTLE if waiting else wish.every.total_seconds()


async def _looked(pool: Pool, one: Connection, kind: str, began: datetime, *, took: bool) -> None:
    """Note that all is well; a file that failed stays told until another is taken."""
    async with pool.connection() as db:
        await state.begin(db, one.id, kind)
        error = (await state.states(db, one.id))[kind].error
        if took or error is None or error["code"] != FAILED_FILE:
            await state.polled(db, one.id, kind, began)


async def _ready(place: Place, wish: Wishes, look: Look) -> tuple[list[Entry], bool]:
    """The files that have lain unchanged long enough, oldest first, and whether others have not yet."""
    now = asyncio.get_running_loop().time()
    there = [one for one in await place.entries() if fnmatch(one.name, wish.pattern)] if wish.kind else []
    look.seen = {one: look.seen.get(one, now) for one in there}
    ready = [one for one in there if now - look.seen[one] >= _SETTLE]
    return sorted(ready, key=lambda one: (one.modified, one.name)), len(ready) < len(there)


async def _take(
    pool: Pool, home: Path, one: Connection, wish: Wishes, place: Place, entry: Entry
) -> NeedsPerson | None:
    """Take one file in and move it aside, with a list of what was wrong beside it; the error of one that failed."""
    with tempfile.TemporaryDirectory(prefix="servery-") as made:
        copy = Path(made) / entry.name
        await place.fetch(entry.name, copy)
        os.utime(copy, (entry.modified, entry.modified))
        if copy.stat().st_size != entry.size:
            # It grew after all: next time.
            return None
        async with pool.connection() as db:
            if not await taken_files.mine(db, one.id):
                return None
            digest = await asyncio.to_thread(_digest, copy)
            known = await taken_files.was_taken(db, one.id, entry.name, digest)
            became, wrong = ("done", []) if known else await _import(db, open_key(home), one, wish, copy, digest)
            speech = _speech(await _venue(db, one)) if wrong else str
            aside = f"{datetime.fromtimestamp(entry.modified, UTC):%Y%m%d-%H%M%S}-{entry.name}"
            if wrong:
                # Before the file counts as taken: once it does, nobody looks for what is wrong in it again.
                errors = Path(made) / "errors.csv"
                _write_errors(errors, wrong, speech)
                await place.put(became, f"{aside}.errors.csv", errors)
        await place.move(entry.name, became, aside)
    log.info("connection %s: a file is %s, %d rows rejected", one.id, became, len(wrong))
    return _failed_file(entry.name, wrong[0], speech) if became == "failed" else None


def _speech(venue: Venue) -> Callable[[str], str]:
    """The words of whoever put the file there: what is wrong with it lies beside it, where nobody says who reads it."""
    return words(language_in(venue.venue.time_zone), registry.locale("csv")).gettext


def _failed_file(name: str, wrong: Rejected, speech: Callable[[str], str]) -> NeedsPerson:
    return NeedsPerson(
        "{name} could not be taken in: {why}",
        code=FAILED_FILE,
        name=name,
        why=wrong.reason.told(speech),
        mend="It lies in the folder failed, with the reason beside it. Mend it and put it back.",
    )


async def _import(
    db: Db, erased: Key, one: Connection, wish: Wishes, copy: Path, digest: bytes
) -> tuple[str, Sequence[Rejected]]:
    """Take a file in, and note what became of it in the same transaction."""
    assert wish.kind
    size = copy.stat().st_size
    map_ = None
    if wish.map:
        map_ = copy.with_name("servery-map.toml")
        map_.write_text(wish.map, "utf-8")
    venue = await _venue(db, one)
    order = Order(path=copy, kind=wish.kind, venue=venue.venue.name, map=map_, connection_id=one.id)
    try:
        outcome = await import_file(
            db, order, erased=erased, show_plan=lambda plan: None, progress=lambda done, of: None
        )
    except (NeedsPerson, Refuse) as error:
        await taken_files.note(db, one.id, TakenFile(name=copy.name, digest=digest, size=size, outcome="failed"))
        return "failed", [Rejected(0, None, "", error)]  # type: ignore[arg-type]
    if not wish.map:
        await taken_files.remember_map(db, one.id, dump_map(outcome.plan))
    rows, rejected = sum(outcome.rows.values()), len(outcome.rejected)
    if held_back := outcome.rows["held_back"] + outcome.emptied:
        log.info(
            "connection %s: of a file %d rows speak of somebody who was erased, and were left out", one.id, held_back
        )
    file = TakenFile(name=copy.name, digest=digest, size=size, outcome="done", rows=rows, rejected=rejected)
    await taken_files.note(db, one.id, file)
    return "done", outcome.rejected


async def _venue(db: Db, one: Connection) -> Venue:
    account = msgspec.convert(one.account, Account)
    places = await connections.places(db, one.id)
    place = places.get(account.locations[0].external_id)
    if place is None:
        raise NeedsPerson("This folder's restaurant is no venue here.", field="restaurant")
    return place


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        digest = blake2b(digest_size=16)
        while block := file.read(1 << 20):
            digest.update(block)
        return digest.digest()


def _write_errors(path: Path, wrong: Sequence[Rejected], speech: Callable[[str], str]) -> None:
    cells = ([each.line or None, each.column, each.value, each.reason.told(speech)] for each in wrong)
    path.write_text(sheet.lines([["line", "column", "value", "reason"], *cells]), encoding="utf-8", newline="")


async def _put_lists(pool: Pool, one: Connection, wish: Wishes, place: Place) -> None:
    """Put there the lists that are due, each whole under its name or not at all."""
    if not wish.out:
        return
    now = datetime.now(UTC)
    async with pool.connection() as db:
        await state.begin(db, one.id, LISTS)
        done = (await state.states(db, one.id))[LISTS].polled_until
        venue = await _venue(db, one)
        due, ended = last_due(venue, wish.nightly, now)
        if (done is not None and done >= due) or not await taken_files.mine(db, one.id):
            return
        with tempfile.TemporaryDirectory(prefix="servery-") as made:
            for name in wish.out:
                file = Path(made) / (f"{name}-{ended.isoformat()}.csv" if wish.nightly else f"{name}.csv")
                await lists.write(db, name, file, venue.venue_id, ended)
                await place.put(OUT, file.name, file)
        await state.polled(db, one.id, LISTS, now)


def last_due(venue: Venue, nightly: bool, now: datetime) -> tuple[datetime, date]:
    """When lists were last to be put there, and of which business day: of the one under way, or by night the ended."""
    zone, cutoff = venue.venue.time_zone, venue.venue.cutoff
    today = business_date(now, zone, cutoff)
    if not nightly:
        return now.replace(minute=0, second=0, microsecond=0), today
    midnight = datetime(today.year, today.month, today.day, tzinfo=ZoneInfo(zone))
    return (midnight + timedelta(minutes=cutoff)).astimezone(UTC), today - timedelta(days=1)


async def _failed(pool: Pool, one: Connection, error: ServeryError) -> None:
    log.warning("connection %s: its folder cannot be used (%s)", one.id, error.code)
    resource = one.settings.get("kind", "orders")
    async with pool.connection() as db:
        await state.begin(db, one.id, resource)
        await state.failed(db, one.id, resource, error, datetime.now(UTC) + timedelta(seconds=_AFTER_A_FAILURE))
