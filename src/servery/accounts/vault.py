"""The vault: credentials of outside systems, sealed by a key that never enters the database.

A key file holds one key in a line, 32 bytes in base64. The first seals, all unseal: `rotate` puts a new one in front.
Sealed bytes are a version (1), a key's id (4 bytes), a nonce (12) and AES-256-GCM over the plain bytes, bound to what
they are for: moved to another connection they do not open.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from servery.errors import NeedsPerson

KEY_FILE = "secret.key"
_VERSION = b"\x01"
_ID_BYTES = 4
_NONCE_BYTES = 12
_HEAD = len(_VERSION) + _ID_BYTES + _NONCE_BYTES


class Key:
    """What opens the vault; never shows itself."""

    __slots__ = ("_ciphers", "_first")

    def __init__(self, secrets_: list[bytes]) -> None:
        self._first = _id(secrets_[0])
        self._ciphers = {_id(secret): AESGCM(secret) for secret in secrets_}

    def __repr__(self) -> str:
        return "Key(…)"


def seal(key: Key, plaintext: bytes, for_: str) -> bytes:
    """Encrypt for one connection only: `for_` names it, such as "connection:7"."""
    head = _VERSION + key._first
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return head + nonce + key._ciphers[key._first].encrypt(nonce, plaintext, head + for_.encode())


def unseal(key: Key, sealed: bytes, for_: str) -> bytes:
    """Decrypt what `seal` made for the same `for_`. Raises NeedsPerson where the key is another or bytes changed."""
    version, key_id = sealed[:1], sealed[1 : 1 + _ID_BYTES]
    if version != _VERSION or len(sealed) < _HEAD:
        raise _damaged(for_)
    cipher = key._ciphers.get(key_id)
    if cipher is None:
        raise NeedsPerson(
            "The credentials of {what} were sealed with another key than the one in " + KEY_FILE + ".",
            code="vault-other-key",
            mend="Put back the key file that belongs to this database, or enter the credentials again.",
            what=for_,
        )
    try:
        return cipher.decrypt(sealed[1 + _ID_BYTES : _HEAD], sealed[_HEAD:], version + key_id + for_.encode())
    except InvalidTag:
        raise _damaged(for_) from None


def open_vault(home: Path, *, in_use: bool) -> Key:
    """The key in `home`, made at the first use. `in_use`: something is sealed already, so a missing key is a lost one.

    Raises NeedsPerson where the file is missing though in use, unreadable, damaged, or open to other users.
    """
    path = home / KEY_FILE
    if not in_use and not path.exists():
        _make(path, [])
    return Key(_read(path))


def rotate(home: Path) -> Key:
    """Put a new key in front: what is sealed from now on needs it, what was sealed before still opens."""
    path = home / KEY_FILE
    _make(path, _read(path))
    return Key(_read(path))


def _read(path: Path) -> list[bytes]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise NeedsPerson(
            "The key file that opens the stored credentials is missing.",
            code="vault-key-missing",
            where=str(path),
            mend="Put it back from where you keep it, or remove the connections and make them anew.",
        ) from None
    except OSError as error:
        raise NeedsPerson("The key file cannot be read: {why}.", where=str(path), why=error.strerror) from error
    with file:
        _refuse_open_to_others(path, os.fstat(file.fileno()).st_mode)
        return _decoded(path, file.read().split())


def _refuse_open_to_others(path: Path, mode: int) -> None:
    if stat.S_IMODE(mode) & (stat.S_IRWXG | stat.S_IRWXO):
        raise NeedsPerson(
            "Other users of this machine can reach the key file.",
            code="vault-key-exposed",
            where=str(path),
            mend="Run: chmod 600 {path}",
            path=str(path),
        )


def _decoded(path: Path, lines: list[bytes]) -> list[bytes]:
    try:
        keys = [base64.b64decode(line, validate=True) for line in lines]
    except ValueError:
        keys = []
    if not keys or any(len(key) != 32 for key in keys):
        raise NeedsPerson("The key file is damaged.", where=str(path), mend="Put it back from where you keep it.")
    return keys


def _make(path: Path, older: list[bytes]) -> None:
    """Write a new key before the older ones: whole or not at all, and never over one that somebody else just made."""
    lines = [base64.b64encode(key).decode() for key in (secrets.token_bytes(32), *older)]
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{KEY_FILE}-")
    try:
        # mkstemp gives 0600.
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(descriptor)
        _put(Path(temporary), path, replace=bool(older))
    finally:
        Path(temporary).unlink(missing_ok=True)


def _put(temporary: Path, path: Path, *, replace: bool) -> None:
    if replace:
        temporary.replace(path)
    else:
        # Two processes at their first use: the one that comes second takes the other's key.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(temporary)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _id(secret: bytes) -> bytes:
    return hashlib.sha256(b"servery vault key" + secret).digest()[:_ID_BYTES]


def _damaged(for_: str) -> NeedsPerson:
    return NeedsPerson(
        "The stored credentials of {what} are damaged or were moved there from elsewhere.",
        code="vault-damaged",
        mend="Enter them again.",
        what=for_,
    )
