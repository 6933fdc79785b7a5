"""Whatever is said of a file is said in every language, with the same places to fill in."""

import ast
from importlib.resources import files

import pytest

from servery.connectors import registry
from servery.testing import messages

FOLDER = files("servery.connectors.csv")
SAID_BY_ANOTHER_NAME = {
    "This is not an amount.",
    "This is not a number.",
    "The line has more than {limit} characters.",
    "A quotation mark is opened here and not closed.",
}
"""What reaches its error through a parameter or a constant, where reading the call alone does not find it."""


def said() -> set[str]:
    return messages.said(FOLDER, registry.manifest("csv")) | SAID_BY_ANOTHER_NAME


def literals() -> set[object]:
    modules = (ast.parse(entry.read_text("utf-8")) for entry in FOLDER.iterdir() if entry.name.endswith(".py"))
    return {node.value for tree in modules for node in ast.walk(tree) if isinstance(node, ast.Constant)}


def test_what_is_said_by_another_name_is_still_said():
    assert literals() >= SAID_BY_ANOTHER_NAME


@pytest.mark.parametrize("language", ["da", "de", "es"])
def test_every_sentence_is_translated(language: str):
    told = messages.told(FOLDER, language)
    assert told.keys() == said()
    assert [english for english, translated in told.items() if not translated] == []
    assert [each for each, text in told.items() if messages.places(text) != messages.places(each)] == []
