"""A new key for the vault: what was sealed with the old one is sealed anew, so that the old one opens nothing here."""

from pathlib import Path
from typing import Any

from psycopg import sql

from servery.accounts.vault import open_vault, rotate, seal, unseal
from servery.storage.pool import Connection as Db

_SEALED = (
    ("connection", "id", "sealed", "connection"),
    ("application", "connector", "sealed", "application"),
    ("set_up", "id", "given", "set_up"),
    ("alert_receiver", "id", "sealed", "alert-receiver"),
)
"""Tables with their key, the column that is sealed, and what it is sealed for.

What waits a quarter of an hour for a vendor's answer is left to the old key, which stays in the file for it.
"""


async def rotate_vault(db: Db, home: Path) -> int:
    """Make a new key and seal all anew with it; how many were. Raises NeedsPerson where something cannot be opened."""
    found = [(*place, row) for place in _SEALED for row in await _sealed(db, *place[:3])]
    before = open_vault(home, in_use=bool(found))
    plain = [unseal(before, row["sealed"], f"{for_}:{row['key']}") for *_, for_, row in found]
    key = rotate(home)
    for (table, name, column, for_, row), text in zip(found, plain, strict=True):
        statement = sql.SQL("update {} set {} = %s where {} = %s").format(*map(sql.Identifier, (table, column, name)))
        await db.execute(statement, [seal(key, text, f"{for_}:{row['key']}"), row["key"]])
    return len(found)


async def _sealed(db: Db, table: str, name: str, column: str) -> list[dict[str, Any]]:
    """What is sealed in a table, kept from change until the transaction ends."""
    statement = sql.SQL("select {} as key, {} as sealed from {} where {} is not null for no key update").format(
        *map(sql.Identifier, (name, column, table, column))
    )
    return await (await db.execute(statement)).fetchall()
