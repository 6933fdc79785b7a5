"""One guest among a million records: how long the page and the API take to answer, over HTTP.

Why it matters: the host opens the page while the guest stands at the desk. It must be there before the hand has left
the screen, in the largest group of restaurants as well as in the smallest.

The web process is the real one, signed in to as a person and by a key, so each answer also checks the session, reads
the guest's visits down to the dishes, and writes the look down. Every guest asked for has visits, up to forty. The peer
is the least that any answer needs: selecting the guest's row by its primary key.
"""

import asyncio
import contextlib
import http.client
import random
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import psycopg

from benchmarks.stand.guestbook import bring_visits, founded, load
from benchmarks.stand.installation import Installation, installation, servery
from benchmarks.stand.report import Figure, Report
from servery.accounts import people
from servery.accounts.keys import create_key
from servery.accounts.sessions import open_session
from servery.model.viewer import SYSTEM, Viewer
from servery.storage.pool import open_pool

RECORDS = 1_000_000
MOST = 25.0
"""Milliseconds, of 99 answers in 100."""
VISITED = 3_000
"""Guests with visits: the ones that are asked for."""
ASKED = 500
"""Answers in a round; a key may ask 600 times a minute."""
ROUNDS = 5

Ask = Callable[[int], None]


def run(report: Report) -> None:
    """Fill the book, serve it, and ask for one guest after the other."""
    with installation() as place, place.database() as dsn:
        began = time.perf_counter()
        guests = asyncio.run(_filled(dsn))
        with psycopg.connect(dsn) as db:
            counts = db.execute(
                "select (select count(*) from source_guest), (select count(*) from guest), (select count(*) from visit)"
            ).fetchone()
        assert counts is not None
        report.say("{:,} records of {:,} guests, {:,} visits, ".format(*counts) + f"made in {_seconds(began)} s")
        cookie, keys = asyncio.run(_admitted(dsn))
        with _served(place, dsn) as port:
            _tell(report, dsn, port, guests, cookie, keys)


def _seconds(began: float) -> int:
    return round(time.perf_counter() - began)


def _tell(report: Report, dsn: str, port: int, guests: Sequence[int], cookie: str, keys: Sequence[str]) -> None:
    with psycopg.connect(dsn, autocommit=True) as db:
        bare = [_times(_select(db), guests) for _ in range(ROUNDS)]
    signed_in = {"Cookie": f"servery_session={cookie}"}
    page = [_times(_get(port, "/guests/{}", signed_in), guests) for _ in range(ROUNDS)]
    api = [_times(_get(port, "/api/v1/guests/{}", {"Authorization": f"Bearer {key}"}), guests) for key in keys]
    for name, rounds in (("page", page), ("API", api)):
        report.figure(Figure(name=f"{name}, 99 answers in 100 within", unit="ms", rounds=_p99(rounds), below=MOST))
        half = report.figure(Figure(name=f"{name}, half of the answers within", unit="ms", rounds=_p50(rounds)))
        report.peer(half, Figure(name="select by primary key, half within", unit="ms", rounds=_p50(bare)))
    report.figure(Figure(name="select by primary key, 99 in 100 within", unit="ms", rounds=_p99(bare)))


def _p99(rounds: Sequence[Sequence[float]]) -> list[float]:
    return [statistics.quantiles(times, n=100)[98] for times in rounds]


def _p50(rounds: Sequence[Sequence[float]]) -> list[float]:
    return [statistics.median(times) for times in rounds]


async def _filled(dsn: str) -> list[int]:
    """Fill an empty database; returns the guests that have visits."""
    async with open_pool(dsn) as pool:
        book = await founded(pool)
        guests = await asyncio.to_thread(load, dsn, book, RECORDS)
        rng = random.Random(1)
        visited = rng.sample(range(1, guests + 1), VISITED)
        visits = [
            (guest, date(2025, 1, 1) + timedelta(days=rng.randrange(500)))
            for guest in visited
            for _ in range(rng.choice((1, 1, 2, 3, 5, 8, 13, 40)))
        ]
        await bring_visits(pool, book, visits)
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute("vacuum analyze")
    return visited


async def _admitted(dsn: str) -> tuple[str, list[str]]:
    """A session of an owner, and a key for each round."""
    async with open_pool(dsn) as pool, pool.connection() as db:
        person = await people.add(db, SYSTEM, name="Owner", email="owner@example.com", role="owner")
        viewer = Viewer("person", person.id, person.name, "owner")
        session = await open_session(db, viewer, device="benchmark")
        keys = [await create_key(db, SYSTEM, name=f"Round {number}", role="owner") for number in range(ROUNDS)]
    return session.reveal(), [token.reveal() for _, token in keys]


@contextlib.contextmanager
def _served(place: Installation, dsn: str) -> Iterator[int]:
    """The web process on a free port, which it is asked for until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    environment = {**place.environment(dsn), "SERVERY_PORT": str(port)}
    with subprocess.Popen(servery("web"), env=environment) as process:
        try:
            while not _answers(port):
                if process.poll() is not None:
                    raise RuntimeError("servery web ended before it answered")
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    with contextlib.suppress(ConnectionError), contextlib.closing(_connection(port)) as connection:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    return False


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=30)


def _times(ask: Ask, guests: Sequence[int]) -> list[float]:
    """Milliseconds of each answer, after a few that warm up what a running server has warm."""
    for guest in guests[:20]:
        ask(guest)
    times = []
    for guest in random.Random(2).sample(guests, ASKED):
        began = time.perf_counter()
        ask(guest)
        times.append(1000 * (time.perf_counter() - began))
    return times


def _get(port: int, path: str, headers: Mapping[str, str]) -> Ask:
    connection = _connection(port)

    def ask(guest: int) -> None:
        connection.request("GET", path.format(guest), headers=dict(headers))
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path} answered {answer.status}: {body[:300]!r}")

    return ask


def _select(db: psycopg.Connection) -> Ask:
    def ask(guest: int) -> None:
        db.execute("select id, name, golden from guest where id = %s", [guest]).fetchone()

    return ask
