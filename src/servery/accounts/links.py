"""Links that sign a person in once: how somebody comes in for the first time, or again without a password."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from servery.accounts import rows
from servery.accounts.audit import acted
from servery.accounts.people import (
    add,
    change_role,
    check_name,
    check_role,
    demand_owner,
    email_taken,
    person_by_email,
    person_by_id,
)
from servery.accounts.rows import Person
from servery.accounts.tokens import Token, new_token
from servery.errors import Refuse
from servery.model.viewer import Role, Viewer
from servery.storage.pool import Connection

INVITE_LASTS = timedelta(hours=48)
DEMO_LASTS = timedelta(hours=1)

_REFUSALS = {
    "used": "This sign-in link has been used already.",
    "expired": "This sign-in link has expired.",
    None: "This sign-in link is not valid.",
}


class Link(NamedTuple):
    """A fresh link: its page is PUBLIC_URL/sign-in/TOKEN."""

    person: Person
    token: Token
    expires_at: datetime


async def invite(connection: Connection, viewer: Viewer, *, name: str, email: str, role: Role) -> Link:
    """Let somebody in and make the link for them to come by.

    Whoever was invited before and has not come, or has left, is invited again under the new name and role. Raises
    Invalid where somebody with this e-mail comes and goes already.
    """
    demand_owner(viewer)
    async with connection.transaction():
        known = await person_by_email(connection, email)
        if known is None:
            person = await add(connection, viewer, name=name, email=email, role=role)
        else:
            person = await _invite_again(connection, viewer, known, name, role)
        return await make_link(connection, viewer, person.id, lasts=INVITE_LASTS)


async def make_link(connection: Connection, viewer: Viewer, person_id: int, *, lasts: timedelta) -> Link:
    """A link for one sign-in within `lasts`; the links made for this person before work no longer."""
    demand_owner(viewer)
    person = await person_by_id(connection, person_id)
    if person.deactivated_at is not None:
        raise Refuse("This person has left.", code="person-deactivated", mend="Invite them again.")
    await rows.delete_links(connection, person_id)
    token = new_token()
    expires_at = await rows.insert_link(connection, token.hash, person_id, lasts)
    await acted(connection, viewer, "sign-in-link-made", f"person:{person_id}", {"expires_at": expires_at})
    return Link(person, token, expires_at)


async def use_link(connection: Connection, token: Token) -> Person:
    """Use the link up and give whom it signs in; ask them for a password where they have none.

    Raises Refuse where it was used, expired or never made. Call it when a button is pressed, not when the page is
    opened: mail programs and chat previews open pages.
    """
    person = await rows.spend_link(connection, token.hash)
    if person is None:
        state = await rows.link_state(connection, token.hash)
        raise Refuse(_REFUSALS[state], code=f"link-{state or 'unknown'}", mend="Ask an owner for a new one.")
    return person


async def _invite_again(connection: Connection, viewer: Viewer, known: Person, name: str, role: Role) -> Person:
    if known.deactivated_at is None and known.has_password:
        raise email_taken()
    name = check_name(name)
    check_role(role)
    if known.deactivated_at is None:
        await change_role(connection, viewer, known.id, role)
    await rows.delete_sessions(connection, known.id)
    await rows.reinstate(connection, known.id, name, role)
    await acted(connection, viewer, "invited-again", f"person:{known.id}", {"role": role})
    return await person_by_id(connection, known.id)
