"""What the pages ask accounts for: who somebody is, and letting them in and out. Each call is one piece of work."""

from __future__ import annotations

from typing import Protocol

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from servery.accounts import links, people, sessions, sign_in
from servery.accounts.audit import acted
from servery.accounts.rows import Language, Person
from servery.accounts.tokens import Token
from servery.model.viewer import Viewer
from servery.storage.pool import Pool


class Door(Protocol):
    """Signing in and out. What is refused is raised as a ServeryError that a page can show."""

    async def who(self, session: Token) -> Viewer | None:
        """Whose session this is, or None where it has ended."""

    async def by_password(self, email: str, password: str, address: str, device: str) -> tuple[Person, Token]:
        """Who has this password, in a new session. `address` is the caller's, `device` names the browser."""

    async def by_link(self, link: Token, device: str) -> tuple[Person, Token]:
        """Whom a one-time link lets in, in a new session. The link is used up."""

    async def set_password(self, viewer: Viewer, password: str, session: Token) -> None:
        """The viewer's own choice; every other session of theirs ends. Raises Invalid on `password`."""

    async def set_language(self, viewer: Viewer, language: Language) -> None:
        """The viewer's own choice."""

    async def leave(self, session: Token) -> None:
        """End a session."""

    async def leave_everywhere(self, viewer: Viewer) -> None:
        """End all of the viewer's sessions."""


TheDoor = NamedDependency[SkipValidation[Door]]
"""As a route asks for it."""


class AccountsDoor(Door):
    """The door to the accounts that a database keeps."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def who(self, session: Token) -> Viewer | None:
        """Whose session this is, or None where it has ended."""
        async with self._pool.connection() as connection:
            return await sessions.viewer_of_session(connection, session)

    async def by_password(self, email: str, password: str, address: str, device: str) -> tuple[Person, Token]:
        """Who has this password, in a new session."""
        async with self._pool.connection() as connection:
            person = await sign_in.sign_in(connection, email=email, password=password, address=address)
            return person, await sessions.open_session(connection, person.viewer, device=device)

    async def by_link(self, link: Token, device: str) -> tuple[Person, Token]:
        """Whom a one-time link lets in, in a new session."""
        async with self._pool.connection() as connection:
            person = await links.use_link(connection, link)
            return person, await sessions.open_session(connection, person.viewer, device=device)

    async def set_password(self, viewer: Viewer, password: str, session: Token) -> None:
        """The viewer's own choice; every other session of theirs ends."""
        async with self._pool.connection() as connection:
            await sign_in.set_password(connection, viewer, password, keep=session)

    async def set_language(self, viewer: Viewer, language: Language) -> None:
        """The viewer's own choice."""
        async with self._pool.connection() as connection:
            await people.change_language(connection, viewer, language)

    async def leave(self, session: Token) -> None:
        """End a session."""
        async with self._pool.connection() as connection:
            await sessions.close_session(connection, session)

    async def leave_everywhere(self, viewer: Viewer) -> None:
        """End all of the viewer's sessions."""
        async with self._pool.connection() as connection:
            await sessions.close_all(connection, viewer)
            await acted(connection, viewer, "signed-out", f"person:{viewer.id}", {"session": None})
