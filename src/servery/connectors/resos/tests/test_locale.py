import ast
from collections.abc import Iterator
from importlib.resources import files
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from servery.connectors.registry import manifest

FOLDER = files("servery.connectors.resos")


def catalogue(language: str) -> Catalog:
    with FOLDER.joinpath(f"locale/{language}/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file)


def declared() -> Iterator[str]:
    ours = manifest("resos")
    for setting in ours.settings:
        yield from filter(None, (setting.label, setting.help))
    yield from (capability.note for capability in ours.capabilities if capability.note)


def raised(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(FOLDER.joinpath(module).read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {
            "NeedsPerson",
            "Retry",
            "Quarantine",
            "LookUpFirst",
            "Refuse",
            "_away",
        }:
            mends = [keyword.value for keyword in node.keywords if keyword.arg == "mend"]
            yield from (text.value for text in (*node.args, *mends) if _is_text(text))  # type: ignore[attr-defined]


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", ["da", "de", "es"])
def test_everything_said_is_said_in_each_language(language: str):
    said = {*declared(), *raised("client.py"), *raised("send.py"), *raised("translate.py")}
    told = {message.id: message.string for message in catalogue(language) if message.id}
    assert {text for text in said if not told.get(text)} == set()
    assert set(told) - said == set()
    assert {text for text in said if places(text) != places(str(told[text]))} == set()
