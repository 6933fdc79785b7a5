"""Whatever the connector says to a person is said in every language, with the same places to fill in."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.pofile import read_po

from servery.connectors import registry
from servery.model.commands import Field

FOLDER = Path(__file__).parents[1]
ERRORS = {"LookUpFirst", "NeedsPerson", "Quarantine", "Refuse", "Retry"}


def sentences() -> set[str]:
    manifest = registry.manifest("square")
    said = {text for each in (*manifest.settings, *manifest.application) for text in (each.label, each.help)}
    said |= {each.note for each in manifest.capabilities}
    # What every system has in common is named by the pages themselves.
    said |= {each.field for each in manifest.capabilities} - set(get_args(Field))
    said |= {each.name for each in manifest.resources}
    return {each for each in said | {text for path in FOLDER.glob("*.py") for text in raised(path)} if each}


def raised(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
            mends = [each.value for each in node.keywords if each.arg == "mend"]
            yield from (ast.literal_eval(each) for each in [*node.args, *mends])


def places(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", ["da", "de", "es"])
def test_every_sentence_is_translated(language):
    with (FOLDER / "locale" / language / "LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = {each.id: each.string for each in read_po(file) if each.id}
    assert catalogue.keys() == sentences()
    for english, translated in catalogue.items():
        assert translated
        assert places(str(translated)) == places(str(english))
