"""Sending what is due over one connection until the other side has it.

Each object is claimed with a lease, composed as it is now, noted as being tried, sent outside of any transaction, and
settled. Whoever dies between noting and settling leaves a try with an unknown end: the next sender finds it when the
lease is over, and asks the other side by our id before it sends anything.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from time import perf_counter
from typing import NamedTuple

from msgspec import Struct
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from servery.connectors.contract import Account, Connector, Session, Target
from servery.errors import LookUpFirst, NeedsPerson, NotYet, Retry, ServeryError
from servery.model.commands import Command, Field
from servery.outbox import breaker, outcome, rows
from servery.outbox.clock import REAL, Clock
from servery.outbox.limits import TURNED, Turned
from servery.outbox.retry import Jitter, jitter
from servery.outbox.rows import Claimed, Settled
from servery.outbox.wanted import Compose, Wanted, composed, digest_of
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Objects of one connection under way at the same time, of one process."""
AHEAD = 100
"""Objects claimed at once where no limit says less."""
LEASE = 30.0
"""Seconds for which a claim is ours, unless it is renewed."""
_SAFE_PART = 0.8
"""The part of a lease after which a try whose lease could not be renewed is broken off: before another claims it."""
_GRACE = 2.0
"""Seconds that tries under way have to end when the process is to stop."""
_GATHER = 0.03
"""Seconds for which what has ended waits for more, so that many are settled in one transaction."""
_IDLE = 60.0
_AFTER_A_FAULT = 0.5


class Sender(Struct, frozen=True, kw_only=True):
    """One connection to send over. `until` gives the instant up to which what was marked may go (None: all of it).

    `fingerprint` tells its settings apart from earlier ones.
    """

    pool: Pool
    connection_id: int
    connector: Connector
    session: Session
    account: Account
    compose: Compose
    fingerprint: bytes = b""
    until: Callable[[], datetime | None] = lambda: None
    lease: float = LEASE
    clock: Clock = REAL
    spread: Jitter = jitter

    def ahead(self) -> int:
        """How many objects are claimed at once: no more than the limits let go in two seconds."""
        return min(
            (max(1, int(2 * one.requests / one.seconds)) for one in self.connector.manifest.limits), default=AHEAD
        )


class _Trial(NamedTuple):
    """A claim, the state that is wanted, its digest, and whether an earlier try is looked up instead of sending."""

    claim: Claimed
    command: Command
    fields: frozenset[Field]
    digest: bytes
    looks: bool


class _Lease:
    """A claim under way, and until when (by the loop's clock) it is surely ours."""

    def __init__(self, claim: Claimed, deadline: float) -> None:
        self.claim = claim
        self.deadline = deadline
        self.timer: asyncio.Timeout | None = None

    def renewed(self, deadline: float) -> None:
        self.deadline = deadline
        if self.timer is not None:
            self.timer.reschedule(deadline)


class Delivery:
    """The sending over one connection by this process."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._safe = {one.kind: one.safe for one in sender.connector.manifest.outgoing}
        self._queue: deque[tuple[_Lease, _Trial]] = deque()
        self._lines: set[asyncio.Task[None]] = set()
        self._under_way: dict[int, _Lease] = {}
        self._done: list[Settled] = []
        self._progress = asyncio.Event()
        self._more = True
        self._halted = False
        self._failures = 0
        self._clean = False
        self._probing = False
        self._pause = 0.0
        self._stop: NeedsPerson | None = None

    def wake(self) -> None:
        """Something was marked."""
        self._more = True
        self._progress.set()

    async def run(self, stop: asyncio.Event) -> float:
        """Send until nothing is due, or until told to stop; seconds after which something may be due again."""
        keeper = asyncio.create_task(self._keep_leases())
        wait = _IDLE
        try:
            while not stop.is_set():
                try:
                    if self._has_room():
                        wait = await self._claim()
                    if not self._under_way and not self._done:
                        return wait
                    await self._some_progress()
                    await self._settle()
                except (OperationalError, PoolTimeout) as error:
                    # What is under way goes on, and its end is kept when the database is back.
                    if not self._under_way and not self._done:
                        raise
                    log.warning("sending: the database does not answer (%s)", type(error).__name__)
                    await asyncio.sleep(_AFTER_A_FAULT)
            await self._end()
            return 0.0
        finally:
            keeper.cancel()
            for line in self._lines:
                line.cancel()

    def _has_room(self) -> bool:
        if not self._under_way:
            return True
        return self._more and len(self._under_way) <= self._sender.ahead() // 2

    async def _some_progress(self) -> None:
        try:
            async with asyncio.timeout(1.0):
                await self._progress.wait()
            if len(self._done) < len(self._under_way):
                await asyncio.sleep(_GATHER)
        except TimeoutError:
            # What waits for a later try may be due meanwhile.
            self._more = True
        self._progress.clear()

    async def _end(self) -> None:
        """Let what is under way end; what has not begun is given back."""
        self._halted = True
        until = perf_counter() + _GRACE
        while (self._under_way or self._done) and perf_counter() < until:
            await self._some_progress()
            await self._settle()

    async def _claim(self) -> float:
        """Claim what is due and begin to send it; seconds until more may be due where nothing was."""
        sender, began = self._sender, asyncio.get_running_loop().time()
        async with sender.pool.connection() as db:
            gate = await breaker.gate(db, sender.connection_id, sender.clock)
            room, wait = await self._allowed(db, gate)
            if not room:
                self._more = False
                return wait
            until = sender.until()
            claims = await rows.claim(
                db, sender.connection_id, room, sender.lease, early=self._probing, until=until,
                mine=self._under_way, clock=sender.clock,
            )  # fmt: skip
            if not claims:
                await self._no_probe(db)
                self._more = False
                due = await rows.due_in(db, sender.connection_id, until, sender.clock)
                return _IDLE if due is None else due
        self._more = len(claims) == room
        self._halted = False
        deadline = began + _SAFE_PART * sender.lease
        self._under_way |= {one.id: _Lease(one, deadline) for one in claims}
        await self._begin(claims)
        return 0.0

    async def _allowed(self, db: Db, gate: breaker.Gate) -> tuple[int, float]:
        """How many may be claimed now; where none, seconds after which to ask again."""
        sender = self._sender
        self._probing = False
        self._clean = not gate.failures and gate.open_until is None
        if gate.stopped is not None:
            if gate.stopped_for == sender.fingerprint:
                return 0, _IDLE
            await breaker.mended(db, sender.connection_id)
        if gate.wait() > 0:
            return 0, gate.wait()
        if gate.open_until is not None:
            self._probing = await breaker.take_probe(db, sender.connection_id, gate, sender.lease)
            return (1, 0.0) if self._probing else (0, 1.0)
        return sender.ahead() - len(self._under_way), 0.0

    async def _no_probe(self, db: Db) -> None:
        """There was nothing to probe with: whoever has something next may."""
        if self._probing:
            self._probing = False
            await breaker.rest(db, self._sender.connection_id, 0.0, self._sender.clock)

    async def _begin(self, claims: Sequence[Claimed]) -> None:
        """Compose what was claimed, note what will be tried, and start."""
        begun: set[int] = set()
        ended = len(self._done)
        try:
            async with self._sender.pool.connection() as db:
                wanted = await composed(db, self._sender.compose, claims)
                tries = [each for one in claims if (each := self._judged(one, wanted[one.id]))]
                sends = [(one.claim, one.digest) for one in tries if not one.looks]
                ours = await rows.begin(db, sends) if sends else set()
                if not tries:
                    await self._no_probe(db)
            for one in tries:
                if one.looks or one.claim.id in ours:
                    begun.add(one.claim.id)
                    self._queue.append((self._under_way[one.claim.id], one))
            self._open_lines()
        finally:
            decided = begun | {one.id for one in self._done[ended:]}
            for claim in claims:
                if claim.id not in decided:
                    self._over(outcome.returned(claim))

    def _judged(self, claim: Claimed, wanted: Wanted | Retry | None) -> _Trial | None:
        """What to try; None where nothing is."""
        unknown = claim.tried_version is not None
        if isinstance(wanted, Retry):
            self._over(outcome.failed(claim, wanted, 0, looking_up=unknown, spread=self._sender.spread))
        elif wanted is None or claim.kind not in self._safe:
            self._over(outcome.nothing(claim))
        elif not unknown and digest_of(wanted) == claim.sent_digest:
            self._over(outcome.unchanged(claim))
        else:
            looks = unknown and self._safe[claim.kind] == "look_up"
            return _Trial(claim, *wanted, digest_of(wanted), looks)
        return None

    def _open_lines(self) -> None:
        for _ in range(min(AT_ONCE - len(self._lines), len(self._queue))):
            line = asyncio.create_task(self._send_along())
            self._lines.add(line)
            line.add_done_callback(self._lines.discard)

    async def _send_along(self) -> None:
        """One request after another, until none is left."""
        while self._queue:
            lease, trial = self._queue.popleft()
            if self._halted:
                self._over(outcome.returned(trial.claim))
            else:
                self._over(await self._tried(lease, trial))

    async def _tried(self, lease: _Lease, trial: _Trial) -> Settled:
        began, turned = perf_counter(), Turned()
        TURNED.set(turned)
        try:
            async with asyncio.timeout_at(lease.deadline) as lease.timer:
                return await self._asked(trial)
        except ServeryError as error:
            return self._failed(trial, error, began, turned.away)
        except Exception as error:  # noqa: BLE001 (told by name alone: what it says may be a guest's)
            log.error("sending over connection %s: %s", self._sender.connection_id, type(error).__name__)
            return self._failed(trial, _unknown(error), began, False)

    async def _asked(self, trial: _Trial) -> Settled:
        sender, claim, began = self._sender, trial.claim, perf_counter()
        version = claim.tried_version if trial.looks else claim.version
        target = Target(
            our_id=claim.our_id, version=version or 0, external_id=claim.external_id, fields=trial.fields,
            before=claim.written,
        )  # fmt: skip
        if trial.looks:
            assert sender.connector.look_up is not None
            there = await sender.connector.look_up(sender.session, sender.account, trial.command, target)
            took = _milliseconds(began)
            return outcome.absent(claim, took) if there is None else outcome.found(claim, there, took)
        assert sender.connector.send is not None
        result = await sender.connector.send(sender.session, sender.account, trial.command, target)
        return outcome.sent(claim, trial.digest, result, _milliseconds(began))

    def _failed(self, trial: _Trial, error: ServeryError, began: float, turned_away: bool) -> Settled:
        """Keep a failure, and what it means for the others: a pause, a stop, or one more failure in a row."""
        paused = isinstance(error, Retry) and turned_away
        if isinstance(error, NeedsPerson):
            self._stop, self._halted = error, True
        elif isinstance(error, Retry) and turned_away:
            self._pause, self._halted = max(self._pause, error.retry_after), True
        elif isinstance(error, Retry | LookUpFirst) and not isinstance(error, NotYet):
            self._failures += 1
            self._halted = self._halted or self._failures >= breaker.THRESHOLD or self._probing
        return outcome.failed(
            trial.claim, error, _milliseconds(began), looking_up=trial.looks, paused=paused, spread=self._sender.spread
        )

    def _over(self, settled: Settled) -> None:
        if settled.outcome in ("sent", "found", "absent", "refused"):
            self._failures = 0
        self._done.append(settled)
        self._progress.set()

    async def _settle(self) -> None:
        """Keep what has ended, and tell the gate."""
        outcomes, sender = self._done[:], self._sender
        if not outcomes:
            return
        async with sender.pool.connection() as db:
            settled, later = await rows.settle(db, sender.connection_id, outcomes, sender.clock)
            await self._tell_gate(db, [one for one in outcomes if one.id in settled])
        self._done = later + self._done[len(outcomes) :]
        left = {one.id for one in later}
        for one in outcomes:
            if one.id not in left:
                self._under_way.pop(one.id, None)
            if one.id not in left | settled:
                log.warning("outbox %s: the lease had ended, and another sender has taken over", one.id)
        if later:
            await asyncio.sleep(0.01)
            self._progress.set()

    async def _tell_gate(self, db: Db, outcomes: Sequence[Settled]) -> None:
        connection_id, clock = self._sender.connection_id, self._sender.clock
        ended = [one.outcome for one in outcomes]
        failures = sum(one in ("retry", "ambiguous") for one in ended)
        if any(one in ("sent", "found", "absent", "refused") for one in ended):
            if not self._clean:
                await breaker.recovered(db, connection_id, self._probing, clock)
                self._more = True
        elif failures and not self._pause:
            await breaker.failed(db, connection_id, failures, self._probing, clock)
            self._clean = False
        if self._pause:
            await breaker.rest(db, connection_id, self._pause, clock)
            self._pause, self._clean = 0.0, False
        if self._stop is not None:
            await breaker.stop(db, connection_id, self._stop, self._sender.fingerprint)
            self._stop = None

    async def _keep_leases(self) -> None:
        """Renew the leases of what is under way, for as long as there is any."""
        sender, loop = self._sender, asyncio.get_running_loop()
        while True:
            await asyncio.sleep(sender.lease / 3)
            leases = dict(self._under_way)
            began = loop.time()
            try:
                async with sender.pool.connection() as db:
                    ours = await rows.renew(db, [one.claim for one in leases.values()], sender.lease, sender.clock)
            except (OperationalError, PoolTimeout) as error:
                log.warning("sending: leases not renewed (%s)", type(error).__name__)
                continue
            for number in ours & leases.keys():
                leases[number].renewed(began + _SAFE_PART * sender.lease)


def _milliseconds(began: float) -> int:
    return round(1000 * (perf_counter() - began))


def _unknown(error: Exception) -> LookUpFirst:
    if isinstance(error, TimeoutError):
        return LookUpFirst("It took too long: nobody knows whether it was done.", code="too-long")
    return LookUpFirst("Sending broke off ({why}).", code="our-fault", why=type(error).__name__)
