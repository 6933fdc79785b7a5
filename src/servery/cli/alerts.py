"""`servery alerts`: who is told when something breaks."""

import asyncio
from typing import Annotated, Any

import typer

from servery.accounts.audit import acted
from servery.app import watching
from servery.cli.shell import AsCsv, AsJson, give, give_list, say, settings, with_database
from servery.errors import NotFound
from servery.health import alerts, watch
from servery.health.alerts import LEASTS, Receiver
from servery.language.words import LANGUAGES
from servery.model.viewer import SYSTEM
from servery.storage.migrate import migrate
from servery.storage.pool import Connection as Db
from servery.storage.pool import open_pool
from servery.storage.server import database

group = typer.Typer(no_args_is_help=True)

Address = Annotated[str, typer.Argument(help="An e-mail address, or the address of a webhook.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(group, name="alerts", help="Who is told when something breaks: list, add, test, remove.")


@group.command("list")
def list_receivers(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List who is told, and whether it arrives."""
    rows = with_database(_rows)
    if not rows and not (as_json or as_csv):
        say("Nobody is told. Begin with: servery alerts add you@example.com")
        return
    give_list(rows, ["id", "address", "told", "digest", "language", "trouble"], as_json=as_json, as_csv=as_csv)


async def _rows(db: Db) -> list[dict[str, Any]]:
    return [
        {
            "id": one.id,
            "address": one.address,
            "told": one.least,
            "digest": one.digest,
            "language": one.language,
            "trouble": one.error["message"] if one.error else None,
        }
        for one in await alerts.receivers(db)
    ]


@group.command("add")
def add(
    address: Address,
    least: Annotated[str, typer.Option(help="What is told at once: critical, or warning for both.")] = "critical",
    digest: Annotated[
        bool, typer.Option("--digest", help="Also a summary each morning while something waits.")
    ] = False,
    language: Annotated[str, typer.Option(help=f"Of e-mails: {', '.join(LANGUAGES)}.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Tell somebody when something breaks. A webhook's secret is shown once."""
    if least not in LEASTS or language not in LANGUAGES:
        raise typer.BadParameter(f"--least is one of {', '.join(LEASTS)}; --language of {', '.join(LANGUAGES)}.")
    home = settings().home

    async def work(db: Db) -> tuple[int, str | None]:
        made = await watching.add_receiver(db, home, address, least=least, digest=digest, language=language)
        await acted(db, SYSTEM, "alert-receiver-added", f"alert-receiver:{made[0]}")
        return made

    receiver_id, secret = with_database(work)
    if as_json:
        give({"id": receiver_id, "address": address, "secret": secret})
        return
    say(f"{address} is told from now on. See that it arrives: servery alerts test {address}")
    if secret:
        say(f"What it gets is signed with this secret, shown only now: {secret}")


@group.command("test")
def test(address: Address, as_json: AsJson = False) -> None:
    """Send a test now, and say what went wrong where it does not arrive."""
    chosen = settings()

    async def run(dsn: str) -> None:
        async with open_pool(dsn, largest=2) as pool:
            async with pool.connection() as db:
                owed = await alerts.owe_test(db, (await _receiver(db, address)).id, await watch.clock(db))
            for error in await watching.send_due(pool, chosen, owed):
                raise error

    with database(chosen) as dsn:
        migrate(dsn)
        asyncio.run(run(dsn))
    if as_json:
        give({"address": address, "sent": True})
    else:
        say(f"A test was sent to {address}.")


@group.command("remove")
def remove(address: Address, as_json: AsJson = False) -> None:
    """Tell somebody no more."""

    async def work(db: Db) -> int:
        one = await _receiver(db, address)
        await alerts.remove(db, one.id)
        await acted(db, SYSTEM, "alert-receiver-removed", f"alert-receiver:{one.id}")
        return one.id

    receiver_id = with_database(work)
    if as_json:
        give({"id": receiver_id, "address": address})
    else:
        say(f"{address} is told no more.")


async def _receiver(db: Db, address: str) -> Receiver:
    found = next((one for one in await alerts.receivers(db) if one.address == address), None)
    if found is None:
        raise NotFound("{address} is not told anything.", address=address, mend="servery alerts list names who is.")
    return found
