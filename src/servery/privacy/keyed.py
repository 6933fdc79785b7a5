"""How somebody who was erased is known again: by hashes under a key that never enters the database.

Nobody can try out names or addresses on the hashes without the key's file, and who has only the file knows nothing.
"""

import hmac
import os
import secrets
import tempfile
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from servery.errors import NeedsPerson
from servery.model.changes import RecordKind
from servery.model.guest import SourceGuest
from servery.privacy.spelling import kept_of, says_nobody, sought_of
from servery.storage.names import fold

KEY_FILE = "erasure.key"
_BYTES = 32
_HASH_BYTES = 16
_LEAST_DIGITS = 7
_TELLING_DIGITS = 8
"""Digits at the end of a phone number that tell it, however its country is written."""


class Key:
    """What hashes are made with; never shows itself. `home` is where its file lies, and the log beside it."""

    __slots__ = ("_secret", "home")

    def __init__(self, secret: bytes, home: Path) -> None:
        self._secret, self.home = secret, home

    def __repr__(self) -> str:
        return "Key(…)"

    @property
    def id(self) -> str:
        """By which it is told from other keys."""
        return self._hash("key").hex()[:8]

    def record(self, connection_id: int, kind: RecordKind, external_id: str) -> bytes:
        """The hash of one record of one system."""
        return self._hash("record", str(connection_id), kind, external_id)

    def contacts(self, guest: SourceGuest) -> Iterator[bytes]:
        """The hashes by which a person is known whatever record they come in: a contact together with the name.

        A family shares a phone and an office an address: only where no name is given does a contact speak alone.
        """
        name = " ".join(sorted(fold(guest.name).split())) if guest.name else ""
        for contact in _contacts(guest):
            yield self._hash("contact", contact, name)

    def spellings(self, guest: SourceGuest) -> Iterator[bytes]:
        """What is kept besides, by which a person is known under another spelling of the name: each with a contact."""
        yield from self._alike(guest, kept_of(guest.name))

    def alike(self, guest: SourceGuest) -> Iterator[bytes]:
        """What to look for among `spellings`; where only first letters are given, the contact speaks alone."""
        yield from self._alike(guest, sought_of(guest.name))
        if guest.name and says_nobody(guest.name):
            yield from self.contacts(SourceGuest(email=guest.email, phone=guest.phone))

    def _alike(self, guest: SourceGuest, tokens: Collection[str]) -> Iterator[bytes]:
        for contact in _contacts(guest):
            yield from (self._hash("alike", contact, token) for token in sorted(tokens))

    def card(self, token: str) -> bytes:
        """The hash of a card's token, by which its holder could be known again."""
        return self._hash("card", token)

    def contact(self, text: str) -> Iterator[bytes]:
        """The hashes of a text that may be an e-mail address or a phone number, without a name."""
        return self.contacts(SourceGuest(email=text if "@" in text else None, phone=None if "@" in text else text))

    def _hash(self, *parts: str) -> bytes:
        whole = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, whole, "sha256")[:_HASH_BYTES]


def _contacts(guest: SourceGuest) -> Iterator[str]:
    if guest.email and "@" in guest.email:
        yield guest.email.strip().casefold()
    digits = "".join(letter for letter in guest.phone or "" if letter.isdigit())
    if len(digits) >= _LEAST_DIGITS:
        yield digits[-_TELLING_DIGITS:]


def open_key(home: Path) -> Key:
    """The key in `home`, made at the first use: before the first backup, so that every backup holds it."""
    path = home / KEY_FILE
    if not path.exists():
        _make(path)
    secret = path.read_bytes()
    if len(secret) != _BYTES:
        raise NeedsPerson(
            "The key by which erased guests are known is damaged.",
            code="erasure-key-damaged",
            where=str(path),
            mend="Put the file back from a backup. Without it systems would bring erased guests back.",
        )
    return Key(secret, home)


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{KEY_FILE}-")
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(_BYTES))
        file.flush()
        os.fsync(file.fileno())
    # Whole or not at all: of two processes that begin together one takes the other's key.
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    Path(draft).unlink()
