"""The guest named on a line of an order or on a reservation."""

from msgspec import structs

from servery.connectors.csv.columns import has_shape
from servery.connectors.csv.mapping import Plan
from servery.connectors.csv.rowids import digest
from servery.model.changes import GuestSeen
from servery.model.guest import SourceGuest, whole_name

_FIELDS = ("guest_id", "guest_name", "guest_given_name", "guest_family_name", "guest_email", "guest_phone")
_REMEMBERED = 100_000
_LEAST_DIGITS = 5


class People:
    """Reads guests from rows and says which of them are new to this import."""

    def __init__(self, plan: Plan) -> None:
        self._places = [plan.place(field) for field in _FIELDS]
        self._revision = plan.revision
        self._seen: dict[str, tuple[SourceGuest, int]] = {}

    @property
    def none(self) -> bool:
        """Whether the file names no guests at all."""
        return not any(place is not None for place in self._places)

    def of(self, cells: list[str]) -> tuple[str | None, SourceGuest | None]:
        """A row's guest: external id (None when the row has neither an id nor a contact) and what it says of them."""
        given, name, first, last, email, phone = (
            None if place is None else cells[place].strip() or None for place in self._places
        )
        if not (given or name or first or last or email or phone):
            return None, None
        guest = SourceGuest(
            name=name or whole_name(first, last), given_name=first, family_name=last, email=email, phone=phone
        )
        contact = _contact(email, phone)
        return given or (digest(contact) if contact else None), guest

    def seen(self, guest_id: str, guest: SourceGuest) -> GuestSeen | None:
        """The change to make for a guest: None when nothing new is said of them.

        A later row adds what earlier ones left out. Past 100,000 guests some may be told again, which changes nothing.
        """
        before = self._seen.get(guest_id)
        if before is not None:
            known = {name: value for name, value in structs.asdict(before[0]).items() if value}
            joined = structs.replace(guest, **known) if known else guest
            if joined == before[0]:
                return None
            guest = joined
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        state = before[1] + 1 if before else 0
        self._seen[guest_id] = (guest, state)
        return GuestSeen(guest_id, self._revision + state, guest, complete=False)


def _contact(email: str | None, phone: str | None) -> str | None:
    """What a guest is known by; `none` and `ask at the door` are no contact, or all who have it would be one guest."""
    if email and has_shape([email], "email"):
        return email.casefold()
    digits = "".join(filter(str.isdigit, phone or ""))
    return digits if len(digits) >= _LEAST_DIGITS else None
