"""Why a check may or may not belong to a booking, in words."""

from __future__ import annotations

from servery.language.words import Words
from servery.model.visit import Reason


def why(reason: Reason, words: Words) -> str:
    """One reason as a person reads it; one that has no words yet shows its own code."""
    if reason.code == "time":
        return _time(reason, words)
    _ = words.gettext
    detail = reason.detail or ""
    sentences = {
        "table": _("same table {table}", table=detail),
        "other-table": _("another table ({table})", table=detail),
        "guest": _("same guest"),
        "other-guest": _("another guest"),
        "name": _("name fits"),
        "other-name": _("another name"),
        "covers": _("same number of covers"),
        "other-covers": _("{covers} covers on the check", covers=detail),
        "source": _("linked by the system itself"),
        "staff": _("linked by staff"),
    }
    return sentences.get(reason.code, f"{reason.code} {detail}".rstrip())


def _time(reason: Reason, words: Words) -> str:
    minutes = int(reason.detail or 0)
    if minutes < 0:
        return words.ngettext("{n} minute before the booking", "{n} minutes before the booking", -minutes)
    return words.ngettext("{n} minute after the booking", "{n} minutes after the booking", minutes)
