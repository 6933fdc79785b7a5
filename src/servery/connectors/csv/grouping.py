"""Gathers the rows that belong together, wherever they stand in the file, without holding a large file in memory."""

import marshal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO
from zlib import crc32

from servery.connectors.csv.records import Row

SHARE = 16 << 20
"""Bytes of file whose rows are held in memory at once."""
_MOST_SHARES = 200
"""Temporary files open at once; most systems allow a process 1,024."""
_BATCH = 512


class Groups:
    """Rows by key. A file of several shares is split by key over temporary files, each of which is then read whole.

    Groups come in the order of their first rows within a share; rows in the order of the file.
    """

    def __init__(self, size: int, share: int = SHARE) -> None:
        self._files = ExitStack()
        self._shares = min(max(1, -(-size // share)), _MOST_SHARES)
        self._batches: list[list[tuple[str, Row]]] = [[] for _ in range(self._shares)]
        self._spilled: list[IO[bytes]] = []

    def __enter__(self) -> "Groups":
        if self._shares > 1:
            for _ in range(self._shares):
                self._spilled.append(self._files.enter_context(TemporaryFile()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    @property
    def adder(self) -> Callable[[str, Row], None]:
        """What takes one more row under its key."""
        if self._spilled:
            return self._spill
        batch = self._batches[0]
        return lambda key, row: batch.append((key, row))

    def _spill(self, key: str, row: Row) -> None:
        share = crc32(key.encode("utf-8", "surrogatepass")) % self._shares
        batch = self._batches[share]
        batch.append((key, row))
        if len(batch) >= _BATCH:
            marshal.dump(batch, self._spilled[share])
            batch.clear()

    def __iter__(self) -> Iterator[tuple[str, list[Row]]]:
        for share in range(self._shares):
            gathered: dict[str, list[Row]] = {}
            for key, row in self._rows(share):
                gathered.setdefault(key, []).append(row)
            yield from gathered.items()

    def _rows(self, share: int) -> Iterator[tuple[str, Row]]:
        if self._spilled:
            file = self._spilled[share]
            file.seek(0)
            while True:
                try:
                    yield from marshal.load(file)
                except EOFError:
                    break
        yield from self._batches[share]
        self._batches[share] = []
