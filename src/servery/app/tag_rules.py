"""What pages and API ask of tags by rule: each call is a transaction of its own."""

from collections.abc import Sequence

from servery.app import tagging
from servery.guests.tagging import rows
from servery.guests.tagging.rule import Draft, Effect, Rule
from servery.model.viewer import Viewer
from servery.storage.pool import Pool


class RoomTagRules:
    """The room's answers, for whose role makes rules."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def rules(self, viewer: Viewer) -> Sequence[Rule]:
        """All rules, by the name of their tag."""
        async with self._pool.connection() as db:
            return await tagging.listed(db, viewer)

    async def rule(self, viewer: Viewer, rule_id: int) -> Rule:
        """One rule. Raises NotFound."""
        async with self._pool.connection() as db:
            return await tagging.one(db, viewer, rule_id)

    async def channels(self, viewer: Viewer) -> Sequence[str]:
        """Channels that bookings came through of late."""
        tagging.demand(viewer)
        async with self._pool.connection() as db:
            return await rows.channels(db)

    async def effect(self, viewer: Viewer, draft: Draft, rule_id: int | None = None) -> Effect:
        """What keeping a rule would do. Raises Invalid."""
        async with self._pool.connection() as db:
            return await tagging.effect(db, viewer, draft, rule_id)

    async def keep(self, viewer: Viewer, draft: Draft, rule_id: int | None = None) -> int:
        """Keep a new rule, or another wording of one; its id. Raises Invalid, NotFound."""
        async with self._pool.connection() as db:
            return await tagging.keep(db, viewer, draft, rule_id)

    async def remove(self, viewer: Viewer, rule_id: int) -> None:
        """Remove a rule. Raises NotFound."""
        async with self._pool.connection() as db:
            await tagging.remove(db, viewer, rule_id)

    async def undo(self, viewer: Viewer, rule_id: int) -> None:
        """Take the last change of a rule back. Raises NotFound, Refuse."""
        async with self._pool.connection() as db:
            await tagging.undo(db, viewer, rule_id)
