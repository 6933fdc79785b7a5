"""What a guest agreed to, in a sentence: by which channels they may be written to, and by which not."""

from collections.abc import Mapping

from servery.language.notation import Notation
from servery.language.words import Words
from servery.model.consent import CHANNELS, Channel
from servery.model.guest import Consent

_ORDER: tuple[Consent, ...] = ("granted", "denied", "unknown")


def agreed(marketing: Mapping[Channel, Consent], words: Words, notation: Notation) -> str:
    """Agreed by e-mail; by phone and by post never asked, so no. One word where all channels agree."""
    _ = words.gettext
    by: dict[Channel, str] = {
        "email": _("by e-mail"), "sms": _("by text message"), "phone": _("by phone"), "post": _("by post"),
    }  # fmt: skip
    states = {channel: marketing.get(channel, "unknown") for channel in CHANNELS if channel != "any"}
    if len(found := set(states.values())) == 1:
        return {"granted": _("agreed"), "denied": _("refused"), "unknown": _("never asked, so no")}[found.pop()]
    told = {
        "granted": _("agreed {channels}"),
        "denied": _("refused {channels}"),
        "unknown": _("{channels} never asked, so no"),
    }
    parts = (
        told[state].format(channels=notation.listed([by[one] for one, each in states.items() if each == state]))
        for state in _ORDER
        if state in states.values()
    )
    return "; ".join(parts)
