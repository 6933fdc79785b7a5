"""resOS's JSON as far as it is read. What is unknown is skipped; what resOS writes in two ways is read in both.

Sources: the public description of the API (version 1.2 of 2025-07-23) where it can be read, and published clients.
"""

from datetime import datetime

from msgspec import Raw, Struct, field


class Area(Struct, frozen=True):
    """A room or section of the floor plan."""

    name: str | None = None


class Table(Struct, frozen=True, rename="camel"):
    """One table."""

    id: str = field(name="_id")
    name: str | None = None
    seats_max: int | None = None
    area: Area | None = None


class Guest(Struct, frozen=True):
    """Who booked, as written on the booking. Empty strings stand for what is not known."""

    id: str | None = field(name="_id", default=None)
    name: str | None = None
    email: str | None = None
    phone: str | None = None


class Customer(Struct, frozen=True):
    """The guest's own record, where a booking holds it whole instead of by its id."""

    id: str = field(name="_id")


class Choice(Struct, frozen=True):
    """One option ticked in answer to a question with several."""

    name: str | None = None
    value: bool | str | int | None = True


class CustomField(Struct, frozen=True, rename="camel"):
    """A question of the restaurant's own on the booking form, with its answer.

    A choice among several is written as the option's id with its words in `multiple_choice_value_name`.
    """

    name: str | None = None
    label: str | None = None
    value: str | bool | int | float | tuple[Choice, ...] | None = None
    multiple_choice_value_name: str | tuple[Choice, ...] | None = None


class Remark(Struct, frozen=True, rename="camel"):
    """One entry of the conversation about a booking: a guest's comment or a note among staff."""

    role: str | None = None
    comment: str | None = None
    restaurant_note: str | None = None
    text: str | None = None
    created_at: datetime | None = None


class Booking(Struct, frozen=True, rename="camel"):
    """A booking. `date_time` is an instant; `date` and `time` are the same on the restaurant's clock."""

    id: str = field(name="_id")
    people: int
    status: str = "request"
    date_time: datetime | None = None
    date: str | None = None
    time: str | None = None
    duration: int | None = None
    guest: Guest | None = None
    customer: Customer | str | None = None
    tables: tuple[Table | str, ...] | None = ()
    source: str | None = None
    comment: str | None = None
    comments: tuple[Remark | str, ...] | None = ()
    note: str | None = None
    restaurant_notes: tuple[Remark | str, ...] | None = ()
    custom_fields: tuple[CustomField, ...] | None = ()
    language_code: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    activity_at: datetime | None = None
    seated_at: datetime | None = None
    left_at: datetime | None = None
    canceled_at: datetime | None = None
    declined_at: datetime | None = None
    deleted_at: datetime | None = None


class Health(Struct, frozen=True, rename="camel"):
    """The answer of /healthcheck."""

    restaurant_id: str | None = None


class BookingRecord(Struct, frozen=True, rename="camel"):
    """One booking as `read` hands it over, with what resOS leaves to whoever holds the key: where, on which clock."""

    location: str
    booking: Booking
    time_zone: str | None = None


class TablesRecord(Struct, frozen=True):
    """All tables as `read` hands them over: resOS lists them without saying whose they are."""

    location: str
    tables: tuple[Table, ...]


class Wrapped(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What `read` writes and `BookingRecord` and `TablesRecord` read: resOS's own bytes, untouched, and their place."""

    location: str
    booking: Raw | None = None
    tables: list[Raw] | None = None
    time_zone: str | None = None
