"""Where something stands in a piece of JSON: members parted by dots, `[]` for each entry of a list, `[0]` for one."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from servery.errors import Invalid

_STEP = re.compile(r"([^.\[\]]+)|\[(\d*)\]")
_PATH = re.compile(r"(?:(?:[^.\[\]]+|\[\d*\])(?:\.[^.\[\]]+|\[\d*\])*)?")
_EACH = object()

Step = str | int | object


@lru_cache(maxsize=1000)
def steps(path: str) -> tuple[Step, ...]:
    """A path taken apart. Invalid where it is none."""
    if not _PATH.fullmatch(path):
        raise Invalid(
            "{path} is no path.", path=path, mend="Write members parted by dots, [] for each entry: guests[].name"
        )
    return tuple(_step(name, number) for name, number in _STEP.findall(path))


def _step(name: str, number: str) -> Step:
    if name:
        return name
    return int(number) if number else _EACH


def found(tree: Any, path: str) -> list[Any]:
    """All values at a path; none where it leads nowhere. `` is the whole."""
    return [value for value in _walk(tree, steps(path)) if value is not None]


def _walk(tree: Any, left: tuple[Step, ...]) -> Iterator[Any]:
    if not left:
        yield tree
        return
    step, rest = left[0], left[1:]
    if step is _EACH:
        for entry in tree if isinstance(tree, list) else ():
            yield from _walk(entry, rest)
    elif isinstance(step, str):
        if isinstance(tree, dict) and step in tree:
            yield from _walk(tree[step], rest)
    elif isinstance(step, int) and isinstance(tree, list) and step < len(tree):
        yield from _walk(tree[step], rest)
