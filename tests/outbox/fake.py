"""A connector to the receiver beside this file, and what is wanted there, in a table of the test's own."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx
import msgspec

from servery.connectors.answers import retry_after
from servery.connectors.contract import Account, Connector, Limit, Manifest, Outgoing, Page, Sent, Session, Target
from servery.errors import LookUpFirst, NeedsPerson, Refuse, Retry
from servery.model.commands import Command, CommandKind, Field, GuestCard
from servery.outbox import mark
from servery.outbox.deliver import Sender
from servery.outbox.limits import Limited, Limiter
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool

Safe = Literal["key", "look_up"]
FIELDS: frozenset[Field] = frozenset({"name"})


def connector(safe: Safe, limits: Sequence[Limit] = ()) -> Connector:
    manifest = Manifest(
        name="fake",
        title="Fake",
        kind="pos",
        quality="bronze",
        evidence="inferred",
        limits=tuple(limits),
        outgoing=(Outgoing(kind="guest", safe=safe),),
    )
    return Connector(
        manifest,
        _never,
        _never,
        lambda _, __: (),
        send=_send_by_key if safe == "key" else _send,
        look_up=None if safe == "key" else look_up,
    )


async def _never(*_: Any) -> Any:
    return Page(())


async def _send_by_key(session: Session, account: Account, command: Command, target: Target) -> Sent:
    return await _sent(session, "PUT", f"/guests/{target.our_id}", command, target)


async def _send(session: Session, account: Account, command: Command, target: Target) -> Sent:
    if target.external_id is None:
        return await _sent(session, "POST", "/guests", command, target)
    return await _sent(session, "PUT", f"/records/{target.external_id}", command, target)


async def look_up(session: Session, account: Account, command: Command, target: Target) -> Sent | None:
    found = (await _asked(session, "GET", f"/guests/{target.our_id}")).json()
    return Sent(external_id=found[0]["id"], written={"name": found[0]["name"]}) if found else None


async def _sent(session: Session, method: str, path: str, command: Command, target: Target) -> Sent:
    assert isinstance(command, GuestCard)
    body = {"our_id": target.our_id, "version": target.version, "name": command.name}
    answer = (await _asked(session, method, path, json=body)).json()
    return Sent(external_id=answer["id"], written={"name": command.name})


async def _asked(session: Session, method: str, path: str, **request: Any) -> httpx.Response:
    try:
        answer = await session.http.request(method, session.settings["base_url"] + path, **request)
    except httpx.ConnectError as error:
        raise Retry("It cannot be reached.") from error
    except httpx.TransportError as error:
        raise LookUpFirst("It broke off.") from error
    if answer.status_code == 429:
        raise Retry("Too many.", retry_after=retry_after(answer.headers.get("retry-after")) or 30.0)
    if answer.status_code == 401:
        raise NeedsPerson("The key is wrong.", field="api_key")
    if answer.status_code == 422:
        raise Refuse("It has no such guest.")
    if answer.is_server_error:
        raise Retry("It is out of order.")
    return answer


async def compose(
    db: Db, kind: CommandKind, subject_ids: Sequence[int]
) -> Mapping[int, tuple[Command, frozenset[Field]] | None]:
    cursor = await db.execute("select id, name from wanted where id = any(%s)", [list(subject_ids)])
    return {
        row["id"]: (GuestCard(guest_id=row["id"], name=row["name"]), FIELDS) if row["name"] else None
        for row in await cursor.fetchall()
    }


async def want(pool: Pool, wanted: Mapping[int, str | None], connection_id: int = 1, at: Any = None) -> None:
    """Change what is wanted, and mark it in the same transaction."""
    async with pool.connection() as db:
        await db.execute("create table if not exists wanted (id bigint primary key, name text)")
        await db.execute(
            "insert into wanted select * from unnest(%s::bigint[], %s::text[]) "
            "on conflict (id) do update set name = excluded.name",
            [list(wanted), list(wanted.values())],
        )
        await mark(db, connection_id, "guest", list(wanted), at)


@asynccontextmanager
async def sender(
    pool: Pool, base_url: str, safe: Safe = "key", limits: Sequence[Limit] = (), **more: Any
) -> AsyncIterator[Sender]:
    """A sender over connection 1."""
    clocked = {"clock": more["clock"]} if "clock" in more else {}
    async with Limited(Limiter(pool, 1, limits, **clocked), timeout=60) as http:
        yield msgspec.structs.replace(
            Sender(
                pool=pool,
                connection_id=1,
                connector=connector(safe, limits),
                session=Session({"base_url": base_url}, http),
                account=Account("Fake", ()),
                compose=compose,
            ),
            **more,
        )
