"""What the page and the API of fields are given: each call is a transaction of its own."""

from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

from servery.api import fields as api
from servery.app import choosing
from servery.connectors import registry
from servery.model.commands import Field
from servery.model.ownership import KIND_OF, Direction
from servery.model.viewer import Viewer
from servery.storage.pool import Pool
from servery.web.fields.sources import FieldChoices, FieldEffect, FieldExample, FieldRow, FieldsPage


class RoomChoosing(api.Choosing):
    """The same for the API."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def told(self, viewer: Viewer, connection_id: int) -> api.ConnectionFields:
        """The fields of a connection."""
        async with self._pool.connection() as db:
            found = await choosing.fields(db, connection_id)
        ways = tuple(
            api.FieldWay(
                field=each.field, kind=each.kind, now=each.now, usual=each.usual, choices=each.choices, note=each.note
            )
            for each in found.fields
        )
        under_way = api.Remaking(done=found.progress.done, total=found.progress.total) if found.progress else None
        return api.ConnectionFields(items=ways, remaking=under_way)

    async def chosen(
        self, viewer: Viewer, connection_id: int, wanted: Mapping[Field, Direction], dry_run: bool
    ) -> api.FieldEffects:
        """Choose directions, or only tell what they would do. Raises Invalid."""
        async with self._pool.connection() as db:
            told = await choosing.effect(db, viewer, connection_id, wanted)
            if not dry_run:
                await choosing.choose(db, viewer, connection_id, wanted)
        return api.FieldEffects(items=tuple(_effect_for_api(one) for one in told), dry_run=dry_run)


def _effect_for_api(one: choosing.Effect) -> api.FieldEffect:
    examples = tuple(api.FieldExample(guest_id=it.guest_id, before=it.before, after=it.after) for it in one.examples)
    return api.FieldEffect(
        field=one.field, before=one.before, after=one.after, written=one.written, changed=one.changed, examples=examples
    )


class RoomFields(FieldChoices):
    """The fields of connections, over the rooms."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def fields(self, viewer: Viewer, connection_id: int) -> FieldsPage:
        """The fields of one connection."""
        async with self._pool.connection() as db:
            found = await choosing.fields(db, connection_id)
        one = found.connection
        return FieldsPage(
            id=one.id,
            name=one.name,
            connector=one.connector,
            title=registry.manifest(one.connector).title,
            rows=[
                FieldRow(field=each.field, kind=each.kind, now=each.now, usual=each.usual, choices=each.choices,
                         note=each.note)
                for each in found.fields
            ],
            done=found.progress.done if found.progress else None,
            total=found.progress.total if found.progress else 0,
        )  # fmt: skip

    async def effect(self, viewer: Viewer, connection_id: int, wanted: Mapping[str, str]) -> Sequence[FieldEffect]:
        """What choosing these directions would do. Raises Invalid."""
        async with self._pool.connection() as db:
            found = await choosing.effect(db, viewer, connection_id, _directions(wanted))
        return [_effect(one) for one in found]

    async def choose(self, viewer: Viewer, connection_id: int, wanted: Mapping[str, str]) -> int:
        """Choose them; how many go another way now. Raises Invalid."""
        async with self._pool.connection() as db:
            return await choosing.choose(db, viewer, connection_id, _directions(wanted))

    async def undo(self, viewer: Viewer, connection_id: int) -> None:
        """Take back what was chosen last. Raises Refuse."""
        async with self._pool.connection() as db:
            await choosing.undo(db, viewer, connection_id)


def _directions(wanted: Mapping[str, str]) -> Mapping[Field, Direction]:
    """What a form sent: fields and directions that there are not are refused by who knows the system."""
    return cast(Mapping[Field, Direction], wanted)


def _effect(one: choosing.Effect) -> FieldEffect:
    return FieldEffect(
        field=one.field,
        kind=KIND_OF[one.field],
        before=one.before,
        after=one.after,
        written=one.written,
        changed=one.changed,
        examples=[FieldExample(**msgspec.structs.asdict(each)) for each in one.examples],
    )
