"""What a connector says to people, gathered from its manifest and its code, and what its catalogues make of it."""

import ast
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from string import Formatter

from servery import errors
from servery.connectors.contract import Manifest

_ERRORS = {
    name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, errors.ServeryError)
}
_APART = {"tests", "simulator", "simulator.py", "locale"}
"""What speaks to nobody."""


def said(folder: Traversable, manifest: Manifest) -> set[str]:
    """Every message of a connector: its manifest's words, and the templates of the errors that it raises."""
    return {*_declared(manifest), *_raised(folder)}


def words(manifest: Manifest) -> set[str]:
    """Names in a manifest that a page may show, and that may be translated: of fields, resources and the system."""
    return {manifest.title, *(one.field for one in manifest.capabilities), *(one.name for one in manifest.resources)}


def _declared(manifest: Manifest) -> Iterator[str]:
    for setting in (*manifest.settings, *manifest.application):
        yield from filter(None, (setting.label, setting.help))
    yield from (capability.note for capability in manifest.capabilities if capability.note)


def _raised(folder: Traversable) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.name in _APART:
            continue
        if entry.is_dir():
            yield from _raised(entry)
        elif entry.name.endswith(".py"):
            tree = ast.parse(entry.read_text("utf-8"))
            yield from _templates(tree, _ERRORS | _makers(tree))


def _makers(tree: ast.Module) -> set[str]:
    """Functions of a module that make errors: their first parameter is called `template`."""
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {one.name for one in functions if one.args.args and one.args.args[0].arg == "template"}


def _templates(tree: ast.Module, makers: set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in makers:
            texts = node.args[:1] + [keyword.value for keyword in node.keywords if keyword.arg == "mend"]
            yield from (one.value for one in texts if isinstance(one, ast.Constant) and isinstance(one.value, str))


def told(folder: Traversable, language: str) -> dict[str, str]:
    """A catalogue of the connector: each message with its translation; empty where there is no catalogue."""
    from babel.messages.pofile import read_po

    path = folder.joinpath(f"locale/{language}/LC_MESSAGES/messages.po")
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id}


def places(text: str) -> set[str]:
    """The named places of a message."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}
