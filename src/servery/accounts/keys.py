"""API keys: how a program proves who it is.

A key is `sv_`, 32 random letters and digits, and 6 more that are their CRC-32: `is_key` recognises one that has leaked
into a file or a log without asking anybody, and a mistyped one never reaches the database.
"""

from __future__ import annotations

import re
import secrets
import string
import zlib
from datetime import datetime, timedelta

from servery.accounts import rows
from servery.accounts.audit import acted
from servery.accounts.people import check_name, check_role, demand_owner
from servery.accounts.rows import ApiKey
from servery.accounts.tokens import Token
from servery.errors import Invalid, NotFound, Refuse
from servery.model.viewer import Role, Viewer
from servery.storage.pool import Connection

LASTS = timedelta(days=365)
LASTS_AT_MOST = timedelta(days=2 * 365)
NOTE_AFTER = timedelta(minutes=5)
"""How often at most a key's `last_used` is written."""

_ALPHABET = string.digits + string.ascii_letters
_SHAPE = re.compile(r"sv_([0-9A-Za-z]{32})([0-9A-Za-z]{6})")
_PREFIX = len("sv_") + 6


async def create_key(
    connection: Connection, viewer: Viewer, *, name: str, role: Role, lasts: timedelta = LASTS
) -> tuple[ApiKey, Token]:
    """A new key and its token, which nobody can see again. Raises Invalid on the field at fault."""
    demand_owner(viewer)
    name = check_name(name)
    check_role(role)
    if not timedelta() < lasts <= LASTS_AT_MOST:
        raise Invalid("A key lasts from 1 to {most} days.", field="expires", most=LASTS_AT_MOST.days)
    token = new_key_token()
    key = await rows.insert_key(connection, name, role, token.reveal()[:_PREFIX], token.hash, lasts)
    await acted(connection, viewer, "key-made", f"key:{key.id}", {"role": role, "expires_at": key.expires_at})
    return key, token


async def all_keys(connection: Connection, viewer: Viewer) -> list[ApiKey]:
    """Every key ever made, those in force first."""
    demand_owner(viewer)
    return await rows.all_keys(connection)


async def revoke_key(connection: Connection, viewer: Viewer, key_id: int) -> ApiKey:
    """End a key at once. Raises NotFound."""
    demand_owner(viewer)
    key = await rows.set_revoked(connection, key_id)
    if key is None:
        raise NotFound("There is no key with the number {id}.", id=key_id)
    await acted(connection, viewer, "key-revoked", f"key:{key_id}")
    return key


async def viewer_of_key(connection: Connection, token: Token) -> Viewer:
    """Whose key this is. Raises Refuse with the code key-unknown, key-revoked or key-expired. One query."""
    found = await rows.use_key(connection, token.hash, NOTE_AFTER) if is_key(token.reveal()) else None
    if found is None:
        raise Refuse("This API key is not known here.", code="key-unknown", mend="See that it is copied whole.")
    key, expired = found
    if key.revoked_at is not None:
        raise _ended("key-revoked", "The API key {prefix}… was revoked on {day}.", key, key.revoked_at)
    if expired:
        raise _ended("key-expired", "The API key {prefix}… expired on {day}.", key, key.expires_at)
    return Viewer("key", key.id, key.name, key.role)


def new_key_token() -> Token:
    """A key that has never been."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(32))
    return Token(f"sv_{body}{_checksum(body)}")


def is_key(text: str) -> bool:
    """Whether `text` can only be one of our keys, known to this database or not."""
    match = _SHAPE.fullmatch(text)
    return match is not None and _checksum(match[1]) == match[2]


def _ended(code: str, template: str, key: ApiKey, at: datetime) -> Refuse:
    day = at.date().isoformat()
    return Refuse(template, code=code, mend="An owner can make another.", prefix=key.prefix, day=day)


def _checksum(body: str) -> str:
    number, letters = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, len(_ALPHABET))
        letters = _ALPHABET[digit] + letters
    return letters
