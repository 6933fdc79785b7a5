"""Consent: the lines of its ledger, and what holds by them. Pure, so that whoever asks is told the same."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct

from servery.model.guest import Consent

Channel = Literal["any", "email", "sms", "phone", "post"]
CHANNELS: tuple[Channel, ...] = ("any", "email", "sms", "phone", "post")
MARKETING = "marketing"


class Line(Struct, frozen=True, kw_only=True):
    """One line: at which time, of which source, what was said. `by_guest`: the guest's own word, written down by us.

    `viewer_kind` and `viewer_id` are who wrote it down. `heard`: the owner lets this source speak of consent;
    `gone`: its record is not there any more. `of_both`: it is another guest's too, with whom this one was one guest
    when it was said.
    """

    id: int
    at: datetime
    channel: Channel
    purpose: str
    state: Consent
    text_version: str | None
    source: str
    by_guest: bool
    viewer_kind: str
    viewer_id: int
    heard: bool = True
    gone: bool = False
    of_both: bool = False


def standing(lines: Iterable[Line], channel: Channel = "any", purpose: str = MARKETING) -> Consent:
    """What holds now: the guest's own word until a source says something else after it, and of sources the strictest.

    A denial for all channels holds for each. Of a record that is gone the denial stays, the consent does not. Unknown
    is no consent.
    """
    told = [one for one in lines if one.purpose == purpose and one.channel in ("any", channel) and one.heard]
    own = max((one.id for one in told if one.by_guest), default=0)
    latest: dict[tuple[str, str], Consent] = {}
    for one in told:
        if one.id >= own and not (one.gone and one.state == "granted"):
            latest["" if one.by_guest else one.source, one.channel] = one.state
    states = set(latest.values())
    if "denied" in states:
        return "denied"
    return "granted" if "granted" in states else "unknown"


def by_channel(lines: Iterable[Line], purpose: str = MARKETING) -> Mapping[Channel, Consent]:
    """What holds for each channel."""
    told = list(lines)
    return {channel: standing(told, channel, purpose) for channel in CHANNELS}
