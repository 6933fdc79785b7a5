"""What the pages of setting up show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from servery.connectors import registry
from servery.connectors.contract import Capability, Kind, Location, Manifest, Setting
from servery.sync.pace import STEPS, SetUpState
from servery.sync.proof import Verification
from servery.sync.tables import Pairing
from servery.venues.rows import KeptVenue

KINDS: tuple[Kind, ...] = ("reservations", "pos", "ordering", "cdp", "marketing", "accounting", "file")
"""In the order in which a restaurant looks for them."""

Stage = Literal["system", "access", "venues", "tables", "directions", "pace", "proof"]
STAGES: tuple[Stage, ...] = ("system", "access", "venues", *STEPS)
"""The steps of setting up, as they are gone through."""


class Application(Struct, frozen=True, kw_only=True):
    """What is entered of a vendor's application; `kept` names the secrets that are there and not shown."""

    asks: tuple[Setting, ...] = ()
    settings: Mapping[str, str] = {}
    kept: frozenset[str] = frozenset()
    redirect: str = ""
    """The address to enter at the vendor as the one to come back to."""

    @property
    def ready(self) -> bool:
        """Whether somebody can be sent to authorise."""
        return bool(self.settings.get("client_id"))


class Arrival(Struct, frozen=True):
    """Where somebody who was sent to a vendor goes on: a new draft, or the connection that has access again."""

    draft_id: int | None
    connection_id: int | None


class VenueChosen(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which venue a location is: one that there is, or a new one by name, time zone and currency."""

    venue_id: int | None = None
    name: str = ""
    time_zone: str = ""
    currency: str = ""


class Placing(Struct, frozen=True, kw_only=True):
    """A location, and the venue of the same name where there is one."""

    location: Location
    suggested: int | None


class DraftPage(Struct, frozen=True, kw_only=True):
    """A system that answers and is not joined yet; `connection_id` once it is."""

    id: int
    connector: str
    name: str
    account: str
    places: Sequence[Placing]
    venues: Sequence[KeptVenue]
    connection_id: int | None


class Joined(Struct, frozen=True, kw_only=True):
    """A connection that is being set up, or was. `settings` are those that anybody may see."""

    id: int
    name: str
    connector: str
    settings: Mapping[str, str]
    kept: frozenset[str]
    venues: Sequence[KeptVenue]
    state: SetUpState

    @property
    def manifest(self) -> Manifest:
        """What its connector declares."""
        return registry.manifest(self.connector)


class TablesPage(Struct, frozen=True, kw_only=True):
    """A connection's tables at its venues; `waiting` days are still to be matched anew."""

    pairings: Sequence[Pairing]
    waiting: int
    total: int


class Proof(Struct, frozen=True, kw_only=True):
    """The latest verification, with the names of the guests it shows."""

    verification: Verification | None
    names: Mapping[int, str]
    now: datetime


class Way(Struct, frozen=True):
    """What crosses for some fields, and which way."""

    direction: Literal["in", "out", "both", "none"]
    capabilities: tuple[Capability, ...]


def ways(manifest: Manifest) -> list[Way]:
    """What a connector can carry, by direction; what it cannot comes last."""
    order: tuple[Literal["both", "in", "out", "none"], ...] = ("both", "in", "out", "none")
    found = [(each, tuple(one for one in manifest.capabilities if one.direction == each)) for each in order]
    return [Way(direction, several) for direction, several in found if several]


def systems(asked: str) -> dict[Kind, list[Manifest]]:
    """The systems that can be joined, by kind; only those whose name or kind holds what was asked for."""
    wanted = asked.strip().casefold()
    known = [registry.manifest(name) for name in registry.connectable()]
    fitting = [one for one in known if wanted in one.title.casefold() or wanted in one.name or wanted in one.kind]
    return {kind: several for kind in KINDS if (several := [one for one in fitting if one.kind == kind])}
