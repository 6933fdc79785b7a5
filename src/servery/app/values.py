"""What pages and API ask of survivorship: each call is a transaction of its own."""

from collections.abc import Mapping, Sequence

from servery.app import surviving
from servery.guests.survivorship import Effect, FieldRules
from servery.model.survivorship import Chosen
from servery.model.viewer import Viewer
from servery.storage.pool import Pool


class RoomSurvivorship:
    """The rooms' answers."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def rules(self, viewer: Viewer) -> FieldRules:
        """How each field is chosen."""
        async with self._pool.connection() as db:
            return await surviving.rules(db)

    async def effect(self, viewer: Viewer, wanted: Mapping[str, Chosen | None]) -> Sequence[Effect]:
        """What choosing these rules would do. Raises Invalid."""
        async with self._pool.connection() as db:
            return await surviving.effect(db, viewer, wanted)

    async def choose(self, viewer: Viewer, wanted: Mapping[str, Chosen | None]) -> int:
        """Choose them; how many fields go otherwise now. Raises Invalid."""
        async with self._pool.connection() as db:
            return await surviving.choose(db, viewer, wanted)

    async def undo(self, viewer: Viewer) -> None:
        """Take back what was chosen last. Raises Refuse."""
        async with self._pool.connection() as db:
            await surviving.undo(db, viewer)
