"""Fields and directions as people read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from servery.language.words import Words
from servery.model.commands import CommandKind, Field
from servery.model.ownership import KIND_OF, Direction


def field_name(field: Field, words: Words) -> str:
    """What a field is called."""
    _ = words.gettext
    return {
        "name": _("Name"),
        "contact": _("E-mail and phone"),
        "consent": _("Consent to marketing"),
        "vip": _("VIP"),
        "tags": _("Tags"),
        "allergies": _("Allergies"),
        "preferences": _("Preferences and diets"),
        "notes": _("Notes about the guest"),
        "figures": _("Visits and average check"),
        "usual": _("Usual dish, drink and table"),
        "party_size": _("Party size"),
        "table": _("Table"),
        "requests": _("Requests"),
        "occasion": _("Occasion"),
        "visit_notes": _("Notes for the visit"),
        "spend": _("Spend"),
        "items": _("Dishes and drinks"),
        "covers": _("Covers"),
    }[field]


def any_name(field: str, words: Words, say: Callable[[str], str]) -> str:
    """What a field is called: those that many systems have in common by us, others by the connector's words."""
    if field in KIND_OF:
        return field_name(cast(Field, field), words)
    own = say(field)
    return own.capitalize() if own != field else _known(field, words) or field.replace("_", " ").capitalize()


def _known(field: str, words: Words) -> str | None:
    """What is read of many systems, but owned by none of them."""
    _ = words.gettext
    return {
        "locations": _("Venues"),
        "menu": _("Menu"),
        "tables": _("Tables"),
        "area": _("Area"),
        "opening_hours": _("Opening hours"),
        "guest": _("Guest"),
        "guests": _("Guests"),
        "reservations": _("Reservations"),
        "status": _("Status"),
        "starts_at": _("When it begins"),
        "duration": _("How long it lasts"),
        "channel": _("Booking channel"),
        "seated_at": _("When they were seated"),
        "left_at": _("When they left"),
        "deposit": _("Deposit"),
        "checks": _("Checks"),
        "visits": _("Visits"),
        "history": _("The past"),
        "merges": _("Merging of guests"),
        "erasure": _("Erasure of guests"),
    }.get(field)


def direction_name(direction: Direction, title: str, words: Words) -> str:
    """Which way that is, told of a system by its title."""
    _ = words.gettext
    return {
        "both": _("Both ways"),
        "in": _("Only from {title}", title=title),
        "out": _("Only to {title}", title=title),
        "none": _("Neither way"),
    }[direction]


def written_told(kind: CommandKind, count: int, gained: bool, words: Words) -> str:
    """How many are written to, or no longer are."""
    if kind == "guest":
        if gained:
            return words.ngettext("{n} guest is written there.", "{n} guests are written there.", count)
        return words.ngettext(
            "{n} guest is no longer kept up to date there.", "{n} guests are no longer kept up to date there.", count
        )
    if kind == "party":
        if gained:
            return words.ngettext("{n} expected party is told there.", "{n} expected parties are told there.", count)
        return words.ngettext(
            "{n} expected party is told without it.", "{n} expected parties are told without it.", count
        )
    if gained:
        return words.ngettext(
            "{n} visit of the last week is told there.", "{n} visits of the last week are told there.", count
        )
    return words.ngettext(
        "{n} visit of the last week is told without it.", "{n} visits of the last week are told without it.", count
    )
