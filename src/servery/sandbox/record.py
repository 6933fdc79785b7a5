"""The truth written down as JSON lines, by which benchmarks score what the product made of the two systems.

Nothing in the product reads it. Where an id occurs twice, its last line holds.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from servery.sandbox.world import Plan


class CheckTruth(Struct, frozen=True, tag_field="kind", tag="check"):
    """Whose check this is. `label_names_table`: staff named it by a table, rightly or with a slip."""

    id: str
    dinner: str
    reservation: str | None
    person: str
    covers: int
    tables: tuple[str, ...]
    label_names_table: bool


class ReservationTruth(Struct, frozen=True, tag_field="kind", tag="reservation"):
    """Whose booking this is; `covers` is how many came, None when nobody did."""

    id: str
    dinner: str
    person: str
    came: bool
    covers: int | None


class GuestTruth(Struct, frozen=True, tag_field="kind", tag="guest"):
    """Which person a system's guest record is of."""

    system: str
    id: str
    person: str


Truth = CheckTruth | ReservationTruth | GuestTruth


def truths(plan: Plan) -> list[Truth]:
    """What is true of the records of one dinner."""
    dinner, kept, stay = plan.dinner, plan.kept, plan.dinner.stay
    who, found = dinner.person.id, list[Truth]()
    if kept:
        found.append(ReservationTruth(kept.id, dinner.id, who, dinner.came, stay.covers if stay else None))
        if kept.guest_id:
            found.append(GuestTruth("reservations", kept.guest_id, who))
    if stay is None:
        return found
    for rung in plan.rungs:
        reservation = kept.id if kept else None
        named = rung.label.names_table
        found.append(CheckTruth(rung.id, dinner.id, reservation, who, stay.covers, stay.tables, named))
        if rung.customer_id:
            found.append(GuestTruth("pos", rung.customer_id, who))
    return found


@contextmanager
def truth_file(path: Path) -> Iterator[Callable[[Plan], None]]:
    """A file that takes the truth of plans as they come into force; each is on disk when the call returns."""
    encoder = msgspec.json.Encoder()
    with path.open("wb") as file:

        def write(plan: Plan) -> None:
            file.write(encoder.encode_lines(truths(plan)))
            file.flush()

        yield write
