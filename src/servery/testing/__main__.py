"""For those who write connectors: begin a new one, and ask which level of quality one has proven."""

from pathlib import Path
from typing import Annotated

import typer

from servery.connectors import registry
from servery.errors import ServeryError
from servery.testing import quality as levels
from servery.testing.proof import failed_tests
from servery.testing.scaffold import new as written_anew

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Its name: small letters, digits and underscores.")],
    into: Annotated[Path | None, typer.Option(help="The folder to write it in; normally among the others.")] = None,
    package: Annotated[bool, typer.Option(help="As a package of its own, outside Servery's repository.")] = False,
) -> None:
    """Begin a connector: everything it needs, with its contract suite green."""
    try:
        written = written_anew(name, into, package=package, taken=registry.packages())
    except ServeryError as error:
        typer.echo(error.told(), err=True)
        raise typer.Exit(2) from error
    for path in written:
        typer.echo(path)


@app.command()
def quality(
    name: Annotated[str | None, typer.Argument(help="A connector's name; all where none is given.")] = None,
) -> None:
    """Run the contract suite of one connector or of all, and tell which level that proves and what lacks."""
    above = False
    for each in [name] if name else registry.connectable():
        manifest = registry.manifest(each)
        verdict = levels.verdict(manifest, failed_tests(registry.packages()[each]))
        above |= levels.rank(manifest.quality) > levels.rank(verdict.proven)
        typer.echo(f"{manifest.title}: claims {manifest.quality}, proven {verdict.proven or 'nothing'}")
        for words in verdict.lacking:
            typer.echo(f"  not {words}")
    raise typer.Exit(1 if above else 0)


if __name__ == "__main__":
    app()
