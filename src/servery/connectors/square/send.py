"""What Square is to hold of a guest: a customer with our part of the note, and custom attributes.

A customer is only ever made under our id as `reference_id` and as the key by which Square knows a repeat; one that
somebody else made is found by our id or by e-mail and name, and keeps what staff wrote.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from servery.connectors.contract import Account, Sent, Session, Target
from servery.connectors.spoken import language
from servery.connectors.square import attributes, wire
from servery.connectors.square.calls import get, post, write
from servery.connectors.square.note import lines_of, own_words, with_part
from servery.connectors.square.words import WORDS, Words
from servery.errors import Refuse, Retry
from servery.model.commands import Command, GuestCard
from servery.model.guest import whole_name

_LARGEST_NAME = 300
_BAD_CONTACT = {"INVALID_EMAIL_ADDRESS": "email_address", "INVALID_PHONE_NUMBER": "phone_number"}


async def send(session: Session, account: Account, command: Command, target: Target) -> Sent:
    """Make or change the customer of a guest. Raises as `contract.Send` says."""
    card, words = _card(command), WORDS[language(session, account)]
    customer = await _known(session, card, target)
    wanted = _wanted(card, customer, words)
    if customer is None and not any(name in wanted for name in ("given_name", "email_address", "phone_number")):
        # Square takes no customer without a name, a company or a contact.
        return Sent(external_id=None)
    try:
        return await _carried_out(session, card, target, customer, wanted, words)
    except Refuse as error:
        contact = _BAD_CONTACT.get(str(error.params.get("reason")))
        if contact is None or contact not in wanted:
            raise
        # What Square holds to be no address must not keep the guest's allergies from the till.
        less = {name: value for name, value in wanted.items() if name != contact}
        sent = await _carried_out(session, card, target, customer, less, words)
        return Sent(external_id=sent.external_id, written=sent.written, skipped=(*sent.skipped, "contact"))


async def look_up(session: Session, account: Account, command: Command, target: Target) -> Sent | None:
    """The customer as an attempt with an unknown end left it; None where it is not, or not whole, as it should be."""
    card, words = _card(command), WORDS[language(session, account)]
    customer = await _known(session, card, target)
    if customer is None or _changes(_wanted(card, customer, words), customer):
        return None
    return await _sent(session, card, target, customer.id, _wanted(card, customer, words), words)


async def clear(session: Session, account: Account, command: Command, target: Target) -> None:
    """Delete the customer that a test of ours made; one that somebody else made is never deleted."""
    try:
        customer = await _known(session, _card(command), target)
    except Refuse as error:
        if error.code != "deleted-there":
            raise
        return
    if customer is not None and customer.reference_id == target.our_id:
        await write(session, "DELETE", f"/v2/customers/{quote(customer.id, safe='')}", {}, wire.Nothing)


def _card(command: Command) -> GuestCard:
    if not isinstance(command, GuestCard):
        raise Refuse("Square's public API takes guests only.", code="not-taken")
    return command


async def _known(session: Session, card: GuestCard, target: Target) -> wire.Customer | None:
    if target.external_id is not None:
        return await _by_id(session, target.external_id)
    for exact in ({"reference_id": target.our_id}, {"email_address": card.email}):
        if all(exact.values()):
            found = await _search(session, exact)
            same = [one for one in found if "reference_id" in exact or _is_named(one, card)]
            if same:
                return same[0]
    return None


async def _by_id(session: Session, customer_id: str) -> wire.Customer:
    try:
        return (await get(session, f"/v2/customers/{quote(customer_id, safe='')}", wire.CustomerAnswer)).customer
    except Refuse as error:
        if error.params.get("reason") != "NOT_FOUND":
            raise
        raise Refuse(
            "Somebody deleted this customer in Square.",
            code="deleted-there",
            mend="It is not made again by itself; when Square knows the guest again, it is written again.",
        ) from error


async def _search(session: Session, exact: Mapping[str, str | None]) -> tuple[wire.Customer, ...]:
    query = {"filter": {name: {"exact": value} for name, value in exact.items()}}
    found = await post(session, "/v2/customers/search", {"limit": 10, "query": query}, wire.CustomersFound)
    return found.customers or ()


def _is_named(customer: wire.Customer, card: GuestCard) -> bool:
    """Whether it may be the same person: people share an address."""
    name = _name(customer)
    return not name or not card.name or name.casefold() == card.name.casefold()


def _name(customer: wire.Customer) -> str | None:
    return whole_name(customer.given_name, customer.family_name)


def _wanted(card: GuestCard, customer: wire.Customer | None, words: Words) -> dict[str, Any]:
    """The customer's members as they should be, None for empty. What nobody knows of the guest is left as it is."""
    contact = {"email_address": card.email, "phone_number": card.phone}
    wanted: dict[str, Any] = {name: value for name, value in contact.items() if value}
    if card.name and (customer is None or _name(customer) != card.name):
        # Whole, for nobody can say where another person's name is to be parted.
        wanted |= {"given_name": card.name[:_LARGEST_NAME], "family_name": None}
    note = customer.note if customer else None
    return wanted | {"note": with_part(note, lines_of(card, own_words(note), words), words)}


def _changes(wanted: Mapping[str, Any], customer: wire.Customer) -> dict[str, Any]:
    """What is to be sent so that the customer is as wanted; null empties a member."""
    return {name: value for name, value in wanted.items() if (getattr(customer, name) or None) != value}


async def _carried_out(
    session: Session,
    card: GuestCard,
    target: Target,
    customer: wire.Customer | None,
    wanted: Mapping[str, Any],
    words: Words,
) -> Sent:
    if customer is None:
        customer_id = await _made(session, target, wanted)
    else:
        customer_id = customer.id
        if changes := _changes(wanted, customer):
            await _changed(session, customer, changes)
    return await _sent(session, card, target, customer_id, wanted, words)


async def _made(session: Session, target: Target, wanted: Mapping[str, Any]) -> str:
    body = {name: value for name, value in wanted.items() if value} | {
        "idempotency_key": target.our_id,
        "reference_id": target.our_id,
    }
    try:
        answer = await write(session, "POST", "/v2/customers", body, wire.CustomerAnswer)
    except Refuse as error:
        if error.params.get("reason") != "IDEMPOTENCY_KEY_REUSED":
            raise
        # An earlier try, with an older state of the guest, went through; the search finds it within a minute or two.
        raise Retry("Square has this customer already, but does not find it yet.", retry_after=60) from error
    return answer.customer.id


async def _changed(session: Session, customer: wire.Customer, changes: dict[str, Any]) -> None:
    version = {} if customer.version is None else {"version": customer.version}
    try:
        path = f"/v2/customers/{quote(customer.id, safe='')}"
        await write(session, "PUT", path, changes | version, wire.CustomerAnswer)
    except Refuse as error:
        if error.params.get("reason") != "CONFLICT":
            raise
        # Somebody at the till was quicker: what they wrote is read first.
        raise Retry("The customer was changed in Square at this moment.", retry_after=1) from error


async def _sent(
    session: Session, card: GuestCard, target: Target, customer_id: str, wanted: Mapping[str, Any], words: Words
) -> Sent:
    kept = await attributes.write_all(session, customer_id, card, target.before.get("attributes") or (), words)
    written = {
        "name": card.name,
        "email": wanted.get("email_address"),
        "phone": wanted.get("phone_number"),
        "attributes": kept,
    }
    return Sent(external_id=customer_id, written={name: value for name, value in written.items() if value})
