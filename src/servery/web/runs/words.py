"""What is told of work over all guests, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from servery.guests.matching.runs import STEPS
from servery.guests.matching.work import Kind, Work
from servery.language.words import Words


def doing(words: Words) -> Mapping[Kind, str]:
    """What is under way."""
    _ = words.gettext
    return {
        "look": _("Looking what would change"),
        "join": _("Joining them"),
        "undo": _("Taking the run back"),
        "learn": _("Learning the weights"),
    }


def steps(words: Words) -> Mapping[str, str]:
    """What a look is at, in order."""
    _ = words.gettext
    told = (
        _("Reading all records"),
        _("Preparing them"),
        _("Comparing those that have something in common"),
        _("Putting together who is one"),
        _("Finding whom to ask about"),
    )
    return dict(zip(STEPS, told, strict=True))


def share(work: Work) -> tuple[int, int] | None:
    """How many of how many guests are done, where a run is being taken back."""
    done, slash, total = (work.step or "").partition("/")
    return (int(done), int(total)) if slash else None


def place(work: Work) -> int:
    """How many steps of a look are over."""
    return STEPS.index(work.step) if work.step in STEPS else 0
