"""What is wanted of objects now, composed when it is sent."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import blake2b

import msgspec
from psycopg import OperationalError

from servery.errors import Retry
from servery.model.commands import Command, CommandKind, Field
from servery.outbox.rows import Claimed
from servery.storage.pool import Connection as Db

log = logging.getLogger(__name__)

Wanted = tuple[Command, frozenset[Field]]
"""The state that is wanted there, and which of its fields may be written."""
Compose = Callable[[Db, CommandKind, Sequence[int]], Awaitable[Mapping[int, Wanted | None]]]
"""What is wanted of these objects now, by subject; None where nothing is to be held there."""


async def composed(db: Db, compose: Compose, claims: Sequence[Claimed]) -> dict[int, Wanted | Retry | None]:
    """What is wanted of each claim, by its id; an error where that one cannot be composed."""
    found: dict[int, Wanted | Retry | None] = {}
    for kind in dict.fromkeys(one.kind for one in claims):
        found |= await _of_kind(db, compose, kind, [one for one in claims if one.kind == kind])
    return found


async def _of_kind(
    db: Db, compose: Compose, kind: CommandKind, claims: Sequence[Claimed]
) -> dict[int, Wanted | Retry | None]:
    """Compose together; where that fails, halves, until the one at fault is found alone."""
    try:
        async with db.transaction():
            made = await compose(db, kind, [one.subject_id for one in claims])
    except OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever is wrong with one object must not keep back the others)
        if len(claims) > 1:
            half = len(claims) // 2
            first = await _of_kind(db, compose, kind, claims[:half])
            return first | await _of_kind(db, compose, kind, claims[half:])
        # By name alone: what it says may be a guest's.
        log.error("outbox %s cannot be composed: %s", claims[0].id, type(error).__name__)
        return {claims[0].id: _fault(error)}
    return {one.id: made.get(one.subject_id) for one in claims}


def digest_of(wanted: Wanted) -> bytes:
    """By what a state is known again: the same command with the same fields has the same."""
    command, fields = wanted
    return blake2b(msgspec.json.encode([command, sorted(fields)]), digest_size=16).digest()


def _fault(error: Exception) -> Retry:
    return Retry("What is to be sent could not be composed ({why}).", code="our-fault", why=type(error).__name__)
