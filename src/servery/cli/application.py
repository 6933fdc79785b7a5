"""`servery application`: the id and secret that a vendor gives the makers of an integration."""

from typing import Annotated

import typer

from servery.accounts.audit import acted
from servery.app import authorise, credentials
from servery.app.addresses import PATH
from servery.cli.given import Secret, Set, given
from servery.cli.shell import AsJson, give, say, settings, with_database
from servery.connectors import registry
from servery.model.viewer import SYSTEM
from servery.storage.pool import Connection as Db

group = typer.Typer(no_args_is_help=True)

Connector = Annotated[str, typer.Argument(help="Which system, for example square.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(group, name="application", help="A vendor's application, by which systems are authorised: set, show.")


@group.command("set")
def set_application(connector: Connector, set_: Set = None, secret: Secret = None, as_json: AsJson = False) -> None:
    """Enter a vendor's application, or change it.

    Example: servery application set square --set client_id=sq0idp-1 --secret client_secret=@app.txt
    """
    house = settings()

    async def work(db: Db) -> None:
        await credentials.set_application(db, house.home, connector, given(set_, secret))
        await acted(db, SYSTEM, "application-changed", f"application:{connector}")

    with_database(work)
    if as_json:
        give({"connector": connector, "redirect": house.public_url + authorise.CALLBACK})
    else:
        title = registry.manifest(connector).title
        say(f"Kept. Enter this at {title} as the redirect address: {house.public_url}{authorise.CALLBACK}")


@group.command("show")
def show(connector: Connector, as_json: AsJson = False) -> None:
    """Show what is entered of a vendor's application; of secrets only that they are there."""
    house = settings()
    asks = credentials.application_asks(registry.manifest(connector))
    held = with_database(lambda db: credentials.application(db, house.home, connector))
    told = {one.name: "(kept)" if one.secret and one.name in held else held.get(one.name) for one in asks}
    told["redirect"] = house.public_url + authorise.CALLBACK
    hook = registry.manifest(connector).webhook
    if hook is not None and any(one.name == hook.secret for one in asks):
        told["webhook"] = f"{house.public_url}{PATH}apps/{connector}"
    if as_json:
        give(told)
        return
    for name, value in told.items():
        say(f"{name}: {value or '-'}")
