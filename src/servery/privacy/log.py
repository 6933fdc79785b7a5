"""The log of erasures beside the database: a backup that is older than an erasure would bring the guest back.

One line of JSON for each erasure, with hashes only. It is no part of a backup: it tells what came after it.
"""

import os
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec import Struct

from servery.errors import Invalid, NeedsPerson
from servery.privacy.keyed import Key

LOG_FILE = "erasures.log"


class Line(Struct, frozen=True):
    """One erasure: when, by which key the hashes are made, and the hashes of the person's records and contacts.

    `id` is the erasure's, by which a backup that knows it is told. `let_in`: no erasure; who is known by these hashes
    was let in again; with `known_by` under another name than the erased had, which is known by these.
    """

    at: datetime
    key: str
    records: list[str]
    known_by: list[str]
    id: str = ""
    let_in: list[str] = []


def write(
    home: Path, key: Key, records: Collection[bytes], known_by: Collection[bytes], line_id: UUID | None = None
) -> None:
    """Add an erasure; on the disk before this returns. NeedsPerson where the file cannot be written."""
    _add(home, Line(_now(), key.id, _hex(records), _hex(known_by), str(line_id or "")))


def write_let_in(home: Path, key: Key, let_in: Collection[bytes], known_by: Collection[bytes] = ()) -> None:
    """Add that somebody was let in again, as `write`; `known_by` where it is under another name alone."""
    _add(home, Line(_now(), key.id, [], _hex(known_by), let_in=_hex(let_in)))


def _now() -> datetime:
    return datetime.now(UTC)


def _hex(hashes: Collection[bytes]) -> list[str]:
    return sorted(map(bytes.hex, hashes))


def _add(home: Path, line: Line) -> None:
    path = home / LOG_FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise NeedsPerson(
            "The log of erasures cannot be written ({why}), so nothing was done.", where=str(path), why=error.strerror
        ) from error


def read(path: Path) -> Iterator[Line]:
    """All erasures of a log. Invalid where the file is none; a last line that was cut off is left out."""
    if not path.exists():
        return
    for line in path.read_bytes().splitlines(keepends=True):
        try:
            yield msgspec.json.decode(line, type=Line)
        except msgspec.MsgspecError as error:
            if not line.endswith(b"\n"):
                return
            raise Invalid("This is no log of erasures.", field="erasures", where=str(path)) from error
