"""Sessions: the browsers in which people are signed in."""

from __future__ import annotations

from datetime import timedelta

from servery.accounts import rows
from servery.accounts.people import own_id
from servery.accounts.rows import Session
from servery.accounts.tokens import Token, new_token
from servery.errors import NotFound
from servery.model.viewer import Viewer
from servery.storage.pool import Connection

LASTS = timedelta(days=30)
"""Since the session was last seen: a tablet in daily use is never signed out in the middle of a service."""
NOTE_AFTER = timedelta(minutes=5)
"""How often at most a session's `last_seen` is written."""
_LONGEST_DEVICE = 200


async def open_session(connection: Connection, viewer: Viewer, *, device: str) -> Token:
    """Sign the viewer, a person, in; the token goes into their cookie. `device` is what their browser calls itself."""
    person_id = own_id(viewer)
    await rows.delete_stale_sessions(connection, person_id, LASTS)
    token = new_token()
    readable = "".join(letter for letter in device if letter.isprintable())
    await rows.insert_session(connection, token.hash, person_id, readable[:_LONGEST_DEVICE])
    return token


async def viewer_of_session(connection: Connection, token: Token) -> Viewer | None:
    """Who is signed in by this token, with the role they have now. One query."""
    return await rows.session_viewer(connection, token.hash, LASTS, NOTE_AFTER)


async def sessions_of(connection: Connection, viewer: Viewer) -> list[Session]:
    """Where the viewer, a person, is signed in; the session seen last first."""
    return await rows.sessions_of(connection, own_id(viewer), LASTS)


async def close_session(connection: Connection, token: Token) -> None:
    """Sign out here."""
    await rows.delete_session_by_token(connection, token.hash)


async def close_all(connection: Connection, viewer: Viewer) -> None:
    """Sign the viewer, a person, out everywhere."""
    await rows.delete_sessions(connection, own_id(viewer))


async def revoke_session(connection: Connection, viewer: Viewer, session_id: int) -> None:
    """Sign out elsewhere: of one session of the viewer's own. Raises NotFound."""
    if not await rows.delete_session(connection, session_id, own_id(viewer)):
        raise NotFound("There is no such session.")
