"""Reasons in words of the reader's language."""

from collections.abc import Callable

from servery.guests.matching.score import Reason


def told(reason: Reason, _: Callable[[str], str]) -> str:
    """One reason of a score in words; `_` gives a message in the reader's language."""
    return _words(_)[reason.comparison][reason.level]


def _words(_: Callable[[str], str]) -> dict[str, dict[str, str]]:
    return _of_names(_) | _of_the_rest(_)


def _of_names(_: Callable[[str], str]) -> dict[str, dict[str, str]]:
    return {
        "given": {
            "same": _("same given name"),
            "crossed": _("given and family name exchanged"),
            "first": _("same first given name"),
            "nickname": _("a nickname of the same name"),
            "slip": _("given name a letter apart"),
            "initial": _("same initial"),
            "alike": _("given names alike"),
            "other": _("another given name"),
        },
        "family": {
            "same": _("same family name"),
            "crossed": _("family and given name exchanged"),
            "slip": _("family name a letter apart"),
            "part": _("part of the family name the same"),
            "sound": _("family names sound the same"),
            "initial": _("same initial of the family name"),
            "alike": _("family names alike"),
            "other": _("another family name"),
        },
    }


def _of_the_rest(_: Callable[[str], str]) -> dict[str, dict[str, str]]:
    return {
        "email": {
            "same": _("same e-mail"),
            "slip": _("e-mail a letter apart"),
            "mailbox": _("same e-mail at another provider"),
            "alike": _("e-mails alike"),
            "other": _("another e-mail"),
        },
        "phone": {"same": _("same phone"), "slip": _("phone a digit apart"), "other": _("another phone")},
        "birthday": {
            "same": _("same birthday"),
            "no year": _("same birthday, the year not known"),
            "turned": _("birthday with day and month exchanged"),
            "slip": _("birthday a digit apart"),
            "day": _("same day, another year of birth"),
            "near": _("birthday two digits apart"),
            "year": _("same year of birth"),
            "other": _("another birthday"),
        },
        "postcode": {
            "same": _("same postcode"),
            "slip": _("postcode a digit apart"),
            "area": _("same postal area"),
            "other": _("another postcode"),
        },
        "city": {
            "same": _("same city"),
            "slip": _("city a letter apart"),
            "alike": _("cities alike"),
            "other": _("another city"),
        },
        "company": {
            "same": _("same company"),
            "slip": _("company a letter apart"),
            "alike": _("companies alike"),
            "other": _("another company"),
        },
        "loyalty": {"same": _("same loyalty card"), "other": _("another loyalty card")},
        "card": {"same": _("paid with the same card"), "other": _("paid with another card")},
        "table": {
            "often": _("3 visits or more on the same table"),
            "same": _("2 visits on the same table"),
            "other": _("another usual table"),
        },
    }
