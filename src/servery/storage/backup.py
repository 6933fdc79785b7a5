"""A backup: everything of an installation in one file, encrypted, that an empty machine can be made from.

The file is in the age format, encrypted to a public key: whoever makes backups, every night and unattended, cannot read
them. Inside is one line of JSON (what it is, and the key files of the data folder), then pg_dump's custom format. So it
also opens without Servery: `age -d -i KEY FILE | tail -n +2 | pg_restore`.
"""

from __future__ import annotations

import base64
import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec
import psycopg
import pyrage
from msgspec import Struct
from psycopg.conninfo import make_conninfo

from servery.errors import Invalid, NeedsPerson, Refuse, Retry
from servery.storage import unfinished
from servery.storage.cluster import binaries, environment_for

RECIPIENT_FILE = "backup.recipient"
"""The public key in the data folder, to which backups are encrypted."""
_PREAMBLE = 30
"""Lines in which pg_restore sets parameters, before the first statement."""
_FORMAT = 1
_LONGEST_HEAD = 1_000_000


class Head(Struct, frozen=True, kw_only=True):
    """The first line of a backup. `keys` are the key files of the data folder, base64 by name."""

    servery_backup: int
    made_at: datetime
    server: str
    keys: dict[str, str]


def make_key(home: Path) -> str:
    """Make the pair of keys: the public one stays in `home`, the secret one is returned and kept nowhere.

    Refuse where there is one already: what was encrypted to it would need it still.
    """
    file = home / RECIPIENT_FILE
    if file.exists():
        raise Refuse(
            "There is a backup key already.",
            where=str(file),
            mend="To begin with another, move this file away; older backups still need the older key.",
        )
    pair = pyrage.x25519.Identity.generate()
    home.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{pair.to_public()}\n")
    return str(pair)


def backup(dsn: str, home: Path, file: Path) -> int:
    """Write everything to `file` while all goes on, and return its size in bytes: the whole file appears, or none.

    NeedsPerson where there is no backup key yet or the file cannot be written, Retry where the server went away.
    """
    recipient = _recipient(home)
    head = Head(servery_backup=_FORMAT, made_at=datetime.now(UTC), server=_server(dsn), keys=_keys(home))
    with (
        _whole_or_none(file) as draft,
        tempfile.TemporaryFile() as said,
        _program("pg_dump", dsn, said, "--format=custom", "--no-owner", gives=True) as dump,
    ):
        assert dump.stdout is not None
        pyrage.encrypt_io(_Joined(msgspec.json.encode(head) + b"\n", dump.stdout), draft, [recipient])
        _ended_well(dump, said)
    return file.stat().st_size


def look_into(file: Path, key: str) -> Head:
    """Read a backup to its end, so that a damaged or cut one is known before anything is touched.

    Invalid where the key does not open it or it is no backup of ours; NeedsPerson where it is damaged.
    """
    sink = _Head()
    _decrypt(file, key, sink)
    try:
        head = msgspec.json.decode(sink.line, type=Head)
    except msgspec.DecodeError as error:
        raise Invalid("This file is no backup of Servery.", field="file", where=str(file)) from error
    if head.servery_backup > _FORMAT:
        raise NeedsPerson("This backup is of a newer Servery.", where=str(file), mend="Install that version first.")
    return head


@contextmanager
def restoring(dsn: str, home: Path, file: Path, key: str) -> Iterator[Head]:
    """Make the key files of `home` and the database from a backup; the block does what is left, and then `end`s it.

    Until `unfinished.end` has been committed nothing else begins to work on the database, and a restore that was
    broken off is begun again. Raises what `look_into` raises, and Refuse where something is there already.
    """
    head = look_into(file, key)
    _refuse_other_keys(home, head)
    with unfinished.restoring(dsn):
        # First the keys: data without them are credentials that nobody can open.
        for name, content in head.keys.items():
            _write_key(home / name, base64.b64decode(content))
        _restore_data(dsn, file, key)
        yield head


def _restore_data(dsn: str, file: Path, key: str) -> None:
    into = ("--single-transaction", "--set=ON_ERROR_STOP=1", "--no-psqlrc", "--quiet")
    with (
        ThreadPoolExecutor(1) as beside,
        tempfile.TemporaryFile() as said,
        _program("psql", dsn, said, *into, takes=True) as loading,
        _program("pg_restore", dsn, said, "--file=-", "--no-owner", "--no-privileges", takes=True, gives=True) as told,
    ):
        assert loading.stdin is not None
        assert told.stdin is not None
        assert told.stdout is not None
        passed_on = beside.submit(_pass_on, told.stdout, loading.stdin)
        _decrypt(file, key, _AfterFirstLine(told.stdin))
        with suppress(BrokenPipeError):
            told.stdin.close()
        passed_on.result()
        # Its end commits: what takes it must not be told of an end before all was given.
        _ended_well(told, said)
        with suppress(BrokenPipeError):
            loading.stdin.close()
        _ended_well(loading, said)


_NEWER = b"SET transaction_timeout = 0;\n"
"""What pg_restore says first, and what a server before PostgreSQL 17 does not know."""


def _pass_on(statements: IO[bytes], into: IO[bytes]) -> None:
    """Pass on what builds the database. Who gives up closes its end, and tells why itself."""
    with statements, suppress(BrokenPipeError):
        for line in islice(statements, _PREAMBLE):
            if line != _NEWER:
                into.write(line)
        shutil.copyfileobj(statements, into)
        into.flush()


def _recipient(home: Path) -> pyrage.x25519.Recipient:
    file = home / RECIPIENT_FILE
    try:
        return pyrage.x25519.Recipient.from_str(file.read_text().strip())
    except FileNotFoundError:
        raise NeedsPerson(
            "There is no backup key yet.",
            code="no-backup-key",
            mend="Make one with: servery backup-key. Write the secret part down and keep it away from this machine.",
        ) from None
    except pyrage.RecipientError:
        raise NeedsPerson("This is no public key.", where=str(file), mend="Put the file back as it was.") from None


def _keys(home: Path) -> dict[str, str]:
    files = [*sorted(home.glob("*.key")), home / RECIPIENT_FILE]
    return {file.name: base64.b64encode(file.read_bytes()).decode() for file in files}


def _server(dsn: str) -> str:
    with psycopg.connect(dsn) as connection:
        return str(connection.info.parameter_status("server_version"))


@contextmanager
def _whole_or_none(file: Path) -> Iterator[IO[bytes]]:
    """A file beside `file` that takes its place once it is whole and on the disk."""
    try:
        draft = tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}-", delete=False)  # noqa: SIM115
    except OSError as error:
        raise NeedsPerson(
            "No file can be written there: {why}.", field="file", where=str(file.parent), why=error.strerror
        ) from error
    try:
        with draft:
            yield draft
            draft.flush()
            os.fsync(draft.fileno())
        Path(draft.name).replace(file)
    finally:
        Path(draft.name).unlink(missing_ok=True)


@contextmanager
def _program(
    name: str, dsn: str, words_to: IO[bytes], *words: str, takes: bool = False, gives: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """A program of PostgreSQL's at work, that `takes` or `gives` bytes; ended with us.

    The address goes by environment: arguments are everybody's to see.
    """
    process = subprocess.Popen(
        [str(binaries() / name), *words],
        stdin=subprocess.PIPE if takes else None,
        stdout=subprocess.PIPE if gives else subprocess.DEVNULL,
        stderr=words_to,
        env={**environment_for(_with_database(dsn)), **({"PGAPPNAME": unfinished.NAME} if takes else {})},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def _with_database(dsn: str) -> str:
    """The address with the database's name, which it may leave to the user's."""
    with psycopg.connect(dsn) as connection:
        return make_conninfo(dsn, dbname=connection.info.dbname)


def _ended_well(process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
    if process.wait() != 0:
        said.seek(0)
        # Its first line names what failed; later ones may quote rows.
        words = said.read().decode(errors="replace").strip()
        raise Retry("PostgreSQL's own tool failed: {words}", words=words.partition("\n")[0] or "no reason given")


class _Joined(io.RawIOBase):
    """Some bytes, then a stream."""

    def __init__(self, first: bytes, then: IO[bytes]) -> None:
        self._first = io.BytesIO(first)
        self._then = then

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._first.read(len(buffer)) or self._then.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


class _Head(io.RawIOBase):
    """Keeps the first line of what is written to it, and no more."""

    def __init__(self) -> None:
        self.line = b""
        self._whole = False

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        if not self._whole:
            line, newline, _ = bytes(part).partition(b"\n")
            self.line += line
            self._whole = bool(newline) or len(self.line) > _LONGEST_HEAD
        return len(part)


class _AfterFirstLine(io.RawIOBase):
    """Passes on what comes after the first line."""

    def __init__(self, to: IO[bytes]) -> None:
        self._to = to
        self._begun = False

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        rest = bytes(part)
        if not self._begun:
            _, newline, rest = rest.partition(b"\n")
            self._begun = bool(newline)
        # A tool that gave up closes its end, and tells why itself.
        with suppress(BrokenPipeError):
            self._to.write(rest)
        return len(part)


def _decrypt(file: Path, key: str, sink: io.RawIOBase) -> None:
    try:
        identity = pyrage.x25519.Identity.from_str(key.strip())
    except pyrage.IdentityError as error:
        raise Invalid(
            "This is no backup key.", field="key", mend="It is the line that begins with AGE-SECRET-KEY-1."
        ) from error
    try:
        source = file.open("rb")
    except OSError as error:
        raise Invalid("The file cannot be read: {why}.", field="file", where=str(file), why=error.strerror) from error
    try:
        with source:
            pyrage.decrypt_io(source, sink, [identity])
    except (pyrage.DecryptError, OSError) as error:
        raise Invalid(
            "This key does not open the backup, or the file is damaged or cut off.", field="file", where=str(file)
        ) from error


def _refuse_other_keys(home: Path, head: Head) -> None:
    for name, content in head.keys.items():
        if Path(name).name != name:
            raise Invalid("This backup names a file outside the data folder.", field="file")
        file = home / name
        if file.exists() and file.read_bytes() != base64.b64decode(content):
            raise Refuse("The data folder has a {name} of its own.", name=name, mend="Set SERVERY_HOME to a new one.")


def _write_key(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    with os.fdopen(descriptor, "wb") as writing:
        writing.write(content)
        writing.flush()
        os.fsync(writing.fileno())
    shutil.move(draft, file)
