"""Begins a connector: writes a folder from the template, and touches nothing else."""

import re
from collections.abc import Collection, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from servery.errors import Invalid

_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
_IMPORTS = re.compile(r"(?:^from servery\S* import .+\n)+", re.MULTILINE)
_SUFFIX = ".txt"
"""What the template's files are called besides, so that nothing takes them for code."""


def new(name: str, into: Path | None, *, package: bool, taken: Collection[str]) -> list[Path]:
    """Write a connector called `name` and give the files written; its contract suite is green at once.

    It goes into the folder `into`: normally among the repository's own connectors, or with `package` as a package of
    its own under the current folder. Invalid when the name is none or taken, or something stands there already.
    """
    if not _NAME.fullmatch(name):
        raise Invalid("A connector's name has small letters, digits and underscores.", field="name")
    if name in taken:
        raise Invalid("There is a connector {name} already.", field="name", name=name)
    root = (into or (Path() if package else _ours())) / (f"servery-{name}" if package else name)
    if root.exists():
        raise Invalid("{folder} is there already; nothing was written.", field="into", folder=root)
    module = f"servery_{name}" if package else f"servery.connectors.{name}"
    words = {"name": name, "title": name.replace("_", " ").title(), "package": module}
    template = files("servery.testing").joinpath("template")
    if not package:
        return list(_written(template.joinpath("connector"), root, words))
    own = _written(template.joinpath("package"), root, words)
    return [*own, *_written(template.joinpath("connector"), root / "src" / module, words)]


def _ours() -> Path:
    return Path(str(files("servery.connectors")))


def _written(template: Traversable, folder: Path, words: dict[str, str]) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for entry in sorted(template.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _written(entry, folder / entry.name, words)
            continue
        path = folder / entry.name.removesuffix(_SUFFIX)
        text = Template(entry.read_text("utf-8")).substitute(words)
        path.write_text(_IMPORTS.sub(_sorted, text), "utf-8")
        yield path


def _sorted(block: re.Match[str]) -> str:
    """Where the connector's own imports stand among the others depends on its name."""
    return "".join(sorted(block[0].splitlines(keepends=True), key=lambda line: line.split()[1]))
