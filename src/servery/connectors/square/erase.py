"""Erasing a guest in Square: the customer is deleted, and Square itself forgets the profile."""

from urllib.parse import quote

from servery.connectors.contract import Account, Gone, Session
from servery.connectors.square import wire
from servery.connectors.square.calls import write
from servery.errors import Refuse


async def erase(session: Session, account: Account, external_id: str) -> Gone:
    """Delete a customer; one that is not there any more is well."""
    try:
        await write(session, "DELETE", f"/v2/customers/{quote(external_id, safe='')}", {}, wire.Nothing)
    except Refuse as error:
        if error.params.get("reason") != "NOT_FOUND":
            raise
        return "gone"
    return "deleted"
