"""Square's customers as they are changed: made once for a key, updated in part, given custom attributes, merged."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType, structs

from servery.connectors.square.simulator.answers import Json, Problem, bad, identifier, not_found, rfc3339
from servery.connectors.square.simulator.ledger import Ledger
from servery.model.guest import Note, SourceGuest, whole_name
from servery.testing.stage import Stage

_PHONE = re.compile(r"\+?\d{9,16}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LONGEST = {"given_name": 300, "family_name": 300, "email_address": 254, "reference_id": 100}
_MOST_AT_ONCE = 25


class Members(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A customer's members that a change may hold; null empties one."""

    given_name: str | UnsetType | None = UNSET
    family_name: str | UnsetType | None = UNSET
    email_address: str | UnsetType | None = UNSET
    phone_number: str | UnsetType | None = UNSET
    note: str | UnsetType | None = UNSET
    reference_id: str | UnsetType | None = UNSET


class CreateCustomer(Members, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """POST /v2/customers."""

    idempotency_key: str | None = None


class UpdateCustomer(Members, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """PUT /v2/customers/{id}."""

    version: int | None = None


class RetrieveCustomers(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v2/customers/bulk-retrieve."""

    customer_ids: tuple[str, ...]


class Attribute(Struct, frozen=True):
    """A custom attribute's key and value."""

    key: str
    value: str


class CustomerAttribute(Struct, frozen=True, forbid_unknown_fields=True):
    """A custom attribute of one customer."""

    customer_id: str
    custom_attribute: Attribute
    idempotency_key: str | None = None


class UpsertAttributes(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v2/customers/custom-attributes/bulk-upsert."""

    values: dict[str, CustomerAttribute]


class Definition(Struct, frozen=True):
    """What a custom attribute is."""

    key: str
    name: str
    schema: dict[str, str]
    visibility: str = "VISIBILITY_HIDDEN"
    description: str = ""


class CreateDefinition(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v2/customers/custom-attribute-definitions."""

    custom_attribute_definition: Definition
    idempotency_key: str | None = None


class Changes:
    """The writing half of the account."""

    def __init__(self, stage: Stage, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._stage = stage
        self._ledger = ledger
        self._now = now
        self._made: dict[str, tuple[bytes, str]] = {}
        self._definitions: dict[str, Definition] = {}
        self.attributes: dict[str, dict[str, str]] = {}

    def create(self, asked: CreateCustomer) -> bytes:
        """POST /v2/customers: a repeat of the same under the same key is answered with the same customer."""
        _demand(asked)
        if not any((asked.given_name, asked.family_name, asked.email_address, asked.phone_number)):
            raise bad("BAD_REQUEST", "A name, an e-mail address or a phone number is required.")
        body = msgspec.json.encode(asked)
        if asked.idempotency_key in self._made:
            before, customer_id = self._made[asked.idempotency_key]
            if before != body:
                raise bad("IDEMPOTENCY_KEY_REUSED", "The key was used for another request.", "idempotency_key")
            return self._answer(customer_id)
        customer_id = identifier("customer", len(self._stage.guests), self._now(), length=26).upper()
        if asked.idempotency_key:
            self._made[asked.idempotency_key] = (body, customer_id)
        self._put(customer_id, SourceGuest(), asked)
        return self._answer(customer_id)

    def update(self, customer_id: str, asked: UpdateCustomer) -> bytes:
        """PUT /v2/customers/{id}: what the request does not hold stays."""
        staged = self._stage.guests.get(customer_id)
        if staged is None or staged.deleted:
            raise not_found("Customer")
        _demand(asked)
        if asked.version is not None and asked.version != staged.version - 1:
            raise Problem(409, "INVALID_REQUEST_ERROR", "CONFLICT", "The customer has another version.", "version")
        self._put(customer_id, staged.record, asked)
        return self._answer(customer_id)

    def delete(self, customer_id: str) -> bytes:
        """DELETE /v2/customers/{id}."""
        staged = self._stage.guests.get(customer_id)
        if staged is None or staged.deleted:
            raise not_found("Customer")
        self._stage.guests.delete(customer_id, self._now())
        return b"{}"

    def retrieve(self, asked: RetrieveCustomers) -> bytes:
        """POST /v2/customers/bulk-retrieve: each id has its customer, or an error."""
        found: Json = {}
        for each in asked.customer_ids:
            entry = self._ledger.customers.get(each)
            found[each] = (
                {"customer": msgspec.Raw(self._ledger.customers.body(entry))} if entry else not_found("Customer").body
            )
        return msgspec.json.encode({"responses": found})

    def upsert(self, asked: UpsertAttributes) -> bytes:
        """POST /v2/customers/custom-attributes/bulk-upsert."""
        if len(asked.values) > _MOST_AT_ONCE:
            raise bad("ARRAY_LENGTH_TOO_LONG", "At most 25 attributes are allowed.", "values")
        return msgspec.json.encode({"values": {name: self._upserted(one) for name, one in asked.values.items()}})

    def _upserted(self, one: CustomerAttribute) -> Json:
        staged = self._stage.guests.get(one.customer_id)
        definition = self._definitions.get(one.custom_attribute.key)
        if staged is None or staged.deleted or definition is None:
            return not_found("Custom attribute definition" if definition is None else "Customer").body
        self.attributes.setdefault(one.customer_id, {})[definition.key] = one.custom_attribute.value
        shown = {
            "key": definition.key,
            "value": one.custom_attribute.value,
            "version": 1,
            "visibility": definition.visibility,
            "created_at": rfc3339(self._now()),
            "updated_at": rfc3339(self._now()),
        }
        return {"customer_id": one.customer_id, "custom_attribute": shown}

    def delete_attribute(self, customer_id: str, key: str) -> bytes:
        """DELETE /v2/customers/{id}/custom-attributes/{key}."""
        if key not in self.attributes.get(customer_id, {}):
            raise not_found("Custom attribute")
        del self.attributes[customer_id][key]
        return b"{}"

    def define(self, asked: CreateDefinition) -> bytes:
        """POST /v2/customers/custom-attribute-definitions: each key and each name once."""
        wanted = asked.custom_attribute_definition
        if any(wanted.key == one.key or wanted.name == one.name for one in self._definitions.values()):
            raise Problem(409, "INVALID_REQUEST_ERROR", "CONFLICT", "There is such a definition already.")
        self._definitions[wanted.key] = wanted
        made = msgspec.to_builtins(wanted) | {"version": 1, "created_at": rfc3339(self._now())}
        return msgspec.json.encode({"custom_attribute_definition": made})

    def _put(self, customer_id: str, before: SourceGuest, asked: Members) -> None:
        given = {name: value for name in Members.__struct_fields__ if (value := getattr(asked, name)) is not UNSET}
        if "reference_id" in given:
            self._ledger.references[customer_id] = given.pop("reference_id")
        self._stage.guests.put(customer_id, _changed(before, given), self._now())

    def _answer(self, customer_id: str) -> bytes:
        entry = self._ledger.customers.get(customer_id)
        if entry is None:
            raise not_found("Customer")
        return b'{"customer":%s}' % self._ledger.customers.body(entry)


def _demand(asked: Members) -> None:
    for name, longest in _LONGEST.items():
        if len(getattr(asked, name) or "") > longest:
            raise bad("VALUE_TOO_LONG", f"At most {longest} characters are allowed.", name)
    if asked.phone_number and not _PHONE.fullmatch(asked.phone_number):
        raise bad("INVALID_PHONE_NUMBER", "The phone number is not valid.", "phone_number")
    if asked.email_address and not _EMAIL.fullmatch(asked.email_address):
        raise bad("INVALID_EMAIL_ADDRESS", "The e-mail address is not valid.", "email_address")


_OURS = {"email_address": "email", "phone_number": "phone"}


def _changed(before: SourceGuest, given: Mapping[str, Any]) -> SourceGuest:
    apart = {name: given[name] or None for name in ("given_name", "family_name") if name in given}
    if apart and not before.given_name:
        # What stands whole in the given name is its first name until somebody parts it.
        apart = {"given_name": before.name} | apart
    members: dict[str, Any] = {_OURS[name]: given[name] or None for name in _OURS if name in given} | apart
    if "note" in given:
        members["notes"] = (Note(given["note"]),) if given["note"] else ()
    after = structs.replace(before, **members)
    return structs.replace(after, name=whole_name(after.given_name, after.family_name) or after.name)
