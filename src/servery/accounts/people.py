"""The people who may sign in: who they are, what they may do, and that an owner is always among them."""

from __future__ import annotations

from typing import get_args

from servery.accounts import rows
from servery.accounts.audit import acted
from servery.accounts.emails import check_email, folded
from servery.accounts.rows import Language, Person
from servery.errors import Forbidden, Invalid, NotFound, Refuse
from servery.model.viewer import ROLES, Role, Viewer
from servery.storage.pool import Connection

LANGUAGES: tuple[Language, ...] = get_args(Language)
_LONGEST_NAME = 200


async def add(
    connection: Connection, viewer: Viewer, *, name: str, email: str, role: Role, language: Language | None = None
) -> Person:
    """Add somebody, who has no password yet. Raises Invalid on the field at fault, also where the e-mail is taken."""
    demand_owner(viewer)
    name, email = check_name(name), check_email(email)
    check_role(role)
    _check_language(language)
    person = await rows.insert_person(connection, name, email, folded(email), role, language)
    if person is None:
        raise email_taken()
    await acted(connection, viewer, "added", f"person:{person.id}", {"role": role})
    return person


async def everybody(connection: Connection, viewer: Viewer) -> list[Person]:
    """All people by name, those who left last."""
    demand_owner(viewer)
    return await rows.all_people(connection)


async def person_by_id(connection: Connection, person_id: int) -> Person:
    """Whoever has this id, active or not; raises NotFound."""
    person = await rows.person_by_id(connection, person_id)
    if person is None:
        raise NotFound("There is nobody here with the number {id}.", id=person_id)
    return person


async def person_by_email(connection: Connection, email: str) -> Person | None:
    """Whoever signs in with this e-mail in any spelling, active or not."""
    # Only what could have been stored is asked for: PostgreSQL takes no NUL and no half of a surrogate pair.
    key = folded(email)
    return await rows.person_by_email(connection, key) if key.isprintable() else None


async def change_role(connection: Connection, viewer: Viewer, person_id: int, role: Role) -> Person:
    """Give somebody another role, in force at their next request. Raises Refuse where no owner would be left."""
    demand_owner(viewer)
    check_role(role)
    async with connection.transaction():
        if role != "owner":
            await _keep_an_owner(connection, person_id)
        before = await person_by_id(connection, person_id)
        await rows.set_role(connection, person_id, role)
        if before.role != role:
            detail = {"before": before.role, "after": role}
            await acted(connection, viewer, "role-changed", f"person:{person_id}", detail)
    return await person_by_id(connection, person_id)


async def deactivate(connection: Connection, viewer: Viewer, person_id: int) -> Person:
    """End somebody's access at once, on every device. Raises Refuse where no owner would be left."""
    demand_owner(viewer)
    async with connection.transaction():
        await _keep_an_owner(connection, person_id)
        if (await person_by_id(connection, person_id)).deactivated_at is None:
            await rows.set_deactivated(connection, person_id)
            await rows.delete_sessions(connection, person_id)
            await rows.delete_links(connection, person_id)
            await acted(connection, viewer, "deactivated", f"person:{person_id}")
    return await person_by_id(connection, person_id)


async def change_language(connection: Connection, viewer: Viewer, language: Language | None) -> None:
    """Let `viewer`, a person, choose the language of their pages; None follows the browser."""
    _check_language(language)
    await rows.set_language(connection, own_id(viewer), language)


def demand_owner(viewer: Viewer) -> None:
    """Raise Forbidden unless the viewer decides who may come in."""
    if not viewer.may("change_people"):
        raise Forbidden("Only an owner may do that.")


def own_id(viewer: Viewer) -> int:
    """The id of the person who looks; raises Forbidden for a key, which has no password, language or session."""
    if viewer.kind != "person":
        raise Forbidden("Only a person who is signed in may do that.")
    return viewer.id


def check_name(name: str) -> str:
    """`name` without the blanks around it; raises Invalid where nothing readable is left."""
    plain = name.strip()
    if not plain or len(plain) > _LONGEST_NAME or not plain.isprintable():
        raise Invalid("A name is 1 to {longest} characters in one line.", field="name", longest=_LONGEST_NAME)
    return plain


def check_role(role: str) -> None:
    """Raise Invalid unless there is such a role."""
    if role not in ROLES:
        raise Invalid("There is no such role.", field="role", mend="Take one of: {roles}.", roles=", ".join(ROLES))


def email_taken() -> Invalid:
    """The error for an e-mail that somebody else signs in with."""
    return Invalid("Somebody here has this e-mail address already.", field="email", code="email-taken")


def _check_language(language: str | None) -> None:
    if language is not None and language not in LANGUAGES:
        languages = ", ".join(LANGUAGES)
        raise Invalid(
            "There is no such language.", field="language", mend="Take one of: {languages}.", languages=languages
        )


async def _keep_an_owner(connection: Connection, leaving: int) -> None:
    if await rows.lock_owners(connection) == [leaving]:
        raise Refuse(
            "This is the only owner, and somebody must be able to let others in.",
            code="last-owner",
            mend="Make another person an owner first.",
        )
