"""Settings and secrets as options give them: NAME=VALUE, and secrets from files or standard input alone."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from servery.errors import Invalid

Set = Annotated[list[str] | None, typer.Option("--set", help="A setting: NAME=VALUE.")]
Secret = Annotated[list[str] | None, typer.Option(help="A secret: NAME=@FILE, or NAME=- for standard input.")]


def given(set_: Iterable[str] | None, secret: Iterable[str] | None) -> dict[str, str]:
    """What these options say, by name."""
    return dict(_pair(one, "--set") for one in set_ or ()) | dict(_secret(one) for one in secret or ())


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{option} takes NAME=VALUE.")
    return name.strip(), value


def _secret(text: str) -> tuple[str, str]:
    """A secret from a file or standard input: on the command line itself every user of the machine could read it."""
    name, source = _pair(text, "--secret")
    if source == "-":
        return name, sys.stdin.readline().strip()
    if source.startswith("@"):
        try:
            return name, Path(source[1:]).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid("The file for {name} cannot be read.", field=name, name=name, where=source[1:]) from error
    raise typer.BadParameter(f"Give {name} as {name}=@FILE or {name}=-: a command line is no place for a secret.")
