"""The questions Square's clients may ask, as Square describes them; what the simulator does not play it refuses."""

from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from servery.connectors.square.simulator.answers import bad

Question = TypeVar("Question")
Direction = Literal["ASC", "DESC"]


class Range(Struct, frozen=True, forbid_unknown_fields=True):
    """A range of time, both ends included."""

    start_at: str | None = None
    end_at: str | None = None


class Times(Struct, frozen=True, forbid_unknown_fields=True):
    """At most one range."""

    created_at: Range | None = None
    updated_at: Range | None = None
    closed_at: Range | None = None


class States(Struct, frozen=True, forbid_unknown_fields=True):
    """States to show."""

    states: tuple[Literal["OPEN", "COMPLETED", "CANCELED", "DRAFT"], ...]


class Customers(Struct, frozen=True, forbid_unknown_fields=True):
    """Customers whose orders to show."""

    customer_ids: tuple[str, ...] | None = None


class OrderFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which orders."""

    state_filter: States | None = None
    date_time_filter: Times | None = None
    customer_filter: Customers | None = None


class OrderSort(Struct, frozen=True, forbid_unknown_fields=True):
    """In which order."""

    sort_field: Literal["CREATED_AT", "UPDATED_AT", "CLOSED_AT"]
    sort_order: Direction | None = None


class OrderQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which orders, and in which order."""

    filter: OrderFilter | None = None
    sort: OrderSort | None = None


class SearchOrders(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v2/orders/search."""

    location_ids: tuple[str, ...] | None = None
    cursor: str | None = None
    query: OrderQuery | None = None
    limit: int | None = None
    return_entries: bool | None = None


class RetrieveOrders(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v2/orders/batch-retrieve."""

    order_ids: tuple[str, ...]
    location_id: str | None = None


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """A contact to look for."""

    exact: str | None = None
    fuzzy: str | None = None


class CustomerFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which customers."""

    created_at: Range | None = None
    updated_at: Range | None = None
    email_address: Text | None = None
    phone_number: Text | None = None
    reference_id: Text | None = None


class CustomerSort(Struct, frozen=True, forbid_unknown_fields=True):
    """In which order; the default is by name."""

    field: Literal["DEFAULT", "CREATED_AT"] | None = None
    order: Direction | None = None


class CustomerQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which customers, and in which order."""

    filter: CustomerFilter | None = None
    sort: CustomerSort | None = None


class SearchCustomers(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v2/customers/search."""

    cursor: str | None = None
    limit: int | None = None
    query: CustomerQuery | None = None
    count: bool | None = None


class SearchCatalog(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v2/catalog/search."""

    cursor: str | None = None
    object_types: tuple[str, ...] | None = None
    include_deleted_objects: bool | None = None
    include_related_objects: bool | None = None
    begin_time: str | None = None
    limit: int | None = None


class ListPayments(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /v2/payments."""

    begin_time: str | None = None
    end_time: str | None = None
    updated_at_begin_time: str | None = None
    updated_at_end_time: str | None = None
    sort_field: Literal["CREATED_AT", "UPDATED_AT"] | None = None
    sort_order: Direction | None = None
    cursor: str | None = None
    location_id: str | None = None
    limit: int | None = None


class ListRefunds(ListPayments, frozen=True, forbid_unknown_fields=True):
    """GET /v2/refunds."""

    status: str | None = None


class ListCustomers(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /v2/customers."""

    cursor: str | None = None
    limit: int | None = None
    sort_field: Literal["DEFAULT", "CREATED_AT"] | None = None
    sort_order: Direction | None = None
    count: bool | None = None


class ListCatalog(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /v2/catalog/list."""

    cursor: str | None = None
    types: str | None = None


def from_body(body: bytes, kind: type[Question]) -> Question:
    """The question in a request's body; a Problem when it is not as described."""
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise bad("BAD_REQUEST", str(error)) from error
    except msgspec.DecodeError as error:
        raise bad("EXPECTED_JSON_BODY", "The body is not JSON.") from error


def from_query(query: dict[str, str], kind: type[Question]) -> Question:
    """The question in a request's query string; a Problem when it is not as described."""
    try:
        return msgspec.convert(query, type=kind, strict=False)
    except msgspec.ValidationError as error:
        raise bad("BAD_REQUEST", str(error)) from error
