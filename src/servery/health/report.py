"""How each connection is, in one row: its state in one word, what arrives and leaves, what waits and since when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct

from servery.health import rows
from servery.storage.pool import Connection as Db

State = Literal["working", "fetching", "retrying", "needs_person", "paused", "never"]
"""working: in step; fetching: still reading the past; retrying: tries again by itself; needs_person: that is no use;
paused: by somebody's choice; never: nothing was read or received yet."""
STATES: tuple[State, ...] = get_args(State)


class Trouble(Struct, frozen=True, kw_only=True):
    """The last error as ServeryError carries it. `resource` is what was read; "sending" where something was sent."""

    resource: str
    template: str
    code: str = "error"
    params: Mapping[str, Any] = {}
    mend: str | None = None
    field: str | None = None
    needs_person: bool = False
    attempts: int = 0
    next_try_at: datetime | None = None


class ConnectionHealth(Struct, frozen=True, kw_only=True):
    """One connection's row. Instants are UTC, lengths of time seconds."""

    id: int
    name: str
    connector: str
    state: State
    last_event: datetime | None
    """When something last came from it, by whichever way."""
    last_read: datetime | None
    """When it was last asked and answered."""
    lag: float | None
    """From the arrival of the newest event that was taken in to its being taken in."""
    error_share: float | None
    """Share of what arrived or was sent in the last 24 hours that failed; None where nothing was."""
    queue_in: int
    queue_out: int
    oldest_in: datetime | None
    oldest_out: datetime | None
    """Since when the oldest waits to be taken in, and to be sent."""
    refused: int
    """Objects that the other side will not take."""
    quarantine: int
    """Records that could not be taken in and that nobody has dealt with yet."""
    next_attempt: datetime | None
    down_since: datetime | None
    trouble: Trouble | None


async def report(db: Db, now: datetime) -> list[ConnectionHealth]:
    """All connections, oldest first, as they are `now`."""
    return [_health(row) for row in await rows.connections(db, now)]


def _health(row: Mapping[str, Any]) -> ConnectionHealth:
    trouble = msgspec.convert(row["trouble"], Trouble) if row["trouble"] else None
    handled = row["handled"] or 0
    return ConnectionHealth(
        **{name: row[name] for name in ("id", "name", "connector", "last_event", "last_read", "lag", "down_since")},
        **{name: row[name] for name in ("queue_in", "queue_out", "oldest_in", "oldest_out", "refused", "quarantine")},
        state=_state(row, trouble),
        error_share=float(row["failed"]) / float(handled) if handled else None,
        next_attempt=trouble.next_try_at if trouble else row["open_until"],
        trouble=trouble,
    )


def _state(row: Mapping[str, Any], trouble: Trouble | None) -> State:
    if row["paused"]:
        return "paused"
    if trouble is not None:
        return "needs_person" if trouble.needs_person else "retrying"
    if row["sending_fails"]:
        return "retrying"
    if row["last_read"] is None and row["last_event"] is None:
        return "never"
    return "fetching" if row["fetching"] else "working"
