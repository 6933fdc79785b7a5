"""A resOS booking or list of tables → universal changes. Pure, and the only place that knows resOS's ways."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import get_args

import msgspec
from msgspec import Raw

from servery.connectors.resos import wire
from servery.connectors.resos.note import is_ours
from servery.errors import Quarantine
from servery.model.changes import Change, GuestSeen, Removed, ReservationSeen, TablesSeen, revision_at
from servery.model.guest import SourceGuest
from servery.model.reservation import Reservation, ReservationStatus
from servery.model.venue import Table, from_local

STATUSES: dict[str, ReservationStatus] = {
    "request": "requested",
    "waitlist": "waitlist",
    "approved": "booked",
    "confirmed": "confirmed",
    "arrived": "arrived",
    "seated": "seated",
    "left": "finished",
    "no_show": "no_show",
    "canceled": "cancelled",
    "declined": "declined",
}
"""resOS's words for where a booking stands. `confirmed` is written by clients of the API, not by its description."""

CHANNELS = {"walkin": "walk-in", "other": None}
"""Sources under another word with us. `other` is what resOS writes where nobody said."""

_PROGRESS = {status: place for place, status in enumerate(get_args(ReservationStatus))}

# What a restaurant calls its question on the booking form in English, Danish, German and Spanish.
_ALLERGIES = ("allerg", "alerg", "unverträglich", "intoleran")
_DIETS = ("diet", "diæt", "kosthensyn", "diät", "ernährung")
_OCCASIONS = ("occasion", "anledning", "anlass", "ocasión", "ocasion", "celebra", "fejre", "feiern")
_NO = {"no", "none", "nej", "ingen", "nein", "keine", "ninguna", "ninguno", "n/a", "-"}
_YES = {"yes", "ja", "sí", "si"}


def translate(resource: str, record: Raw) -> Sequence[Change]:
    """Changes of one record that `read` handed over. Quarantine when it cannot be understood."""
    try:
        if resource == "tables":
            return _tables(msgspec.json.decode(record, type=wire.TablesRecord))
        return _booking(msgspec.json.decode(record, type=wire.BookingRecord))
    except (msgspec.DecodeError, UnicodeDecodeError, OverflowError, RecursionError) as error:
        # OverflowError: a time in the first or last hours that a calendar holds. RecursionError: thousands of brackets.
        raise Quarantine("This is not what resOS calls {resource}: {why}", resource=resource, why=str(error)) from error


def _tables(record: wire.TablesRecord) -> Sequence[Change]:
    tables = tuple(
        Table(each.name, each.seats_max, each.area.name if each.area else None, each.id)
        for each in record.tables
        if each.name
    )
    return (TablesSeen(record.location, 0, record.location, tables),)


def _booking(record: wire.BookingRecord) -> Sequence[Change]:
    booking = record.booking
    if booking.deleted_at or booking.status == "deleted":
        return (Removed(booking.id, _latest(booking), "reservation"),)
    status = _status(booking)
    # resOS does not promise that its time of last activity moves with every state, so of two with the same time the
    # one further on counts as the later. Its times are whole milliseconds, which leaves room for this below them.
    revision = _latest(booking) + _PROGRESS[status]
    guest = _guest(booking)
    guest_id = _guest_id(booking)
    reservation = _reservation(record, status, guest, guest_id)
    seen = ReservationSeen(booking.id, revision, record.location, reservation)
    return (GuestSeen(guest_id, revision, guest), seen) if guest_id else (seen,)


def _status(booking: wire.Booking) -> ReservationStatus:
    # Published clients meet the spellings no-show and cancelled too.
    word = booking.status.casefold().replace("-", "_").replace("cancelled", "canceled")
    if word not in STATUSES:
        raise Quarantine("resOS gives booking {id} a status we do not know: {status}", id=booking.id, status=word)
    return STATUSES[word]


def _reservation(
    record: wire.BookingRecord, status: ReservationStatus, guest: SourceGuest, guest_id: str | None
) -> Reservation:
    booking = record.booking
    tables = [table for table in booking.tables or () if isinstance(table, wire.Table) and table.name]
    return Reservation(
        status=status,
        starts_at=_starts_at(record),
        party_size=booking.people,
        duration=booking.duration,
        tables=tuple(table.name for table in tables if table.name),
        area=next((table.area.name for table in tables if table.area), None),
        channel=CHANNELS.get(booking.source, booking.source) if booking.source else None,
        requests=_joined((booking.comment, *_texts(filter(_by_guest, booking.comments or ())))),
        occasion=_joined(_answers(booking, _OCCASIONS)),
        # What we left there ourselves is no word of theirs.
        notes=_joined((booking.note, *(text for text in _texts(booking.restaurant_notes) if not is_ours(text)))),
        created_at=_instant(booking.created_at),
        seated_at=_instant(booking.seated_at),
        left_at=_instant(booking.left_at),
        walk_in=booking.source == "walkin",
        guest_id=guest_id,
        guest=None if guest == SourceGuest() else guest,
        language=booking.language_code or None,
    )


def _starts_at(record: wire.BookingRecord) -> datetime:
    booking = record.booking
    if booking.date_time and booking.date_time.tzinfo:
        return booking.date_time.astimezone(UTC)
    if not record.time_zone:
        raise Quarantine(
            "resOS gives booking {id} no instant, only the restaurant's own clock, and that clock is not known.",
            id=booking.id, mend="Enter the time zone of the restaurant in this connection's settings.",
        )  # fmt: skip
    try:
        return from_local(datetime.fromisoformat(f"{booking.date}T{booking.time}"), record.time_zone)
    except ValueError as error:
        raise Quarantine(
            "resOS gives booking {id} a time that cannot be: {why}", id=booking.id, why=str(error)
        ) from error


def _guest(booking: wire.Booking) -> SourceGuest:
    who = booking.guest or wire.Guest()
    return SourceGuest(
        name=_text(who.name),
        email=_text(who.email),
        phone=_text(who.phone),
        language=booking.language_code or None if _known(who) else None,
        allergies=_answers(booking, _ALLERGIES),
        preferences=_answers(booking, _DIETS),
    )


def _known(who: wire.Guest) -> bool:
    return bool(_text(who.name) or _text(who.email) or _text(who.phone))


def _guest_id(booking: wire.Booking) -> str | None:
    """The guest's own id; without one, the booking's stands for whoever left a way to reach them."""
    customer = booking.customer.id if isinstance(booking.customer, wire.Customer) else booking.customer
    who = booking.guest or wire.Guest()
    if known := customer or who.id:
        return known
    return f"booking:{booking.id}" if _text(who.email) or _text(who.phone) else None


def _answers(booking: wire.Booking, topic: Sequence[str]) -> tuple[str, ...]:
    """What was answered to the form's questions on a topic, without "no"; a bare "yes" becomes the question."""
    found = [
        _question(field) if word.casefold() in _YES else word
        for field in booking.custom_fields or ()
        if any(part in f"{field.name} {field.label}".casefold() for part in topic)
        for word in _words(field)
        if word.casefold() not in _NO
    ]
    return tuple(dict.fromkeys(found))


def _question(field: wire.CustomField) -> str:
    return (field.label or field.name or "").strip(" :?")


def _words(field: wire.CustomField) -> Iterable[str]:
    chosen = field.multiple_choice_value_name
    if chosen and not isinstance(field.value, tuple):
        # Then the value is the option's id, which says nothing to anybody.
        return _ticked(chosen)
    if isinstance(field.value, bool):
        return ("yes",) if field.value else ()
    if isinstance(field.value, tuple | str):
        return (*_ticked(field.value), *_ticked(chosen or ()))
    return () if field.value is None else (str(field.value),)


def _ticked(chosen: str | tuple[wire.Choice, ...]) -> tuple[str, ...]:
    names = (chosen,) if isinstance(chosen, str) else (each.name for each in chosen if each.value is not False)
    return tuple(name.strip() for name in names if name and name.strip())


def _texts(remarks: Iterable[wire.Remark | str] | None) -> Iterable[str | None]:
    for remark in remarks or ():
        yield remark if isinstance(remark, str) else remark.restaurant_note or remark.comment or remark.text


def _by_guest(remark: wire.Remark | str) -> bool:
    return isinstance(remark, str) or remark.role not in ("system", "restaurant")


def _joined(texts: Iterable[str | None]) -> str | None:
    told = dict.fromkeys(text.strip() for text in texts if text and text.strip())
    return "\n".join(told) or None


def _text(written: str | None) -> str | None:
    return (written or "").strip() or None


def _latest(booking: wire.Booking) -> int:
    """The latest time that the booking shows of itself, as a revision; 0 where it shows none."""
    remarks = (*(booking.comments or ()), *(booking.restaurant_notes or ()))
    shown = (
        booking.created_at, booking.updated_at, booking.activity_at, booking.seated_at, booking.left_at,
        booking.canceled_at, booking.declined_at, booking.deleted_at,
        *(remark.created_at for remark in remarks if isinstance(remark, wire.Remark)),
    )  # fmt: skip
    return max((revision_at(instant) for each in shown if (instant := _instant(each))), default=0)


def _instant(written: datetime | None) -> datetime | None:
    """A time of resOS's own records, which are UTC also where nothing says so."""
    if written is None:
        return None
    return written.astimezone(UTC) if written.tzinfo else written.replace(tzinfo=UTC)
