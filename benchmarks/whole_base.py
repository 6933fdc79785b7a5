"""A run over all guests: time and memory for a million records, from the copied records to the guests that are one.

Why it matters: whoever joins a large guest book to another wants to see what would change before the coffee is cold, on
the machine that serves the evening.

The records are made up: a quarter are second records of somebody, with a slip or a fact missing. The run starts anew in
a process of its own, whose whole memory counts.
"""

import csv
import json
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import msgspec

from benchmarks.stand.installation import folder
from benchmarks.stand.report import Figure, Report
from servery.guests.matching.blocking import keys_of
from servery.guests.matching.features import Features, features_of
from servery.model.guest import Birthday, SourceGuest

RECORDS = 1_000_000
SECONDS, MEGABYTES = 60.0, 3000.0

_RUN = """
import json, resource, sys, time
from pathlib import Path
from servery.guests.matching.base import joins
from servery.guests.matching.found import Copied
from servery.guests.matching.weights import shipped
began = time.monotonic()
found = joins(Copied(Path(sys.argv[1]), Path(sys.argv[2])), shipped())
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([time.monotonic() - began, peak, found.guests]))
"""
_SYLLABLES = "an be ca do el fi go ha in jo ka le ma no ol pe ra si to ul va we yr zo mar lin ber sten holm dal".split()


def run(report: Report) -> None:
    """Make the records, run over them in a process of its own, and count what it joined."""
    with folder() as made:
        began = time.monotonic()
        person = write(made / "records.csv", RECORDS)
        (made / "never.csv").write_text("")
        report.say(f"{RECORDS:,} records of {len(set(person)):,} people made in {time.monotonic() - began:.0f} s")
        seconds, peak, joined = _run(made)
    right = sum(len({person[guest] for guest in join}) == 1 for join in joined)
    report.figure(Figure(name="run over a million records", unit="s", rounds=[seconds], below=SECONDS))
    report.figure(Figure(name="its memory", unit="MB", rounds=[peak], below=MEGABYTES))
    report.say(f"{len(joined):,} times guests were joined, {len(joined) - right} of them wrongly")


def _run(made: Path) -> tuple[float, float, list[list[int]]]:
    command = [sys.executable, "-c", _RUN, str(made / "records.csv"), str(made / "never.csv")]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, peak, joined = json.loads(said.splitlines()[-1])
    return seconds, peak, joined


def write(path: Path, records: int) -> list[int]:
    """Write records as the run copies them, each a guest of its own; the person of each."""
    random = Random(3)
    persons: list[int] = []
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        while len(persons) < records:
            person = len(persons)
            guest = _guest(random, person)
            for each in (guest, _again(random, guest)) if random.random() < 0.33 else (guest,):
                features = features_of(each)
                row = (len(persons), len(persons), _keys(features), each.name, msgspec.json.encode(features).decode())
                writer.writerow(row)
                persons.append(person)
    return persons


def _keys(features: Features) -> str:
    return " ".join(map(str, keys_of(features)))


def _guest(random: Random, number: int) -> SourceGuest:
    given = "".join(random.choices(_SYLLABLES, k=2)).title()
    family = "".join(random.choices(_SYLLABLES, k=3)).title()
    return SourceGuest(
        name=f"{given} {family}",
        email=f"{given}.{family}{number % 9973}@example.com".lower(),
        phone=f"+4520{random.randint(0, 999999):06}",
        postcode=str(random.randint(1000, 9999)),
        birthday=Birthday(random.randint(1, 12), random.randint(1, 28), random.randint(1940, 2005)),
    )


def _again(random: Random, first: SourceGuest) -> SourceGuest:
    name = first.name or ""
    at = random.randrange(1, len(name) - 1)
    return msgspec.structs.replace(
        first,
        name=name[:at] + name[at + 1 :] if random.random() < 0.3 else name,
        email=first.email if random.random() < 0.5 else None,
        phone=first.phone if random.random() < 0.7 else None,
        birthday=first.birthday if random.random() < 0.5 else None,
    )
