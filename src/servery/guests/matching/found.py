"""What a run over all guests works on, and what it finds."""

from pathlib import Path

from msgspec import Struct

from servery.guests.matching.score import Scored


class Copied(Struct, frozen=True):
    """Where all records lie as CSV: `id,guest_id,keys,name,body`; and the pairs of which somebody said never."""

    records: Path
    never: Path


class Ask(Struct, frozen=True):
    """Two records of two guests that may be one person's: a person is to say."""

    one: int
    other: int
    scored: Scored


class Why(Struct, frozen=True, array_like=True):
    """The two records that speak most for a guest being one with the others, and how many bits, prior and all."""

    one: int
    other: int
    bits: float


class Joins(Struct, frozen=True):
    """What a run found: on how many records, and the guests that are one, oldest first."""

    records: int
    guests: list[tuple[int, ...]]
    asks: list[Ask] = []
    parts: list[tuple[int, int]] = []
    """Guests, each with a record that is like none of the guest's others, or held there by what is several people's."""
    why: dict[int, Why] = {}
    """By guest, for each that others are joined with."""
