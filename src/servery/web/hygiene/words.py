"""What things of guest data are called in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from servery.guests.hygiene.ageing import Kind
from servery.guests.hygiene.completeness import Field
from servery.guests.hygiene.faults import Fault
from servery.language.words import Words


def faults(words: Words) -> Mapping[Fault, str]:
    """What is to be mended."""
    _ = words.gettext
    return {
        "email_slip": _("E-mail with a typing slip"),
        "email_malformed": _("E-mail that is none"),
        "email_is_phone": _("Phone number in place of the e-mail"),
        "email_dead": _("E-mail at a service that was closed"),
        "email_one_time": _("E-mail to throw away"),
        "email_relay": _("E-mail that a service passes on"),
        "phone_unreadable": _("Phone number that cannot be read"),
        "name_nobody": _("Name that is nobody's"),
        "name_short": _("Name of one letter or none"),
        "name_missing": _("No name"),
        "birthday_odd": _("Birthday that cannot be"),
        "maybe_same": _("Maybe the same person as another"),
        "shared_phone": _("Phone shared with another guest"),
        "no_contact": _("Neither phone nor e-mail"),
    }


def fields(words: Words) -> Mapping[Field, str]:
    """What profiles hold."""
    _ = words.gettext
    return {
        "name": _("Name"),
        "phone": _("Phone"),
        "email": _("E-mail"),
        "birthday": _("Birthday"),
        "postcode": _("Postcode"),
        "language": _("Language"),
        "consent": _("Yes or no to marketing"),
        "allergies": _("Allergies"),
        "preferences": _("Likes and diets"),
    }


def kinds(words: Words) -> Mapping[Kind, str]:
    """What may grow old."""
    _ = words.gettext
    return {
        "phone": _("Phone numbers"),
        "email": _("E-mail addresses"),
        "address": _("Postcode and city"),
        "preference": _("Likes and diets"),
        "allergy": _("Allergies"),
        "note": _("Notes"),
        "tonight": _("Notes for a night that is over"),
    }
