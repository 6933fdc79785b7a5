"""Secrets that are handed out once: long random text, of which the database keeps only a hash."""

from __future__ import annotations

import hashlib
import secrets


class Token:
    """The text of a session, a link or an API key. It shows itself only when asked, never in a log or a traceback."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself: for the cookie, the link, or the one time a person is shown it."""
        return self._text

    @property
    def hash(self) -> bytes:
        """SHA-256, as stored. Nothing slower is needed: unlike a password, a token cannot be guessed."""
        return hashlib.sha256(self._text.encode("utf-8", "surrogatepass")).digest()

    def __repr__(self) -> str:
        return "Token(…)"


def new_token() -> Token:
    """32 random bytes, fit for a URL."""
    return Token(secrets.token_urlsafe(32))
