"""Sign-in by e-mail and password, slow to guess and silent about who is known here."""

from __future__ import annotations

import hashlib
import ipaddress
import math
from datetime import timedelta

from psycopg.pq import TransactionStatus

from servery.accounts import rows
from servery.accounts.emails import folded
from servery.accounts.passwords import check_password, hashed, verify
from servery.accounts.people import own_id, person_by_id
from servery.accounts.rows import Person
from servery.accounts.tokens import Token
from servery.errors import Refuse, Retry
from servery.model.viewer import Viewer
from servery.storage.pool import Connection

WINDOW = timedelta(minutes=15)
FAILURES_PER_EMAIL = 10
FAILURES_PER_ADDRESS = 30
"""In one window. An address may be a whole restaurant's, where several people mistype at the start of a shift."""


async def sign_in(connection: Connection, *, email: str, password: str, address: str) -> Person:
    """Whoever has this e-mail and password. `address` is the caller's IP address.

    Raises Refuse without a word on which of the two was wrong, Retry after too many failures. The connection must not
    be in a transaction: an attempt is counted and committed before it is judged, so no rollback forgets it.
    """
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise RuntimeError("sign_in was given a connection in the middle of a transaction")
    email_key = folded(email)
    keys = _counted("email", email_key), _counted("address", _network(address))
    await _count(connection, *keys)
    async with connection.transaction():
        known = await rows.password_hash(connection, email_key) if email_key.isprintable() else None
    person, stored = known or (None, None)
    verdict = await verify(stored, password)
    if person is None or verdict == "wrong":
        raise Refuse("The e-mail address or the password is wrong.", code="sign-in-refused")
    async with connection.transaction():
        await rows.forgive_attempts(connection, *keys, WINDOW)
        if verdict == "right but weak":
            await rows.set_password_hash(connection, person.id, await hashed(password))
    return person


async def set_password(connection: Connection, viewer: Viewer, password: str, *, keep: Token | None = None) -> None:
    """Give the viewer, a person, a new password, and sign them out everywhere but in the session `keep`.

    Raises Invalid on the field `password` where it will not do.
    """
    person = await person_by_id(connection, own_id(viewer))
    check_password(password, person.email)
    stored = await hashed(password)
    async with connection.transaction():
        await rows.set_password_hash(connection, person.id, stored)
        await rows.delete_sessions(connection, person.id, keep.hash if keep else None)
        await rows.delete_links(connection, person.id)


async def _count(connection: Connection, email: bytes, address: bytes) -> None:
    async with connection.transaction():
        counts = await rows.count_attempts(connection, (email, address), WINDOW)
        limits = {email: FAILURES_PER_EMAIL, address: FAILURES_PER_ADDRESS}
        waits = [counts[key][1] for key, limit in limits.items() if counts[key][0] > limit]
        if waits:
            # Raised inside the transaction: an attempt that is not judged is not counted either.
            raise _too_many(max(waits))


def _too_many(seconds: float) -> Retry:
    return Retry(
        "Too many attempts to sign in have failed.",
        code="sign-in-throttled",
        retry_after=math.ceil(seconds),
        mend="Try again in {minutes} min.",
        minutes=math.ceil(seconds / 60),
    )


def _counted(kind: str, what: str) -> bytes:
    return hashlib.sha256(f"{kind}:{what}".encode("utf-8", "surrogatepass")).digest()


def _network(address: str) -> str:
    """Whom to count: an IPv4 address, or the /64 that one IPv6 customer has to himself."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if ip.version == 6 and ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip.packed, 64), strict=False)) if ip.version == 6 else str(ip)
