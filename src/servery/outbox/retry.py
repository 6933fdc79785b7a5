"""When something is tried again, and how an error is kept without personal data."""

from collections.abc import Callable
from random import uniform
from typing import Any

from servery.errors import NeedsPerson, NotYet, Retry, ServeryError

SCHEDULE = (0, 5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
"""Seconds before each try, counted from the one before; after the last a person decides."""
LONGEST = 24 * 3600
"""Seconds: nobody is waited for longer, whatever they ask."""

Jitter = Callable[[], float]
"""By what a wait is multiplied, so that what failed together does not come back together."""


def jitter() -> float:
    """From four fifths to six fifths."""
    return uniform(0.8, 1.2)


def wait_after(attempts: int, error: ServeryError | None, spread: Jitter = jitter) -> float | None:
    """Seconds until the next try, after so many; None when there is none left.

    What the other side asks for is waited at the least.
    """
    if attempts >= len(SCHEDULE):
        return None
    asked = error.retry_after if isinstance(error, Retry) and error.asked else 0.0
    return max(SCHEDULE[attempts] * spread(), min(asked, LONGEST))


def as_kept(error: ServeryError) -> dict[str, Any]:
    """An error as it is kept: templates and their places, which never hold personal data."""
    return {
        "code": error.code,
        "template": error.template,
        "mend": error.mend,
        "params": {name: str(value) for name, value in error.params.items()},
        "field": getattr(error, "field", None),
        "needs_person": isinstance(error, NeedsPerson),
        "not_yet": isinstance(error, NotYet),
    }


def kept_error(kept: dict[str, Any]) -> ServeryError:
    """A kept error as an error again, to be told in words."""
    return ServeryError(kept["template"], mend=kept["mend"], code=kept["code"], **kept["params"])
