"""`servery sandbox`: the demo restaurant's two systems, to try Servery on without an account anywhere."""

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from servery.app.supervise import end_process

app = typer.Typer(no_args_is_help=True, help="A restaurant that does not exist, seen through real systems' APIs.")

Port = Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1 to listen on.")]
MaybePort = Annotated[int | None, typer.Option(min=1, max=65535, help="Port on 127.0.0.1 to listen on.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same restaurant.")]
Days = Annotated[int, typer.Option(min=0, max=1825, help="Days of history before today.")]
LiveSeconds = Annotated[float, typer.Option(min=0, help="Seconds between unplanned changes; 0 for none.")]
Truth = Annotated[Path | None, typer.Option(help="Write who is who to this file, as JSON lines.")]


def register(root: typer.Typer) -> None:
    """Add the group to the command line."""
    root.add_typer(app, name="sandbox")


@app.command()
def square(
    port: Port,
    seed: Seed = 1,
    days: Days = 365,
    live_seconds: LiveSeconds = 4.0,
    truth: Truth = None,
) -> None:
    """Serve the restaurant's till as Square.

    Example: servery sandbox square --port 8501 --days 30
    """
    _serve({"square": port}, seed, days, live_seconds, truth)


@app.command()
def resos(
    port: Port,
    seed: Seed = 1,
    days: Days = 365,
    live_seconds: LiveSeconds = 4.0,
    truth: Truth = None,
) -> None:
    """Serve the restaurant's reservation book as resOS.

    Example: servery sandbox resos --port 8502 --days 30
    """
    _serve({"resos": port}, seed, days, live_seconds, truth)


@app.command()
def odoo(
    port: Port,
    seed: Seed = 1,
    days: Days = 365,
    live_seconds: LiveSeconds = 4.0,
    truth: Truth = None,
) -> None:
    """Serve the restaurant's till as Odoo, which knows tables and covers.

    Example: servery sandbox odoo --port 8503 --days 30
    """
    _serve({"odoo": port}, seed, days, live_seconds, truth)


@app.command()
def demo(
    resos_port: Port,
    square_port: MaybePort = None,
    odoo_port: MaybePort = None,
    seed: Seed = 1,
    days: Days = 365,
    live_seconds: LiveSeconds = 4.0,
    truth: Truth = None,
) -> None:
    """Serve a till and the book from one truth: the same dinners seen from two sides.

    Example: servery sandbox demo --square-port 8501 --resos-port 8502 --days 30
    """
    tills = {name: port for name, port in (("square", square_port), ("odoo", odoo_port)) if port is not None}
    if len(tills) != 1:
        raise typer.BadParameter("Say which till: --square-port or --odoo-port.")
    _serve(tills | {"resos": resos_port}, seed, days, live_seconds, truth)


def _serve(ports: dict[str, int], seed: int, days: int, live_seconds: float, truth: Path | None) -> None:
    """Make the world, serve it, and say on one line of JSON how to connect as soon as it answers."""
    from servery.sandbox.record import truth_file
    from servery.sandbox.serve import AT_TABLES, OFFERS, claim, serve
    from servery.sandbox.world import World

    for port in ports.values():
        claim(port)
    with truth_file(truth) if truth else nullcontext() as watch:
        at_tables = not ports.keys().isdisjoint(AT_TABLES)
        world = World(seed, days, datetime.now(UTC), watch, at_tables=at_tables)
        offers = {name: OFFERS[name](world, port) for name, port in ports.items()}

        def ready() -> None:
            typer.echo(msgspec.json.encode({name: offer.settings for name, offer in offers.items()}).decode())

        serve(world, list(offers.values()), live_seconds, ready)
    end_process()
