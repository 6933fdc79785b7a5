"""The register of processing (GDPR, article 30), made of what is connected: who gives which data, and who gets them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from servery.connectors.contract import Manifest
from servery.privacy.controller import Controller, written
from servery.privacy.retention import Rule, rules
from servery.storage.pool import Connection as Db

Category = Literal["identity", "contact", "visits", "orders", "preferences", "allergies", "consent", "remarks"]

_CATEGORY: Mapping[str, Category] = {
    "name": "identity",
    "guests": "contact",
    "guest": "contact",
    "contact": "contact",
    "starts_at": "visits",
    "reservations": "visits",
    "party_size": "visits",
    "figures": "visits",
    "covers": "visits",
    "checks": "orders",
    "items": "orders",
    "spend": "orders",
    "payments": "orders",
    "usual": "orders",
    "preferences": "preferences",
    "tags": "preferences",
    "vip": "preferences",
    "allergies": "allergies",
    "consent": "consent",
    "notes": "remarks",
    "requests": "remarks",
    "visit_notes": "remarks",
    "occasion": "remarks",
}

_BY_STAFF: tuple[Category, ...] = ("identity", "contact", "preferences", "allergies", "consent", "remarks")
"""What staff can write of a guest on the guest's page, whatever is connected."""


class System(Struct, frozen=True, kw_only=True):
    """One joined system: which kinds of data come from it, which go there, and what it does when a guest is erased.

    `title` is what guests may know it by: the vendor's name, or where any system may be behind it the house's own.
    """

    name: str
    connector: str
    title: str
    gives: tuple[Category, ...]
    gets: tuple[Category, ...]
    erases: bool
    erasing: str
    """What stays there, or how a person does it."""


class Register(Struct, frozen=True, kw_only=True):
    """All that is to be told of the processing. Allergies are data concerning health (article 9)."""

    controller: Controller | None
    """Who answers for it; None where nobody was written down."""
    venues: tuple[str, ...]
    systems: tuple[System, ...]
    files: tuple[Category, ...]
    """What came out of files that somebody imported; empty where nobody did."""
    retention: tuple[Rule, ...]

    @property
    def by_staff(self) -> tuple[Category, ...]:
        """What staff write themselves."""
        return _BY_STAFF

    @property
    def categories(self) -> list[Category]:
        """All kinds of data that are held, in their order of the list."""
        held = {one for system in self.systems for one in (*system.gives, *system.gets)} | {*self.files, *_BY_STAFF}
        return list(_in_order(held))


async def register(db: Db, manifests: Mapping[str, Manifest]) -> Register:
    """The register as things are now; `manifests` are of all connectors, by name."""
    cursor = await db.execute("select name, connector from connection where removed_at is null order by id")
    connected = [(row["name"], manifests[row["connector"]]) for row in await cursor.fetchall()]
    cursor = await db.execute("select name from venue order by name")
    return Register(
        controller=(await written(db)).controller,
        venues=tuple(row["name"] for row in await cursor.fetchall()),
        systems=tuple(_system(name, manifest) for name, manifest in connected if manifest.settings),
        files=_in_order({one for _, manifest in connected if not manifest.settings for one in _given(manifest)}),
        retention=tuple(await rules(db)),
    )


def _system(name: str, manifest: Manifest) -> System:
    erasing = next((one for one in manifest.capabilities if one.field == "erasure"), None)
    return System(
        name=name,
        connector=manifest.name,
        title=name if manifest.kind in ("any", "file") else manifest.title,
        gives=_given(manifest),
        gets=_categories(manifest, ("out", "both")),
        erases=erasing is not None and erasing.direction == "out",
        erasing=erasing.note if erasing else "",
    )


def _given(manifest: Manifest) -> tuple[Category, ...]:
    return _categories(manifest, ("in", "both"))


def _categories(manifest: Manifest, ways: Sequence[str]) -> tuple[Category, ...]:
    crossing = {
        _CATEGORY[one.field] for one in manifest.capabilities if one.direction in ways and one.field in _CATEGORY
    }
    return _in_order(crossing)


def _in_order(held: Collection[Category]) -> tuple[Category, ...]:
    return tuple(one for one in dict.fromkeys(_CATEGORY.values()) if one in held)
