"""A guest whose name, e-mail and phone are written wherever Servery writes anything of a guest."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec import Raw, Struct

from servery.app.arrive import arrive
from servery.app.keeping import keeper
from servery.connectors import registry
from servery.errors import Quarantine
from servery.model.changes import Change, CheckSeen, GuestSeen, PaymentSeen, ReservationSeen
from servery.model.guest import Note, SourceGuest
from servery.model.order import Check, Line, Payment
from servery.model.reservation import Reservation
from servery.outbox.mark import mark
from servery.privacy.keyed import open_key
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync import connections
from servery.sync.understanding import Understood

NAME, EMAIL, PHONE = "Zebulon Quixwater", "zebulon@quixwater.example", "+45 71 92 83 74"
SPELT = [b"quixwater", b"zebulon", b"71928374", b"71 92 83 74"]
"""What is looked for, in small letters: the name and the address, the number with and without its spaces."""
PERSON = SourceGuest(
    name=NAME,
    email=EMAIL,
    phone=PHONE,
    country="DK",
    notes=(Note(f"{NAME} likes the window"),),
    tags=("Quixwater party",),
    marketing="granted",
)
EVENING = datetime(2026, 6, 1, 18, tzinfo=UTC)


class Planted(Struct):
    """A house in which guests can be planted."""

    pool: Pool
    home: Path
    venue_id: int
    till: int
    book: int
    numbers: Callable[[], int]

    async def arrives(self, connection_id: int, *changes: Change) -> None:
        async with self.pool.connection() as db:
            places = await connections.places(db, connection_id)
            await arrive(db, connection_id, places, changes, open_key(self.home))

    async def guest(self, name: str = NAME, email: str | None = EMAIL, number: str = "7", **more: object) -> int | None:
        """Somebody in both systems, who came once; the guest's id."""
        person = msgspec.structs.replace(PERSON, name=name, email=email, **more)
        await self.arrives(self.book, *self.booked(person, number))
        await self.arrives(self.till, *self.paid(person, number))
        return await self.guest_of(self.book, f"b{number}")

    async def known_guest(self) -> int:
        """The planted guest, who is there."""
        found = await self.guest()
        assert found is not None
        return found

    def booked(self, person: SourceGuest = PERSON, number: str = "7") -> list[Change]:
        booking = Reservation(
            status="finished",
            starts_at=EVENING,
            party_size=2,
            tables=("12",),
            requests=f"A quiet table for {person.name}",
            notes=f"{person.name} rang from {person.phone}",
            guest_id=f"b{number}",
            guest=person,
            reference=f"{person.name}-1",
        )
        return [
            GuestSeen(f"b{number}", self.numbers(), person),
            ReservationSeen(f"r{number}", self.numbers(), "main", booking),
        ]

    def paid(self, person: SourceGuest = PERSON, number: str = "7") -> list[Change]:
        cover = Line(name="Sole", amount=28000, quantity=Decimal(2), note=f"for {person.name}")
        check = Check(
            currency="DKK",
            opened_at=EVENING,
            closed_at=EVENING + timedelta(hours=2),
            guest_id=f"t{number}",
            guest=person,
            label=f"T12 {person.name}",
            note=f"{person.name} pays",
            lines=(cover,),
        )
        payment = Payment(amount=28000, tip=2000, card=f"card-of-{person.name}", external_id=f"p{number}")
        return [
            GuestSeen(f"t{number}", self.numbers(), person),
            CheckSeen(f"c{number}", self.numbers(), "main", check),
            PaymentSeen(f"p{number}", self.numbers(), f"c{number}", payment, f"t{number}"),
        ]

    async def guest_of(self, connection_id: int, external_id: str) -> int | None:
        async with self.pool.connection() as db:
            cursor = await db.execute(
                "select guest_id from source_guest where connection_id = %s and external_id = %s",
                [connection_id, external_id],
            )
            row = await cursor.fetchone()
        return row["guest_id"] if row else None

    async def everywhere(self, guest_id: int) -> None:
        """Write of the guest wherever that is not a part of arriving: the inbox, quarantine, outbox, what is unsure."""
        async with self.pool.connection() as db:
            await self._came_in(db)
            await self._goes_out(db, guest_id)

    async def _came_in(self, db: Db) -> None:
        await db.execute("select make_day(current_date)")
        keep = keeper(self.book, registry.connector("resos"), bytes, open_key(self.home))
        body = msgspec.json.encode({"_id": "r7", "guest": {"name": NAME, "email": EMAIL, "phone": PHONE}})
        read = Understood(body=Raw(body), resource="bookings", changes=self.booked(), records=[("guest", "b7")])
        odd = Understood(body=Raw(body + b" "), resource="bookings", error=Quarantine("Of {who}", who=EMAIL))
        await keep(db, "poll", "bookings", [read, odd])
        await db.execute(
            "with e as (insert into inbox_event (day, connection_id, connector, via, key, body) "
            "values (current_date, %s, 'square', 'webhook', 'later', %s) returning id, day) "
            "insert into inbox_work (event_id, day, connection_id, next_try_at) "
            "select id, day, %s, now() + interval '1 hour' from e",
            [self.till, msgspec.json.encode({"email_address": EMAIL, "note": NAME}), self.till],
        )
        await db.execute(
            "insert into unsure_guest (connection_id, external_id, held) values (%s, 'b7', %s)",
            [self.book, msgspec.json.encode(PERSON).decode()],
        )

    async def _goes_out(self, db: Db, guest_id: int) -> None:
        await mark(db, self.till, "guest", [guest_id])
        cursor = await db.execute("select id from reservation where external_id = 'r7'")
        booking = await cursor.fetchone()
        assert booking
        await mark(db, self.till, "party", [booking["id"]])
        await db.execute(
            "update outbox_target set written = jsonb_build_object('name', %s::text) "
            "where (kind, subject_id) in (('guest', %s), ('party', %s))",
            [NAME, guest_id, booking["id"]],
        )
