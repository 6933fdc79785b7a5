"""How what is read from a connection is kept: without card numbers, as the inbox keeps what arrives."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from servery.app.key_files import card_key
from servery.connectors.contract import Connector
from servery.inbox.cards import redact
from servery.inbox.polled import Read, Redact, Source, keep
from servery.storage.pool import Connection as Db
from servery.sync.reading import Keep, Via
from servery.sync.understanding import Understood


def redactor(home: Path, connector: Connector) -> Redact:
    """What takes card numbers out of this system's records."""
    key = card_key(home)
    fields = frozenset(connector.manifest.id_fields)
    return lambda body: redact(body, fields, key)


def keeper(connection_id: int, connector: Connector, redact: Redact) -> Keep:
    """What keeps the records of one connection."""
    return partial(_keep, connection_id, connector.manifest.name, redact)


async def _keep(
    connection_id: int, connector: str, redact: Redact, db: Db, via: Via, resource: str, told: Sequence[Understood]
) -> None:
    read = [Read(body=bytes(one.body), records=one.records, stage=one.stage, error=one.error) for one in told]
    await keep(db, Source(connection_id, connector, via, resource), redact, read)
