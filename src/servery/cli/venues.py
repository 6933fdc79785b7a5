"""`servery venues`: the restaurants."""

from typing import Annotated

import typer

from servery.cli.shell import AsCsv, AsJson, give, give_list, say, with_database
from servery.model.venue import Venue
from servery.storage.pool import Connection as Db
from servery.venues.rows import add_venue, venues

group = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="venues", help="The restaurants: list, add.")


@group.command("list")
def list_venues(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List the venues."""
    kept = with_database(venues)
    rows = [
        {"id": one.id, "name": one.venue.name, "time_zone": one.venue.time_zone, "currency": one.venue.currency}
        for one in kept
    ]
    if not rows and not (as_json or as_csv):
        say("There is no venue yet. Add one: servery venues add NAME --time-zone ZONE --currency CODE")
        return
    give_list(rows, ["id", "name", "time_zone", "currency"], as_json=as_json, as_csv=as_csv)


@group.command("add")
def add(
    name: str,
    time_zone: Annotated[str, typer.Option(help="IANA time zone, such as Europe/Copenhagen.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 currency, such as DKK.")],
    cutoff: Annotated[str, typer.Option(help="When a business day begins, local HH:MM.")] = "04:00",
    as_json: AsJson = False,
) -> None:
    """Add a venue.

    Example: servery venues add "Harbour Kitchen" --time-zone Europe/Copenhagen --currency DKK
    """
    venue = Venue(name=name, time_zone=time_zone, currency=currency.upper(), cutoff=minutes(cutoff))

    async def work(db: Db) -> int:
        return await add_venue(db, venue)

    venue_id = with_database(work)
    if as_json:
        give({"id": venue_id, "name": name})
    else:
        say(f"{name} is added.")


def minutes(clock: str) -> int:
    """Local HH:MM as minutes after midnight."""
    hours, colon, rest = clock.partition(":")
    if colon and hours.isdigit() and rest.isdigit() and int(hours) < 24 and int(rest) < 60:
        return int(hours) * 60 + int(rest)
    raise typer.BadParameter(f"{clock} is not a time of day such as 04:00.")
