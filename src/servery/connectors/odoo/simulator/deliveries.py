"""The webhooks that automation rules would send of what stands on a stage."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from servery.connectors.odoo.simulator.app import simulator
from servery.testing.stage import Stage

TICKED = {"pos.order": ("write_date",), "res.partner": ("write_date",)}
"""The models that have a rule, and the fields that its author ticked."""


def deliveries(stage: Stage) -> Iterator[tuple[str, bytes]]:
    """Kind and body of one delivery for each order and each guest."""
    play = simulator(stage)
    play.refresh()
    for model, ticked in TICKED.items():
        for row in play.database.rows(model):
            if model != "res.partner" or row["id"] > _OWN_PARTNERS:
                yield model, msgspec.json.encode(_body(model, row, ticked))


_OWN_PARTNERS = 2
"""The company and the user come first."""


def _body(model: str, row: dict[str, Any], ticked: Sequence[str]) -> dict[str, Any]:
    told = {name: row[name].strftime("%Y-%m-%d %H:%M:%S") for name in ticked}
    return {"_action": f"Tell Servery of {model}(#7)", "_id": row["id"], "_model": model, **told}
