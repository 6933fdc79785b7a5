"""The key files of the data folder, which all machines of an installation share, and whether they are this database's.

No key enters the database: only what a key makes of the file's name, from which nobody can find the key.
"""

import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from servery.accounts.vault import KEY_FILE
from servery.errors import NeedsPerson
from servery.storage.pool import Connection as Db

CARDS, FORMS = "cards.key", "forms.key"


def card_key(home: Path) -> bytes:
    """The key of the hashes that stand where card numbers stood, made at the first use.

    It never enters the database: without it nobody can try out which numbers the hashes are of.
    """
    return _made(home / CARDS, secrets.token_bytes(32))


def forms_key(home: Path) -> str:
    """The secret that signs the tokens of forms: kept, so that a restart does not spoil a page somebody has open."""
    return _made(home / FORMS, secrets.token_urlsafe(32).encode()).decode()


async def hold_to(db: Db, home: Path) -> None:
    """Make the key files where the installation is new, and see that they are the database's.

    NeedsPerson where this machine has another or none: it would give other marks to the same cards, so that records
    were kept twice.
    """
    known = await _known(db)
    for name in (CARDS, FORMS):
        if name in known and not (home / name).exists():
            raise _refusal("This machine has no {name}, and the database was used with one.", home, name)
    card_key(home)
    forms_key(home)
    await _keep(db, home)
    for name in await strange(db, home):
        raise _refusal("The {name} of this machine is not the one that the database was used with.", home, name)


async def strange(db: Db, home: Path) -> list[str]:
    """The key files of this machine that are not those that the database was used with."""
    known = await _known(db)
    return [name for name, proof in _proofs(home).items() if not hmac.compare_digest(known.get(name, proof), proof)]


async def trust(db: Db, home: Path) -> list[str]:
    """From now on the key files of this machine are the database's: where the former are lost. Tells their names."""
    await db.execute("delete from key_file")
    await _keep(db, home)
    return sorted(await _known(db))


async def _known(db: Db) -> dict[str, bytes]:
    cursor = await db.execute("select name, proof from key_file")
    return {row["name"]: bytes(row["proof"]) for row in await cursor.fetchall()}


async def _keep(db: Db, home: Path) -> None:
    proofs = _proofs(home)
    await db.execute(
        "insert into key_file (name, proof) select * from unnest(%s::text[], %b::bytea[]) on conflict do nothing",
        [list(proofs), list(proofs.values())],
    )


def _proofs(home: Path) -> dict[str, bytes]:
    """What the key files that there are make of their names."""
    found = {}
    for name in (CARDS, FORMS, KEY_FILE):
        with suppress(FileNotFoundError):
            content = (home / name).read_bytes()
            # A new key of the vault is put before the older ones: it is known by its first.
            key = content.split()[-1] if name == KEY_FILE and content.strip() else content
            found[name] = hmac.digest(key, f"servery key file {name}".encode(), "sha256")
    return found


def _refusal(template: str, home: Path, name: str) -> NeedsPerson:
    return NeedsPerson(
        template,
        code="other-key-file",
        name=name,
        where=str(home / name),
        mend="Copy it from the machine, or the backup, that has it. Where it is lost for good: servery trust-keys",
    )


def _made(path: Path, content: bytes) -> bytes:
    if not path.exists():
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        # Whole or not at all: of two processes that begin together one takes the other's key.
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        Path(draft).unlink()
    return path.read_bytes()
