"""How much each level of agreement says: shipped for the first day, then learnt from the organisation's own guests."""

import math
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
from msgspec import Struct, structs

Outcome = Literal["same", "ask", "different"]


class Odds(Struct, frozen=True):
    """How often a level occurs among pairs that are one person (`m`) and among those that are two (`u`)."""

    m: float
    u: float

    @property
    def weight(self) -> float:
        """Evidence in bits: above 0 for one person, below for two."""
        return math.log2(self.m / self.u)


class Weights(Struct, frozen=True, kw_only=True):
    """One version of the weights, after Fellegi and Sunter.

    `frequencies` holds for each column the share of its records that say a value, where that is above its floor; every
    rarer value counts as the floor does, so that one misspelt word does not outweigh all else.
    """

    version: int
    """0 for the shipped ones."""
    trained_at: datetime
    records: int
    """On how many records they were trained."""
    prior: float
    """How likely two records that nothing is known of are one person."""
    odds: dict[str, dict[str, Odds]]
    """By comparison and level."""
    frequencies: dict[str, dict[str, float]]
    floors: dict[str, float]
    same_from: float = 0.99
    """From this probability two records are joined without asking."""
    ask_from: float = 0.5
    """From this probability a person is asked."""

    def frequency(self, column: str, value: str | None) -> float | None:
        """How large a share of the records says this; None where it says nothing, or nothing was counted."""
        shares = self.frequencies.get(column)
        return None if value is None or shares is None else shares.get(value, self.floors[column])

    def outcome(self, probability: float) -> Outcome:
        """What to do with two records that are one person with this probability."""
        return "same" if probability >= self.same_from else "ask" if probability >= self.ask_from else "different"


def against_sense(weights: Weights) -> list[str]:
    """Comparisons in which to agree would speak for two people, or to differ for one."""
    return [name for name, levels in weights.odds.items() if levels["same"].weight <= 0 or levels["other"].weight >= 0]


def trained(body: object) -> Weights:
    """Weights as they were kept when they were trained; what was not compared yet then counts as on the first day."""
    found = msgspec.convert(body, Weights)
    return structs.replace(found, odds={**shipped().odds, **found.odds})


@cache
def shipped() -> Weights:
    """The weights of the first day."""
    written = files("servery.guests.matching").joinpath("shipped_weights.json").read_bytes()
    return msgspec.json.decode(written, type=Weights)
