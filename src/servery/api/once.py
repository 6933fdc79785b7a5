"""Requests that carry an Idempotency-Key: a repeat is answered as the first was, and nothing is done twice."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, TypeAlias

import msgspec
from litestar import Response
from litestar.params import HeaderParameter
from msgspec import Struct

from servery.api.problem import Asked, problem_answer
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool

KEPT = timedelta(days=7)
"""How long a repeat is known."""
GIVEN_UP = timedelta(minutes=5)
"""After so long a request that was never answered is not at work any more: its process died."""

OnceKey: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Any text that names this request alone, such as a new UUID. A repeat within seven days is "
        "answered as the first was; what was refused or failed did nothing, and is tried anew.",
    ),
]
"""The header, as a route takes it."""

_JSON = msgspec.json.Encoder()


class _Kept(Struct, frozen=True):
    """What is known of a key."""

    fingerprint: bytes
    status: int | None
    answer: bytes | None


async def once(
    request: Asked, pool: Pool, key: str | None, act: Callable[[], Awaitable[Response[Any]]]
) -> Response[Any]:
    """The answer of `act`, which is not called where the same request was answered already.

    422 where the key came with another request before, 409 while the first is at work.
    """
    if key is None:
        return await act()
    whose, fingerprint = _whose(request, key), await _fingerprint(request, key)
    async with pool.connection() as db:
        before = await _claimed(db, whose, fingerprint)
    if before is not None:
        return _again(request, before, fingerprint)
    try:
        answer = await act()
    except BaseException:
        await _forget(pool, whose)
        raise
    if (answer.status_code or 200) >= 300:
        await _forget(pool, whose)
    else:
        await _keep(pool, whose, answer)
    return answer


def _whose(request: Asked, key: str) -> tuple[str, bytes]:
    return f"{request.user.kind}:{request.user.id}", hashlib.sha256(key.encode()).digest()


async def _fingerprint(request: Asked, key: str) -> bytes:
    asked = f"{request.method} {request.url.path}\n".encode() + await request.body()
    return hmac.digest(key.encode(), asked, "sha256")


async def _claimed(db: Db, whose: tuple[str, bytes], fingerprint: bytes) -> _Kept | None:
    """What is known of the key; None where from now on this request is the first."""
    await db.execute("delete from asked_once where asked_at < now() - %s", [KEPT])
    cursor = await db.execute(
        "insert into asked_once (asked_by, key_hash, fingerprint) values (%s, %s, %s) "
        "on conflict (asked_by, key_hash) do update set asked_at = now() where asked_once.status is null "
        "and asked_once.fingerprint = excluded.fingerprint and asked_once.asked_at < now() - %s returning 1 as mine",
        [*whose, fingerprint, GIVEN_UP],
    )
    if await cursor.fetchone():
        return None
    cursor = await db.execute(
        "select fingerprint, status, answer from asked_once where asked_by = %s and key_hash = %s",
        [*whose],
    )
    return msgspec.convert(await cursor.fetchone(), _Kept)


def _again(request: Asked, before: _Kept, fingerprint: bytes) -> Response[Any]:
    if not hmac.compare_digest(before.fingerprint, fingerprint):
        return problem_answer(request, 422, "key-reused", "This Idempotency-Key came with another request before.")
    if before.status is None:
        waits = {"retry-after": "2"}
        detail = "The first request with this Idempotency-Key is at work."
        return problem_answer(request, 409, "in-progress", detail, headers=waits)
    return Response(before.answer, status_code=before.status, media_type="application/json")


async def _keep(pool: Pool, whose: tuple[str, bytes], answer: Response[Any]) -> None:
    async with pool.connection() as db:
        await db.execute(
            "update asked_once set status = %s, answer = %s where asked_by = %s and key_hash = %s",
            [answer.status_code or 200, _JSON.encode(answer.content), *whose],
        )


async def _forget(pool: Pool, whose: tuple[str, bytes]) -> None:
    async with pool.connection() as db:
        await db.execute("delete from asked_once where asked_by = %s and key_hash = %s", [*whose])
