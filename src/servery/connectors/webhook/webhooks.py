"""What a webhook says, by the owner's mapping. Who sent it was proved before, as the manifest declares."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from servery.connectors.contract import Heard
from servery.connectors.webhook.building import Clock, Wrong, built
from servery.connectors.webhook.mapping import read
from servery.errors import Invalid, Quarantine
from servery.model.changes import Change

RESOURCE = "change"
"""What the records are called that `hear_by` hands to `translate`: changes in universal words."""


def hear_by(settings: Mapping[str, str], kind: str, body: Raw) -> Heard:
    """The records that a body brings, by the mapping in `settings`. Quarantine names the field, the line and why."""
    text = settings.get("mapping", "")
    if not text:
        raise Quarantine(
            "There is no mapping that says what this is.",
            code="no-mapping",
            mend="Write one into the connection's settings, then replay what waits.",
        )
    try:
        changes, wrong = _understood(settings, text, body)
    except Invalid as error:
        raise Quarantine("The mapping cannot be used: {why}", why=str(error), code="mapping") from error
    if wrong:
        raise _unreadable(wrong)
    lane = f"{type(changes[-1]).__name__} {changes[-1].external_id}" if changes else ""
    records = tuple((RESOURCE, Raw(msgspec.json.encode(change))) for change in changes)
    return Heard(lane=lane or "nothing", records=records)


class Preview(Struct, frozen=True):
    """What a sample would say: the changes, and what of it cannot be read."""

    changes: tuple[Change, ...]
    wrong: tuple[Wrong, ...]


def preview(settings: Mapping[str, str], mapping: str, sample: bytes) -> Preview:
    """Try a mapping on a body before it is kept. Invalid, naming the line, where the mapping itself is at fault."""
    changes, wrong = _understood(settings, mapping, Raw(sample))
    return Preview(tuple(changes), tuple(wrong))


def _understood(settings: Mapping[str, str], mapping: str, body: Raw) -> tuple[list[Change], list[Wrong]]:
    clock = Clock(settings.get("time_zone") or "UTC", settings.get("currency") or "EUR")
    return built(read(mapping), clock, _json(body))


def _json(body: Raw) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Quarantine("What came is no JSON ({why}).", why=type(error).__name__, code="no-json") from error


def _unreadable(wrong: list[Wrong]) -> Quarantine:
    first = wrong[0]
    return Quarantine(
        "{field} cannot be read (line {line} of the mapping): {why}",
        field=first.field,
        line=first.line,
        why=first.reason.message,
        code="unreadable-field",
        mend="Mend the mapping in the connection's settings, then replay this.",
    )
