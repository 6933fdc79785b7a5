"""A booking, a check, a payment without the person: times, tables, dishes and money stay as they were. Pure."""

from msgspec import structs

from servery.model.guest import SourceGuest
from servery.model.order import Check, Line, Payment, Refund
from servery.model.reservation import Reservation


def booking(whole: Reservation) -> Reservation:
    """A booking of nobody: when, how many, where and what was deposited."""
    return structs.replace(
        whole,
        requests=None,
        occasion=None,
        notes=None,
        guest_id=None,
        guest=None,
        language=None,
        reference=None,
    )


def guest(whole: SourceGuest) -> SourceGuest:
    """A record of somebody who came back: who they are and how to reach them, and nothing that is older than that."""
    return SourceGuest(
        name=whole.name,
        given_name=whole.given_name,
        family_name=whole.family_name,
        email=whole.email,
        phone=whole.phone,
        country=whole.country,
        language=whole.language,
        # That they refused is no history: it is to hold.
        marketing="denied" if whole.marketing == "denied" else "unknown",
        one_time=whole.one_time,
    )


def check(whole: Check) -> Check:
    """A check of nobody, whose sums are the same."""
    return structs.replace(
        whole,
        guest_id=None,
        guest=None,
        label=None,
        note=None,
        lines=tuple(map(_line, whole.lines)),
        payments=tuple(map(payment, whole.payments)),
        refunds=tuple(map(_refund, whole.refunds)),
    )


def payment(whole: Payment) -> Payment:
    """A payment without the card's token, by which a person could be known again."""
    return structs.replace(whole, card=None)


def _line(whole: Line) -> Line:
    return structs.replace(
        whole,
        note=None,
        modifiers=tuple(map(_line, whole.modifiers)),
        components=tuple(map(_line, whole.components)),
    )


def _refund(whole: Refund) -> Refund:
    return structs.replace(whole, reason=None)
