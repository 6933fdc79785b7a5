"""What an event says, in our words: heard by its connector and translated. Pure; nothing is asked and nothing kept."""

from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct

from servery.connectors.contract import Connector, Heard
from servery.errors import Quarantine
from servery.inbox.claim import Via
from servery.model.changes import Change
from servery.model.subjects import Subject
from servery.sync.understanding import Known, not_understood, spoken_of, translated, without_nul

_LONGEST_LANE = 200
_PROMISED = tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]]


class Said(Struct, frozen=True, kw_only=True):
    """What one event says: changes it brings, records it only names, resources that have news."""

    lane: str
    changes: Sequence[Change] = ()
    records: frozenset[Subject] = frozenset()
    """Of which records it speaks."""
    wanted: tuple[tuple[str, str], ...] = ()
    news: tuple[str, ...] = ()


class Unheard(Exception):
    """An event that cannot be read at all; `reason` tells why."""

    def __init__(self, reason: Quarantine) -> None:
        super().__init__()
        self.reason = reason


def said(connector: Connector, via: Via, kind: str, body: bytes, known: Known) -> Said:
    """What an event says. Unheard when its bytes cannot be read, Quarantine when a record in it cannot be understood.

    What was polled is a record itself, and `kind` its resource.
    """
    heard = hear(connector, kind, body) if via == "webhook" else Heard(lane="", records=((kind, Raw(body)),))
    changes = [
        change for resource, record in heard.records for change in translated(connector, resource, known, record)
    ]
    return Said(
        lane=heard.lane or _lane(changes),
        changes=changes,
        records=frozenset(spoken_of(changes)),
        wanted=heard.wanted,
        news=heard.news,
    )


def hear(connector: Connector, kind: str, body: bytes) -> Heard:
    """What a webhook says, by its connector. Raises Unheard."""
    try:
        if connector.hear is None:
            raise Quarantine("{title} sends nothing that Servery listens to.", title=connector.manifest.title)
        heard = connector.hear(kind, without_nul(Raw(body)))
        # Types are the connector's promise; where it breaks that, this one event suffers.
        msgspec.convert((heard.lane, heard.wanted, heard.news), _PROMISED)
        heard.lane.encode()
    except Quarantine as error:
        raise Unheard(error) from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Unheard(_unreadable(error)) from error
    except Exception as error:
        raise Unheard(not_understood(error)) from error
    return msgspec.structs.replace(heard, lane=heard.lane[:_LONGEST_LANE])


def _lane(changes: Sequence[Change]) -> str:
    return changes[0].external_id[:_LONGEST_LANE] if changes else ""


def _unreadable(error: Exception) -> Quarantine:
    return Quarantine(
        "This event is not written as its system writes them ({why}).",
        why=type(error).__name__,
        code="unreadable",
        mend="If it was cut off on its way, the next poll brings what it told of.",
    )
