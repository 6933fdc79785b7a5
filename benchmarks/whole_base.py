"""A run over all guests: time and memory for a million records, from PostgreSQL to the guests that are one in it.

Why it matters: whoever joins a large guest book to another wants to see what would change before the coffee is cold, on
the machine that serves the evening.

The guest book is as arrivals leave it: two records of one e-mail are one guest already. Each fortieth guest is the
second of another, of whom only name, birthday and postcode tell; each eightieth of them gives an e-mail as well, which
is another than before, so that it is for a person to say. `servery guests resolve` reads them, joins them, writes what
it joined with its log and golden fields, and asks of whom it is not sure: a process of its own, whose whole time and
memory counts. What PostgreSQL itself needs is not in the memory.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from random import Random

import msgspec

from benchmarks.stand.guestbook import Book, founded, load
from benchmarks.stand.installation import installation
from benchmarks.stand.report import Figure, Report
from servery.model.guest import Birthday, SourceGuest
from servery.storage.pool import open_pool

RECORDS = 1_000_000
SECONDS, MEGABYTES = 60.0, 3000.0
_AGAIN = 40
"""Each so-manieth guest is the second of the one before."""
_WITH_EMAIL = 80
"""Of those each so-manieth number has another e-mail than before."""
_SYLLABLES = "an be ca do el fi go ha in jo ka le ma no ol pe ra si to ul va we yr zo mar lin ber sten holm dal".split()


def run(report: Report) -> None:
    """Load the book, run over it, and count what it joined."""
    with installation() as place, place.database() as dsn:
        began = time.monotonic()
        guests = load(dsn, asyncio.run(_founded(dsn)), RECORDS, person)
        report.say(f"{RECORDS:,} records of {guests:,} guests loaded in {time.monotonic() - began:.0f} s")
        shown = _resolve(place.environment(dsn), "--dry-run")
        report.figure(Figure(name="preview", unit="s", rounds=[shown.seconds], below=SECONDS))
        done = _resolve(place.environment(dsn))
        report.figure(Figure(name="run, with what it writes", unit="s", rounds=[done.seconds], below=SECONDS))
        peak = max(shown.megabytes, done.megabytes)
        report.figure(Figure(name="its memory", unit="MB", rounds=[peak], below=MEGABYTES))
    told_enough = [number for number in range(_AGAIN, guests + 1, _AGAIN) if number % _WITH_EMAIL]
    right = {(number - 1, number) for number in told_enough}.intersection(map(tuple, done.joins))
    share = 100 * len(right) / len(told_enough)
    report.figure(Figure(name="joined of those that nothing speaks against", unit="%", rounds=[share], at_least=99))
    report.say(f"{len(done.joins) - len(right)} joined besides; {done.asks:,} pairs to be asked about")


async def _founded(dsn: str) -> Book:
    async with open_pool(dsn) as pool:
        return await founded(pool)


class _Ran(msgspec.Struct, frozen=True):
    """One run: how long, how large, what it joined, and how many it asks about."""

    seconds: float
    megabytes: float
    joins: list[list[int]]
    asks: int


def _resolve(environment: Mapping[str, str], *options: str) -> _Ran:
    began = time.monotonic()
    command = [sys.executable, "-m", "servery", "guests", "resolve", "--json", *options]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0
    told = json.loads(said)
    return _Ran(time.monotonic() - began, used.ru_maxrss / 1024, told["joins"], len(told["asks"]))


def person(number: int) -> SourceGuest:
    """Who has a number: someone new, or each fortieth time the one before, without a telephone or an e-mail of then."""
    if number % _AGAIN:
        return _new(number)
    email = None if number % _WITH_EMAIL else f"guest{number}@example.org"
    return msgspec.structs.replace(_new(number - 1), email=email, phone=None)


def _new(number: int) -> SourceGuest:
    random = Random(number)
    given = "".join(random.choices(_SYLLABLES, k=2)).title()
    family = "".join(random.choices(_SYLLABLES, k=3)).title()
    return SourceGuest(
        name=f"{given} {family}",
        email=f"{given}.{family}{number}@example.com".lower(),
        phone=f"+4520{random.randint(0, 999999):06}",
        postcode=str(random.randint(1000, 9999)),
        birthday=Birthday(random.randint(1, 12), random.randint(1, 28), random.randint(1940, 2005)),
    )
