"""What staff wrote of a guest, as that by which the guest's next record is known. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, LiteralString

from msgspec import Struct

from servery.guests.keys import Keys, email_key, phone_key
from servery.guests.resolve import Known
from servery.model.guest import Golden


class Corrected(Struct, frozen=True):
    """What a guest is called, and by which contacts that staff wrote they are known."""

    name: str | None
    email_key: str | None
    phone_key: str | None


def corrected(guest: Golden) -> Corrected | None:
    """What staff wrote of who this is and it holds; None where they wrote nothing of that."""
    by_staff = {field: known for field in ("name", "email", "phone") if (known := getattr(guest, field)) is not None}
    by_staff = {field: known.value for field, known in by_staff.items() if not known.source}
    if not by_staff:
        return None
    name = guest.name.value if guest.name else None
    return Corrected(name, email_key(by_staff.get("email")), phone_key(by_staff.get("phone"), None))


SAID: LiteralString = "c.name as said_name, c.email_key as said_email, c.phone_key as said_phone, c.guest_id as said_of"
"""The columns of a row `c` of it."""


def as_known(rows: Iterable[Mapping[str, Any]]) -> list[Known]:
    """What rows with `SAID` tell, for each guest once, as it takes part in deciding."""
    of_guest = {row["said_of"]: row for row in rows if row["said_of"] is not None}
    return [
        Known(-guest_id, row["said_name"], Keys(row["said_email"], row["said_phone"]), guest_id, said=True)
        for guest_id, row in of_guest.items()
    ]


KEEP_SAID: LiteralString = """
kept as (
    insert into guest_said (guest_id, name, email_key, phone_key)
    select id, said ->> 'name', said ->> 'email_key', said ->> 'phone_key' from told
    join guest g using (id) where said is not null and g.merged_into is null
    on conflict (guest_id) do update
    set name = excluded.name, email_key = excluded.email_key, phone_key = excluded.phone_key
), forgotten as (
    delete from guest_said s using told where s.guest_id = told.id and told.said is null
)"""
"""Keeps what rows `told` with `id` and `said` have of it, and forgets what they have not."""
