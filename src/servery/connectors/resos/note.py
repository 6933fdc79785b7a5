"""What Servery leaves on a booking: one line that says what the visit came to. Pure."""

from servery.model.commands import VisitReport
from servery.model.money import to_decimal

PREFIX = "Servery: "
"""Begins every remark of ours: by it they are known when the booking is read again."""
_WITHDRAWN = PREFIX + "the check was taken back from this booking"


def line(report: VisitReport) -> str | None:
    """The remark for a visit; None where there is nothing to say yet."""
    parts = [
        _money("", report.spend, report.currency),
        _money("tips ", report.tips, report.currency) if report.tips else None,
        f"{report.covers} covers" if report.covers else None,
        ", ".join(f"{one.quantity} {one.name}" for one in report.items) or None,
        f"check {', '.join(report.checks)}" if report.checks else None,
        _figures(report),
    ]
    told = [part for part in parts if part]
    return PREFIX + "; ".join(told) if told else None


def withdrawn() -> str:
    """The remark for a visit that has turned out not to be this party's."""
    return _WITHDRAWN


def is_ours(text: str | None) -> bool:
    """Whether a remark on a booking was written by us."""
    return bool(text and text.startswith(PREFIX))


def _money(word: str, amount: int | None, currency: str) -> str | None:
    return None if amount is None else f"{word}{to_decimal(amount, currency)} {currency}"


def _figures(report: VisitReport) -> str | None:
    figures = report.guest.figures if report.guest else None
    if figures is None or not figures.visits:
        return None
    average = _money(" of ", figures.average_check, figures.currency or report.currency)
    return f"visit {figures.visits} of this guest{f', checks{average} on average' if average else ''}"
