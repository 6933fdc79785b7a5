"""Two systems that keep guests, as they are and no more: what each holds, tells and is written."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from servery.app.arrive import arrive
from servery.app.compose import Composed, compose
from servery.app.known_again import settle
from servery.connectors import registry
from servery.connectors.contract import Capability, Manifest, Outgoing, Sent
from servery.model.changes import Change, GuestSeen
from servery.model.commands import GuestCard, PartyCard, VisitReport
from servery.model.guest import SourceGuest
from servery.model.venue import Venue
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool
from servery.sync import connections
from servery.sync.fields import ruled
from servery.venues.rows import add_venue

_PERSON = ("name", "contact", "vip", "tags", "allergies", "preferences", "notes")
_TELLS = ("figures", "usual", "party_size", "table", "requests", "occasion", "visit_notes", "spend", "items", "covers")
MANIFESTS = {
    name: Manifest(
        name=name,
        title=name.title(),
        kind=kind,  # type: ignore[arg-type]
        quality="bronze",
        evidence="inferred",
        capabilities=tuple(Capability(field, "both") for field in (*_PERSON, *_TELLS)),
        outgoing=tuple(Outgoing(kind=each, safe="look_up") for each in outgoing),  # type: ignore[arg-type]
    )
    for name, kind, outgoing in (("till", "pos", ("guest", "party")), ("book", "reservations", ("guest", "visit")))
}


def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let both be connectors of the house."""
    monkeypatch.setattr(registry, "packages", lambda: MANIFESTS)
    monkeypatch.setattr(registry, "manifest", MANIFESTS.__getitem__)


class System:
    """One system: its people by id, each with the number of their state."""

    def __init__(self, pool: Pool, connection_id: int) -> None:
        self.pool, self.id = pool, connection_id
        self.people: dict[str, tuple[int, SourceGuest]] = {}
        self.parties: dict[str, PartyCard] = {}
        self.visits: dict[str, VisitReport] = {}
        self.sends = 0

    def says(self, external_id: str, **facts: Any) -> None:
        """Staff there enter something."""
        revision, before = self.people.get(external_id, (0, SourceGuest()))
        self.people[external_id] = (revision + 1, msgspec.structs.replace(before, **facts))

    async def tells(self, *changes: Change) -> None:
        """All that stands there arrives, and what else is given."""
        people = [GuestSeen(one, revision, guest) for one, (revision, guest) in self.people.items()]
        async with self.pool.connection() as db:
            await arrive(db, self.id, await connections.places(db, self.id), [*people, *changes])

    async def takes(self, between: Callable[[], Any] | None = None) -> int:
        """What is due there is written, as the sender does it, and then `between` runs; tells how many were."""
        written = 0
        for claim in await self._claim():
            async with self.pool.connection() as db:
                wanted = await self._composed(db, claim)
            sent = self._written(wanted, claim) if wanted else None
            if sent is not None and between is not None:
                await between()
            async with self.pool.connection() as db:
                await _kept(db, claim, wanted, sent)
            written += sent is not None
        self.sends += written
        return written

    async def _claim(self) -> list[dict[str, Any]]:
        async with self.pool.connection() as db:
            cursor = await db.execute(
                "update outbox_target set tried_version = version where connection_id = %s and state = 'due' "
                "returning id, kind, subject_id, external_id, written, sent_digest",
                [self.id],
            )
            return await cursor.fetchall()

    async def _composed(self, db: Db, claim: dict[str, Any]) -> Composed | None:
        [one] = await ruled(db, [self.id])
        composed = await compose(db, one.connection, claim["kind"], [claim["subject_id"]])
        wanted = composed[claim["subject_id"]]
        return None if wanted and _digest(wanted) == claim["sent_digest"] else wanted

    def _written(self, wanted: Composed, claim: dict[str, Any]) -> Sent:
        command = wanted[0]
        if isinstance(command, GuestCard):
            return self._person(command, claim)
        if isinstance(command, PartyCard):
            external_id = claim["external_id"] or f"order-{command.reservation_id}"
            self.parties[external_id] = command
            return Sent(external_id=external_id, written={"party_size": command.party_size})
        assert isinstance(command, VisitReport)
        self.visits[command.reservation] = command
        return Sent(external_id=command.reservation, written={"visit_notes": f"Spent {command.spend}"})

    def _person(self, card: GuestCard, claim: dict[str, Any]) -> Sent:
        """Every list is merged with what stands there: what we wrote before goes, what staff wrote stays."""
        external_id = claim["external_id"] or f"made-{card.guest_id}"
        _, there = self.people.get(external_id, (0, SourceGuest()))
        before = claim["written"]
        facts: dict[str, Any] = {
            "name": card.name or there.name, "email": card.email or there.email, "phone": card.phone or there.phone,
        }  # fmt: skip
        written: dict[str, Any] = {name: getattr(card, name) for name in ("name", "email", "phone")}
        for name, now in (("tags", card.tags), ("allergies", card.allergies), ("preferences", card.preferences)):
            own = [one for one in getattr(there, name) if one not in before.get(name, ())]
            facts[name] = tuple(dict.fromkeys((*own, *now)))
            written[name] = [one for one in now if one not in own]
        remarks = [one for one in there.notes if one.text not in before.get("notes", ())]
        facts["notes"] = tuple(dict.fromkeys((*remarks, *card.notes)))
        written["notes"] = [one.text for one in card.notes if one not in remarks]
        self.says(external_id, **facts)
        return Sent(external_id=external_id, written={name: value for name, value in written.items() if value})


def _digest(wanted: Composed) -> bytes:
    return msgspec.json.encode((wanted[0], sorted(wanted[1])))


async def _kept(db: Db, claim: dict[str, Any], wanted: Composed | None, sent: Sent | None) -> None:
    await db.execute(
        "update outbox_target set state = 'rests', tried_version = null, external_id = coalesce(%s, external_id), "
        "written = coalesce(%s::jsonb, written), sent_digest = coalesce(%s, sent_digest) where id = %s",
        [
            sent.external_id if sent else None,
            msgspec.json.encode(sent.written).decode() if sent else None,
            _digest(wanted) if wanted and sent else None,
            claim["id"],
        ],
    )


class House:
    """A venue with a till and a book."""

    def __init__(self, pool: Pool, till: System, book: System) -> None:
        self.pool, self.till, self.book = pool, till, book

    async def rounds(self, most: int = 8) -> int:
        """Let everything arrive and leave until nothing is written any more; tells how many rounds wrote something."""
        for number in range(most):
            for one in (self.till, self.book):
                await one.tells()
            await self.clear()
            if not await self.till.takes() + await self.book.takes():
                return number
        raise AssertionError(f"still writing after {most} rounds")

    async def clear(self) -> None:
        async with self.pool.connection() as db:
            await settle(db, "da_DK", [self.till.id, self.book.id])

    async def golden(self) -> list[dict[str, Any]]:
        async with self.pool.connection() as db:
            cursor = await db.execute("select golden from guest where merged_into is null order by id")
            return [row["golden"] for row in await cursor.fetchall()]

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as db:
            return [tuple(row.values()) for row in await (await db.execute(query)).fetchall()]


async def house(pool: Pool) -> House:
    """A new one; the till calls table 7 T-07."""
    async with pool.connection() as db:
        venue_id = await add_venue(db, Venue(name="Nord", time_zone="Europe/Copenhagen", currency="DKK"))
        made = []
        for name in ("till", "book"):
            made.append(await connections.add_connection(db, name, name, {}, None))
            await connections.link_location(db, made[-1], f"{name}-nord", venue_id)
        await db.execute(
            "insert into venue_table (venue_id, connection_id, revision, position, name, table_key) "
            "values (%s, %s, 1, 0, 'T-07', 't-07')",
            [venue_id, made[0]],
        )
        await db.execute(
            "insert into table_pair (connection_id, venue_id, their_key, their_name, table_key) "
            "values (%s, %s, 't-07', 'T-07', '7')",
            [made[0], venue_id],
        )
    return House(pool, System(pool, made[0]), System(pool, made[1]))
