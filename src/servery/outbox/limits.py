"""A vendor's limits, kept by all processes together: no window that it names ever sees more requests than it allows.

The time at which a request reaches the vendor is not ours to know: it lies between its beginning and its answer. So a
request counts as one of a window from before it begins until a whole window after its answer. Then of any N + 1
requests, the one begun last began a window after the answer of another, and the vendor saw those two further apart than
its window, however slow the network was.

Processes share the count in `outbox_gate`. A process takes permits for a few requests at a time, which count before the
first is made: where it is killed, they count as made.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import httpx
import msgspec
from msgspec import Struct
from psycopg import OperationalError
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from servery.connectors.contract import Limit
from servery.outbox.clock import NOW, REAL, Clock
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool

log = logging.getLogger(__name__)

USE_SECONDS = 2.0
"""For how long a request may begin with a permit that was taken."""
HOLD_SECONDS = 20.0
"""For how long a process that is gone may have requests under way: its permits count until then, and a window more."""
_SHARE = 4
"""A process takes no more than this part of a window at once, so that others get some too."""
_GRAIN = 50
"""Answers that came within this part of a window count from the last of them: a bound on what is kept."""
_MARGIN = 0.01
"""Seconds added to each window, for clocks that are read to the millisecond."""
_LOOK_AGAIN = 0.05
"""Seconds after which permits that others hold may have come back."""


class Spent(Struct, array_like=True):
    """Requests that were answered between `first` and `last` (seconds of the epoch)."""

    first: float
    last: float
    requests: int


class Grant(Struct, array_like=True):
    """Permits that somebody holds and may use; after `until` they count as used."""

    number: int
    permits: int
    until: float


class Windows(Struct):
    """What was asked of one vendor over one connection: by length of the window, and what is under way."""

    spent: dict[str, list[Spent]] = {}
    granted: list[Grant] = []
    numbers: int = 0


class Returned(Struct, frozen=True):
    """A grant that is done with: so many of its permits were used, the last answer came `ago` seconds ago."""

    number: int
    used: int
    ago: float


def settle(windows: Windows, limits: Sequence[Limit], returned: Sequence[Returned], now: float) -> None:
    """Count what grants came to: those returned, and those whose holders have not been heard of."""
    back = {one.number: one for one in returned}
    for grant in windows.granted:
        if grant.number in back:
            one = back[grant.number]
            _spend(windows, limits, one.used, now - one.ago)
        elif grant.until <= now:
            _spend(windows, limits, grant.permits, grant.until)
    windows.granted = [one for one in windows.granted if one.number not in back and one.until > now]
    for limit in limits:
        kept = windows.spent.get(_key(limit), [])
        windows.spent[_key(limit)] = [one for one in kept if one.last > now - limit.seconds - _MARGIN]


def grant(windows: Windows, limits: Sequence[Limit], wanted: int, now: float) -> tuple[Grant | None, float]:
    """Permits for up to `wanted` requests, or None and the seconds after which to ask again."""
    held = sum(one.permits for one in windows.granted)
    free = min(limit.requests - held - _used(windows, limit) for limit in limits)
    permits = min(free, wanted, *(max(1, limit.requests // _SHARE) for limit in limits))
    if permits < 1:
        return None, max(_wait(windows, limit, held, now) for limit in limits)
    windows.numbers += 1
    given = Grant(windows.numbers, permits, now + HOLD_SECONDS)
    windows.granted.append(given)
    return given, 0.0


def _used(windows: Windows, limit: Limit) -> int:
    return sum(one.requests for one in windows.spent.get(_key(limit), ()))


def _wait(windows: Windows, limit: Limit, held: int, now: float) -> float:
    """Seconds until this limit has room for one."""
    over = held + _used(windows, limit) - limit.requests + 1
    if over <= 0:
        return 0.0
    for one in windows.spent.get(_key(limit), ()):
        over -= one.requests
        if over <= 0:
            return max(0.001, one.last + limit.seconds + _MARGIN - now)
    return _LOOK_AGAIN


def _spend(windows: Windows, limits: Sequence[Limit], requests: int, at: float) -> None:
    if not requests:
        return
    for limit in limits:
        spent = windows.spent.setdefault(_key(limit), [])
        newest = spent[-1] if spent else None
        if newest and at - newest.first < limit.seconds / _GRAIN:
            newest.requests += requests
            newest.last = max(newest.last, at)
        else:
            spent.append(Spent(at, at, requests))
            spent.sort(key=lambda one: one.last)


def _key(limit: Limit) -> str:
    return f"{limit.seconds:g}"


class _Taken:
    """Permits that this process holds."""

    def __init__(self, number: int, permits: int, began: float) -> None:
        self.number = number
        self.left = permits
        self.usable_until = began + USE_SECONDS
        self.used = 0
        self.under_way = 0
        self.last_answer = began


class Limiter:
    """One connection's limits, for the requests of this process. Without limits it holds nothing back."""

    def __init__(self, pool: Pool, connection_id: int, limits: Sequence[Limit], clock: Clock = REAL) -> None:
        self._pool = pool
        self._connection_id = connection_id
        strictest: dict[float, Limit] = {}
        for one in limits:
            strictest[one.seconds] = min(one, strictest.get(one.seconds, one), key=lambda limit: limit.requests)
        self._limits = tuple(strictest.values())
        self._clock = clock
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._taken: _Taken | None = None
        self._done: deque[_Taken] = deque()

    @asynccontextmanager
    async def permit(self) -> AsyncIterator[None]:
        """Wait until one more request may be made; leave the block when it is answered."""
        if not self._limits:
            yield
            return
        taken = await self._begin()
        try:
            yield
        finally:
            taken.under_way -= 1
            taken.last_answer = self._clock.running()
            await self._end(taken)

    async def _begin(self) -> _Taken:
        self._waiting += 1
        try:
            async with self._turn:
                taken = self._usable()
                while taken is None:
                    taken = self._taken = await self._take()
                taken.left -= 1
                taken.used += 1
                taken.under_way += 1
                return taken
        finally:
            self._waiting -= 1

    def _usable(self) -> _Taken | None:
        taken = self._taken
        if taken is None:
            return None
        if taken.left and self._clock.running() < taken.usable_until:
            return taken
        self._taken = None
        if not taken.under_way:
            self._done.append(taken)
        taken.left = 0
        return None

    async def _take(self) -> _Taken | None:
        began = self._clock.running()
        given, wait = await self._exchange(self._waiting)
        if given is None:
            await self._clock.sleep(wait)
            return None
        return _Taken(given.number, given.permits, began)

    async def _end(self, taken: _Taken) -> None:
        if taken.left or taken.under_way:
            return
        if self._taken is taken:
            self._taken = None
        self._done.append(taken)
        # Who waits tells it when it takes its own.
        if not self._waiting:
            try:
                await self._exchange(0)
            except (OperationalError, PoolTimeout) as error:
                # The answer that was just received matters more; untold, these permits count as used a while longer.
                log.warning("connection %s: permits not given back (%s)", self._connection_id, type(error).__name__)

    async def _exchange(self, wanted: int) -> tuple[Grant | None, float]:
        """Give back what is done with, and take permits for `wanted` more."""
        done, self._done = self._done, deque()
        now = self._clock.running()
        returned = [Returned(one.number, one.used, now - one.last_answer) for one in done]
        try:
            async with self._pool.connection() as db:
                windows, at = await _windows(db, self._connection_id, self._clock)
                settle(windows, self._limits, returned, at)
                answer = grant(windows, self._limits, wanted, at) if wanted else (None, 0.0)
                await db.execute(
                    "update outbox_gate set windows = %s where connection_id = %s",
                    [Jsonb(msgspec.to_builtins(windows)), self._connection_id],
                )
        except BaseException:
            self._done.extendleft(reversed(done))
            raise
        return answer


async def _windows(db: Db, connection_id: int, clock: Clock) -> tuple[Windows, float]:
    """What was asked so far, held until the transaction ends, and the instant in seconds of the epoch."""
    question = f"select windows, extract(epoch from {NOW})::float8 as at from outbox_gate where connection_id = %(id)s"
    asked: dict[str, Any] = {"id": connection_id, "now": clock.now()}
    cursor = await db.execute(f"{question} for update", asked)
    row = await cursor.fetchone()
    if row is None:
        await db.execute("insert into outbox_gate (connection_id) values (%s) on conflict do nothing", [connection_id])
        cursor = await db.execute(f"{question} for update", asked)
        row = await cursor.fetchone()
    assert row is not None
    return msgspec.convert(row["windows"], Windows), row["at"]


class Turned:
    """Whether, in one try, the vendor answered last that there are too many requests (429)."""

    def __init__(self) -> None:
        self.away = False


TURNED: ContextVar[Turned | None] = ContextVar("turned", default=None)
"""Where a try wants to know it: set before the try begins, for requests pass through code that need not tell."""


class Limited(httpx.AsyncClient):
    """A client that makes each request when the limits allow it. It takes what every client does."""

    def __init__(self, limiter: Limiter, **options: Any) -> None:
        super().__init__(**options)
        self._limiter = limiter

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Wait for a permit, then send."""
        async with self._limiter.permit():
            response = await super().send(request, **options)
        turned = TURNED.get()
        if turned is not None:
            turned.away = response.status_code == httpx.codes.TOO_MANY_REQUESTS
        return response
