"""The command line: thin commands over the rooms, one file per group, loaded when it is asked for."""

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from servery.errors import NeedsPerson, Refuse, ServeryError

NEEDS_PERSON = 3
"""Exit code: nothing will help until a person mends something."""

FILES = {
    "demo": "demo",
    "up": "running",
    "web": "running",
    "worker": "running",
    "venues": "venues",
    "import": "files",
    "connect": "connections",
    "connections": "connections",
    "application": "application",
    "events": "events",
    "guests": "guests",
    "hygiene": "hygiene",
    "privacy": "privacy",
    "invite": "people",
    "people": "people",
    "keys": "people",
    "outbox": "outbox",
    "doctor": "doctor",
    "repairs": "repairs",
    "alerts": "alerts",
    "backup-key": "backup",
    "backup": "backup",
    "restore": "backup",
    "upgrade-database": "backup",
    "trust-keys": "backup",
    "sandbox": "sandbox",
}
"""Each command and the file here that holds it, in the order of the help."""


class _OnDemand(TyperGroup):
    """Loads only the file of the command that is run: taking in a file has no use for a web server."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(FILES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in FILES:
            return None
        holder = typer.Typer()
        import_module(f"servery.cli.{FILES[cmd_name]}").register(holder)
        return typer.main.get_group(holder).get_command(ctx, cmd_name)


app = typer.Typer(
    cls=_OnDemand,
    name="servery",
    help="Joins a restaurant's reservations, till and guests.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _root(
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="End when standard input does: whoever held its other end is gone.")
    ] = False,
) -> None:
    """Joins a restaurant's reservations, till and guests."""
    if with_parent:
        from servery.app.supervise import end_with_starter

        end_with_starter()


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 failed, 2 usage, 3 a person is needed, 4 some rows were rejected."""
    try:
        app()
    except ServeryError as error:
        Console(stderr=True, soft_wrap=True, highlight=False).print(_told(error), style="red", markup=False)
        sys.exit(NEEDS_PERSON if isinstance(error, NeedsPerson) else 2 if isinstance(error, Refuse) else 1)


def _told(error: ServeryError) -> str:
    """What an error says, after the name of the setting or option that it is about."""
    field = getattr(error, "field", None)
    return f"{field}: {error}" if field else str(error)
