"""Changing only what somebody has seen: the state of a connection in its ETag, and If-Match that holds it against it.

How a connection is doing changes by the second. So its tag has two parts, of which the first is of what a change can
change: that part alone is compared before one is made.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from litestar.params import HeaderParameter

from servery.api.problem import NoneGiven, Stale
from servery.errors import NotFound
from servery.storage.pool import Connection as Db

IfMatch: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        max_length=1000,
        description="The ETag of the connection as it was when the change was decided on, or `*` for whatever it is "
        "now. It is needed: without it the answer is 428, and 412 where somebody changed the connection since.",
    ),
]
"""The header, as a route takes it."""


async def choices_of(db: Db, connection_id: int, *, keep: bool = False) -> str:
    """The part of a connection's tag that changes when what may be changed of it does. Raises NotFound.

    `keep` lets nobody else change it before this transaction ends, and what comes from it still be written.
    """
    cursor = await db.execute(
        "select left(encode(sha256(convert_to(row(name, paused, settings, sealed, pace, batch_at, live_from, "
        "spare_service)::text, 'UTF8')), 'hex'), 24) as state from connection where id = %s and removed_at is null"
        + (" for no key update" if keep else ""),
        [connection_id],
    )
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("There is no connection {id}.", id=connection_id)
    return str(row["state"])


async def demand_unchanged(db: Db, connection_id: int, if_match: str | None) -> None:
    """Let pass whose If-Match names a connection as it is, and keep it so. Raises NotFound, NoneGiven and Stale."""
    if if_match is None:
        raise NoneGiven("A change needs If-Match.", mend="Send the ETag of the connection, or * for whatever it is.")
    state = await choices_of(db, connection_id, keep=True)
    named = {one.strip().removeprefix("W/").strip('"').partition("-")[0] for one in if_match.split(",")}
    if if_match.strip() != "*" and state not in named:
        raise Stale("The connection was changed since.", mend="Ask for it again, and decide anew.")
