"""A change in words: what it is of, and what it says of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from servery.language.notation import Notation
from servery.language.words import Words
from servery.model.changes import Change, CheckSeen, GuestSeen, MenuSeen, PaymentSeen, Removed, ReservationSeen
from servery.model.order import add_up
from servery.model.viewer import Viewer

Facts = list[tuple[str, str]]


class Telling:
    """Says changes in one language to one viewer, who may not see all of them."""

    def __init__(self, spoken: Words, notation: Notation, viewer: Viewer) -> None:
        self._words = spoken
        self._n = notation
        self._viewer = viewer

    def kind(self, name: str) -> str:
        """The name of a kind of record."""
        _ = self._words.gettext
        names = {
            "guest": _("Guest"), "reservation": _("Booking"), "check": _("Check"), "payment": _("Payment"),
            "menu": _("Menu"), "tables": _("Table plan"),
        }  # fmt: skip
        return names.get(name, name)

    def change(self, change: Change) -> tuple[str, Facts]:
        """What a change is of, and its facts by label; those that say nothing are left out."""
        tellers: dict[type, Callable[[Any], tuple[str, Facts]]] = {
            GuestSeen: self._guest,
            ReservationSeen: self._booking,
            CheckSeen: self._check,
            PaymentSeen: self._payment,
            Removed: self._removed,
        }
        kind, facts = tellers.get(type(change), self._whole)(change)
        return kind, [(label, value) for label, value in facts if value]

    def _money(self, amount: int | None, currency: str) -> str:
        return self._n.money(amount, currency) if amount is not None and self._viewer.may("see_money") else ""

    def _guest(self, change: GuestSeen) -> tuple[str, Facts]:
        _, seen = self._words.gettext, change.guest
        contact = self._viewer.may("see_contact")
        return self.kind("guest"), [
            (_("Name"), seen.name or ""),
            (_("E-mail"), (seen.email or "") if contact else ""),
            (_("Phone"), (seen.phone or "") if contact else ""),
            (_("At its source"), change.external_id),
        ]

    def _booking(self, change: ReservationSeen) -> tuple[str, Facts]:
        _, booked = self._words.gettext, change.reservation
        return self.kind("reservation"), [
            (_("Time"), self._n.moment(booked.starts_at)),
            (_("Covers"), str(booked.party_size)),
            (_("State"), booked.status),
            (_("Table"), " + ".join(booked.tables)),
            (_("Guest"), booked.guest_id or ""),
            (_("At its source"), change.external_id),
        ]

    def _check(self, change: CheckSeen) -> tuple[str, Facts]:
        _, check = self._words.gettext, change.check
        return self.kind("check"), [
            (_("Number"), check.number or ""),
            (_("State"), check.status),
            (_("Opened"), self._n.moment(check.opened_at)),
            (_("Closed"), self._n.moment(check.closed_at) if check.closed_at else ""),
            (_("Table"), check.table or ""),
            (_("Covers"), str(check.covers or "")),
            (_("Lines"), str(len(check.lines))),
            (_("Total"), self._money(add_up(check).total, check.currency)),
            (_("Guest"), check.guest_id or ""),
            (_("At its source"), change.external_id),
        ]

    def _payment(self, change: PaymentSeen) -> tuple[str, Facts]:
        _ = self._words.gettext
        return self.kind("payment"), [
            (_("Check"), change.check_id),
            (_("Paid with"), change.payment.tender),
            (_("Guest"), change.guest_id or ""),
            (_("At its source"), change.external_id),
        ]

    def _removed(self, change: Removed) -> tuple[str, Facts]:
        _ = self._words.gettext
        return self.kind(change.kind), [
            (_("State"), _("merged into another") if change.merged_into else _("gone at its source")),
            (_("Merged into"), change.merged_into or ""),
            (_("At its source"), change.external_id),
        ]

    def _whole(self, change: Any) -> tuple[str, Facts]:
        _ = self._words.gettext
        if isinstance(change, MenuSeen):
            return self.kind("menu"), [(_("At its source"), change.external_id)]
        return self.kind("tables"), [(_("Tables"), str(len(change.tables))), (_("At its source"), change.external_id)]
