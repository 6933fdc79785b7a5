"""What Servery leaves on a booking: one line that says what the visit came to. Pure."""

from servery.connectors.resos.words import Words
from servery.model.commands import VisitReport
from servery.model.money import to_decimal

PREFIX = "Servery: "
"""Begins every remark of ours in every language: by it they are known when the booking is read again."""


def line(report: VisitReport, words: Words) -> str | None:
    """The remark for a visit; None where there is nothing to say yet."""
    parts = [
        None if report.spend is None else _money(report.spend, report.currency),
        words.tips.format(amount=_money(report.tips, report.currency)) if report.tips else None,
        words.covers.format(count=report.covers) if report.covers else None,
        ", ".join(f"{one.quantity} {one.name}" for one in report.items) or None,
        words.check.format(numbers=", ".join(report.checks)) if report.checks else None,
        _figures(report, words),
    ]
    told = [part for part in parts if part]
    return PREFIX + "; ".join(told) if told else None


def withdrawn(words: Words) -> str:
    """The remark for a visit that has turned out not to be this party's."""
    return PREFIX + words.withdrawn


def is_ours(text: str | None) -> bool:
    """Whether a remark on a booking was written by us."""
    return bool(text and text.startswith(PREFIX))


def _money(amount: int, currency: str) -> str:
    return f"{to_decimal(amount, currency)} {currency}"


def _figures(report: VisitReport, words: Words) -> str | None:
    figures = report.guest.figures if report.guest else None
    if figures is None or not figures.visits:
        return None
    told = [words.visit.format(count=figures.visits)]
    if figures.average_check is not None:
        told.append(words.average.format(amount=_money(figures.average_check, figures.currency or report.currency)))
    return ", ".join(told)
