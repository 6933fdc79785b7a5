"""What is marked, sent to another system until it has it: deliveries a second.

Why it matters: after an outage, or the evening that a system is joined, thousands of guests must be over there before
the doors open; and the till's own pace should be the only brake.

Everything is as in the worker, one process: claimed with a lease, composed, noted as tried, sent by HTTP eight at a
time, settled, each try logged. What is composed is a guest's name read from a table: what a real card costs to compose
is not measured here. The peer sends the same requests by the same client, eight at a time, and keeps nothing. The sink
is a process of its own on the same processors, and what it costs is told apart.
"""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence

import httpx
import msgspec
from msgspec import Struct

from benchmarks.stand.installation import Installation, installation
from benchmarks.stand.report import Figure, Report
from benchmarks.stand.sink import Sink, sink
from servery.connectors.contract import Account, Connector, Manifest, Outgoing, Page, Sent, Session, Target
from servery.model.commands import Command, CommandKind, GuestCard
from servery.outbox import mark
from servery.outbox.deliver import AT_ONCE, Delivery, Sender
from servery.outbox.wanted import Wanted
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool, open_pool

LEAST = 1_000
"""Deliveries a second."""
GUESTS = 6_000
ROUNDS = 3


class Run(Struct, frozen=True):
    """One round: seconds by the clock, and of processor time here and in the sink."""

    seconds: float
    here: float
    there: float


def run(report: Report) -> None:
    """Deliver several times, each time from an empty database."""
    with installation() as place, sink() as to:
        bare = [asyncio.run(_bare(to)) for _ in range(ROUNDS)]
        sent = [asyncio.run(_delivered(place, to)) for _ in range(ROUNDS)]
    speed = Figure(name="claimed, sent, settled", unit="deliveries/s", rounds=_speeds(sent), at_least=LEAST)
    report.figure(speed)
    report.peer(speed, Figure(name="the same requests alone", unit="deliveries/s", rounds=_speeds(bare)))
    report.figure(Figure(name="this process at work", unit="s", rounds=[one.here for one in sent]))
    report.figure(Figure(name="apart: the sink at work meanwhile", unit="s", rounds=[one.there for one in sent]))


def _speeds(runs: Sequence[Run]) -> list[float]:
    return [GUESTS / one.seconds for one in runs]


async def _bare(to: Sink) -> Run:
    account, number = Account("Sink", ()), iter(range(GUESTS))
    async with httpx.AsyncClient() as http:
        session = Session({"url": to.url}, http)

        async def one_after_another() -> None:
            for guest in number:
                await _send(session, account, _card(guest, f"Guest {guest}"), Target(our_id=f"{guest}", version=1))

        began = _Clock(to)
        await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
        return began.run()


async def _delivered(place: Installation, to: Sink) -> Run:
    with place.database() as dsn:
        async with open_pool(dsn) as pool, httpx.AsyncClient() as http:
            await _marked(pool)
            sender = Sender(
                pool=pool,
                connection_id=1,
                connector=_CONNECTOR,
                session=Session({"url": to.url}, http),
                account=Account("Sink", ()),
                compose=_composed,
            )
            began = _Clock(to)
            await Delivery(sender).run(asyncio.Event())
            ended = began.run()
            await _check(pool)
    return ended


async def _marked(pool: Pool) -> None:
    async with pool.connection() as db:
        await db.execute(
            "insert into connection (id, name, connector) overriding system value values (1, 'sink', 'none')"
        )
        await db.execute("create table wanted (id bigint primary key, name text)")
        await db.execute("insert into wanted select n, 'Guest ' || n from generate_series(1, %s) as n", [GUESTS])
        await mark(db, 1, "guest", range(1, GUESTS + 1))
    async with pool.connection() as db:
        await db.execute("analyze outbox_target")


async def _check(pool: Pool) -> None:
    """Nothing may be left, and every delivery must be in the log."""
    async with pool.connection() as db:
        cursor = await db.execute(
            "select (select count(*) from outbox_target where state = 'rests' and sent_version = 1) as there, "
            "(select count(*) from outbox_attempt where outcome = 'sent') as told"
        )
        found = await cursor.fetchone()
    if found != {"there": GUESTS, "told": GUESTS}:
        raise RuntimeError(f"not all is there: {found}")


async def _composed(db: Db, kind: CommandKind, subject_ids: Sequence[int]) -> Mapping[int, Wanted]:
    cursor = await db.execute("select id, name from wanted where id = any(%s)", [list(subject_ids)])
    return {row["id"]: (_card(row["id"], row["name"]), frozenset({"name"})) for row in await cursor.fetchall()}


def _card(guest_id: int, name: str) -> GuestCard:
    return GuestCard(guest_id=guest_id, name=name, email=f"guest{guest_id}@example.com", tags=("vip", "window"))


async def _send(session: Session, account: Account, command: Command, target: Target) -> Sent:
    body = msgspec.json.encode({"our_id": target.our_id, "version": target.version, "guest": command})
    headers = {"authorization": "Bearer x", "content-type": "application/json"}
    answer = await session.http.post(session.settings["url"], content=body, headers=headers)
    answer.raise_for_status()
    return Sent(external_id=msgspec.json.decode(answer.content)["id"], written={"name": "x"})


async def _nothing(*_: object) -> Page:
    return Page(())


async def _checked(_: Session) -> Account:
    return Account("Sink", ())


_CONNECTOR = Connector(
    Manifest(
        name="sink",
        title="Sink",
        kind="pos",
        quality="bronze",
        evidence="inferred",
        outgoing=(Outgoing(kind="guest", safe="key"),),
    ),
    _checked,
    _nothing,
    lambda _, __: (),
    send=_send,
)


class _Clock:
    def __init__(self, to: Sink) -> None:
        self._to = to
        self._began, self._here, self._there = time.perf_counter(), _here(), to.processor_seconds()

    def run(self) -> Run:
        seconds = time.perf_counter() - self._began
        return Run(seconds, _here() - self._here, self._to.processor_seconds() - self._there)


def _here() -> float:
    used = os.times()
    return used.user + used.system
