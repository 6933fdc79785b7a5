"""What things of privacy are called in the reader's language."""

from __future__ import annotations

from msgspec import Struct

from servery.language.words import Words
from servery.model.guest import Consent


def request_kinds(words: Words) -> dict[str, str]:
    """What guests may ask for."""
    _ = words.gettext
    return {
        "access": _("To see everything"),
        "erasure": _("To be forgotten"),
        "rectification": _("To have something put right"),
        "objection": _("To object"),
        "restriction": _("To have it only stored"),
        "portability": _("To take it elsewhere"),
    }


STATES: tuple[Consent, ...] = ("granted", "denied", "unknown")


def states(words: Words) -> dict[str, str]:
    """What a guest may have said."""
    _ = words.gettext
    return {"granted": _("agreed"), "denied": _("refused"), "unknown": _("has not said")}


def channels(words: Words) -> dict[str, str]:
    """By which way guests are written to."""
    _ = words.gettext
    return {"any": _("any way"), "email": _("by e-mail"), "sms": _("by text message"), "phone": _("by phone"),
            "post": _("by post")}  # fmt: skip


def purposes(words: Words) -> dict[str, str]:
    """What consent is asked for."""
    _ = words.gettext
    return {"marketing": _("to be written to with news and offers"), "allergies": _("that allergies are kept")}


class ControllerField(Struct, frozen=True):
    """How a field of the controller is asked for: label, what else to know, and what a browser is told of it.

    `kind` is the input's type, or for several lines `lines`; `fill` what a browser may fill in by itself.
    """

    label: str
    hint: str = ""
    kind: str = "text"
    fill: str = "off"
    needed: bool = False


def controller_fields(words: Words) -> dict[str, ControllerField]:
    """Who answers for guests' data, field by field."""
    _ = words.gettext
    optional, web = _("if there is one"), "https://example.com"
    return {
        "name": ControllerField(_("Company or person that runs the house"), fill="organization", needed=True),
        "address": ControllerField(_("Postal address"), kind="lines", fill="street-address", needed=True),
        "email": ControllerField(_("E-mail for questions on privacy"), kind="email", fill="email", needed=True),
        "phone": ControllerField(_("Phone"), optional, "tel", "tel"),
        "website": ControllerField(_("Website"), web, "url", "url"),
        "officer": ControllerField(_("Data protection officer: name and contact"), optional, "lines"),
        "authority": ControllerField(_("Supervisory authority"), _("to which guests may complain")),
        "authority_website": ControllerField(_("Website of the authority"), web, "url"),
    }


def categories(words: Words) -> dict[str, str]:
    """Kinds of data."""
    _ = words.gettext
    return {
        "identity": _("name, language and birthday where known"),
        "contact": _("e-mail, phone and address where known"),
        "visits": _("bookings and visits"),
        "orders": _("what was ordered and paid"),
        "preferences": _("preferences and tags"),
        "allergies": _("allergies (data about health)"),
        "consent": _("consent to marketing"),
        "remarks": _("wishes and remarks"),
    }


def kept(words: Words) -> dict[str, str]:
    """What rules of retention are about."""
    _ = words.gettext
    return {
        "guests": _("Guests who did not come any more: erased"),
        "bookings": _("Names and remarks on bookings: emptied"),
        "checks": _("Names and notes on checks: emptied"),
        "looks": _("Who looked at which guest: forgotten"),
        "requests": _("Who asked, in closed requests: forgotten"),
    }


def parts(words: Words) -> dict[str, str]:
    """The parts of an export."""
    _ = words.gettext
    return {
        "profile": _("Profile"),
        "records": _("Records of the systems"),
        "staff": _("Entered by staff"),
        "tags": _("Tags by rule"),
        "bookings": _("Bookings"),
        "visits": _("Visits"),
        "checks": _("Checks"),
        "payments": _("Payments"),
        "consent": _("Consent"),
        "requests": _("Requests"),
        "joined": _("Which records are one person's"),
        "compared": _("What is compared to know the guest again"),
        "tidied": _("What was found wanting or grew old"),
        "changes": _("What was done"),
        "looks": _("Who looked"),
        "outgoing": _("Written to other systems"),
        "received": _("Received as it came"),
        "aside": _("Received and not understood"),
    }
