"""Passwords: what one must be like, and argon2id off the event loop."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from servery.accounts.emails import folded
from servery.errors import Invalid

_T = TypeVar("_T")

SHORTEST = 12
LONGEST = 1024
"""Characters. The upper bound only keeps megabytes out of the hash."""

Verdict = Literal["wrong", "right", "right but weak"]
"""`right but weak`: hashed with lower cost than today's, so hash it anew."""

# Second choice of RFC 9106 (64 MiB, 3 passes), in one lane: a sign-in then takes one core, not all of them.
_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
# Two at a time, so that a flood of sign-ins takes 128 MiB and not all memory.
_workers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


def check_password(password: str, email: str) -> None:
    """Raise Invalid unless `password` will do for whoever has this e-mail.

    Length counts, not the kinds of characters (NIST SP 800-63B).
    """
    plain = _normal(password)
    if len(plain) < SHORTEST:
        raise Invalid(
            "A password has at least {shortest} characters.",
            field="password",
            code="password-too-short",
            mend="A few words in a row are easy to remember and hard to guess.",
            shortest=SHORTEST,
        )
    if len(plain) > LONGEST:
        raise Invalid(
            "A password has at most {longest} characters.", field="password", code="password-too-long", longest=LONGEST
        )
    if folded(plain) == folded(email):
        raise Invalid("Your e-mail address cannot be your password.", field="password", code="password-is-email")


async def hashed(password: str) -> str:
    """The argon2id hash to store."""
    return await _aside(lambda: _hasher.hash(_bytes(password)))


async def verify(stored: str | None, password: str) -> Verdict:
    """Compare with what is stored. Takes as long where there is nothing stored, so time tells nobody who is known."""
    if len(password) > LONGEST:
        return "wrong"
    if stored is None:
        await hashed(password)
        return "wrong"
    return await _aside(lambda: _verdict(stored, password))


def _verdict(stored: str, password: str) -> Verdict:
    try:
        _hasher.verify(stored, _bytes(password))
    except VerifyMismatchError:
        return "wrong"
    return "right but weak" if _hasher.check_needs_rehash(stored) else "right"


def _bytes(password: str) -> bytes:
    return _normal(password).encode("utf-8", "surrogatepass")


def _normal(password: str) -> str:
    # The same keys give other code points on another keyboard: "é" as one or as two.
    return unicodedata.normalize("NFKC", password)


async def _aside(work: Callable[[], _T]) -> _T:
    return await asyncio.get_running_loop().run_in_executor(_workers, work)
