"""Who looked at which guest, and who changed what. Lines are added and never altered; the database sees to that."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Literal

from servery.accounts import rows
from servery.accounts.rows import Action, Look
from servery.model.viewer import Viewer
from servery.storage.pool import Connection

Purpose = Literal["page", "tonight", "search", "list", "api", "export", "command"]
"""Where the viewer saw the guest."""
_BY_ITSELF: frozenset[Purpose] = frozenset({"page", "tonight", "search", "list"})
"""Where guests are shown again without anybody asking, or with each letter that is typed."""
_ONE_LOOK = timedelta(hours=1)


async def looked(connection: Connection, viewer: Viewer, guest_ids: Collection[int], purpose: Purpose) -> None:
    """Write down that `viewer` is shown these guests: one line each, in one insert.

    A page that stands open asks anew at each change in the house: of that there is one line in an hour.
    """
    if guest_ids:
        once_in = _ONE_LOOK if purpose in _BY_ITSELF else None
        await rows.insert_looks(connection, viewer, sorted(set(guest_ids)), purpose, once_in)


async def looks_at(connection: Connection, guest_id: int, *, limit: int = 100) -> list[Look]:
    """The latest looks at a guest under this id, newest first."""
    return await rows.looks_at(connection, guest_id, limit)


async def acted(
    connection: Connection, viewer: Viewer, action: str, subject: str, detail: Mapping[str, object] | None = None
) -> None:
    """Write down a change, in the transaction that makes it.

    `action` is a verb in the past, its words joined by dashes ("invited", "connection-changed"), `subject` is kind and
    id ("person:3"), `detail` what else to know as JSON. Neither holds a secret or personal data: these
    lines outlive both.
    """
    await rows.insert_action(connection, viewer, action, subject, dict(detail or {}))


async def actions(connection: Connection, *, before: int | None = None, limit: int = 100) -> list[Action]:
    """The latest changes, newest first; the next page are those `before` the id of the last one."""
    return await rows.actions(connection, before, limit)
