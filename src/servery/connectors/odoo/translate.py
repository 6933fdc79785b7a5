"""Odoo's records as universal changes. The only place, with the modules it calls, that knows Odoo's quirks."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from msgspec import Raw

from servery.connectors.odoo import comment, tables, wire, wire_menu
from servery.connectors.odoo.guest import VIP
from servery.connectors.odoo.translate_menu import menus_of
from servery.connectors.odoo.translate_order import check_of
from servery.connectors.odoo.wire import instant, named, text
from servery.errors import Quarantine
from servery.model.changes import Change, GuestSeen, Removed, TablesSeen, revision_at
from servery.model.guest import Note, SourceGuest
from servery.model.venue import Table

Record = TypeVar("Record")


def translate(resource: str, record: Raw) -> Sequence[Change]:
    """The changes that one record of `tables`, `products`, `partners` or `orders` stands for."""
    try:
        return _TRANSLATORS[resource](record)
    except msgspec.DecodeError as error:
        # The decoder names the place and the expected kind, never the value.
        raise Quarantine(
            "Odoo's record of {resource} is not as Odoo gives it: {reason}.", resource=resource, reason=str(error)
        ) from error
    except (ValueError, ArithmeticError, LookupError, RecursionError) as error:
        # The name of the error alone: its text may quote the record.
        raise Quarantine(
            "Odoo's record of {resource} holds what cannot be ({kind}).", resource=resource, kind=type(error).__name__
        ) from error


def _read(record: Raw, kind: type[Record]) -> Record:
    return msgspec.json.decode(record, type=kind)


def _orders(record: Raw) -> Sequence[Change]:
    return check_of(_read(record, wire.OrderBundle))


def _products(record: Raw) -> Sequence[Change]:
    return menus_of(_read(record, wire_menu.MenuBundle))


def _tables(record: Raw) -> Sequence[Change]:
    bundle = _read(record, wire.TablesBundle)
    called = tables.names(bundle.tables)
    shown = tuple(
        Table(called[each.id], each.seats or None, named(each.floor_id), str(each.id))
        for each in bundle.tables
        if each.id in called
    )
    return [TablesSeen(bundle.location, 0, bundle.location, shown)]


def _partners(record: Raw) -> Sequence[Change]:
    bundle = _read(record, wire.PartnerBundle)
    partner = bundle.partner
    revision = revision_at(instant(partner.write_date) or partner.write_date)
    if not partner.active:
        return [Removed(str(partner.id), revision, "guest")]
    return [GuestSeen(str(partner.id), revision, guest_of(bundle))]


def guest_of(bundle: wire.PartnerBundle) -> SourceGuest:
    """The guest that a partner is: a company goes by its own name, a person may belong to one."""
    partner = bundle.partner
    name = text(partner.name)
    staffs = comment.theirs(text(partner.comment))
    return SourceGuest(
        name=name,
        email=text(partner.email),
        phone=text(partner.phone) or text(partner.mobile),
        country=bundle.country,
        postcode=text(partner.zip),
        city=text(partner.city),
        company=name if partner.is_company else named(partner.parent_id) or text(partner.company_name),
        language=(text(partner.lang) or "").partition("_")[0] or None,
        tags=tuple(each for each in bundle.tags if each.casefold() != VIP.casefold()),
        notes=(Note(staffs),) if staffs else (),
        vip=True if any(each.casefold() == VIP.casefold() for each in bundle.tags) else None,
        # Not being on the list of those who want no mail is no consent.
        marketing="denied" if partner.is_blacklisted else "unknown",
        created_at=instant(partner.create_date),
    )


_TRANSLATORS: dict[str, Callable[[Raw], Sequence[Change]]] = {
    "tables": _tables,
    "products": _products,
    "partners": _partners,
    "orders": _orders,
}
