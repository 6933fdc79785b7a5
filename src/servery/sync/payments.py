"""Bringing a check together with payments that its source sends apart from it. Pure."""

from collections.abc import Iterable

from msgspec import structs

from servery.model.order import Check, Payment


def with_payments(check: Check, apart: Iterable[Payment]) -> Check:
    """The check with each separately sent payment in place of its own record of it, or added to them.

    The separate record is the later one: tips are adjusted on it after the check is closed.
    """
    later = {payment.external_id: payment for payment in apart}
    if not later:
        return check
    own = tuple(later.pop(payment.external_id, payment) for payment in check.payments)
    return structs.replace(check, payments=own + tuple(later.values()))
