import asyncio

import pytest

from servery.accounts import rows
from servery.accounts.audit import actions
from servery.accounts.people import (
    LANGUAGES,
    add,
    change_language,
    change_role,
    deactivate,
    everybody,
    person_by_email,
    person_by_id,
)
from servery.accounts.sessions import open_session, viewer_of_session
from servery.errors import Forbidden, Invalid, NotFound, Refuse
from servery.model.viewer import ROLES, SYSTEM

pytestmark = pytest.mark.anyio


async def test_who_is_added_is_found_by_any_spelling_of_the_email(connection):
    added = await add(
        connection, SYSTEM, name=" Søren Åkjær ", email=" Soeren@Example.COM ", role="host", language="da"
    )
    assert (added.name, added.email, added.role, added.language) == ("Søren Åkjær", "Soeren@Example.COM", "host", "da")
    assert not added.has_password
    assert await person_by_email(connection, "SOEREN@example.com") == added
    assert await person_by_id(connection, added.id) == added


async def test_nobody_is_found_by_what_postgresql_cannot_hold(connection):
    assert await person_by_email(connection, "a\0@example.com") is None
    assert await person_by_email(connection, "\ud800@example.com") is None


async def test_an_email_is_taken_in_any_spelling(connection, owner):
    with pytest.raises(Invalid, match="already") as refused:
        await add(connection, SYSTEM, name="Another", email="OLGA@EXAMPLE.COM", role="host")
    assert refused.value.field == "email"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a b@example.com"}, "email"),
        ({"email": "a@b@example.com"}, "email"),
        ({"email": "a\0@example.com"}, "email"),
        ({"email": "x" * 250 + "@example.com"}, "email"),
        ({"name": "  "}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"role": "emperor"}, "role"),
        ({"language": "fr"}, "language"),
    ],
)
async def test_what_cannot_be_accepted_names_its_field(connection, wrong, field):
    given = {"name": "Hanna", "email": "hanna@example.com", "role": "host"} | wrong
    with pytest.raises(Invalid) as refused:
        await add(connection, SYSTEM, **given)
    assert refused.value.field == field
    assert await everybody(connection, SYSTEM) == []


async def test_the_database_knows_the_roles_and_languages_of_the_model(connection):
    for number, role in enumerate(ROLES):
        await add(connection, SYSTEM, name=role, email=f"{number}@example.com", role=role)
    for language in LANGUAGES:
        await add(connection, SYSTEM, name=language, email=f"{language}@example.com", role="host", language=language)


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"owner"}))
async def test_only_an_owner_decides_who_comes_in(connection, owner, role):
    viewer = (await add(connection, owner.viewer, name="Rita", email="rita@example.com", role=role)).viewer
    with pytest.raises(Forbidden):
        await add(connection, viewer, name="Friend", email="friend@example.com", role="owner")
    with pytest.raises(Forbidden):
        await change_role(connection, viewer, viewer.id, "owner")
    with pytest.raises(Forbidden):
        await deactivate(connection, viewer, owner.id)
    with pytest.raises(Forbidden):
        await everybody(connection, viewer)


async def test_a_new_role_is_in_force_in_the_session_that_is_open(connection, owner):
    host = await add(connection, owner.viewer, name="Hanna", email="hanna@example.com", role="host")
    token = await open_session(connection, host.viewer, device="")
    changed = await change_role(connection, owner.viewer, host.id, "manager")
    assert changed.role == "manager"
    assert await viewer_of_session(connection, token) == changed.viewer
    assert (await actions(connection))[0].detail == {"before": "host", "after": "manager"}


async def test_who_is_deactivated_is_out_at_once_and_listed_last(connection, owner):
    host = await add(connection, owner.viewer, name="Anna", email="anna@example.com", role="host")
    token = await open_session(connection, host.viewer, device="")
    assert (await deactivate(connection, owner.viewer, host.id)).deactivated_at
    assert await viewer_of_session(connection, token) is None
    assert [person.name for person in await everybody(connection, owner.viewer)] == ["Olga Owner", "Anna"]
    assert [(line.action, line.viewer_name) for line in await actions(connection)] == [
        ("deactivated", "Olga Owner"),
        ("added", "Olga Owner"),
        ("added", "Servery"),
    ]


async def test_the_last_owner_stays(connection, owner):
    with pytest.raises(Refuse, match="only owner"):
        await change_role(connection, owner.viewer, owner.id, "host")
    with pytest.raises(Refuse, match="only owner"):
        await deactivate(connection, owner.viewer, owner.id)
    assert await change_role(connection, owner.viewer, owner.id, "owner") == owner


async def two_owners_leave_at_once(pool, connection, owner, leave):
    other = await add(connection, SYSTEM, name="Otto", email="otto@example.com", role="owner")

    async def go(person):
        async with pool.connection() as own, own.transaction():
            await leave(own, SYSTEM, person.id)
            await asyncio.sleep(0.2)

    outcomes = await asyncio.gather(go(owner), go(other), return_exceptions=True)
    people = await everybody(connection, SYSTEM)
    owners = [person for person in people if person.role == "owner" and person.deactivated_at is None]
    return sorted(type(outcome).__name__ for outcome in outcomes), len(owners)


def make_host(connection, viewer, person_id):
    return change_role(connection, viewer, person_id, "host")


@pytest.mark.parametrize("leave", [deactivate, make_host])
async def test_two_owners_cannot_leave_at_the_same_moment(pool, connection, owner, leave):
    assert await two_owners_leave_at_once(pool, connection, owner, leave) == (["NoneType", "Refuse"], 1)


async def test_without_the_lock_two_owners_would_leave(pool, connection, owner, monkeypatch):
    async def unlocked(connection):
        query = "select id from person where role = 'owner' and deactivated_at is null"
        return [row["id"] for row in await (await connection.execute(query)).fetchall()]

    monkeypatch.setattr(rows, "lock_owners", unlocked)
    assert await two_owners_leave_at_once(pool, connection, owner, deactivate) == (["NoneType", "NoneType"], 0)


async def test_who_is_not_here_cannot_be_changed(connection, owner):
    with pytest.raises(NotFound):
        await change_role(connection, owner.viewer, 999, "host")
    with pytest.raises(NotFound):
        await deactivate(connection, owner.viewer, 999)


async def test_a_language_is_the_persons_own(connection, owner):
    await change_language(connection, owner.viewer, "de")
    assert (await person_by_id(connection, owner.id)).language == "de"
    with pytest.raises(Forbidden):
        await change_language(connection, SYSTEM, "de")
