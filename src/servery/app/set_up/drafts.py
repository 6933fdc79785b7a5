"""What was entered and proved, kept sealed until somebody has said which venues it is about."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from servery.app import credentials
from servery.connectors.contract import Account
from servery.errors import NotFound
from servery.storage.pool import Connection as Db


class Draft(Struct, frozen=True, kw_only=True):
    """A system that answers, and is not joined yet; `connection_id` once it is."""

    id: int
    connector: str
    name: str
    account: Account
    connection_id: int | None


async def keep(db: Db, home: Path, connector: str, name: str, settings: Mapping[str, str], account: Account) -> int:
    """Keep what was proved; drafts that nobody took up for a week are forgotten."""
    await db.execute("delete from set_up where created_at < now() - interval '7 days'")
    cursor = await db.execute(
        "insert into set_up (connector, name, account) values (%s, %s, %s) returning id",
        [connector, name, Jsonb(msgspec.to_builtins(account))],
    )
    row = await cursor.fetchone()
    assert row is not None
    sealed = await credentials.sealed_text(db, home, settings, _purpose(row["id"]))
    await db.execute("update set_up set given = %s where id = %s", [sealed, row["id"]])
    return int(row["id"])


async def draft(db: Db, draft_id: int) -> Draft:
    """A draft; NotFound when it was forgotten."""
    cursor = await db.execute(
        "select s.id, s.connector, s.name, s.account, c.id as connection_id from set_up s "
        "left join connection c on c.id = s.connection_id and c.removed_at is null where s.id = %s "
        "and (s.given is not null or c.id is not null)",
        [draft_id],
    )
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("This set-up was not finished in time.", mend="Begin it again.")
    return msgspec.convert(row, Draft)


async def settings(db: Db, home: Path, draft_id: int) -> dict[str, str]:
    """What was entered, secrets opened; for one that joins it, alone. NotFound once it is joined."""
    cursor = await db.execute("select given from set_up where id = %s and given is not null for update", [draft_id])
    row = await cursor.fetchone()
    if row is None:
        raise NotFound("This set-up is finished already.")
    return credentials.opened_text(home, row["given"], _purpose(draft_id))


async def finish(db: Db, draft_id: int, connection_id: int) -> None:
    """It is joined: the secrets lie with the connection now, and the way back leads to it."""
    await db.execute("update set_up set given = null, connection_id = %s where id = %s", [connection_id, draft_id])


def _purpose(draft_id: int) -> str:
    return f"set_up:{draft_id}"
