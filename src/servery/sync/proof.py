"""How a connection was proved to work: the steps of a verification, and what it put into the other system meanwhile."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from servery.errors import ServeryError
from servery.model.commands import Command
from servery.sync.rows import Db

StepName = Literal["access", "newest", "writes", "arrives", "profile", "guests", "webhook", "clean"]
StepState = Literal["waits", "runs", "ok", "failed", "by_hand", "skipped"]
"""by_hand: it cannot be proved by itself, and the words say what to do and where to look."""
STEPS: tuple[StepName, ...] = ("access", "newest", "writes", "arrives", "profile", "guests", "webhook", "clean")

_LEASE = "interval '60 seconds'"


class Merged(Struct, frozen=True):
    """A guest whom two systems know, and the key that says so (email, phone, email and phone)."""

    guest_id: int
    by: str


class Step(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step's result: a message with named places, as ServeryError has it. `seconds` is the delay measured."""

    name: StepName
    state: StepState = "waits"
    template: str = ""
    params: Mapping[str, Any] = {}
    mend: str | None = None
    field: str | None = None
    seconds: float | None = None
    guests: tuple[Merged, ...] = ()
    check_id: int | None = None
    reservation_id: int | None = None

    def error(self) -> ServeryError:
        """The message, as something that can be told in any language."""
        return ServeryError(self.template, mend=self.mend, **self.params)


class Verification(Struct, frozen=True, kw_only=True):
    """One proving of one connection. `write`: the owner lets it put a test into the other system.

    `wait` is how many seconds it waits for what a person is asked to do.
    """

    id: int
    connection_id: int
    write: bool
    wait: int
    asked_at: datetime
    ended_at: datetime | None
    stopped: bool
    steps: tuple[Step, ...]

    def step(self, name: StepName) -> Step:
        """A step as far as it is."""
        return next((one for one in self.steps if one.name == name), Step(name=name))

    @property
    def well(self) -> bool:
        """Whether nothing has failed."""
        return all(one.state != "failed" for one in self.steps)


class Planted(Struct, frozen=True, kw_only=True):
    """A test that stands in another system until it is cleared away."""

    our_id: UUID
    connection_id: int
    command: Command
    external_id: str | None


_COLUMNS = "id, connection_id, write, wait, asked_at, ended_at, stopped, steps"


async def ask(db: Db, connection_id: int, *, write: bool, wait: int, claimed: bool = False) -> int:
    """Begin a verification, or take up the one that runs; `claimed` by the caller, who proves it himself."""
    await db.execute("select pg_advisory_xact_lock(%s, %s)", [0x900F, connection_id])
    open_ = await newest(db, connection_id)
    if open_ is not None and open_.ended_at is None:
        return open_.id
    cursor = await db.execute(
        "insert into verification (connection_id, write, wait, steps, leased_until) "
        f"values (%s, %s, %s, %s, case when %s then now() + {_LEASE} end) returning id",
        [connection_id, write, wait, Jsonb([msgspec.to_builtins(Step(name=name)) for name in STEPS]), claimed],
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row["id"])


async def newest(db: Db, connection_id: int) -> Verification | None:
    """The latest verification of a connection."""
    return await _one(db, f"select {_COLUMNS} from verification where connection_id = %s order by id desc limit 1",
                      connection_id)  # fmt: skip


async def verification(db: Db, verification_id: int) -> Verification | None:
    """One verification as it stands."""
    return await _one(db, f"select {_COLUMNS} from verification where id = %s", verification_id)


async def claim(db: Db) -> Verification | None:
    """One that nobody is at: newly asked for, or left by a process that died."""
    return await _one(
        db,
        f"update verification set leased_until = now() + {_LEASE} where id = (select id from verification "
        "where ended_at is null and (leased_until is null or leased_until < now()) order by id "
        f"for update skip locked limit 1) returning {_COLUMNS}",
    )


async def _one(db: Db, statement: str, *values: int) -> Verification | None:
    row = await (await db.execute(statement, values)).fetchone()
    return msgspec.convert(row, Verification) if row else None


async def keep_steps(db: Db, verification_id: int, steps: Sequence[Step]) -> None:
    """Write down how far it is, and that somebody is at it."""
    await db.execute(
        f"update verification set steps = %s, leased_until = now() + {_LEASE} where id = %s",
        [Jsonb(msgspec.to_builtins(list(steps))), verification_id],
    )


async def still_at_it(db: Db, verification_id: int) -> bool:
    """Keep the lease; whether the person still waits for what they were asked to do."""
    cursor = await db.execute(
        f"update verification set leased_until = now() + {_LEASE} where id = %s returning stopped", [verification_id]
    )
    row = await cursor.fetchone()
    return bool(row and not row["stopped"])


async def stop_waiting(db: Db, connection_id: int) -> None:
    """Go on without what a person was asked to do."""
    await db.execute(
        "update verification set stopped = true where connection_id = %s and ended_at is null", [connection_id]
    )


async def end(db: Db, one: Verification) -> None:
    """It is done; a connection where nothing failed is verified."""
    await db.execute("update verification set ended_at = now() where id = %s", [one.id])
    if one.well:
        await db.execute("update connection set verified_at = now() where id = %s", [one.connection_id])


async def remember(db: Db, verification_id: int, planted: Planted) -> None:
    """Write down what is about to be put into another system, before it is."""
    await db.execute(
        "insert into planted (our_id, connection_id, verification_id, command, next_try_at) "
        "values (%s, %s, %s, %s, now() + interval '15 minutes') on conflict do nothing",
        [planted.our_id, planted.connection_id, verification_id, Jsonb(msgspec.to_builtins(planted.command))],
    )


async def found_at(db: Db, our_id: UUID, external_id: str) -> None:
    """Write down by which id the other system knows it."""
    await db.execute("update planted set external_id = %s where our_id = %s", [external_id, our_id])


async def planted(db: Db, connection_id: int | None = None) -> list[Planted]:
    """What is still to be cleared away: of one connection, or all of which it is time to try again."""
    cursor = await db.execute(
        "select our_id, connection_id, command, external_id from planted where cleared_at is null "
        "and case when %(id)s::bigint is null then next_try_at <= now() else connection_id = %(id)s end",
        {"id": connection_id},
    )
    return [msgspec.convert(row, Planted) for row in await cursor.fetchall()]


async def cleared(db: Db, our_id: UUID) -> None:
    """It is away."""
    await db.execute("update planted set cleared_at = now(), error = null where our_id = %s", [our_id])


async def not_cleared(db: Db, our_id: UUID, error: ServeryError) -> None:
    """It is not away yet: it is tried again, less and less often."""
    await db.execute(
        "update planted set attempts = attempts + 1, error = %s, "
        "next_try_at = now() + least(interval '1 day', interval '1 minute' * power(2, least(attempts, 12))) "
        "where our_id = %s",
        [Jsonb({"code": error.code, "template": error.template}), our_id],
    )
