"""Rules that give tags in the invented restaurant."""

from collections.abc import Sequence
from datetime import UTC, datetime

from servery.errors import NotFound
from servery.guests.tagging.rule import Condition, Draft, Effect, Named, Rule, checked
from servery.model.viewer import Viewer
from servery.web.tags.sources import TagRules

OFTEN = Condition(fact="visits", op="at_least", value=4, months=12, venue_id=1)
SPENDS = Condition(fact="spend", op="at_least", value=500_000, months=12, currency="DKK")


class InventedTagRules(TagRules):
    """Two rules, of which the second is new."""

    def __init__(self) -> None:
        self.empty = False
        self.kept: list[tuple[Draft, int | None]] = []
        self.removed: set[int] = set()

    def _all(self) -> list[Rule]:
        at = datetime(2025, 11, 7, 5, 2, tzinfo=UTC)
        every = [
            Rule(id=1, tag="Regular", match="all", conditions=(OFTEN, SPENDS), author="person:1", made_at=at,
                 reckoned_at=at, guests=412),
            Rule(id=2, tag="To be asked for an e-mail address when they next come", match="any", author="person:1",
                 conditions=(Condition(fact="field", op="lacks", value="email"),
                             Condition(fact="birthday", op="at_most", value=14)), made_at=at),
        ]  # fmt: skip
        return [] if self.empty else [one for one in every if one.id not in self.removed]

    async def rules(self, viewer: Viewer) -> Sequence[Rule]:
        return self._all()

    async def rule(self, viewer: Viewer, rule_id: int) -> Rule:
        found = next((one for one in self._all() if one.id == rule_id), None)
        if found is None:
            raise NotFound("There is no rule {id}.", id=rule_id)
        return found

    async def channels(self, viewer: Viewer) -> Sequence[str]:
        return ["Google", "phone", "website"]

    async def effect(self, viewer: Viewer, draft: Draft, rule_id: int | None = None) -> Effect:
        checked(draft)
        gained = (Named(13, "Mette Sørensen"), Named(14, "Søren Dahl"), Named(15, None))
        return Effect(guests=412, gained=31, lost=2, some_gained=gained, some_lost=(Named(16, "Aksel Juul"),))

    async def keep(self, viewer: Viewer, draft: Draft, rule_id: int | None = None) -> int:
        checked(draft)
        self.kept.append((draft, rule_id))
        return rule_id or 3

    async def remove(self, viewer: Viewer, rule_id: int) -> None:
        self.removed.add(rule_id)

    async def undo(self, viewer: Viewer, rule_id: int) -> None:
        self.removed.discard(rule_id)
