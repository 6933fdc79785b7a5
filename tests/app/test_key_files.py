"""Machines that share a database share its keys: one with others is told before it does anything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from servery.accounts.vault import open_vault, rotate
from servery.app import key_files
from servery.errors import NeedsPerson
from servery.storage.pool import Connection, open_pool

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db(database: str) -> AsyncIterator[Connection]:
    async with open_pool(database) as pool, pool.connection() as connection:
        yield connection


def machine(folder: Path, like: Path | None = None) -> Path:
    folder.mkdir()
    for file in like.glob("*.key") if like else ():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


async def test_the_first_machine_makes_them_and_others_need_the_same(db: Connection, tmp_path: Path):
    first = machine(tmp_path / "first")
    await key_files.hold_to(db, first)
    await key_files.hold_to(db, first)
    await key_files.hold_to(db, machine(tmp_path / "second", like=first))
    with pytest.raises(NeedsPerson, match=r"no cards\.key"):
        await key_files.hold_to(db, machine(tmp_path / "third"))
    assert list((tmp_path / "third").iterdir()) == []


@pytest.mark.parametrize("name", ["cards.key", "forms.key", "secret.key"])
async def test_a_machine_with_another_is_told_which(db: Connection, tmp_path: Path, name: str):
    first = machine(tmp_path / "first")
    open_vault(first, in_use=False)
    await key_files.hold_to(db, first)
    other = machine(tmp_path / "other", like=first)
    (other / name).write_bytes(b"another key")
    assert await key_files.strange(db, other) == [name]
    with pytest.raises(NeedsPerson, match=name):
        await key_files.hold_to(db, other)
    assert await key_files.trust(db, other) == ["cards.key", "forms.key", "secret.key"]
    await key_files.hold_to(db, other)
    assert await key_files.strange(db, first) == [name]


async def test_a_vault_with_a_newer_key_in_front_is_the_same(db: Connection, tmp_path: Path):
    first = machine(tmp_path / "first")
    open_vault(first, in_use=False)
    await key_files.hold_to(db, first)
    rotate(first)
    await key_files.hold_to(db, first)


async def test_the_database_learns_no_key(db: Connection, tmp_path: Path):
    first = machine(tmp_path / "first")
    await key_files.hold_to(db, first)
    cursor = await db.execute("select proof from key_file where name = 'cards.key'")
    row = await cursor.fetchone()
    assert row is not None
    assert bytes(row["proof"]) != (first / "cards.key").read_bytes()
