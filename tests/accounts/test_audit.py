import re
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from servery.accounts import audit
from servery.accounts.audit import acted, actions, looked, looks_at
from servery.accounts.keys import create_key
from servery.model.viewer import SYSTEM

pytestmark = pytest.mark.anyio


async def test_each_look_at_a_guest_is_one_line(connection, owner):
    key, _ = await create_key(connection, owner.viewer, name="Loyalty app", role="integrator")
    await looked(connection, owner.viewer, [7, 8, 7], "tonight")
    await looked(connection, owner.viewer, [], "page")
    from_key = type(owner.viewer)("key", key.id, key.name, key.role)
    await looked(connection, from_key, {7}, "api")
    await looked(connection, SYSTEM, [7], "export")
    assert [(line.viewer_name, line.viewer_kind, line.purpose) for line in await looks_at(connection, 7)] == [
        ("Servery", "system", "export"),
        ("Loyalty app", "key", "api"),
        ("Olga Owner", "person", "tonight"),
    ]
    assert len(await looks_at(connection, 8)) == 1
    assert len(await looks_at(connection, 7, limit=2)) == 2
    assert await looks_at(connection, 9) == []


async def test_a_page_that_stands_open_is_one_look_in_an_hour(connection, owner, monkeypatch):
    for guests in ([7, 8], [7, 8, 9], [7, 8]):
        await connection.commit()
        await looked(connection, owner.viewer, guests, "page")
    await looked(connection, owner.viewer, [7], "tonight")
    await looked(connection, type(owner.viewer)("person", 999, "Vera", "host"), [7], "page")
    for _ in range(2):
        await looked(connection, owner.viewer, [7], "export")
    assert [line.purpose for line in await looks_at(connection, 7)] == ["export", "export", "page", "tonight", "page"]
    assert [len(await looks_at(connection, guest)) for guest in (8, 9)] == [1, 1]
    monkeypatch.setattr(audit, "_ONE_LOOK", timedelta(0))
    await connection.commit()
    await looked(connection, owner.viewer, [8], "page")
    assert len(await looks_at(connection, 8)) == 2


@pytest.mark.parametrize("purpose", ["page", "tonight", "search", "list"])
async def test_what_loads_itself_again_adds_only_whom_it_shows_anew(connection, owner, purpose):
    """The proof of a connection asks every ten seconds, and a search with each letter."""
    for guests in ([7], [7], [7, 8], [7, 8]):
        await looked(connection, owner.viewer, guests, purpose)
        await connection.commit()
    assert [len(await looks_at(connection, guest)) for guest in (7, 8)] == [1, 1]


async def test_a_look_at_many_is_one_statement(connection, owner):
    asked = []
    run = connection.execute

    async def counted(query, *args, **options):
        asked.append(query)
        return await run(query, *args, **options)

    connection.execute = counted
    await looked(connection, owner.viewer, range(1, 1001), "list")
    assert len(asked) == 1
    assert len(await looks_at(connection, 1000)) == 1


async def test_changes_are_read_newest_first_page_by_page(connection):
    for number in range(5):
        await acted(connection, SYSTEM, "connection paused", f"connection:{number}", {"why": ["quiet", number]})
    first = await actions(connection, limit=2)
    then = await actions(connection, before=first[-1].id, limit=10)
    assert [line.subject for line in first + then] == [f"connection:{number}" for number in (4, 3, 2, 1, 0)]
    assert first[0].detail == {"why": ["quiet", 4]}


@pytest.mark.parametrize("table", ["guest_look", "action"])
@pytest.mark.parametrize("change", ["update {} set at = now()", "delete from {}", "truncate {}"])
async def test_the_database_refuses_to_alter_the_audit(connection, owner, table, change):
    await looked(connection, owner.viewer, [7], "page")
    await acted(connection, owner.viewer, "connection paused", "connection:1")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="never changed"):
        await connection.execute(change.format(table))
    assert (await connection.execute(f"select from {table}")).rowcount > 0


async def test_retention_takes_only_what_is_older_than_it_says(connection, owner):
    insert = """
        insert into guest_look (at, viewer_kind, viewer_id, guest_id, purpose)
        values (%s, 'person', 1, 7, 'page')
    """
    for at in ("2024-12-31T23:59:59Z", "2025-01-01T00:00:00Z"):
        await connection.execute(insert, (at,))
    async with connection.transaction():
        await connection.execute("set local servery.audit_kept_since = '2025-01-01T00:00:00Z'")
        await connection.execute("delete from guest_look where at < '2025-01-01T00:00:00Z'")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await connection.execute("delete from guest_look")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with connection.transaction():
            await connection.execute("set local servery.audit_kept_since = '2025-01-01T00:00:00Z'")
            await connection.execute("delete from guest_look")
    assert [line.at.year for line in await looks_at(connection, 7)] == [2025]


def test_what_was_done_is_written_one_way():
    """Every word that is given to `acted` as it stands: they are searched for, and never change."""
    source = Path(audit.__file__).parents[1]
    calls = re.compile(r"\bacted\(\s*[\w.]+,\s*[\w.]+,\s*\"([^\"]+)\"")
    given = {word for file in source.rglob("*.py") for word in calls.findall(file.read_text("utf-8"))}
    assert len(given) > 20
    assert [word for word in sorted(given) if not re.fullmatch(r"[a-z]+(-[a-z]+)*", word)] == []
