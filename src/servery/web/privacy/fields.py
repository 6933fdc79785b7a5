"""What the fields of rows are called in the reader's language, where everything is told."""

from __future__ import annotations

from servery.language.words import Words


def fields(words: Words) -> dict[str, str]:
    """Labels by the name of a field."""
    return _of_person(words) | _of_dinner(words) | _of_records(words)


def _of_person(words: Words) -> dict[str, str]:
    _ = words.gettext
    return {
        "name": _("Name"), "given_name": _("Given name"), "family_name": _("Family name"), "email": _("E-mail"),
        "phone": _("Phone"), "country": _("Country"), "postcode": _("Postcode"), "city": _("City"),
        "company": _("Company"), "birthday": _("Birthday"), "year": _("Year"), "month": _("Month"), "day": _("Day"),
        "language": _("Language"), "tags": _("Tags"), "tag": _("Tag"), "notes": _("Notes"), "note": _("Note"),
        "allergies": _("Allergies"), "preferences": _("Preferences"), "vip": _("VIP"), "marketing": _("Marketing"),
        "loyalty_id": _("Loyalty card"), "pronunciation": _("How to say the name"), "golden": _("Profile"),
        "value": _("Value"), "author": _("Written by"), "text": _("Text"), "guest": _("Guest"),
        "channel": _("By which way"), "purpose": _("What for"), "state": _("Said"),
        "text_version": _("Version of the text"), "by_guest": _("Said by the guest"), "one_time": _("Once only"),
    }  # fmt: skip


def _of_dinner(words: Words) -> dict[str, str]:
    _ = words.gettext
    return {
        "venue": _("Venue"), "business_date": _("Business day"), "status": _("State"), "starts_at": _("Begins"),
        "ends_at": _("Ends"), "party_size": _("Persons"), "covers": _("Persons"), "duration": _("Minutes"),
        "tables": _("Tables"), "table": _("Table"), "table_name": _("Table"), "area": _("Area"),
        "requests": _("Wishes"), "occasion": _("Occasion"), "deposit": _("Deposit"), "walk_in": _("Walk-in"),
        "reference": _("Booking code"), "seated_at": _("Seated"), "left_at": _("Left"), "opened_at": _("Opened"),
        "closed_at": _("Closed"), "number": _("Number"), "label": _("Label"), "server": _("Server"),
        "lines": _("Ordered"), "quantity": _("Quantity"), "amount": _("Amount"), "unit_price": _("Price"),
        "category": _("Category"), "modifiers": _("With"), "components": _("Parts"), "discounts": _("Discounts"),
        "taxes": _("Taxes"), "payments": _("Payments"), "tender": _("Paid with"), "card": _("Card (token)"),
        "tip": _("Tip"), "tips": _("Tips"), "total": _("Total"), "spend": _("Spend"), "refunds": _("Refunds"),
    }  # fmt: skip


def _of_records(words: Words) -> dict[str, str]:
    _ = words.gettext
    return {
        "id": _("Number"), "system": _("System"), "external_id": _("Record"), "body": _("As it is held"),
        "created_at": _("Made"), "seen_at": _("Last changed"), "at": _("When"), "sent_at": _("Sent"),
        "since": _("Since"), "received_at": _("Received"), "received_on": _("Received"),
        "due_on": _("To be answered by"),
        "extended_on": _("Extended"), "outcome": _("Outcome"), "kind": _("Kind"), "what": _("What"),
        "via": _("Came by"), "removed": _("Gone there"), "merged_into": _("Now part of guest"),
        "undone_at": _("Taken back"),
        "undone": _("Taken back"), "action": _("What was done"), "reason": _("Why"), "role": _("Role"),
        "viewer_kind": _("By whom"), "source": _("Source"), "written": _("Written there"), "known_by": _("Compared by"),
        "probability": _("May be the same person as another record"), "guest_id": _("Guest"),
    }  # fmt: skip


def values(words: Words) -> dict[str, str]:
    """Words for values that are the same everywhere."""
    _ = words.gettext
    return {
        "yes": _("yes"), "no": _("no"), "granted": _("agreed"), "denied": _("refused"), "unknown": _("has not said"),
        "any": _("any way"), "person": _("a person"), "key": _("a program"), "system": "Servery",
        "host": _("Host"), "manager": _("Manager"), "marketer": _("Marketer"), "owner": _("Owner"),
        "integrator": _("Integrator"), "page": _("on a page"), "tonight": _("on the page of tonight"),
        "search": _("in a search"), "list": _("in a list"), "api": _("through the API"),
        "export": _("to tell everything"), "command": _("on the command line"),
        "marketing": _("to be written to with news and offers"),
        "merged": _("held to be one person"), "unmerged": _("parted again"), "apart": _("not the same person"),
    }  # fmt: skip
