"""A large guest book, made quickly: rows as the rooms would have left them, written by COPY.

Every value that a query goes by (keys, search words, sorting, golden fields) comes from the rooms' own functions; only
the way into the tables is shorter. Visits are not made up: their checks and bookings arrive as any others do.
"""

import multiprocessing
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import psycopg
from msgspec import Struct

from servery.app.arrive import arrive
from servery.guests.found_by import found_by, words_of
from servery.guests.golden import Record, golden
from servery.guests.keys import keys
from servery.guests.matching.blocking import keys_of
from servery.guests.matching.features import VERSION, features_of
from servery.guests.vocabulary import bare, near
from servery.model.changes import Change, CheckSeen, ReservationSeen
from servery.model.guest import Birthday, Golden, Note, SourceGuest
from servery.model.order import Check, Line, Payment
from servery.model.reservation import Reservation
from servery.model.venue import Venue
from servery.storage.names import sort_key
from servery.storage.pool import Pool
from servery.sync import connections
from servery.sync.places import Place
from servery.venues.rows import add_venue

SECOND_RECORD = 6
"""Each so-manieth guest has a record in the second system, too."""
LOCATION = "main"
_CHUNK = 20_000
_TABLES = ("guest", "source_guest", "match_features", "search_word")
_GIVEN = (
    "Lars Mette Søren Anne Jens Kirsten Åse Henrik Camilla Mikkel Freja Emil Ida Oscar Signe Rasmus Jürgen José".split()
)
_FAMILY = (
    "Jensen Nielsen Hansen Pedersen Andersen Larsen Sørensen Rasmussen Jørgensen Petersen Madsen Kristensen Olsen "
    "Thomsen Poulsen Johansen Møller Mortensen Knudsen Müller Schäfer García Núñez Ibáñez Østergaard Ågård"
).split()
Person = Callable[[int], SourceGuest]
_DISHES = [(f"Dish {number}", 6_500 + 400 * number) for number in range(60)]


class Book(Struct, frozen=True):
    """Where the guests are: two connections, the till's and the book's, at one venue."""

    venue_id: int
    venue: Venue
    till: int
    book: int


async def founded(pool: Pool) -> Book:
    """A venue and the two connections that all records belong to."""
    venue = Venue(name="Harbour", time_zone="Europe/Copenhagen", currency="DKK")
    async with pool.connection() as db:
        venue_id = await add_venue(db, venue)
        till = await connections.add_connection(db, "Till", "square", {}, None)
        book = await connections.add_connection(db, "Book", "resos", {}, None)
        for one in (till, book):
            await connections.link_location(db, one, LOCATION, venue_id)
    return Book(venue_id, venue, till, book)


def load(dsn: str, book: Book, records: int, person: Person | None = None) -> int:
    """Write so many records of guests; returns how many guests they are. Their ids begin at 1.

    `person` says who has a number; it is called in other processes.
    """
    guests = -(-records * SECOND_RECORD // (SECOND_RECORD + 1))
    chunks = [(dsn, book, start, min(start + _CHUNK, guests), person or _person) for start in range(0, guests, _CHUNK)]
    with _without_indexes(dsn), ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as workers:
        words = set[str]().union(*workers.map(_load_chunk, chunks))
        _load_words(dsn, sorted(words))
    return guests


def external_id(number: int) -> str:
    """How the till calls a guest."""
    return f"G{number:07}"


@contextmanager
def _without_indexes(dsn: str) -> Iterator[None]:
    """Drop what only costs while loading and make it again afterwards, once for all rows."""
    with psycopg.connect(dsn, autocommit=True) as db:
        made = db.execute(
            "select indexname, indexdef from pg_indexes where tablename = any(%s) and schemaname = 'public' "
            "and indexname not in (select conname from pg_constraint)",
            [list(_TABLES)],
        ).fetchall()
        for name, _ in made:
            db.execute(psycopg.sql.SQL("drop index {}").format(psycopg.sql.Identifier(name)))
        yield
        db.execute("set maintenance_work_mem = '512MB'")
        for _, definition in made:
            db.execute(definition)
        for table in _TABLES[:2]:
            db.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))")
        for table in _TABLES:
            db.execute(f"vacuum analyze {table}")


def _load_chunk(chunk: tuple[str, Book, int, int, Person]) -> set[str]:
    dsn, book, start, stop, person = chunk
    people = [(number, _records(number, person(number))) for number in range(start + 1, stop + 1)]
    with psycopg.connect(dsn) as db, db.cursor() as cursor:
        # References are right by construction; checking each would take longer than writing it.
        db.execute("set session_replication_role = replica")
        with cursor.copy("copy guest (id, name, sort_key, search, golden) from stdin") as copy:
            made = {number: _golden(records) for number, records in people}
            for number, golden_ in made.items():
                copy.write_row(_guest_row(number, golden_))
        columns = "id, connection_id, external_id, revision, digest, body, email_key, phone_key, guest_id, link"
        with cursor.copy(f"copy source_guest ({columns}) from stdin") as copy:
            for number, records in people:
                for place, record in enumerate(records):
                    copy.write_row(_source_row(book, number, place, record))
        with cursor.copy("copy match_features (source_guest_id, version, body, keys) from stdin") as copy:
            for number, records in people:
                for place, record in enumerate(records):
                    copy.write_row(_compared_row(number, place, record))
    return {word for golden_ in made.values() for word in words_of(golden_)}


def _load_words(dsn: str, words: list[str]) -> None:
    copying = "copy search_word (word, near) from stdin"
    with psycopg.connect(dsn) as db, db.cursor() as cursor, cursor.copy(copying) as copy:
        for word in words:
            copy.write_row((word, near(bare(word))))


def _records(number: int, first: SourceGuest) -> list[SourceGuest]:
    """What the systems say of one guest: always the till, sometimes the book as well."""
    second = SourceGuest(name=first.name, email=first.email, phone=first.phone)
    return [first] if number % SECOND_RECORD else [first, second]


def _person(number: int) -> SourceGuest:
    rng = random.Random(number)
    return SourceGuest(
        name=f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)}",
        email=f"guest{number}@example.com",
        phone=f"+45{20_000_000 + number}",
        country="DK",
        city="København",
        birthday=Birthday(rng.randrange(1, 13), rng.randrange(1, 29)) if number % 3 == 0 else None,
        tags=("regular",) if number % 10 == 0 else (),
        allergies=("nuts",) if number % 20 == 0 else (),
        notes=(Note("Likes to sit by the window."),) if number % 8 == 0 else (),
        vip=True if number % 100 == 0 else None,
        marketing="granted" if number % 2 else "unknown",
    )


def _golden(records: list[SourceGuest]) -> Golden:
    phone = keys(None, records[0].phone, records[0].country).phone
    at = datetime(2025, 1, 1, tzinfo=UTC)
    return golden([Record(place, str(place), at, record, phone) for place, record in enumerate(records)])


def _guest_row(number: int, made: Golden) -> tuple[Any, ...]:
    name = made.name.value if made.name else ""
    return number, name, sort_key(name, "da_DK"), found_by(made), msgspec.json.encode(made).decode()


def _source_row(book: Book, number: int, place: int, record: SourceGuest) -> tuple[Any, ...]:
    found = keys(record.email, record.phone, record.country)
    row_id = _row_id(number, place)
    connection = book.book if place else book.till
    link = '{"by": "email and phone", "author": "rules"}' if place else '{"by": null, "author": "rules"}'
    body = msgspec.json.encode(record).decode()
    return row_id, connection, external_id(number), 1, b"", body, found.email, found.phone, number, link


def _row_id(number: int, place: int) -> int:
    # Numbers of second records go on where those of the first end, whatever how many guests there are.
    return number if place == 0 else 10_000_000 + number


def _compared_row(number: int, place: int, record: SourceGuest) -> tuple[Any, ...]:
    found = features_of(record)
    return _row_id(number, place), VERSION, msgspec.json.encode(found).decode(), keys_of(found)


async def bring_visits(pool: Pool, book: Book, visits: list[tuple[int, date]]) -> None:
    """Let a booking and a check arrive for each of these guests and days."""
    places = {LOCATION: Place(book.venue_id, book.venue)}
    ordered = sorted(enumerate(visits), key=lambda one: one[1][1])
    for start in range(0, len(ordered), 500):
        part = ordered[start : start + 500]
        async with pool.connection() as db:
            booked: list[Change] = [_booked(number, guest, day) for number, (guest, day) in part]
            await arrive(db, book.till, places, booked)
            rung: list[Change] = [_rung(number, guest, day) for number, (guest, day) in part]
            await arrive(db, book.till, places, rung)


def _at(number: int, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 16, tzinfo=UTC) + timedelta(minutes=15 * (number % 20))


def _booked(number: int, guest: int, day: date) -> ReservationSeen:
    reservation = Reservation(
        status="finished",
        starts_at=_at(number, day),
        party_size=2 + number % 3,
        tables=(str(1 + number % 60),),
        requests="A quiet table" if number % 4 == 0 else None,
        guest_id=external_id(guest),
    )
    return ReservationSeen(f"R{number}", 1, LOCATION, reservation)


def _rung(number: int, guest: int, day: date) -> CheckSeen:
    rng = random.Random(number)
    lines = tuple(
        Line(name=name, amount=price, quantity=Decimal(1), external_id=str(place), category="Mains")
        for place, (name, price) in enumerate(rng.sample(_DISHES, 6))
    )
    opened = _at(number, day) + timedelta(minutes=5)
    check = Check(
        currency="DKK",
        opened_at=opened,
        closed_at=opened + timedelta(minutes=90),
        table=str(1 + number % 60),
        covers=2 + number % 3,
        lines=lines,
        payments=(Payment(amount=sum(line.amount for line in lines), tender="card", external_id=f"P{number}"),),
        guest_id=external_id(guest),
    )
    return CheckSeen(f"C{number}", 1, LOCATION, check)
