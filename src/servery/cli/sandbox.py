"""`servery sandbox`: the demo restaurant's two systems, to try Servery on without an account anywhere."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

if TYPE_CHECKING:
    from servery.sandbox.serve import Offer
    from servery.sandbox.world import World

app = typer.Typer(no_args_is_help=True, help="A restaurant that does not exist, seen through real systems' APIs.")

Port = Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1 to listen on.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same restaurant.")]
Days = Annotated[int, typer.Option(min=0, max=1825, help="Days of history before today.")]
LiveSeconds = Annotated[float, typer.Option(min=0, help="Seconds between unplanned changes; 0 for none.")]
WithParent = Annotated[bool, typer.Option("--with-parent", help="Stop when the process that started this one ends.")]
Truth = Annotated[Path | None, typer.Option(help="Write who is who to this file, as JSON lines.")]


@app.command()
def square(
    port: Port, seed: Seed = 1, days: Days = 365, live_seconds: LiveSeconds = 4.0, with_parent: WithParent = False
) -> None:  # fmt: skip
    """Serve the restaurant's till as Square."""
    from servery.sandbox import serve

    _run(seed, days, live_seconds, with_parent, None, lambda world: {"square": serve.square(world, port)})


@app.command()
def resos(
    port: Port, seed: Seed = 1, days: Days = 365, live_seconds: LiveSeconds = 4.0, with_parent: WithParent = False
) -> None:  # fmt: skip
    """Serve the restaurant's reservation book as resOS."""
    from servery.sandbox import serve

    _run(seed, days, live_seconds, with_parent, None, lambda world: {"resos": serve.resos(world, port)})


@app.command()
def demo(
    square_port: Port, resos_port: Port, seed: Seed = 1, days: Days = 365, live_seconds: LiveSeconds = 4.0,
    with_parent: WithParent = False, truth: Truth = None,
) -> None:  # fmt: skip
    """Serve both from one truth: the same dinners seen from two sides."""
    from servery.sandbox import serve

    _run(
        seed, days, live_seconds, with_parent, truth,
        lambda world: {"square": serve.square(world, square_port), "resos": serve.resos(world, resos_port)},
    )  # fmt: skip


def _run(
    seed: int, days: int, live_seconds: float, with_parent: bool, truth: Path | None,
    offers: "Callable[[World], dict[str, Offer]]",
) -> None:  # fmt: skip
    """Make the world, serve it, and say on one line of JSON how to connect as soon as it answers."""
    from servery.sandbox.record import TruthFile
    from servery.sandbox.serve import serve
    from servery.sandbox.world import World

    world = World(seed, days, datetime.now(UTC), TruthFile(truth).write if truth else None)
    offered = offers(world)

    def ready() -> None:
        typer.echo(msgspec.json.encode({name: offer.settings for name, offer in offered.items()}).decode())

    serve(world, offered, live_seconds, with_parent, ready)
