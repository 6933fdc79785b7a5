"""`servery backup-key`, `backup`, `restore` and the like: what keeps an installation for years."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from servery.accounts.audit import acted
from servery.app import key_files
from servery.app.erasing import erase_again
from servery.cli.shell import AsJson, give, opened, say, settings, with_database
from servery.errors import Invalid
from servery.model.viewer import SYSTEM
from servery.outbox.hold import count_from, hold_all
from servery.privacy.keyed import open_key
from servery.privacy.log import LOG_FILE
from servery.storage import backup as backups
from servery.storage import unfinished
from servery.storage.identities import leap
from servery.storage.migrate import migrate
from servery.storage.pool import Connection as Db
from servery.storage.pool import open_pool
from servery.storage.server import database
from servery.storage.upgrade import upgrade


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("upgrade-database")(upgrade_database)
    app.command("trust-keys")(trust_keys)
    app.command("backup-key")(backup_key)
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup_key(as_json: AsJson = False) -> None:
    """Make the pair of keys for backups: the secret part is shown once, and kept nowhere here.

    Example: servery backup-key > backup.key, then take that file away from this machine.
    """
    secret = backups.make_key(settings().home)
    if as_json:
        give({"key": secret})
    else:
        sys.stdout.write(f"{secret}\n")
    say("Whoever has this key can read every backup, and without it nobody can. Keep it away from this machine.")


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.", dir_okay=False)], as_json: AsJson = False
) -> None:
    """Write everything to one encrypted file, while all goes on.

    Example, every night: servery backup /mnt/backups/servery-$(date +%F).age
    """
    chosen = settings()
    with database(chosen) as dsn:
        migrate(dsn)
        # A backup holds the key by which erased guests are known, also one made before anybody was erased.
        open_key(chosen.home)
        size = backups.backup(dsn, chosen.home, file)
        asyncio.run(_note(dsn, "backup-made", {"bytes": size}))
    if as_json:
        give({"file": str(file), "bytes": size})
    else:
        say(f"{file} holds everything: {size / 1_000_000:.1f} MB.")


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.", dir_okay=False)],
    key: Annotated[str, typer.Option(help="The secret key: @FILE, or - for standard input.")],
    erasures: Annotated[
        Path | None, typer.Option(help="The log of erasures; without it the one in the data folder.", exists=True)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an empty data folder, or an empty database, into what a backup holds.

    What waited to be sent when the backup was made is held back: since then it may have been sent. Guests who were
    erased since are erased again, by the log of erasures that lies beside the database and in no backup.
    """
    secret = _secret(key)
    chosen = settings()
    backups.look_into(file, secret)
    with database(chosen) as dsn, backups.restoring(dsn, chosen.home, file, secret) as head:
        migrate(dsn, restoring=True)
        # Before anything may begin: nobody who was erased since is seen again.
        again = asyncio.run(_erase_again(dsn, chosen.home, erasures or chosen.home / LOG_FILE))
        held = asyncio.run(_finish(dsn))
    if as_json:
        give({"file": str(file), "made_at": head.made_at, "held": held, "erased": again})
        return
    say(f"Everything is as it was at {head.made_at:%Y-%m-%d %H:%M} UTC.")
    if again:
        say(f"{again} guests who were erased since were erased again.")
    if held:
        say(f"{held} updates that waited then are held back. Look at them with: servery outbox list --state held")


async def _erase_again(dsn: str, home: Path, log: Path) -> int:
    async with open_pool(dsn, largest=3) as pool:
        return await erase_again(pool, home, log)


async def _finish(dsn: str) -> int:
    """All that makes of the data an installation that may go to work, or nothing of it; how much is held back."""
    async with opened(dsn) as db:
        await db.execute(f"set local application_name = '{unfinished.NAME}'")
        held = await hold_all(db)
        await count_from(db, await leap(db))
        await acted(db, SYSTEM, "restored", "installation", {"held": held})
        await unfinished.end(db)
    return held


async def _note(dsn: str, action: str, detail: dict[str, int]) -> None:
    async with opened(dsn) as db:
        await acted(db, SYSTEM, action, "installation", detail)


def _secret(given: str) -> str:
    if given == "-":
        return sys.stdin.readline().strip()
    if not given.startswith("@"):
        raise typer.BadParameter("Give --key as @FILE or -: a command line is no place for a secret.")
    try:
        return Path(given[1:]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("The file of the key cannot be read.", field="key", where=given[1:]) from error


def trust_keys(as_json: AsJson = False) -> None:
    """Take the key files of this machine for those of the database, where the former are lost for good.

    Without the former secret.key credentials must be entered again; without the former cards.key records that held a
    card number are kept once more when they are read again.
    """
    names = with_database(_trust)
    if as_json:
        give({"keys": names})
    else:
        say(f"From now on every machine needs these: {', '.join(names) or 'none yet'}.")


async def _trust(db: Db) -> list[str]:
    names = await key_files.trust(db, settings().home)
    await acted(db, SYSTEM, "keys-trusted", "installation", {"keys": names})
    return names


def upgrade_database(as_json: AsJson = False) -> None:
    """Bring the data of the PostgreSQL that Servery brings to its next major version, after an update that has one.

    Nothing else may run meanwhile. The old data stay in a folder of their own until you remove it.
    """
    kept = upgrade(settings().home, say)
    if as_json:
        give({"kept": str(kept) if kept else None})
    elif kept is None:
        say("The data are of this version already.")
    else:
        say(f"Done. The old data lie in {kept}: remove it when all is well.")
