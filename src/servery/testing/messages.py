"""What a connector says to people, gathered from its manifest and its code, and what its catalogues make of it."""

import ast
from collections.abc import Iterable, Iterator, Mapping
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
    """Every message of a connector: its manifest's words, and whatever its code hands on as a `template` or `mend`."""
    trees = list(_modules(folder))
    makers = dict.fromkeys(_ERRORS, 0) | {name: place for tree in trees for name, place in _makers(tree)}
    spoken = (text for tree in trees for text in _templates(tree, makers, _named(trees)))
    return {*_declared(manifest), *spoken}


def words(manifest: Manifest) -> set[str]:
    """Names in a manifest that a page may show, and that may be translated: of fields, resources and the system."""
    return {manifest.title, *(one.field for one in manifest.capabilities), *(one.name for one in manifest.resources)}


def _declared(manifest: Manifest) -> Iterator[str]:
    for setting in (*manifest.settings, *manifest.application):
        yield from filter(None, (setting.label, setting.help))
    yield from (capability.note for capability in manifest.capabilities if capability.note)


def _modules(folder: Traversable) -> Iterator[ast.Module]:
    for entry in folder.iterdir():
        if entry.name in _APART:
            continue
        if entry.is_dir():
            yield from _modules(entry)
        elif entry.name.endswith(".py"):
            yield ast.parse(entry.read_text("utf-8"))


def _makers(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """What takes a `template`, and as which of its arguments: functions, methods, and structs with such a field."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [one.arg for one in node.args.args if one.arg != "self"]
        elif isinstance(node, ast.ClassDef):
            fields = (one.target for one in node.body if isinstance(one, ast.AnnAssign))
            names = [one.id for one in fields if isinstance(one, ast.Name)]
        else:
            continue
        if "template" in names:
            yield node.name, names.index("template")


def _named(trees: Iterable[ast.Module]) -> dict[str, set[str]]:
    """The texts that names stand for."""
    found: dict[str, set[str]] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            for name in (target.id for target in node.targets if isinstance(target, ast.Name)):
                found.setdefault(name, set()).add(node.value.value)
    return found


def _templates(tree: ast.Module, makers: Mapping[str, int], named: Mapping[str, set[str]]) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if called in makers:
            place = makers[called]
            given = node.args[place : place + 1] + [one.value for one in node.keywords if one.arg == "mend"]
            for one in given:
                yield from _texts(one, named)


def _texts(given: ast.expr, named: Mapping[str, set[str]]) -> Iterator[str]:
    if isinstance(given, ast.Constant) and isinstance(given.value, str):
        yield given.value
    elif isinstance(given, ast.Name):
        yield from named.get(given.id, ())
    elif isinstance(given, ast.IfExp):
        yield from _texts(given.body, named)
        yield from _texts(given.orelse, named)


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
