"""What reading a file yields, one item after the other: changes, rows that cannot go in, and oddities that did."""

from collections.abc import Callable, Iterator

from msgspec import Struct

from servery.errors import Invalid
from servery.model.changes import Change

FIRST_LINES = 5
"""How many line numbers a notice names."""


class Accepted(Struct, frozen=True):
    """One change and the rows of the file it was made of: how many, and the line of the first.

    The guest that comes before their check is made of 0 rows, so that each row is counted once.
    """

    change: Change
    rows: int
    line: int


class Rejected(Struct, frozen=True):
    """One row that does not go in. `line` counts from 1; `column` is the header at fault, None when the whole row is.

    `value` is what stood there, shortened and without control characters, for the eyes of the person who imports.
    """

    line: int
    column: str | None
    value: str
    reason: Invalid


class Notice(Struct, frozen=True):
    """Something odd that was kept: how often, and the first few lines where.

    `code` stays the same when the words change; `template` has named places like an error's, filled from `params`.
    """

    code: str
    template: str
    params: dict[str, object]
    count: int
    lines: tuple[int, ...]

    def told(self, translate: Callable[[str], str] = str) -> str:
        """The notice in the language of `translate` (a gettext function), with its lines."""
        return translate(self.template).format_map({"count": self.count, **self.params})


Item = Accepted | Rejected | Notice


def shown(value: str, limit: int = 60) -> str:
    """A cell as it may be printed: one line, at most `limit` characters, nothing that moves a terminal's cursor."""
    short = value if len(value) <= limit else value[: limit - 1] + "…"
    return "".join(letter if letter.isprintable() else "�" for letter in short)


class Notices:
    """Counts oddities while a file is read, so that each kind is told once."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, dict[str, object], int, list[int]]] = {}

    def add(self, code: str, template: str, line: int, **params: object) -> None:
        """One more oddity of this kind at a line; the latest `params` are the ones told."""
        _, _, count, lines = self._seen.get(code, (template, params, 0, []))
        if len(lines) < FIRST_LINES and line not in lines:
            lines.append(line)
        self._seen[code] = (template, params, count + 1, lines)

    def told(self) -> Iterator[Notice]:
        """Every kind met, in the order of its first line."""
        for code, (template, params, count, lines) in self._seen.items():
            yield Notice(code, template, params, count, tuple(lines))
