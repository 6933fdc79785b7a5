"""Writing to Odoo: a guest as a partner, a party as an open order on its table.

Our id is the order's `uuid`, and the `ref` of a partner that we made, so that what a lost answer left behind is found
before anything is written again. Version 17 has no `uuid` on orders: there our id becomes the receipt's number.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct

from servery.connectors.contract import Account, Sent, Session, Target
from servery.connectors.odoo import bundles, guest, party, words
from servery.connectors.odoo import tables as naming
from servery.connectors.odoo.rpc import Odoo, Row
from servery.connectors.spoken import language
from servery.errors import LookUpFirst, NeedsPerson, NotYet, Refuse, Retry
from servery.model.commands import Command, Field, GuestCard, PartyCard
from servery.model.reservation import NEVER_CAME
from servery.model.venue import table_key

_REF = "servery:"
_AHEAD = 120
_TOO_LATE = timedelta(hours=12)
_UNTIL_OPEN = 120.0
_NOT_CERTAIN = ("requested", "waitlist", "finished")


async def send(session: Session, account: Account, command: Command, target: Target) -> Sent:
    """Bring a partner, or the open order of a party, to this state."""
    match command:
        case GuestCard():
            return await _Guest(session, account, command, target).send()
        case PartyCard():
            return await _Party(session, account, command, target).send()
    raise Refuse("Odoo is not told of visits: it knows them from its own tills.")


async def look_up(session: Session, account: Account, command: Command, target: Target) -> Sent | None:
    """What stands there under our id, where it says what was sent."""
    match command:
        case GuestCard():
            return await _Guest(session, account, command, target).look_up()
        case PartyCard():
            return await _Party(session, account, command, target).look_up()
    return None


async def clear(session: Session, account: Account, command: Command, target: Target) -> None:
    """Delete what a test made: a contact of ours, or an order on which nothing stands."""
    match command:
        case GuestCard():
            await _Guest(session, account, command, target).clear()
        case PartyCard():
            await _Party(session, account, command, target).clear()


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class _Guest:
    """One guest on the way to their partner."""

    def __init__(self, session: Session, account: Account, card: GuestCard, target: Target) -> None:
        self._odoo = Odoo(session)
        self._card, self._target = card, target
        self._ref = _REF + target.our_id
        self._wanted = guest.wanted(card, words.of_guest(card, language(session, account)))

    async def send(self) -> Sent:
        found = await self._find()
        there = await self._odoo.fields("res.partner")
        if found is None:
            return await self._make(there)
        if not found.get("active", True):
            return Sent(external_id=str(found["id"]), skipped=self._told())
        tags = await self._tags(make=True)
        values = guest.changes(found, self._wanted, self._target.before, tags, there)
        if values:
            await self._odoo.write("res.partner", [found["id"]], values)
        given = guest.given_tags(found, self._wanted, self._target.before, tags)
        return self._sent(found["id"], found | values, given)

    async def look_up(self) -> Sent | None:
        found = await self._find()
        if found is None or not found.get("active", True):
            return None
        there = await self._odoo.fields("res.partner")
        tags = await self._tags(make=False)
        if not {each.casefold() for each in guest.all_tags(self._wanted)} <= tags.keys():
            return None
        undone = guest.changes(found, self._wanted, self._target.before, tags, there)
        if undone:
            return None
        # A partner under our reference has all its tags from us; on another nobody can tell any more who gave which.
        made = found.get("ref") == self._ref and not self._target.before
        bare = found | {"category_id": []} if made else found
        return self._sent(found["id"], found, guest.given_tags(bare, self._wanted, self._target.before, tags))

    async def clear(self) -> None:
        found = await self._find()
        if found is None or found.get("ref") != self._ref:
            return
        try:
            await self._odoo.call("res.partner", "unlink", [found["id"]], writes=True)
        except Refuse:
            # Something in Odoo holds on to it.
            await self._odoo.write("res.partner", [found["id"]], {"active": False})

    async def _find(self) -> Row | None:
        """The partner that is known, or that an earlier attempt made under our reference."""
        if self._target.external_id:
            return next(iter(await self._odoo.by_id("res.partner", [int(self._target.external_id)])), None)
        domain = [["ref", "=", self._ref], ["active", "in", [True, False]]]
        return next(iter(await self._odoo.search_read("res.partner", domain, limit=1)), None)

    async def _make(self, there: frozenset[str]) -> Sent:
        name = self._wanted.name or self._wanted.email or self._wanted.phone
        if self._target.external_id or not name:
            # Staff deleted it, or merged it into another that will be read; without a name there is nobody to make.
            return Sent(external_id=None, skipped=self._told())
        tags = await self._tags(make=True)
        values = guest.first(self._wanted, name, tags, there)
        (made,) = await self._odoo.create("res.partner", values | {"ref": self._ref})
        return self._sent(made, values, guest.given_tags({}, self._wanted, {}, tags))

    async def _tags(self, *, make: bool) -> dict[str, int]:
        """The ids of the tags concerned by their names in small letters; those that are missing are made."""
        # Odoo lets two tags have one name: two guests at once must not both make it.
        async with self._odoo.known.tags:
            rows = await self._odoo.search_read("res.partner.category", [])
            known = {str(row["name"]).casefold(): int(row["id"]) for row in rows}
            wanted = {each.casefold(): each for each in guest.all_tags(self._wanted)} if make else {}
            missing = {key: name for key, name in wanted.items() if key not in known}
            if missing:
                named = [{"name": name} for name in missing.values()]
                known |= zip(missing, await self._odoo.create("res.partner.category", *named), strict=True)
        return known

    def _sent(self, number: int, partner: Row, given: frozenset[str]) -> Sent:
        return Sent(external_id=str(number), written=guest.written(self._wanted, partner, given))

    def _told(self) -> tuple[Field, ...]:
        return tuple(sorted(self._target.fields))


class _Spot(Struct, frozen=True):
    """Where a party is to sit in Odoo: the table's id, and whether the booking's own cannot be had there."""

    table: int | None
    unknown: bool


class _Party:
    """One party on the way to its order."""

    def __init__(self, session: Session, account: Account, card: PartyCard, target: Target) -> None:
        self._odoo = Odoo(session)
        self._card, self._target = card, target
        self._zone = next((each.time_zone for each in account.locations if each.external_id == card.location), None)
        self._language = language(session, account)
        self._ahead = _minutes(session.settings.get("order_ahead"))

    async def send(self) -> Sent:
        order = await self._find()
        status = self._card.status
        if status in NEVER_CAME or status in _NOT_CERTAIN:
            return await self._withdraw(order)
        if order is None:
            return await self._make()
        if order["state"] not in ("draft", "cancel") or (order["state"] == "cancel" and not party.is_empty(order)):
            # Paid already: Odoo would take a change without a word and leave the order as it is.
            return Sent(external_id=str(order["id"]), written=self._target.before, skipped=self._told())
        return await self._change(order)

    async def look_up(self) -> Sent | None:
        order = await self._find()
        if order is None or order["state"] != "draft":
            return None
        spot = await self._spot()
        wanted = await self._wanted(spot)
        values, left = party.changes(order, wanted, self._target.before, await self._odoo.fields("pos.order"))
        return None if values else self._sent(order["id"], wanted, self._skipped(spot, left))

    async def clear(self) -> None:
        order = await self._find()
        if order is not None and order["state"] in ("draft", "cancel") and party.is_empty(order):
            await self._withdraw(order)
            await self._odoo.call("pos.order", "unlink", [order["id"]], writes=True)

    async def _find(self) -> Row | None:
        if self._target.external_id:
            return next(iter(await self._odoo.by_id("pos.order", [int(self._target.external_id)])), None)
        key, value = await self._key()
        return next(iter(await self._odoo.search_read("pos.order", [[key, "=", value]], limit=1)), None)

    async def _key(self) -> tuple[str, str]:
        if "uuid" in await self._odoo.fields("pos.order"):
            return "uuid", self._target.our_id
        return "pos_reference", receipt_number(self._target.our_id)

    async def _withdraw(self, order: Row | None) -> Sent:
        """Take the order back where nobody ordered on it: open orders keep a till from closing. Else it is staff's."""
        if order is None:
            return Sent(external_id=None)
        if order["state"] == "draft" and party.is_empty(order):
            await self._odoo.write("pos.order", [order["id"]], {"state": "cancel"})
            await self._tell_tills(order["config_id"][0])
            return Sent(external_id=str(order["id"]))
        return Sent(external_id=str(order["id"]), written=self._target.before)

    async def _make(self) -> Sent:
        card = self._card
        if self._target.external_id or now() - card.starts_at > _TOO_LATE:
            # Staff deleted the order, or the party is long past.
            return Sent(external_id=None, skipped=self._told())
        if card.status in ("booked", "confirmed"):
            self._wait_until_near()
        spot = await self._spot()
        config = int(card.location)
        session_id = await self._open_session(config)
        if spot.table and not await self._is_free(spot.table):
            # Two open orders on one table are one too many: tills put what is ordered there on the newer one.
            spot = _Spot(None, unknown=True)
        there = await self._odoo.fields("pos.order")
        if spot.table is None and "floating_order_name" not in there:
            return Sent(external_id=None, skipped=("table",))
        wanted = await self._wanted(spot)
        key, value = await self._key()
        (made,) = await self._odoo.create(
            "pos.order",
            {
                key: value,
                "session_id": session_id,
                "state": "draft",
                "date_order": card.starts_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
                "amount_total": 0,
                "amount_tax": 0,
                "amount_paid": 0,
                "amount_return": 0,
                **party.first(wanted, there),
            },
        )
        await self._tell_tills(config)
        return self._sent(made, wanted, self._skipped(spot, ()))

    async def _change(self, order: Row) -> Sent:
        spot = await self._spot()
        present = bundles.link_id(order.get("table_id"))
        if spot.table and spot.table != present and not await self._is_free(spot.table):
            spot = _Spot(None, unknown=True)
        wanted = await self._wanted(spot)
        there = await self._odoo.fields("pos.order")
        values, left = party.changes(order, wanted, self._target.before, there)
        if order["state"] == "cancel":
            values["state"] = "draft"
        if values:
            await self._odoo.write("pos.order", [order["id"]], values)
            await self._tell_tills(order["config_id"][0])
        return self._sent(order["id"], wanted, self._skipped(spot, left))

    def _wait_until_near(self) -> None:
        """An order makes its table look taken, so it is made a while before the party comes and not all day long."""
        wait = (self._card.starts_at - now() - timedelta(minutes=self._ahead)).total_seconds()
        if wait > 0:
            raise NotYet(
                "The order is put on its table {minutes} minutes before the party comes.",
                code="odoo-not-yet", retry_after=wait, minutes=self._ahead,
            )  # fmt: skip

    async def _open_session(self, config: int) -> int:
        domain = [["config_id", "=", config], ["state", "=", "opened"]]
        rows = await self._odoo.search_read("pos.session", domain, order="id desc", limit=1)
        if not rows:
            raise NotYet(
                "The till is closed in Odoo: orders follow when its session is opened.",
                code="odoo-closed", retry_after=_UNTIL_OPEN,
            )  # fmt: skip
        return int(rows[0]["id"])

    async def _spot(self) -> _Spot:
        """The first of the booking's tables that Odoo has at this point of sale."""
        if not self._card.tables:
            return _Spot(None, unknown=False)
        rows = await bundles.floor_tables(self._odoo, self._card.location)
        by_key = {table_key(name): number for number, name in naming.names(naming.read(rows)).items()}
        found = [by_key[table_key(each)] for each in self._card.tables if table_key(each) in by_key]
        return _Spot(found[0] if found else None, unknown=not found)

    async def _is_free(self, table: int) -> bool:
        domain = [["table_id", "=", table], ["state", "=", "draft"]]
        return not await self._odoo.search_read("pos.order", domain, limit=1)

    async def _wanted(self, spot: _Spot) -> party.Wanted:
        card = self._card
        note = words.of_party(card, self._language, self._zone)
        label = card.guest.name if card.guest else None
        return party.Wanted(
            partner=await self._partner(),
            covers=card.party_size,
            table=spot.table,
            note=note,
            label=label or (note[0] if note else None),
        )

    async def _partner(self) -> int | None:
        if not self._card.guest_external_id:
            return None
        rows = await self._odoo.by_id("res.partner", [int(self._card.guest_external_id)])
        return int(rows[0]["id"]) if rows and rows[0].get("active", True) else None

    async def _tell_tills(self, config: int) -> None:
        """Have open tills show the change at once; version 17 shows it when the table is opened."""
        there = await self._odoo.fields("pos.order")
        if "floating_order_name" in there:
            told: dict[str, Any] = {"session_id": 0, _DEVICE["internal_note" in there]: 0}
            try:
                await self._odoo.call("pos.config", "notify_synchronisation", [config], writes=True, **told)
            except Retry as error:
                raise LookUpFirst("The order is in Odoo, but its tills were not told.") from error

    def _skipped(self, spot: _Spot, left: Iterable[Field]) -> tuple[Field, ...]:
        found: tuple[Field, ...] = ("table",) if spot.unknown else ()
        return tuple(dict.fromkeys((*found, *left)))

    def _sent(self, order: int, wanted: party.Wanted, skipped: tuple[Field, ...]) -> Sent:
        return Sent(external_id=str(order), written=party.written(wanted), skipped=skipped)

    def _told(self) -> tuple[Field, ...]:
        return tuple(sorted(self._target.fields))


_DEVICE = {False: "login_number", True: "device_identifier"}
"""By which name version 18 and those after it call the till that made a change."""


def _minutes(setting: str | None) -> int:
    text = (setting or "").strip() or str(_AHEAD)
    if not (text.isascii() and text.isdigit()):
        raise NeedsPerson("This is no number of minutes.", field="order_ahead", mend="Enter digits only, such as 120.")
    return int(text)


def receipt_number(our_id: str) -> str:
    """A receipt's number as tills of version 17 make and read them, fourteen signs of digits and dashes, from our id.

    No till comes to the 90,000th session, by which these begin.
    """
    number = UUID(our_id).int
    return f"Order 9{number % 10_000:04}-{number // 10_000 % 1000:03}-{number // 10_000_000 % 10_000:04}"
