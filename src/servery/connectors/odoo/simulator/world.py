"""The stage as Odoo's records: the company, its till, floor, menu and guests; `sales` adds the checks."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from servery.connectors.odoo.guest import VIP
from servery.connectors.odoo.simulator.database import Database
from servery.connectors.odoo.simulator.menu import Menus
from servery.model.guest import SourceGuest
from servery.model.money import decimals
from servery.model.order import Tender
from servery.testing.stage import Stage, Staged

BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
"""When the venue set Odoo up."""
_METHODS: dict[Tender, tuple[str, str]] = {
    "cash": ("Cash", "cash"), "card": ("Card", "bank"), "house_account": ("Customer Account", "pay_later"),
}  # fmt: skip


class World:
    """What a stage amounts to in a database, brought up to date whenever it is asked of."""

    def __init__(self, database: Database, stage: Stage, *, login: str, session_open: bool) -> None:
        self.database, self.stage = database, stage
        self._seen: dict[str, Staged[SourceGuest]] = {}
        self._ids: dict[tuple[str, str], int] = {}
        currency = database.insert(
            "res.currency",
            {"name": stage.venue.currency, "decimal_places": decimals(stage.venue.currency)},
            BEGAN,
        )
        self._country = database.insert("res.country", {"name": stage.country, "code": stage.country}, BEGAN)
        self.company = self._company(currency)
        self.user = self._user(login)
        self.floors: dict[str, int] = {}
        self.tables: dict[str, int] = {}
        self.methods = {tender: self._method(name, type_) for tender, (name, type_) in _METHODS.items()}
        self.menu = Menus(database, stage)
        self.config = self._config(currency)
        self.session = self.open_session() if session_open else 0
        self._lay_tables()

    def _company(self, currency: int) -> int:
        stage = self.stage
        partner = self._insert("res.partner", name=stage.venue.name, is_company=True, tz=stage.venue.time_zone)
        return self._insert("res.company", name=stage.venue.name, partner_id=partner, currency_id=currency)

    def _user(self, login: str) -> int:
        partner = self._insert("res.partner", name="Servery", partner_share=False)
        return self._insert("res.users", name="Servery", login=login, partner_id=partner)

    def _insert(self, model: str, **values: Any) -> int:
        return self.database.insert(model, values, BEGAN)

    def _method(self, name: str, type_: str) -> int:
        return self._insert("pos.payment.method", name=name, type=type_, is_cash_count=type_ == "cash")

    def _config(self, currency: int) -> int:
        return self._insert(
            "pos.config",
            name=self.stage.venue.name,
            module_pos_restaurant=True,
            company_id=self.company,
            currency_id=currency,
            payment_method_ids=tuple(self.methods.values()),
            tip_product_id=self.menu.tip,
            discount_product_id=self.menu.discount,
        )

    def open_session(self) -> int:
        """Open the till: only then may orders be made."""
        return self._insert("pos.session", name="POS/00001", config_id=self.config, state="opened")

    def _lay_tables(self) -> None:
        """Tables by the names the venue gives them; since version 18 Odoo has room for a number only."""
        taken = {int(each.name) for each in self.stage.venue.tables if each.name.isascii() and each.name.isdigit()}
        for place, table in enumerate(self.stage.venue.tables):
            area = table.area or "Main Floor"
            if area not in self.floors:
                self.floors[area] = self._insert("restaurant.floor", name=area, pos_config_ids=(self.config,))
            number = int(table.name) if table.name.isascii() and table.name.isdigit() else 900 + place
            while number in taken and not table.name.isdigit():
                number += 1
            self.tables[table.name] = self._insert(
                "restaurant.table", name=table.name, table_number=number, seats=table.seats or 1,
                floor_id=self.floors[area], shape="square",
            )  # fmt: skip
        self.database.update("pos.config", self.config, {"floor_ids": tuple(self.floors.values())}, BEGAN)

    def id_of(self, model: str, key: str, values: Mapping[str, Any], at: datetime, created: datetime) -> int:
        """The record that stands for something on the stage, made or brought up to date."""
        number = self._ids.get((model, key))
        if number is None:
            number = self._ids[model, key] = self.database.insert(model, {**values, "create_date": created}, at)
        elif self.database.row(model, number):
            self.database.update(model, number, values, at)
        return number

    def known(self, model: str, key: str) -> int:
        """The record's id, or 0 where nothing on the stage became one."""
        return self._ids.get((model, key), 0)

    def dropped(self, model: str, key: str) -> None:
        """Take away what no longer is."""
        number = self._ids.pop((model, key), 0)
        if self.database.row(model, number):
            self.database.delete(model, number)

    def refresh_guests(self) -> None:
        """Bring partners up to date with the stage; one that was deleted there is archived."""
        for staged in self.stage.guests:
            if self._seen.get(staged.external_id) is not staged:
                self._seen[staged.external_id] = staged
                created = staged.record.created_at or staged.created_at
                self.id_of("res.partner", staged.external_id, self._partner(staged), staged.modified_at, created)

    def _partner(self, staged: Staged[SourceGuest]) -> dict[str, Any]:
        guest = staged.record
        tags = (*guest.tags, *((VIP,) if guest.vip else ()))
        return {
            "name": guest.name or guest.company or guest.email or "?",
            "email": guest.email or False,
            "phone": guest.phone or False,
            "zip": guest.postcode or False,
            "city": guest.city or False,
            "country_id": self._country if guest.country == self.stage.country else False,
            "is_company": bool(guest.company and guest.company == guest.name),
            "company_name": (guest.company if guest.company != guest.name else None) or False,
            "lang": f"{guest.language}_{guest.language.upper()}" if guest.language else False,
            "comment": "".join(f"<p>{note.text}</p>" for note in guest.notes) or False,
            "category_id": tuple(self._tag(each) for each in tags),
            "is_blacklisted": guest.marketing == "denied",
            "active": not staged.deleted,
            "partner_share": True,
        }

    def _tag(self, name: str) -> int:
        return self.id_of("res.partner.category", name, {"name": name}, BEGAN, BEGAN)
