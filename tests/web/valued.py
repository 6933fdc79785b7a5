"""Which value is shown in the invented restaurant."""

from collections.abc import Mapping, Sequence

from servery.guests.survivorship import Effect, Example, FieldRule, FieldRules
from servery.model.survivorship import FIELDS, NO_CHOICES, Chosen, may_be, rule_of
from servery.model.viewer import Viewer
from servery.web.values.sources import Survivorship


class InventedSurvivorship(Survivorship):
    """Two systems, and a till that owns the e-mail."""

    def __init__(self) -> None:
        self.chosen: list[Mapping[str, Chosen | None]] = []
        self.undone = 0

    async def rules(self, viewer: Viewer) -> FieldRules:
        choices = {"email": Chosen("owner", 2)}
        fields = [
            FieldRule(field=one, now=rule_of(one, choices), usual=rule_of(one, NO_CHOICES).rule, may=may_be(one))
            for one in FIELDS
        ]
        return FieldRules(fields=fields, connections={1: "resOS", 2: "Till at the harbour"}, waiting=120)

    async def effect(self, viewer: Viewer, wanted: Mapping[str, Chosen | None]) -> Sequence[Effect]:
        before = {one.field: one.now for one in (await self.rules(viewer)).fields}
        return [
            Effect(field=field, before=before[field], after=chosen, changed=31, looked_at=20_000, more=True,
                   examples=(Example(13, "Mette Sørensen", "Mette Sørensen", "M. Sørensen"), Example(14, "", "", "x")))
            for field in FIELDS if (chosen := wanted.get(field)) and chosen != before[field]
        ]  # fmt: skip

    async def choose(self, viewer: Viewer, wanted: Mapping[str, Chosen | None]) -> int:
        self.chosen.append(wanted)
        return len(wanted)

    async def undo(self, viewer: Viewer) -> None:
        self.undone += 1
