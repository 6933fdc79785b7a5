"""A till's export of some years, from file to visits: lines a second, memory, and what came of it.

Why it matters: the first thing a restaurant does with Servery is to bring in the file that it has. It must be through
before a coffee is, on the small machine that stands in the office, and no cent may be lost on the way.

The command runs as a process of its own on a server that is up, from its start to its end. Its peer is the least that
any import could do: COPY of the same rows, as text, into one table without an index.
"""

import csv
import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from benchmarks.stand.installation import Installation, Ran, folder, installation, servery
from benchmarks.stand.installation import run as run_command
from benchmarks.stand.report import Figure, Report

LEAST = 15_000
"""Lines a second."""
MOST_MEMORY = 300
"""Megabytes."""
ROUNDS = 3

_DATA = Path(__file__).parents[2] / "shared" / "data"
_LINES, _CHECKS = 74_818, 13_397
_TAKEAWAY = {"read": _LINES, "checks": _CHECKS, "total": "446517.45"}
_LOYALTY = {"read": 75_000, "checks": 47_243, "venues": 293, "guests": 2_377, "total": "233935.24"}
"""What is known of the two public files."""


def run(report: Report) -> None:
    """Import both files, and copy the rows of the first."""
    with installation() as place, folder() as made:
        path, known = _takeaway(made, report)
        venue = ("--venue", "Kensington", "--create-venues", "--time-zone", "Europe/London", "--currency", "GBP")
        rounds = [_import(place, path, *venue) for _ in range(ROUNDS)]
        told = rounds[0][1]
        speeds = [told["read"] / ran.seconds for ran, _ in rounds]
        speed = report.figure(Figure(name="import, lines/s", unit="lines/s", rounds=speeds, at_least=LEAST))
        copied = [told["read"] / _copy(place, path) for _ in range(ROUNDS)]
        report.peer(speed, Figure(name="COPY of the same rows, lines/s", unit="lines/s", rounds=copied))
        report.figure(Figure(name="seconds by the clock", unit="s", rounds=[ran.seconds for ran, _ in rounds]))
        report.figure(Figure(name="of that the command at work", unit="s", rounds=[ran.processor for ran, _ in rounds]))
        _memory(report, "import, most memory", [ran for ran, _ in rounds])
        for name in ("read", "checks", "total"):
            report.fact(f"import, {name}", told[name], known.get(name))
        _again(report, place, path, venue)
        _loyalty(report, place)


def _memory(report: Report, name: str, rans: Sequence[Ran]) -> None:
    report.figure(Figure(name=name, unit="MB", rounds=[ran.peak for ran in rans], below=MOST_MEMORY))


def _import(place: Installation, path: Path, *options: str) -> tuple[Ran, dict[str, Any]]:
    with place.database() as dsn:
        return _import_into(place, dsn, path, *options)


def _import_into(place: Installation, dsn: str, path: Path, *options: str) -> tuple[Ran, dict[str, Any]]:
    command = servery("import", "csv", str(path), "--kind", "orders", "--json", *options)
    ran = run_command(command, place.environment(dsn))
    return ran, msgspec.json.decode(ran.output)


def _again(report: Report, place: Installation, path: Path, venue: Sequence[str]) -> None:
    with place.database() as dsn:
        _import_into(place, dsn, path, *venue)
        ran, told = _import_into(place, dsn, path, *venue)
    report.figure(Figure(name="the same file again, lines/s", unit="lines/s", rounds=[told["read"] / ran.seconds]))
    report.fact("the same file again, lines changed", told["created"] + told["updated"], 0)


def _loyalty(report: Report, place: Installation) -> None:
    path = _DATA / "loyalty" / "transactions.csv"
    if not path.exists():
        report.say("the loyalty file is not here, and no other open one has a guest on each line: left out")
        return
    with folder() as made:
        # Its README says that its times are UTC, which a file cannot say by itself.
        mapped = made / "map.toml"
        mapped.write_text('[options]\ntimes = "utc"\n')
        venues = ("--create-venues", "--time-zone", "America/New_York", "--currency", "USD", "--map", str(mapped))
        ran, told = _import(place, path, *venues)
    speed = [told["read"] / ran.seconds]
    report.figure(Figure(name="loyalty import, lines/s", unit="lines/s", rounds=speed))
    _memory(report, "loyalty import, most memory", [ran])
    found = {**told, "venues": len(told["venues_created"])}
    for name, known in _LOYALTY.items():
        report.fact(f"loyalty import, {name}", found[name], known)


def _copy(place: Installation, path: Path) -> float:
    """Seconds to copy the rows of a file into a plain table."""
    began = time.perf_counter()
    with path.open(newline="", encoding="utf-8") as file, place.database() as dsn:
        rows = csv.reader(file)
        columns = [sql.SQL("{} text").format(sql.Identifier(name)) for name in next(rows)]
        with psycopg.connect(dsn) as connection:
            connection.execute(sql.SQL("CREATE TABLE plain ({})").format(sql.SQL(", ").join(columns)))
            with connection.cursor() as cursor, cursor.copy("COPY plain FROM STDIN") as copy:
                began = time.perf_counter()
                for row in rows:
                    copy.write_row(row)
            connection.commit()
            return time.perf_counter() - began


def _takeaway(made: Path, report: Report) -> tuple[Path, dict[str, Any]]:
    path = _DATA / "takeaway" / "orders.csv"
    if path.exists():
        return path, _TAKEAWAY
    report.say("the takeaway file is not here: made up instead, of the same shape")
    return _made_up(made / "orders.csv")


def _made_up(path: Path) -> tuple[Path, dict[str, Any]]:
    """A file of the takeaway's shape: as many lines and checks, day before month, prices as decimals."""
    rng = random.Random(1)
    dishes = [(f"Dish {number}", Decimal(rng.randrange(80, 1_500)) / 100) for number in range(248)]
    total, lines, checks = Decimal(0), 0, 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["invoice", "Order Date", "description", "Quantity", "Product Price", "Total products", "City"])
        for check, size in enumerate(_sizes(rng, _LINES, _CHECKS)):
            opened = datetime(2019, 8, 3, 23, tzinfo=UTC) - timedelta(minutes=150 * check + rng.randrange(60))
            for name, price in rng.sample(dishes, size):
                quantity = rng.choice((1, 1, 1, 1, 2))
                writer.writerow([16_118 - check, f"{opened:%d/%m/%y %H:%M}", name, quantity, price, size, "Kensington"])
                total, lines = total + quantity * price, lines + 1
            checks += 1
    return path, {"read": lines, "checks": checks, "total": str(total.quantize(Decimal("0.01")))}


def _sizes(rng: random.Random, lines: int, checks: int) -> Iterator[int]:
    """So many sizes of at least one line each that make so many lines."""
    left = lines - checks
    for check in range(checks):
        more = left if check == checks - 1 else min(left, round(rng.expovariate((checks - check) / max(left, 1))))
        more = min(more, 200)
        left -= more
        yield 1 + more
