"""Guests as Square's customers, and the account they belong to."""

from servery.connectors.square.simulator.answers import Json, identifier, rfc3339
from servery.model.guest import Birthday, SourceGuest
from servery.testing.stage import Stage, Staged

INSTANT_PROFILE = "instant profile"
"""The tag of a guest on the stage whose profile Square made by itself from a payment."""


def is_listed(guest: SourceGuest) -> bool:
    """Whether Square lists the customer: not without a name, a company or a contact."""
    return any((guest.name, guest.given_name, guest.family_name, guest.company, guest.email, guest.phone))


def customer_of(staged: Staged[SourceGuest]) -> Json:
    """One customer. A name that nobody keeps apart stands whole in `given_name`, as staff type it."""
    guest = staged.record
    apart = guest.given_name or guest.family_name
    unsubscribed = {"denied": True, "granted": False}.get(guest.marketing, False)
    customer = {
        "id": staged.external_id,
        "created_at": rfc3339(guest.created_at or staged.created_at),
        "updated_at": rfc3339(staged.modified_at),
        "given_name": guest.given_name if apart else guest.name,
        "family_name": guest.family_name,
        "company_name": guest.company,
        "email_address": guest.email,
        "phone_number": guest.phone,
        "birthday": _birthday(guest.birthday) if guest.birthday else None,
        "note": "\n".join(note.text for note in guest.notes) or None,
        "address": _address(guest),
        "preferences": {"email_unsubscribed": unsubscribed},
        "creation_source": "INSTANT_PROFILE" if INSTANT_PROFILE in guest.tags else "DIRECTORY",
        "version": staged.version - 1,
    }
    return {name: value for name, value in customer.items() if value is not None}


def _birthday(birthday: Birthday) -> str:
    return f"{birthday.year or 0:04}-{birthday.month:02}-{birthday.day:02}"


def _address(guest: SourceGuest) -> Json | None:
    parts = {"locality": guest.city, "postal_code": guest.postcode, "country": guest.country}
    known = {name: value for name, value in parts.items() if value}
    return known or None


def merchant_id(stage: Stage) -> str:
    """The account's id."""
    return identifier("merchant", stage.location_id, length=13).upper()


def merchant_of(stage: Stage) -> Json:
    """The account."""
    return {
        "id": merchant_id(stage),
        "business_name": stage.venue.name,
        "country": stage.country,
        "currency": stage.venue.currency,
        "status": "ACTIVE",
        "main_location_id": stage.location_id,
    }


def location_of(stage: Stage) -> Json:
    """The account's one location."""
    return {
        "id": stage.location_id,
        "name": stage.venue.name,
        "business_name": stage.venue.name,
        "timezone": stage.venue.time_zone,
        "currency": stage.venue.currency,
        "country": stage.country,
        "merchant_id": merchant_id(stage),
        "status": "ACTIVE",
        "type": "PHYSICAL",
        "capabilities": ["CREDIT_CARD_PROCESSING"],
    }
