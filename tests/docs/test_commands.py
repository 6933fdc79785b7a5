"""Every command and option is in the reference, and every command that a document shows exists."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.conftest import DOCS, ROOT, Command, pages, quoted, sections

REFERENCE = DOCS / "reference" / "commands.md"
BLOCK = re.compile(r"^( *)```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:\.venv/bin/)?servery [^`]+)`")


def told() -> dict[str, str]:
    """The reference's text on each command."""
    headings = sections(REFERENCE, "###")
    return {" ".join(word for word in name.strip("`").split() if word.islower()): t for name, t in headings.items()}


def test_every_command_is_in_the_reference_and_no_other(commands: dict[str, Command]):
    assert set(told()) == set(commands)


def test_every_option_is_in_the_reference_and_no_other(commands: dict[str, Command]):
    found = {name: {word for word in quoted(text) if word.startswith("--")} for name, text in told().items()}
    assert found == {name: set(command.options) for name, command in commands.items()}


def shown() -> Iterator[tuple[Path, str]]:
    """Every command line that a document shows."""
    for page in pages():
        text = page.read_text()
        blocks = [line.strip() for _, block in BLOCK.findall(text) for line in block.splitlines()]
        for line in [*blocks, *INLINE.findall(text)]:
            if re.match(r"(\.venv/bin/)?servery ", line):
                yield page, line


def wrong_with(line: str, commands: dict[str, Command]) -> str | None:
    """What a command line names that does not exist."""
    words = shlex.split(line.partition(" > ")[0].replace("...", ""))[1:]
    depth = max((n for n in range(len(words) + 1) if " ".join(["servery", *words[:n]]) in commands), default=0)
    if depth == 0:
        names = " ".join(["servery", *[word for word in words if word.islower()]])
        return None if any(f"{name} ".startswith(f"{names} ") for name in commands) else f"no command {names}"
    known = commands[" ".join(["servery", *words[:depth]])].options
    given = {word.partition("=")[0] for word in words[depth:] if word.startswith("--")}
    return f"no option {given - known}" if given - known else None


def test_every_command_shown_exists(commands: dict[str, Command]):
    lines = list(shown())
    assert len(lines) > 20
    wrong = {f"{page.relative_to(ROOT)}: {line}": wrong_with(line, commands) for page, line in lines}
    assert {line: why for line, why in wrong.items() if why} == {}


@pytest.mark.parametrize(
    "line", ["servery nonsense", "servery venues ad X", "servery up --fast", "servery import xml F"]
)
def test_a_command_that_does_not_exist_is_noticed(line: str, commands: dict[str, Command]):
    assert wrong_with(line, commands)


def test_every_target_of_make_that_is_shown_exists():
    targets = set(re.findall(r"^([a-z.]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {(page.name, one) for page in pages() for one in re.findall(r"`make ([a-z.]+)", page.read_text())}
    assert named
    assert {(page, one) for page, one in named if one not in targets} == set()
