"""Who is meant? How long a search among a million guests takes, by whatever somebody types and letter by letter.

Why it matters: the host types while the guest stands at the desk, and every letter is a search of its own. What comes
back later than a tenth of a second is felt as waiting.

The queries are of people who are there, drawn from all of them: names whole, begun, frequent, misspelt in one place or
two, in other scripts; beginnings of addresses, ends of numbers, words of notes and of tags; and what nobody is called.
Each is also judged: whether somebody of that very name, or with that very word, is among the twenty shown. The peer is
what everybody writes first, name ILIKE '%...%', for the same names on the same base.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import psycopg
from msgspec import Struct

from benchmarks.stand.diners import diner, slipped
from benchmarks.stand.guestbook import founded, load
from benchmarks.stand.installation import installation
from benchmarks.stand.pages import admitted, served, typing
from benchmarks.stand.report import Figure, Report
from servery.app.findable import fill
from servery.guests.search import Found, find
from servery.model.guest import SourceGuest
from servery.model.viewer import SYSTEM
from servery.storage.names import fold
from servery.storage.pool import Connection, Pool, open_pool

GUESTS = 1_000_000
RECORDS = GUESTS * 7 // 6
MOST = 100.0
"""Milliseconds, of 95 searches in 100."""
OF_EACH = 60
"""Queries of each kind in a round."""
ROUNDS = 3
TYPED = 40
"""Names that are typed letter by letter in a round."""
SHOWN = 20
VISITS = 600_000
FILLED = 20
"""Hundreds of guests who are made findable in the background, to see how quickly."""
BY_PEER = 15
"""Names in a round that the peer is asked for: it is slow."""

Typing = Callable[[SourceGuest, random.Random], str]
Query = tuple[str, SourceGuest]


def run(report: Report) -> None:
    """Fill the book, and ask it in every way."""
    with installation() as place, place.database() as dsn:
        asyncio.run(_filled(dsn, report))
        rounds = [_queries(number) for number in range(ROUNDS)]
        asyncio.run(_asked(dsn, rounds, report))
        cookie, _ = asyncio.run(admitted(dsn, 0))
        with served(place, dsn) as port:
            times = [_over_http(typing(port, cookie), queries) for queries in rounds]
    _tell(report, "over HTTP", times)


async def _filled(dsn: str, report: Report) -> None:
    async with open_pool(dsn) as pool:
        book = await founded(pool)
        guests = await asyncio.to_thread(load, dsn, book, RECORDS, diner)
        async with pool.connection() as db:
            await db.execute(_VISITED, [book.venue_id, guests, VISITS])
        began = time.perf_counter()
        async with pool.connection() as db:
            await db.execute("insert into search_filling select 0")
        filled = sum([await fill(pool) for _ in range(FILLED)])
        took = time.perf_counter() - began
        report.say(f"a base of before is made findable at {filled / took:,.0f} guests a second")
        async with pool.connection() as db:
            await db.execute("delete from search_filling")
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute("vacuum analyze")
        counts = db.execute(
            "select (select count(*) from guest), (select count(*) from search_word), (select count(*) from visit), "
            "pg_size_pretty(pg_relation_size('guest_search')), pg_size_pretty(pg_total_relation_size('search_word'))"
        ).fetchone()
    assert counts is not None
    report.say("{:,} guests found by {:,} words, {:,} visits; keys {}, words {}".format(*counts))


_VISITED = """
insert into visit (venue_id, business_date, starts_at, walk_in, currency, source_guest_id, updated_at)
select %s, at::date, at, false, 'DKK', 1 + floor(random() * %s)::bigint, at
from (select now() - random() * interval '900 days' as at from generate_series(1, %s)) v"""


def _queries(number: int) -> dict[str, list[Query]]:
    """For each kind, what is typed and the person it is about."""
    rng = random.Random(f"round {number}")
    return {kind: [_query(kind, rng) for _ in range(OF_EACH)] for kind in KINDS}


def _query(kind: str, rng: random.Random) -> Query:
    typing = KINDS[kind]
    while True:
        # Of a base that was made twice as large there are only the first.
        person = diner(rng.randrange(1, GUESTS))
        if text := typing(person, rng):
            return text, person


def _name(person: SourceGuest) -> str:
    return person.name or ""


def _is_latin(person: SourceGuest) -> bool:
    return fold(_name(person)).isascii()


def _begun(person: SourceGuest, rng: random.Random) -> str:
    return rng.choice(_name(person).split())[: rng.choice((2, 3, 4))]


def _frequent(person: SourceGuest, rng: random.Random) -> str:
    return rng.choice(("Jensen", "Anne", "Peter Nielsen", "Mette", "Hansen", "Lars Jensen", "Sørensen", "Anne Jensen"))


def _misspelt(person: SourceGuest, rng: random.Random) -> str:
    words = _name(person).split()
    place = rng.randrange(len(words))
    if not _is_latin(person) or len(words[place]) < 4:
        return ""
    return " ".join(slipped(word, rng) if number == place else word for number, word in enumerate(words))


def _at_once(person: SourceGuest, rng: random.Random) -> str:
    given, _, family = _name(person).rpartition(" ")
    return f"{given} {slipped(family, rng, first=True)}" if _is_latin(person) and len(family) > 4 else ""


def _twice(person: SourceGuest, rng: random.Random) -> str:
    word = max(_name(person).split(), key=len)
    return slipped(slipped(word, rng), rng) if _is_latin(person) and len(word) >= 9 and word.isalpha() else ""


def _scripts(person: SourceGuest, rng: random.Random) -> str:
    return "" if _name(person).isascii() or _is_latin(person) else fold(_name(person))


def _note(person: SourceGuest, rng: random.Random) -> str:
    words = [word for note in person.notes for word in note.text.split() if len(word) > 3]
    return " ".join(rng.sample(words, min(len(words), rng.choice((1, 2))))) if words else ""


KINDS: Mapping[str, Typing] = {
    "whole name": lambda person, rng: _name(person),
    "beginning": _begun,
    "one letter": lambda person, rng: _name(person)[:1],
    "frequent name": _frequent,
    "misspelt": _misspelt,
    "misspelt at once": _at_once,
    "misspelt twice": _twice,
    "other scripts": _scripts,
    "address begun": lambda person, rng: (person.email or "")[: rng.randrange(3, 12)],
    "four digits": lambda person, rng: (person.phone or "")[-4:],
    "word of a note": _note,
    "tag": lambda person, rng: rng.choice(person.tags or ("",)),
    "nonsense": lambda person, rng: "".join(rng.choices("bcdfghjklmnpqrstvwxz", k=rng.randrange(5, 11))),
}
JUDGED: Mapping[str, Callable[[Found, SourceGuest, str], bool]] = {
    **dict.fromkeys(
        ("whole name", "misspelt", "misspelt at once", "misspelt twice", "other scripts"),
        lambda found, person, text: fold(found.name or "") == fold(_name(person)),
    ),
    "word of a note": lambda found, person, text: found.by != "name" and found.quote is not None,
    "tag": lambda found, person, text: found.by == "tag" and found.quote is not None and found.quote.text == text,
    "address begun": lambda found, person, text: (found.email or "").startswith(text),
    "four digits": lambda found, person, text: (found.phone or "").endswith(text),
}
"""Whether one that was found is what was looked for, of the kinds where that can be said."""


class Round(Struct, frozen=True):
    """What a round took, in milliseconds, by kind; and of what share the right one was shown."""

    times: Mapping[str, Sequence[float]]
    right: Mapping[str, float]

    @property
    def all_times(self) -> list[float]:
        """The times of all kinds together."""
        return [took for times in self.times.values() for took in times]


async def _asked(dsn: str, queries: Sequence[Mapping[str, Sequence[Query]]], report: Report) -> None:
    async with open_pool(dsn) as pool:
        # What a running server has warm.
        await _searched(pool, queries[0])
        rounds = [await _searched(pool, each) for each in queries]
        typed = [await _letter_by_letter(pool, number) for number in range(ROUNDS)]
        peers = [await _by_peer(pool, each["whole name"][:BY_PEER]) for each in queries]
    _tell(report, "search", [one.all_times for one in rounds])
    _tell(report, "each letter typed", typed)
    for kind in KINDS:
        p95 = Figure(name=f"{kind}, 95 in 100 within", unit="ms", rounds=[_p95(one.times[kind]) for one in rounds])
        report.figure(p95)
        if kind in JUDGED:
            shares = [100 * one.right[kind] for one in rounds]
            report.figure(Figure(name=f"{kind}, the right one is shown", unit="%", rounds=shares))
    ours = [statistics.median(one.times["whole name"]) for one in rounds]
    theirs = Figure(name="name ILIKE, half within", unit="ms", rounds=[*map(statistics.median, peers)])
    report.peer(Figure(name="whole name, half within", unit="ms", rounds=ours), theirs)


def _tell(report: Report, name: str, rounds: Sequence[Sequence[float]]) -> None:
    report.figure(Figure(name=f"{name}, 95 in 100 within", unit="ms", rounds=[*map(_p95, rounds)], below=MOST))
    report.figure(Figure(name=f"{name}, half within", unit="ms", rounds=[*map(statistics.median, rounds)]))


async def _searched(pool: Pool, queries: Mapping[str, Sequence[Query]]) -> Round:
    times: dict[str, list[float]] = {kind: [] for kind in queries}
    right = dict.fromkeys(queries, 0)
    # In the order in which people come, not kind by kind.
    mixed = [(kind, *query) for kind, of_kind in queries.items() for query in of_kind]
    random.Random(1).shuffle(mixed)
    for kind, text, person in mixed:
        took, found = await _search(pool, text)
        times[kind].append(took)
        right[kind] += kind in JUDGED and any(JUDGED[kind](one, person, text) for one in found)
    return Round(times, {kind: count / len(queries[kind]) for kind, count in right.items()})


async def _search(pool: Pool, text: str) -> tuple[float, list[Found]]:
    async with pool.connection() as db:
        began = time.perf_counter()
        found = await find(db, SYSTEM, text, SHOWN)
        return 1000 * (time.perf_counter() - began), found


async def _letter_by_letter(pool: Pool, number: int) -> list[float]:
    """Names as they are typed, each letter a search, every second one with a slip."""
    rng = random.Random(f"typed {number}")
    names = [_name(diner(rng.randrange(1, GUESTS))) for _ in range(TYPED)]
    typed = [slipped(name, rng) if place % 2 else name for place, name in enumerate(names)]
    return [(await _search(pool, name[:size]))[0] for name in typed for size in range(1, len(name) + 1)]


async def _by_peer(pool: Pool, queries: Sequence[Query]) -> list[float]:
    times = []
    async with pool.connection() as db:
        for text, _ in queries:
            began = time.perf_counter()
            await _ilike(db, text)
            times.append(1000 * (time.perf_counter() - began))
    return times


async def _ilike(db: Connection, text: str) -> None:
    query = "select id, name, golden from guest where merged_into is null and name ilike %s order by sort_key limit %s"
    await (await db.execute(query, [f"%{text}%", SHOWN])).fetchall()


def _over_http(ask: Callable[[str], None], queries: Mapping[str, Sequence[Query]]) -> list[float]:
    times = []
    for of_kind in queries.values():
        for text, _ in of_kind:
            began = time.perf_counter()
            ask(text)
            times.append(1000 * (time.perf_counter() - began))
    return times


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[18]
