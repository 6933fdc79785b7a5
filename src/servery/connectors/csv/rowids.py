"""The identity of a row: the file's own id, or its content with its occurrence number among identical rows."""

from collections.abc import Iterator
from hashlib import blake2b

from servery.connectors.csv.mapping import Plan
from servery.connectors.csv.outcome import Notices, Rejected, shown
from servery.connectors.csv.records import JOINT, Row
from servery.errors import Invalid

REPEATED = "Rows that repeat an earlier row with its id, counted once: {count}."


def digest(text: str) -> str:
    """A short name for a text: 16 hexadecimal digits, the same in every import."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


class Identified:
    """Rows of one group with their ids; `field` is the file's own row id, where the plan has it."""

    def __init__(self, plan: Plan, field: str, notices: Notices) -> None:
        self._place = plan.place(field)
        self._name = plan.columns[field][0] if self._place is not None else None
        self._notices = notices

    def alike(self, group: list[Row], row_id: str) -> int:
        """How many rows of the group are this row: more than one only where it repeats under its own id."""
        if self._place is None or len(group) == 1:
            return 1
        same = [joined for _, joined in group if joined.split(JOINT)[self._place].strip() == row_id]
        return max(1, same.count(same[0])) if same else 1

    def rows(self, group: list[Row]) -> Iterator[tuple[int, list[str], str] | Rejected]:
        """Each row's line, cells and id, unique within the group; a row whose id another row has is rejected.

        The same row twice under its own id is one row; without an id of their own, two identical rows are two.
        """
        own: dict[str, Row] = {}
        times: dict[str, int] = {}
        for row in group:
            line, joined = row
            cells = joined.split(JOINT)
            given = "" if self._place is None else cells[self._place].strip()
            if not given:
                count = times[joined] = times.get(joined, 0) + 1
                yield line, cells, digest(joined) + (f"-{count}" if count > 1 else "")
            elif given not in own:
                own[given] = row
                yield line, cells, given
            elif own[given][1] == joined:
                self._notices.add("row-repeated", REPEATED, line)
            else:
                reason = Invalid(
                    "Line {first} has the same id with other content; the first is kept.",
                    first=own[given][0], code="duplicate-id",
                )  # fmt: skip
                yield Rejected(line, self._name, shown(given), reason)
