"""Files in a folder that tell of somebody who was erased: our lists and lists of errors are written without them.

Files of the other system are not ours to change: they are named, so that a person deletes them.
"""

import csv
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from servery.connectors.contract import Account
from servery.connectors.folder import OUT, Place, opened
from servery.language import sheet
from servery.privacy.keyed import Key
from servery.storage.pool import Connection as Db
from servery.sync.connections import Connection

_ASIDE = ("done", "failed")
_ERRORS = ".errors.csv"
_CELL = re.compile(r"[^,;|\t\r\n\"]+")
_LARGEST = 200_000_000
"""Bytes of a file that is looked through; a larger one is left to a person."""


class Whom(Struct, frozen=True):
    """Who was erased, as far as a file can tell: the numbers of the guest here, and the contacts by their hashes."""

    key: Key
    guest_ids: frozenset[str]
    hashes: frozenset[bytes]

    def is_in(self, text: str) -> bool:
        """Whether a text has a contact of theirs among its cells."""
        cells = {cell.strip() for cell in _CELL.findall(text)}
        telling = (cell for cell in cells if "@" in cell or sum(letter.isdigit() for letter in cell) > 6)
        return any(each in self.hashes for cell in telling for each in self.key.contact(cell))


class Found(Struct, frozen=True):
    """How many of our files were written anew, and which files of the other system hold them still."""

    rewritten: int
    left: tuple[str, ...]


async def whom(db: Db, key: Key, erasure_id: int) -> Whom:
    """Who was erased then."""
    cursor = await db.execute("select guest_ids from erasure where id = %s", [erasure_id])
    row = await cursor.fetchone()
    cursor = await db.execute(
        "select hash from erased_key where erasure_id = %s and kind in ('contact', 'other')", [erasure_id]
    )
    hashes = frozenset(bytes(each["hash"]) for each in await cursor.fetchall())
    return Whom(key, frozenset(map(str, row["guest_ids"] if row else ())), hashes)


async def clean(settings: Mapping[str, str], connection: Connection, erased: Whom) -> Found:
    """Go through a folder, for who alone puts files there. Raises what `opened` does."""
    account = msgspec.convert(connection.account, Account)
    async with opened(settings, account.external_id) as place:
        for folder in (OUT, *_ASIDE):
            # A try that broke off, and was not made again under that name.
            await place.sweep(folder)
        rewritten = sum([await _rewritten(place, OUT, one.name, erased) for one in await place.entries(OUT)])
        left: list[str] = []
        for folder in ("", *_ASIDE):
            for one in await place.entries(folder):
                path = f"{folder}/{one.name}" if folder else one.name
                if one.name.endswith(_ERRORS):
                    rewritten += await _rewritten(place, folder, one.name, erased)
                elif one.size > _LARGEST or erased.is_in(await _text(place, path)):
                    left.append(path)
    return Found(rewritten, tuple(left))


async def _rewritten(place: Place, folder: str, name: str, erased: Whom) -> bool:
    """Write one of our files without the person's lines; False where it has none."""
    text = await _text(place, f"{folder}/{name}")
    lines = list(csv.reader(text.splitlines(keepends=True)))
    kept = _without(lines, erased)
    if len(kept) == len(lines):
        return False
    with tempfile.TemporaryDirectory(prefix="servery-") as made:
        path = Path(made) / name
        path.write_text(sheet.lines(kept), encoding="utf-8", newline="")
        await place.put(folder, name, path)
    return True


def _without(lines: Sequence[Sequence[str]], erased: Whom) -> list[Sequence[str]]:
    if not lines:
        return []
    header = lines[0]
    # Visits and checks keep a number behind which nobody stands any more.
    by_number = header[0] == "id" and "name" in header
    return [header, *(one for one in lines[1:] if not _theirs(one, by_number, erased))]


def _theirs(line: Sequence[str], by_number: bool, erased: Whom) -> bool:
    return (by_number and bool(line) and line[0] in erased.guest_ids) or erased.is_in(",".join(line))


async def _text(place: Place, path: str) -> str:
    with tempfile.TemporaryDirectory(prefix="servery-") as made:
        copy = Path(made) / "file.csv"
        await place.fetch(path, copy)
        return copy.read_bytes().decode("utf-8", "replace")
