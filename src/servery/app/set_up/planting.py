"""A test that is put into another system and taken away again, whatever happens in between."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec

from servery.app.arrive import arrive
from servery.connectors.contract import Account, Connector, Sent, Session, Target
from servery.errors import LookUpFirst, NotFound, Retry, ServeryError
from servery.model.changes import Removed
from servery.model.commands import FIELDS, Command, Field, GuestCard, PartyCard
from servery.storage.pool import Pool
from servery.sync import connections, proof
from servery.sync.connections import Connection
from servery.sync.proof import Planted

NAME = "Servery test, please ignore"
"""How a test calls itself in another system."""
_AHEAD = timedelta(hours=1)


def test_of(connector: Connector, account: Account) -> Command | None:
    """What this connector can be tried with and rid of again; None where it can write nothing of the kind."""
    kinds = {one.kind for one in connector.manifest.outgoing}
    guest = GuestCard(guest_id=0, name=NAME)
    if "party" in kinds and account.locations:
        return PartyCard(
            reservation_id=0,
            location=account.locations[0].external_id,
            status="booked",
            starts_at=datetime.now(UTC).replace(second=0, microsecond=0) + _AHEAD,
            party_size=2,
            requests=NAME,
            guest=guest,
        )
    return guest if "guest" in kinds and connector.clear is not None else None


async def plant(
    pool: Pool, connector: Connector, connection: Connection, session: Session, verification_id: int, command: Command
) -> tuple[Sent, float]:
    """Put a test there and read it back; how it stands there, and after how many seconds it was seen.

    What is about to be put there is written down first. Raises as `contract.Send`, and NotFound where it was taken
    and does not stand there.
    """
    account = account_of(connection)
    one = Planted(our_id=uuid4(), connection_id=connection.id, command=command, external_id=None)
    async with pool.connection() as db:
        await proof.remember(db, verification_id, one)
    assert connector.send is not None
    begun = datetime.now(UTC)
    try:
        sent: Sent | None = await connector.send(session, account, command, _target(connector, one))
    except LookUpFirst:
        sent = None
    if sent is not None and sent.external_id is not None:
        async with pool.connection() as db:
            await proof.found_at(db, one.our_id, sent.external_id)
    seen = sent if connector.look_up is None else await _seen(connector, session, account, one, sent)
    if seen is None or seen.external_id is None:
        raise NotFound("{title} took it, and it does not stand there.", title=connector.manifest.title)
    return seen, (datetime.now(UTC) - begun).total_seconds()


async def _seen(
    connector: Connector, session: Session, account: Account, one: Planted, sent: Sent | None
) -> Sent | None:
    assert connector.look_up is not None
    target = _target(connector, one, external_id=sent.external_id if sent else None)
    return await connector.look_up(session, account, one.command, target)


def _target(connector: Connector, one: Planted, version: int = 1, external_id: str | None = None) -> Target:
    goes_out = {each.field for each in connector.manifest.capabilities if each.direction in ("out", "both")}
    known: tuple[Field, ...] = (*FIELDS["guest"], *FIELDS["party"])
    return Target(
        our_id=str(one.our_id),
        version=version,
        external_id=external_id or one.external_id,
        fields=frozenset(field for field in known if field in goes_out),
    )


def account_of(connection: Connection) -> Account:
    """What a connection's credentials open."""
    return msgspec.convert(connection.account, Account)


async def clear(pool: Pool, connector: Connector, connection: Connection, session: Session) -> int:
    """Take away all tests that still stand there; how many could not be. They are tried again later."""
    async with pool.connection() as db:
        left = await proof.planted(db, connection.id)
    failed = 0
    for one in left:
        try:
            await _clear_one(connector, session, account_of(connection), one)
        except ServeryError as error:
            failed += 1
            async with pool.connection() as db:
                await proof.not_cleared(db, one.our_id, error)
            continue
        await _forget(pool, connection, one)
    return failed


async def _clear_one(connector: Connector, session: Session, account: Account, one: Planted) -> None:
    """A party is called off, as any is; a guest is deleted, for which the connector has a verb of its own."""
    target = _target(connector, one)
    if target.external_id is None and connector.look_up is not None:
        found = await connector.look_up(session, account, one.command, target)
        if found is None or found.external_id is None:
            return
        target = _target(connector, one, external_id=found.external_id)
    if connector.clear is not None:
        await connector.clear(session, account, one.command, target)
    elif isinstance(one.command, PartyCard) and connector.send is not None:
        off = msgspec.structs.replace(one.command, status="cancelled")
        await connector.send(session, account, off, _target(connector, one, 2, target.external_id))
    else:
        raise Retry("{title} has no way to take it away.", title=connector.manifest.title)


async def _forget(pool: Pool, connection: Connection, one: Planted) -> None:
    """Where the test came back to us as a record meanwhile, that record is removed as well."""
    async with pool.connection() as db:
        if one.external_id is not None and isinstance(one.command, GuestCard):
            gone = Removed(external_id=one.external_id, revision=2**62, kind="guest")
            await arrive(db, connection.id, await connections.places(db, connection.id), [gone])
        await proof.cleared(db, one.our_id)
