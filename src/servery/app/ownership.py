"""Which way each field goes for each connection: what the system can do, what the owner chose, or else the default."""

from collections.abc import Mapping

from msgspec import Struct

from servery.connectors import registry
from servery.connectors.contract import Capability, Manifest
from servery.model.commands import FIELDS, CommandKind, Field
from servery.model.ownership import KIND_OF, Direction, choices, default, goes, meet
from servery.storage.pool import Connection as Db
from servery.sync.fields import Ruled, ruled


class Owned(Struct, frozen=True, kw_only=True):
    """One field of a connection. `most` is all that the system can do, `usual` what holds where nobody chose."""

    field: Field
    kind: CommandKind
    most: Direction
    usual: Direction
    now: Direction
    chosen: bool
    choices: tuple[Direction, ...]
    """What may be chosen."""
    note: str = ""
    """What the system cannot do with it, in the connector's own words."""


def owned(manifest: Manifest, rules: Mapping[Field, Direction]) -> list[Owned]:
    """The fields that a system knows, in the order of the model."""
    able = _able(manifest)
    return [_owned(manifest.kind, field, able[field], rules.get(field)) for field in KIND_OF if field in able]


def _able(manifest: Manifest) -> dict[str, Capability]:
    return {one.field: one for one in manifest.capabilities if one.field in KIND_OF}


def _owned(kind: str, field: Field, able: Capability, chosen: Direction | None) -> Owned:
    usual = meet(able.direction, default(kind, field))
    return Owned(
        field=field,
        kind=KIND_OF[field],
        most=able.direction,
        usual=usual,
        now=usual if chosen is None else meet(able.direction, chosen),
        chosen=chosen is not None,
        choices=_choices(kind, field, able.direction),
        note=able.note,
    )


def _choices(kind: str, field: Field, most: Direction) -> tuple[Direction, ...]:
    """What may be chosen. What happened at a till is a fact: there only what goes out is a choice."""
    may = choices(most)
    heard = KIND_OF[field] == "guest" or (KIND_OF[field] == "party" and kind == "reservations")
    return may if heard else tuple(one for one in may if goes(one, "in") == goes(most, "in"))


class Outlet(Struct, frozen=True):
    """A connection that things are written to: which kinds of them, and which fields may go."""

    connection_id: int
    kinds: tuple[CommandKind, ...]
    fields: frozenset[Field]

    def of(self, kind: CommandKind) -> frozenset[Field]:
        """The fields that a command of this kind may carry: a party and a visit carry their guest's as well."""
        return self.fields & frozenset(FIELDS[kind] + FIELDS["guest"])


def outlet(one: Ruled) -> Outlet | None:
    """What goes out to a connection; None where nothing does."""
    if one.connection.connector not in registry.packages():
        return None
    manifest = registry.manifest(one.connection.connector)
    fields = frozenset(each.field for each in owned(manifest, one.rules) if goes(each.now, "out"))
    able = {each.kind for each in manifest.outgoing}
    kinds = tuple(kind for kind in FIELDS if kind in able and _worth(kind, fields))
    return Outlet(one.connection.id, kinds, fields) if kinds else None


def _worth(kind: CommandKind, fields: frozenset[Field]) -> bool:
    """Whether anything of this kind is left to say; who comes when, is one guest now or was erased, is so by itself."""
    return kind in ("party", "merge", "erasure") or bool(fields.intersection(FIELDS[kind]))


async def outlets(db: Db) -> list[Outlet]:
    """All connections that things are written to."""
    return [found for one in await ruled(db) if (found := outlet(one))]
