"""What of the invented restaurant's guests is to be mended, how complete they are, and what grew old."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from servery.errors import Invalid, NotFound
from servery.guests.hygiene import ageing
from servery.guests.hygiene.ageing import KINDS, SUGGESTED, Kind, Old, Preview, Rule, Run
from servery.guests.hygiene.completeness import Completeness
from servery.guests.hygiene.faults import Fault
from servery.guests.hygiene.mending import Item, Listed, MendList
from servery.guests.hygiene.overview import Aged, Overview
from servery.model.viewer import Viewer

NOW = datetime(2026, 11, 22, 4, 10, tzinfo=UTC)
MONTH = date(2026, 11, 1)
VENUES = {1: "Havnen", 2: "Bakken"}
COUNTS: dict[Fault, int] = {
    "email_slip": 14, "email_dead": 3, "phone_unreadable": 41, "name_nobody": 9, "birthday_odd": 2, "maybe_same": 6,
    "shared_phone": 22, "no_contact": 1380,
}  # fmt: skip


def mend_list(number: int, venue_id: int | None, **more: object) -> MendList:
    left = COUNTS | {"email_dead": 0, "email_slip": 11, "no_contact": 1000}
    facts = {
        "id": number, "month": MONTH, "venue_id": venue_id, "made_at": NOW, "looked_at": NOW, "guests": 4812,
        "counts": COUNTS, "left": left,
    }  # fmt: skip
    return MendList(**(facts | more))  # type: ignore[arg-type]


def item(guest_id: int, fault: Fault, name: str | None, **more: object) -> Item:
    facts = {"guest_id": guest_id, "fault": fault, "name": name, "email": None, "phone": None, "visits": 4}
    return Item(**(facts | {"mended_at": None} | more))  # type: ignore[arg-type]


ITEMS = (
    item(1, "email_slip", "Anna Lindqvist", email="anna@gmial.com", meant="anna@gmail.com", visits=12),
    item(2, "email_is_phone", "Bo Dahl", email="20 12 34 56"),
    item(3, "phone_unreadable", "Carla de la Cruz", phone="ring til hotellet"),
    item(4, "name_nobody", "Test Test", email="kim@example.com"),
    item(5, "name_missing", None, phone="+4520123450"),
    item(6, "maybe_same", "Dora Müller-Lüdenscheidt", other_id=7),
    item(8, "shared_phone", "דוד כהן", other_id=9, phone="+4520123451"),
    item(10, "no_contact", "Else Holm", visits=1),
    item(11, "email_slip", "Finn Juhl", email="finn@hotmail.com", mended_at=NOW),
)


def complete(venue_id: int | None, guests: int, shift: int, month: date = MONTH) -> Completeness:
    shares = {
        "name": 97, "phone": 81, "email": 63, "birthday": 12, "postcode": 20, "language": 44, "consent": 38,
        "allergies": 7, "preferences": 15,
    }  # fmt: skip
    known = {name: guests * max(0, share - shift) // 100 for name, share in shares.items()}
    return Completeness(month=month, venue_id=venue_id, guests=guests, known=known, reckoned_at=NOW)  # type: ignore[arg-type]


@dataclass
class InventedHygiene:
    """Two venues' lists, one rule of ageing, and a run that can be taken back."""

    empty: bool = False
    done: list[str] = field(default_factory=list)
    asked: list[tuple[int, Fault | None, int, int]] = field(default_factory=list)
    months: dict[Kind, int] = field(default_factory=lambda: {"phone": 36})

    async def shown(self, viewer: Viewer, month: date | None = None) -> Overview:
        if self.empty:
            return Overview()
        october = date(2026, 10, 1)
        lists = [mend_list(1, 1), mend_list(2, 2, counts={}, left={}), mend_list(3, None, guests=911)]
        return Overview(
            lists=[mend_list(4, 1, month=month)] if month else lists,
            months=[MONTH, october],
            completeness=[complete(None, 6120, 0), complete(1, 4812, 2), complete(2, 1530, 7)],
            house=[complete(None, 6120, 0), complete(None, 5980, 3, october)],
            venues=VENUES,
        )

    async def items(
        self, viewer: Viewer, list_id: int, fault: Fault | None = None, limit: int = 50, offset: int = 0
    ) -> Listed:
        self.asked.append((list_id, fault, limit, offset))
        if list_id == 999:
            raise NotFound("There is no list {id}.", id=list_id)
        found = tuple(one for one in ITEMS if fault in (None, one.fault))
        return Listed(mend_list(list_id, 1), "Havnen", () if self.empty else (found * 10)[offset : offset + limit])

    async def accept(self, viewer: Viewer, guest_id: int) -> int:
        self.done.append(f"accepted {guest_id}")
        return 5

    async def look(self, viewer: Viewer) -> None:
        self.done.append("looked")

    async def old(self, viewer: Viewer, *, preview: bool = False) -> Aged:
        rules = [Rule(kind, self.months.get(kind), SUGGESTED[kind]) for kind in KINDS]
        run = Run(id=3, at=NOW, author="person:1", rules={"phone": 36}, counts={"phone": 212}, undone_at=None)
        undone = Run(id=2, at=NOW, author="system:0", rules={"note": 48}, counts={"note": 5}, undone_at=NOW)
        if self.empty:
            return Aged(rules=rules, preview=Preview({}, ()) if preview else None)
        return Aged(rules=rules, runs=[run, undone], preview=_preview() if preview else None)

    async def choose(self, viewer: Viewer, kind: Kind, months: int | None) -> None:
        if months is not None and months < ageing.LEAST:
            raise Invalid("Choose from {least} to {most} months.", field="months", least=6, most=600)
        self.done.append(f"{kind} {months}")

    async def leave_out(self, viewer: Viewer) -> Run | None:
        self.done.append("left out")
        if self.empty:
            return None
        return Run(id=4, at=NOW, author="person:1", rules={"phone": 36}, counts={"phone": 3}, undone_at=None)

    async def undo(self, viewer: Viewer, run_id: int) -> Run:
        self.done.append(f"undone {run_id}")
        return Run(id=run_id, at=NOW, author="person:1", rules={}, counts={}, undone_at=NOW)


def _preview() -> Preview:
    long_ago = NOW - timedelta(days=1500)
    return Preview(
        {"phone": 212, "preference": 31},
        (
            Old("phone", 1, "Anna Lindqvist", "+45 20 12 34 56", long_ago),
            Old("phone", 2, "Bo Dahl", "+45 20 12 34 57", long_ago),
            Old("preference", 3, None, "by the window", long_ago),
        ),
    )
