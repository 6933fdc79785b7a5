"""The reservation book: what it shows of a dinner at any moment, kept as well as busy hosts keep it."""

from functools import lru_cache
from hashlib import blake2b
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from servery.model.guest import SourceGuest
from servery.model.reservation import Reservation, ReservationStatus
from servery.sandbox.people import Person, lists
from servery.sandbox.rates import RATES
from servery.sandbox.slips import misspelt
from servery.sandbox.truth import MINUTE, Booking, Dinner, instant

MARKETPLACE = "TableFinder"


class Kept(Struct, frozen=True):
    """How the book is kept for one dinner. Times in seconds of the day; None: the host forgot, or it never came so far.

    `guest` are the details on this booking, `guest_id` the record in the book's guest list they went to.
    """

    id: str
    reference: str
    guest: SourceGuest | None
    guest_id: str | None
    confirmed: bool
    assigned: bool
    move_written: bool
    seated: int | None = None
    left: int | None = None
    no_show: int | None = None


def keep(rng: Random, dinner: Dinner) -> Kept | None:
    """Draw how the host keeps the book for this dinner; None where it is never written down."""
    stay, booking = dinner.stay, dinner.booking
    walk_in = booking is None
    if walk_in and (stay is None or not stay.tables or rng.random() >= RATES.walk_in_written):
        return None
    guest = _details(rng, dinner.person, booking) if booking else None
    seated = left = no_show = None
    if stay and (walk_in or rng.random() >= RATES.seated_forgotten):
        seated = stay.seated + (0 if walk_in else rng.randint(-2 * MINUTE, 6 * MINUTE))
        if rng.random() >= RATES.left_forgotten:
            left = max(stay.left + rng.randint(-5 * MINUTE, 10 * MINUTE), seated + MINUTE)
    elif booking and booking.no_show and rng.random() >= RATES.no_show_forgotten:
        no_show = booking.at + rng.randint(20, 50) * MINUTE
    return Kept(
        id=rng.randbytes(9).hex()[:17],
        reference=rng.randbytes(3).hex().upper(),
        guest=guest,
        guest_id=_record(guest) if guest else None,
        confirmed=rng.random() < 0.6,
        assigned=walk_in or rng.random() >= RATES.not_assigned,
        move_written=walk_in or rng.random() >= RATES.move_not_written,
        seated=seated,
        left=left,
        no_show=no_show,
    )


def _details(rng: Random, person: Person, booking: Booking) -> SourceGuest:
    """The guest as this booking has them, over what the book remembers of them anyway."""
    name = misspelt(person.name, rng) if rng.random() < RATES.misspelt else person.name
    email: str | None = rng.choice(person.emails)
    phone: str | None = person.phone
    chance = rng.random()
    if booking.channel == MARKETPLACE and chance < RATES.relay:
        email, phone = f"{rng.randbytes(5).hex()}@{lists().relay_domain}", None
    elif booking.channel == MARKETPLACE and chance < RATES.relay + RATES.relay_shared:
        email, phone = lists().relay_shared, None
    elif booking.channel == "phone" and chance < RATES.no_email_by_phone:
        email = None
    elif chance > 1 - RATES.no_phone:
        phone = None
    return replace(_remembered(person), name=name, email=email, phone=phone)


@lru_cache(maxsize=4096)
def _remembered(person: Person) -> SourceGuest:
    known = person.circle == "regular"
    return SourceGuest(
        country=person.country,
        company=person.company,
        language=person.language,
        birthday=person.birthday if known else None,
        allergies=person.allergies if known else (),
        tags=("VIP",) if person.vip else (),
        vip=True if person.vip else None,
        marketing="granted" if known else "unknown",
    )


def _record(guest: SourceGuest) -> str:
    """The book's own guest list knows people by e-mail and name, else by phone and name."""
    name = (guest.name or "").casefold()
    return blake2b(f"{guest.email or guest.phone}/{name}".encode(), digest_size=9).hexdigest()[:17]


def moments(dinner: Dinner, kept: Kept) -> list[int]:
    """The seconds at which the book changes for this dinner, in order; the first is when it is written down."""
    booking = dinner.booking
    first = booking.made if booking else kept.seated
    later = (booking.cancelled if booking else None, kept.no_show, kept.seated if booking else None, kept.left)
    return sorted(at for at in (first, *later) if at is not None)


def reservation(dinner: Dinner, kept: Kept, second: int) -> Reservation:
    """The reservation as the book shows it at that second of the day."""
    booking, stay = dinner.booking, dinner.stay
    sat = kept.seated is not None and kept.seated <= second
    gone = kept.left is not None and kept.left <= second
    return Reservation(
        status=_status(booking, kept, second),
        starts_at=instant(dinner.day, booking.at if booking else (kept.seated or 0) // MINUTE * MINUTE),
        party_size=booking.size if booking else stay.covers if stay else 1,
        duration=booking.minutes if booking else 90,
        tables=_tables(dinner, kept, sat),
        channel=booking.channel if booking else "walk-in",
        requests=booking.requests if booking else None,
        occasion=booking.occasion if booking else None,
        notes=f"VIP, likes table {dinner.person.usual_table}" if booking and dinner.person.vip else None,
        created_at=instant(dinner.day, moments(dinner, kept)[0]),
        seated_at=instant(dinner.day, kept.seated) if sat and kept.seated is not None else None,
        left_at=instant(dinner.day, kept.left) if gone and kept.left is not None else None,
        walk_in=booking is None,
        guest_id=kept.guest_id,
        guest=kept.guest,
        language=kept.guest.language if kept.guest else None,
        reference=kept.reference,
    )


def _status(booking: Booking | None, kept: Kept, second: int) -> ReservationStatus:
    if booking and booking.cancelled is not None and booking.cancelled <= second:
        return "cancelled"
    if kept.no_show is not None and kept.no_show <= second:
        return "no_show"
    if kept.left is not None and kept.left <= second:
        return "finished"
    if kept.seated is not None and kept.seated <= second:
        return "seated"
    return "confirmed" if kept.confirmed else "booked"


def _tables(dinner: Dinner, kept: Kept, sat: bool) -> tuple[str, ...]:
    if dinner.stay and (sat or not dinner.booking) and kept.move_written:
        return dinner.stay.tables
    return dinner.booking.tables if dinner.booking and (kept.assigned or sat) else ()
