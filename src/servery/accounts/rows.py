"""What accounts keep, and the SQL that keeps it. Every instant is UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from servery.model.viewer import Role, Viewer
from servery.storage.pool import Connection

Language = Literal["en", "da", "de", "es"]


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who works with Servery. `language` None: whatever their browser asks for."""

    id: int
    name: str
    email: str
    role: Role
    language: Language | None
    has_password: bool
    created_at: datetime
    deactivated_at: datetime | None

    @property
    def viewer(self) -> Viewer:
        """This person as rooms and the audit know them."""
        return Viewer("person", self.id, self.name, self.role)


class Session(Struct, frozen=True, kw_only=True):
    """One browser in which a person is signed in."""

    id: int
    person_id: int
    device: str
    created_at: datetime
    last_seen: datetime


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key by which a program calls the API. `prefix` is how it begins: enough to tell it from others."""

    id: int
    name: str
    role: Role
    prefix: str
    created_at: datetime
    expires_at: datetime
    last_used: datetime | None
    revoked_at: datetime | None


class Look(Struct, frozen=True, kw_only=True):
    """One look at a guest. `viewer_name` is today's name of who looked."""

    at: datetime
    viewer_kind: Literal["person", "key", "system"]
    viewer_id: int
    viewer_name: str
    guest_id: int
    purpose: str


class Action(Struct, frozen=True, kw_only=True):
    """One change that `viewer_name` is answerable for."""

    id: int
    at: datetime
    viewer_kind: Literal["person", "key", "system"]
    viewer_id: int
    viewer_name: str
    action: str
    subject: str
    detail: dict[str, Any]


_PERSON = "id, name, email, role, language, password_hash is not null as has_password, created_at, deactivated_at"
_KEY = "id, name, role, prefix, created_at, expires_at, last_used, revoked_at"
_VIEWER_NAME = "coalesce(person.name, api_key.name, 'Servery')"
_VIEWER_JOIN = """
    left join person on viewer_kind = 'person' and person.id = viewer_id
    left join api_key on viewer_kind = 'key' and api_key.id = viewer_id
"""


async def insert_person(
    connection: Connection, name: str, email: str, email_key: str, role: Role, language: Language | None
) -> Person | None:
    """The new person, or None where the e-mail is taken."""
    query = f"""
        insert into person (name, email, email_key, role, language) values (%s, %s, %s, %s, %s)
        on conflict (email_key) do nothing returning {_PERSON}
    """
    return await _person(connection, query, (name, email, email_key, role, language))


async def person_by_id(connection: Connection, person_id: int) -> Person | None:
    """Whoever has this id, active or not."""
    return await _person(connection, f"select {_PERSON} from person where id = %s", (person_id,))


async def person_by_email(connection: Connection, email_key: str) -> Person | None:
    """Whoever has this folded e-mail, active or not."""
    return await _person(connection, f"select {_PERSON} from person where email_key = %s", (email_key,))


async def all_people(connection: Connection) -> list[Person]:
    """Everybody, those who left last."""
    query = f"select {_PERSON} from person order by deactivated_at is not null, name, id"
    return msgspec.convert(await (await connection.execute(query)).fetchall(), list[Person])


async def password_hash(connection: Connection, email_key: str) -> tuple[Person, str] | None:
    """Who may sign in with this e-mail, and the hash to compare with."""
    query = f"select {_PERSON}, password_hash from person where email_key = %s and deactivated_at is null"
    row = await (await connection.execute(query, (email_key,))).fetchone()
    if row is None or row["password_hash"] is None:
        return None
    return msgspec.convert(row, Person), row["password_hash"]


async def set_password_hash(connection: Connection, person_id: int, stored: str) -> None:
    """Replace the password."""
    await connection.execute("update person set password_hash = %s where id = %s", (stored, person_id))


async def set_language(connection: Connection, person_id: int, language: Language | None) -> None:
    """Replace the language."""
    await connection.execute("update person set language = %s where id = %s", (language, person_id))


async def set_role(connection: Connection, person_id: int, role: Role) -> None:
    """Replace the role."""
    await connection.execute("update person set role = %s where id = %s", (role, person_id))


async def reinstate(connection: Connection, person_id: int, name: str, role: Role) -> None:
    """Let somebody in again under a new name and role. A password from earlier days is gone."""
    query = "update person set name = %s, role = %s, deactivated_at = null, password_hash = null where id = %s"
    await connection.execute(query, (name, role, person_id))


async def set_deactivated(connection: Connection, person_id: int) -> None:
    """Let nobody sign in as this person."""
    await connection.execute("update person set deactivated_at = now() where id = %s", (person_id,))


async def lock_owners(connection: Connection) -> list[int]:
    """Ids of the active owners. Whoever else asks waits for this transaction's end, and then sees what it did."""
    query = "select id from person where role = 'owner' and deactivated_at is null order by id for update"
    return [row["id"] for row in await (await connection.execute(query)).fetchall()]


async def _person(connection: Connection, query: str, params: Sequence[object]) -> Person | None:
    row = await (await connection.execute(query, params)).fetchone()
    return None if row is None else msgspec.convert(row, Person)


async def count_attempts(
    connection: Connection, keys: Sequence[bytes], window: timedelta
) -> dict[bytes, tuple[int, float]]:
    """Count one more attempt under each key; gives the attempts in its window, and the seconds until that ends."""
    query = """
        insert into sign_in_attempt as known (key)
        select key from unnest(%(keys)s::bytea[]) as key order by key
        on conflict (key) do update set
            since = case when known.since > now() - %(window)s then known.since else now() end,
            attempts = case when known.since > now() - %(window)s then known.attempts + 1 else 1 end
        returning key, attempts, extract(epoch from since + %(window)s - now())::float8 as seconds
    """
    cursor = await connection.execute(query, {"keys": list(keys), "window": window})
    return {bytes(row["key"]): (row["attempts"], row["seconds"]) for row in await cursor.fetchall()}


async def forgive_attempts(connection: Connection, email: bytes, address: bytes, window: timedelta) -> None:
    """After a success: forget the e-mail's attempts, take one from the address, and drop what has run out."""
    await connection.execute("delete from sign_in_attempt where key = %s", (email,))
    await connection.execute("update sign_in_attempt set attempts = attempts - 1 where key = %s", (address,))
    # Rows that somebody is counting on right now wait for the next time: no deadlock.
    query = """
        delete from sign_in_attempt where key in (
            select key from sign_in_attempt where since <= now() - %s limit 1000 for update skip locked
        )
    """
    await connection.execute(query, (window,))


async def insert_link(connection: Connection, token_hash: bytes, person_id: int, lasts: timedelta) -> datetime:
    """Store a link; gives the instant at which it expires."""
    query = """
        insert into sign_in_link (token_hash, person_id, expires_at) values (%s, %s, now() + %s) returning expires_at
    """
    row = await (await connection.execute(query, (token_hash, person_id, lasts))).fetchone()
    return msgspec.convert(row, dict[str, datetime])["expires_at"]


async def delete_links(connection: Connection, person_id: int) -> None:
    """Withdraw this person's links, and drop those that ran out so long ago that nobody tries them any more."""
    query = """
        delete from sign_in_link
        where (person_id = %s and used_at is null) or expires_at < now() - interval '30 days'
    """
    await connection.execute(query, (person_id,))


async def spend_link(connection: Connection, token_hash: bytes) -> Person | None:
    """Use a link up. Of two at the same time, one gets the person and the other None."""
    query = f"""
        with used as (
            update sign_in_link set used_at = now()
            where token_hash = %s and used_at is null and expires_at > now()
            returning person_id
        )
        select {_PERSON} from person where id = (select person_id from used) and deactivated_at is null
    """
    return await _person(connection, query, (token_hash,))


async def link_state(connection: Connection, token_hash: bytes) -> Literal["used", "expired"] | None:
    """Why a link did not work; None where there is no such link."""
    query = "select used_at is not null as used from sign_in_link where token_hash = %s"
    row = await (await connection.execute(query, (token_hash,))).fetchone()
    if row is None:
        return None
    return "used" if row["used"] else "expired"


async def insert_session(connection: Connection, token_hash: bytes, person_id: int, device: str) -> None:
    """Store a session that begins now."""
    query = "insert into session (token_hash, person_id, device) values (%s, %s, %s)"
    await connection.execute(query, (token_hash, person_id, device))


async def session_viewer(
    connection: Connection, token_hash: bytes, lasts: timedelta, note_after: timedelta
) -> Viewer | None:
    """Who is signed in by this session. Notes that it was seen, unless that was noted less than `note_after` ago."""
    # skip locked: of many requests at once one notes it, and none waits for another's transaction.
    query = """
        with seen as (
            update session set last_seen = now() where id = (
                select id from session
                where token_hash = %(token)s and last_seen > now() - %(lasts)s and last_seen < now() - %(note_after)s
                for update skip locked
            )
        )
        select 'person' as kind, person.id, person.name, person.role
        from session join person on person.id = session.person_id
        where token_hash = %(token)s and last_seen > now() - %(lasts)s and deactivated_at is null
    """
    params = {"token": token_hash, "lasts": lasts, "note_after": note_after}
    row = await (await connection.execute(query, params)).fetchone()
    return None if row is None else msgspec.convert(row, Viewer)


async def sessions_of(connection: Connection, person_id: int, lasts: timedelta) -> list[Session]:
    """A person's sessions that still hold, the one seen last first."""
    query = """
        select id, person_id, device, created_at, last_seen from session
        where person_id = %s and last_seen > now() - %s order by last_seen desc, id
    """
    return msgspec.convert(await (await connection.execute(query, (person_id, lasts))).fetchall(), list[Session])


async def delete_session(connection: Connection, session_id: int, person_id: int) -> bool:
    """End a session of this person; False where there was none."""
    query = "delete from session where id = %s and person_id = %s"
    return (await connection.execute(query, (session_id, person_id))).rowcount == 1


async def delete_session_by_token(connection: Connection, token_hash: bytes) -> None:
    """End the session that this token opens, if there is one."""
    await connection.execute("delete from session where token_hash = %s", (token_hash,))


async def delete_sessions(connection: Connection, person_id: int, but: bytes | None = None) -> None:
    """End all of a person's sessions, `but` the one with this token hash."""
    query = "delete from session where person_id = %s and token_hash is distinct from %s"
    await connection.execute(query, (person_id, but))


async def delete_stale_sessions(connection: Connection, person_id: int, lasts: timedelta) -> None:
    """Drop a person's sessions that ran out."""
    await connection.execute("delete from session where person_id = %s and last_seen <= now() - %s", (person_id, lasts))


async def insert_key(
    connection: Connection, name: str, role: Role, prefix: str, token_hash: bytes, lasts: timedelta
) -> ApiKey:
    """Store a new key."""
    query = f"""
        insert into api_key (name, role, prefix, token_hash, expires_at) values (%s, %s, %s, %s, now() + %s)
        returning {_KEY}
    """
    row = await (await connection.execute(query, (name, role, prefix, token_hash, lasts))).fetchone()
    return msgspec.convert(row, ApiKey)


async def use_key(connection: Connection, token_hash: bytes, note_after: timedelta) -> tuple[ApiKey, bool] | None:
    """The key of this token and whether it has expired; notes the use as `session_viewer` does."""
    query = f"""
        with used as (
            update api_key set last_used = now() where id = (
                select id from api_key
                where token_hash = %(token)s and revoked_at is null and expires_at > now()
                    and coalesce(last_used, '-infinity') < now() - %(note_after)s
                for update skip locked
            )
        )
        select {_KEY}, expires_at <= now() as expired from api_key where token_hash = %(token)s
    """
    row = await (await connection.execute(query, {"token": token_hash, "note_after": note_after})).fetchone()
    return None if row is None else (msgspec.convert(row, ApiKey), row["expired"])


async def all_keys(connection: Connection) -> list[ApiKey]:
    """Every key ever made, those in force first."""
    query = f"select {_KEY} from api_key order by revoked_at is not null or expires_at <= now(), name, id"
    return msgspec.convert(await (await connection.execute(query)).fetchall(), list[ApiKey])


async def set_revoked(connection: Connection, key_id: int) -> ApiKey | None:
    """Revoke a key, once; None where there is no such key."""
    query = f"update api_key set revoked_at = coalesce(revoked_at, now()) where id = %s returning {_KEY}"
    row = await (await connection.execute(query, (key_id,))).fetchone()
    return None if row is None else msgspec.convert(row, ApiKey)


async def insert_looks(
    connection: Connection, viewer: Viewer, guest_ids: Sequence[int], purpose: str, once_in: timedelta | None
) -> None:
    """One line for each guest; with `once_in` none where the viewer has one of this purpose since then."""
    query = """
        insert into guest_look (viewer_kind, viewer_id, guest_id, purpose)
        select %(kind)s, %(viewer)s, shown.id, %(purpose)s from unnest(%(guests)s::bigint[]) as shown(id)
        where not exists (
            select from guest_look
            where guest_id = shown.id and viewer_kind = %(kind)s and viewer_id = %(viewer)s and purpose = %(purpose)s
                and at > now() - %(once_in)s::interval
        )
        order by shown.id
    """
    given = {"kind": viewer.kind, "viewer": viewer.id, "purpose": purpose, "guests": list(guest_ids)}
    await connection.execute(query, given | {"once_in": once_in})


async def looks_at(connection: Connection, guest_id: int, limit: int) -> list[Look]:
    """The latest looks at a guest, newest first."""
    query = f"""
        select guest_look.at, viewer_kind, viewer_id, {_VIEWER_NAME} as viewer_name, guest_id, purpose
        from guest_look {_VIEWER_JOIN}
        where guest_id = %s order by guest_look.id desc limit %s
    """
    return msgspec.convert(await (await connection.execute(query, (guest_id, limit))).fetchall(), list[Look])


async def insert_action(
    connection: Connection, viewer: Viewer, action: str, subject: str, detail: dict[str, object]
) -> None:
    """One line."""
    query = "insert into action (viewer_kind, viewer_id, action, subject, detail) values (%s, %s, %s, %s, %s)"
    await connection.execute(query, (viewer.kind, viewer.id, action, subject, Jsonb(detail)))


async def actions(connection: Connection, before: int | None, limit: int) -> list[Action]:
    """The latest actions, newest first, those with an id below `before` where it is given."""
    query = f"""
        select action.id, action.at, viewer_kind, viewer_id, {_VIEWER_NAME} as viewer_name, action, subject, detail
        from action {_VIEWER_JOIN}
        where action.id < coalesce(%s, 9223372036854775807) order by action.id desc limit %s
    """
    return msgspec.convert(await (await connection.execute(query, (before, limit))).fetchall(), list[Action])
