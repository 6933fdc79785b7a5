"""How what is read from a connection is kept: without card numbers, as the inbox keeps what arrives."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from servery.app.key_files import card_key
from servery.connectors.contract import Connector
from servery.inbox.cards import redact
from servery.inbox.polled import Read, Redact, Source, keep
from servery.privacy.keyed import Key
from servery.privacy.suppress import speaking
from servery.storage.pool import Connection as Db
from servery.sync.reading import Keep, Via
from servery.sync.understanding import Understood


def redactor(home: Path, connector: Connector) -> Redact:
    """What takes card numbers out of this system's records."""
    key = card_key(home)
    fields = frozenset(connector.manifest.id_fields)
    return lambda body: redact(body, fields, key)


def keeper(connection_id: int, connector: Connector, redact: Redact, erased: Key | None = None) -> Keep:
    """What keeps the records of one connection, but for those of guests who were erased."""
    return partial(_keep, connection_id, connector.manifest.name, redact, erased)


async def _keep(
    connection_id: int,
    connector: str,
    redact: Redact,
    erased: Key | None,
    db: Db,
    via: Via,
    resource: str,
    told: Sequence[Understood],
) -> None:
    speaking_of = await speaking(db, erased, connection_id, [(one.changes, bytes(one.body)) for one in told])
    told = [one for place, one in enumerate(told) if place not in speaking_of]
    read = [Read(body=bytes(one.body), records=one.records, stage=one.stage, error=one.error) for one in told]
    await keep(db, Source(connection_id, connector, via, resource), redact, read)
