"""The documents, taken apart for comparing with what they tell of."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from msgspec import Struct

from servery.cli import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


class Command(Struct, frozen=True):
    """One command of the program: its long options, and the names of its arguments."""

    options: frozenset[str]
    arguments: tuple[str, ...]


def pages() -> list[Path]:
    """Every document about Servery: those in docs/, those beside the code, and the connectors' own."""
    return sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("src/servery/connectors/*/README.md")])


def sections(page: Path, level: str = "##") -> dict[str, str]:
    """What stands under each heading of a level."""
    parts = re.split(rf"^{level} (.+)$", page.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text: str) -> list[list[str]]:
    """The cells of a table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if not set("".join(row)) <= set("-")][1:]


def quoted(text: str) -> set[str]:
    """Everything in backquotes."""
    return set(re.findall(r"`([^`]+)`", text))


@pytest.fixture(scope="session")
def commands() -> dict[str, Command]:
    """The commands there are, by their words."""
    return dict(_commands(typer.main.get_command(app), "servery"))


def _commands(command: object, words: str) -> Iterator[tuple[str, Command]]:
    if isinstance(command, typer.core.TyperGroup):
        for name in command.list_commands(None):  # type: ignore[arg-type]
            yield from _commands(command.get_command(None, name), f"{words} {name}")  # type: ignore[arg-type]
        return
    params = command.params  # type: ignore[attr-defined]
    options = {name for one in params if one.param_type_name == "option" for name in (*one.opts, *one.secondary_opts)}
    arguments = tuple(one.name for one in params if one.param_type_name == "argument")
    yield words, Command(frozenset(options), arguments)
